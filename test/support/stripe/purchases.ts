import { hiddenFields } from '../buyer'
import { callRest } from '../calls'
import { StripeRefusal } from './refusal'
import type { FakeStripe } from './server'

/* Buyers who don't give up, and buyers who do: what they do at our server and on Stripe's page. */

/** The same from the same seed, so that a failure can be looked at again. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Longer than a machine that is busy with other things needs for its slowest restart. */
const PATIENCE_MS = 180_000

/** What somebody has been waiting for, or what they have been told instead. */
type Answer<T> = { done: T } | { instead: string }

/** As a person would: again and again until the server says what they wait for. */
async function patiently<T>(what: string, act: () => Promise<Answer<T>>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  let last = ''
  while (performance.now() < deadline) {
    const answer = await act().catch((error: unknown) => ({ instead: String(error) }))
    if ('done' in answer) return answer.done
    last = answer.instead
    await pause(100)
  }
  throw new Error(`${what} did not happen within ${PATIENCE_MS} ms; the last answer was: ${last}`)
}

/** Opens the checkout and sends its form; the id of the page at Stripe that it led to, or undefined when the session was over before. */
function goToStripe(path: string, url: string): Promise<string | undefined> {
  return patiently('the way to Stripe', async () => {
    const opened = await fetch(url + path)
    const form = await opened.text()
    const there = pageIn(form)
    if (there) return { done: there }
    if (!form.includes('<form')) {
      const isOver = opened.status < 500 && !form.includes('refresh')
      return isOver ? { done: undefined } : { instead: `${opened.status} ${form.slice(0, 500)}` }
    }
    const body = new URLSearchParams({ ...hiddenFields(form), email: 'buyer@example.com' })
    const sent = await fetch(url + path, { method: 'POST', body, headers: { Origin: url } })
    const answer = await sent.text()
    const page = pageIn(answer)
    return page ? { done: page } : { instead: `${sent.status} ${answer.slice(0, 500)}` }
  })
}

function pageIn(html: string): string | undefined {
  return /\/c\/pay\/(cs_live_\w+)/.exec(html)?.[1]
}

export type Plan =
  | 'pays'
  | 'pays_and_leaves'
  | 'pays_in_two_tabs'
  | 'pays_later'
  | 'bank_refuses'
  | 'leaves'
  | 'is_refunded'
  | 'refund_comes_back'
export const PLANS: readonly Plan[] = [
  ...(['pays', 'pays', 'pays_and_leaves', 'pays_and_leaves', 'pays_in_two_tabs'] as const),
  ...(['pays_later', 'bank_refuses', 'leaves', 'is_refunded', 'refund_comes_back'] as const),
]

export type Purchase = { plan: Plan; id: string; number: string }

/** One buyer's way from the order to whatever they had in mind. */
export async function buy(
  stripe: FakeStripe,
  shop: { url: string; key: string },
  plan: Plan,
  random: () => number,
): Promise<Purchase> {
  const { url, key } = shop
  const headers = { 'Idempotency-Key': `purchase ${random()}` }
  const body = { amount_cents: 500 + Math.floor(random() * 5_000) }
  const order = await patiently<Record<string, string>>('an order', async () => {
    const made = await callRest<Record<string, string>>(url, 'POST', '/v1/orders', { key, body, headers })
    return made.status === 201 ? { done: made.body } : { instead: JSON.stringify(made) }
  })
  const { id = '', number = '', checkout_url: checkoutUrl = '' } = order
  const path = new URL(checkoutUrl).pathname
  const pages = await Promise.all(
    Array.from({ length: plan === 'pays_in_two_tabs' ? 2 : 1 }, () => goToStripe(path, url)),
  )
  await pause(random() * 500)
  if (plan !== 'leaves') for (const page of pages) confirm(stripe, page, plan)
  const [page] = pages
  if (plan === 'pays' || plan === 'pays_in_two_tabs') await fetch(`${url}${path}/return`).catch(() => undefined)
  // Who was too slow for the session has nothing to wait for or to have back.
  if (page && stripe.account.getSession(page).status === 'complete') {
    await afterwards(stripe, shop, { plan, id, page, random })
  }
  return { plan, id, number }
}

/** Stripe's page says no to who pays there too late, or a second time. */
function confirm(stripe: FakeStripe, page: string | undefined, plan: Plan): void {
  if (page === undefined) return
  try {
    stripe.account.confirm(page, /later|refuses/.test(plan) ? 'delayed' : undefined)
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error
  }
}

type Paid = { plan: Plan; id: string; page: string; random: () => number }
type Shop = { url: string; key: string }

async function afterwards(stripe: FakeStripe, shop: Shop, { plan, id, page, random }: Paid): Promise<void> {
  if (plan === 'pays_later' || plan === 'bank_refuses') {
    await pause(random() * 5_000)
    stripe.account.settle(page, plan === 'pays_later')
  }
  if (plan === 'is_refunded') await refund(stripe, shop, id, page, random)
  if (plan === 'refund_comes_back') await comesBack(stripe, shop, id, page)
}

/** A refund goes through, the shop has heard of it, and then the buyer's bank sends it back. */
async function comesBack(stripe: FakeStripe, { url, key }: Shop, id: string, page: string) {
  const intent = stripe.account.getSession(page).payment_intent ?? ''
  const made = stripe.account.refund({ payment_intent: intent })
  await patiently(`that order ${id} is refunded, as Stripe says in ${made.id}`, async () => {
    const { status, body } = await callRest<{ status: string }>(url, 'GET', `/v1/orders/${id}`, { key })
    return body.status === 'refunded' ? { done: true } : { instead: `${status} ${JSON.stringify(body)}` }
  })
  stripe.account.endRefund(made.id, 'failed')
}

/** By the API or in Stripe's dashboard, all or a part. */
async function refund(stripe: FakeStripe, { url, key }: Shop, id: string, page: string, random: () => number) {
  const amount = random() < 0.5 ? undefined : 100
  if (random() < 0.5) {
    stripe.account.refund({ payment_intent: stripe.account.getSession(page).payment_intent ?? '', amount })
    return
  }
  const headers = { 'Idempotency-Key': `refund ${id}` }
  await patiently(`the refund of order ${id}`, async () => {
    const { status, body } = await callRest(url, 'POST', `/v1/orders/${id}/refund`, {
      key,
      body: { amount_cents: amount },
      headers,
    })
    // 409: the notice of the payment has not been followed yet.
    return status === 409 || status >= 500 ? { instead: `${status} ${JSON.stringify(body)}` } : { done: true }
  })
}
