import { hiddenFields } from '../buyer'
import { callRest } from '../calls'
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

/** As a person would: again and again until the server answers. */
async function patiently<T>(act: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const done = await act().catch(() => undefined)
    if (done !== undefined) return done
    await pause(100)
  }
  throw new Error('the server never answered')
}

/** Opens the checkout and sends its form; the ids of the pages at Stripe that it led to, or none when it could not be opened. */
async function goToStripe(path: string, url: string): Promise<string | undefined> {
  return patiently(async () => {
    const form = await (await fetch(url + path)).text()
    const there = /\/c\/pay\/(cs_live_\w+)/.exec(form)?.[1]
    if (there) return there
    if (!form.includes('<form')) return form.includes('refresh') ? undefined : 'none'
    const body = new URLSearchParams({ ...hiddenFields(form), email: 'buyer@example.com' })
    const answer = await fetch(url + path, { method: 'POST', body, headers: { Origin: url } })
    return /\/c\/pay\/(cs_live_\w+)/.exec(await answer.text())?.[1]
  })
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
  const order = await patiently(async () => {
    const made = await callRest<Record<string, string>>(url, 'POST', '/v1/orders', { key, body, headers })
    return made.status === 201 ? made.body : undefined
  })
  const { id = '', number = '', checkout_url: checkoutUrl = '' } = order
  const path = new URL(checkoutUrl).pathname
  const pages = await Promise.all(
    Array.from({ length: plan === 'pays_in_two_tabs' ? 2 : 1 }, () => goToStripe(path, url)),
  )
  await pause(random() * 500)
  if (plan !== 'leaves') {
    for (const page of pages) {
      // Stripe's page says no to who pays there a second time.
      await Promise.resolve()
        .then(() => stripe.account.confirm(page ?? '', /later|refuses/.test(plan) ? 'delayed' : undefined))
        .catch(() => undefined)
    }
  }
  if (plan === 'pays' || plan === 'pays_in_two_tabs') await fetch(`${url}${path}/return`).catch(() => undefined)
  const [page = ''] = pages
  if (plan === 'pays_later' || plan === 'bank_refuses') {
    await pause(random() * 5_000)
    stripe.account.settle(page, plan === 'pays_later')
  }
  if (plan === 'is_refunded') await refund(stripe, shop, id, page, random)
  if (plan === 'refund_comes_back' && stripe.account.getSession(page).status === 'complete') {
    await comesBack(stripe, shop, id, page)
  }
  return { plan, id, number }
}

/** A refund goes through, the shop has heard of it, and then the buyer's bank sends it back. */
async function comesBack(stripe: FakeStripe, { url, key }: { url: string; key: string }, id: string, page: string) {
  const intent = stripe.account.getSession(page).payment_intent ?? ''
  const made = stripe.account.refund({ payment_intent: intent })
  await patiently(async () => {
    const { body } = await callRest<{ status: string }>(url, 'GET', `/v1/orders/${id}`, { key })
    return body.status === 'refunded' || undefined
  })
  stripe.account.endRefund(made.id, 'failed')
}

/** By the API or in Stripe's dashboard, all or a part. */
async function refund(
  stripe: FakeStripe,
  { url, key }: { url: string; key: string },
  id: string,
  page: string,
  random: () => number,
) {
  const amount = random() < 0.5 ? undefined : 100
  if (random() < 0.5) {
    stripe.account.refund({ payment_intent: stripe.account.getSession(page).payment_intent ?? '', amount })
    return
  }
  const headers = { 'Idempotency-Key': `refund ${id}` }
  await patiently(async () => {
    const { status } = await callRest(url, 'POST', `/v1/orders/${id}/refund`, {
      key,
      body: { amount_cents: amount },
      headers,
    })
    // 409: the notice of the payment has not been followed yet.
    return status === 409 || status >= 500 ? undefined : true
  })
}
