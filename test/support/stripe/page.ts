import type { Account } from './account'
import { VISA } from './catalogue'
import { StripeRefusal } from './refusal'

/* The page where buyers pay, as far as a browser needs one: what they may do there is a button each. */

export type PageAnswer = { status: number; body?: string; location?: string }

const ACTS = { pay: 'Pay', later: 'Pay by bank debit', decline: 'Pay with a card that is declined' } as const
type Act = keyof typeof ACTS

/** `GET` and `POST /c/pay/cs_…`. */
export function answerPage(account: Account, method: string, sessionId: string, form: string): PageAnswer {
  try {
    if (method === 'POST') return act(account, sessionId, new URLSearchParams(form).get('act'))
    return { status: 200, body: show(account, sessionId, '') }
  } catch (error) {
    if (error instanceof StripeRefusal) return { status: 409, body: html(`<h1>${error.body.message}</h1>`) }
    throw error
  }
}

function act(account: Account, sessionId: string, wish: string | null): PageAnswer {
  const { success_url: location } = account.getSession(sessionId)
  if (wish === 'decline') {
    account.declineOn(sessionId, 'insufficient_funds')
    return { status: 402, body: show(account, sessionId, '<p role="alert">Your card has insufficient funds.</p>') }
  }
  account.confirm(sessionId, wish === 'later' ? 'delayed' : VISA)
  return { status: 303, location }
}

function show(account: Account, sessionId: string, alert: string): string {
  const { status, amount_total: amount, currency, cancel_url: cancel } = account.getSession(sessionId)
  if (status !== 'open') return html(`<h1>This page is ${status}</h1>`)
  const button = (name: Act) => `<button name="act" value="${name}">${ACTS[name]}</button>`
  const buttons = (Object.keys(ACTS) as Act[]).map(button).join('')
  return html(
    `<h1>Pay ${amount} ${currency}</h1>${alert}<form method="post">${buttons}</form><a href="${cancel ?? ''}">Back to the shop</a>`,
  )
}

function html(body: string): string {
  return `<!doctype html><html lang="en"><title>Stripe's stand-in</title><link rel="icon" href="data:,"><body>${body}</body></html>`
}
