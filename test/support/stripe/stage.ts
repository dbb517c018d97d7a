import Stripe from 'stripe'
import type { Deps } from '../../../server/context'
import { EVENT_TYPES } from '../../../server/gateways/stripe/notices'
import { runningClock } from '../clock'
import { createWorld, type World } from '../world'
import { openStripeShop, runJobs, type StripeShop } from './shop'

/*
 * A server beside Stripe, or beside the stand-in: nothing here but what Stripe's API offers to a test key, so that the same scenarios are
 * played with both.
 */

/** `https://api.stripe.com`, or the stand-in's address. */
export type StripeSide = { apiBase: string; secretKey: string }

/** What buyers pay with, in Stripe's test data: tokens of cards, and numbers of bank accounts. */
export const MEANS = {
  visa: 'tok_visa',
  insufficientFunds: 'tok_chargeDeclinedInsufficientFunds',
  disputed: 'tok_createDispute',
  inquired: 'tok_createDisputeInquiry',
  debit: 'AT611904300234573201',
  failingDebit: 'AT861904300235473202',
} as const
export type Means = (typeof MEANS)[keyof typeof MEANS]

export type Stage = {
  world: World
  /** At Stripe, as its dashboard would act. */
  stripe: Stripe
  deps: Deps
  /** A new store that sells in test mode. */
  openShop(): Promise<StripeShop>
  /** On Stripe's page, without a browser: by the calls that Stripe's own CLI makes. Throws what the page would say. */
  pay(page: string, means?: Means): Promise<void>
  /** Brings the server what Stripe has told since the stage was set, all of it again each time, in the order that `order` makes of it. */
  relay(order?: (events: Stripe.Event[]) => Stripe.Event[]): Promise<void>
  /** Relays and works until it is so: Stripe takes its time. */
  until<T>(what: string, look: () => Promise<T | undefined>): Promise<T>
  close(): Promise<void>
}

const PATIENCE_MS = 120_000
const WEBHOOK_SECRET = `whsec_${'stage'.padEnd(32, 'x')}`

export async function setStage(side: StripeSide, clock = runningClock()): Promise<Stage> {
  const { apiBase, secretKey } = side
  const world = await createWorld(
    { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET, STRIPE_API_BASE: apiBase },
    clock,
  )
  const { hostname: host, port, protocol } = new URL(apiBase)
  const stripe = new Stripe(secretKey, {
    ...{ host, port: port || (protocol === 'http:' ? 80 : 443), protocol: protocol === 'http:' ? 'http' : 'https' },
    ...{ maxNetworkRetries: 2, telemetry: false },
  })
  const since = Math.floor(Date.now() / 1_000) - 5
  const relay: Stage['relay'] = async (order = (events) => events) => {
    const events: Stripe.Event[] = []
    for await (const event of stripe.events.list({ types: [...EVENT_TYPES], created: { gte: since }, limit: 100 })) {
      events.push(event)
    }
    for (const event of order(events.reverse())) await tell(world, event)
  }
  return {
    ...{ world, stripe, deps: world.deps, relay },
    openShop: () => openStripeShop(world, true),
    pay: (page, means = MEANS.visa) => payOnPage(stripe, page, means),
    until: async (what, look) => {
      const deadline = performance.now() + PATIENCE_MS
      for (;;) {
        await relay()
        await runJobs(world.deps)
        const found = await look()
        if (found !== undefined) return found
        if (performance.now() > deadline) throw new Error(`${what} did not happen within ${PATIENCE_MS} ms`)
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
    },
    close: () => world.close(),
  }
}

/** Signed as Stripe signs for an endpoint; the endpoint's secret is ours, since no endpoint is registered. */
async function tell({ url, clock }: World, event: Stripe.Event): Promise<void> {
  const payload = JSON.stringify(event)
  const signature = await Stripe.webhooks.generateTestHeaderStringAsync({
    ...{ payload, secret: WEBHOOK_SECRET, timestamp: Math.floor(clock.now().getTime() / 1_000) },
    ...{ scheme: 'v1', signature: '', cryptoProvider: Stripe.createSubtleCryptoProvider() },
  })
  const headers = { 'Content-Type': 'application/json', 'Stripe-Signature': signature }
  const answer = await fetch(`${url}/webhooks/stripe`, { method: 'POST', headers, body: payload })
  if (!answer.ok) throw new Error(`${event.type}: ${answer.status} ${await answer.text()}`)
}

async function payOnPage(stripe: Stripe, page: string, means: Means): Promise<void> {
  const details = { name: 'Jenny Rosen', email: 'buyer@example.com' }
  const method = await stripe.paymentMethods.create(
    means.startsWith('tok_')
      ? { type: 'card', card: { token: means }, billing_details: details }
      : { type: 'sepa_debit', sepa_debit: { iban: means }, billing_details: details },
  )
  const { amount_total: amount } = await stripe.checkout.sessions.retrieve(page)
  // Stripe's page is no public API; this is what `stripe trigger checkout.session.completed` does.
  await stripe.rawRequest('POST', `/v1/payment_pages/${page}/confirm`, {
    ...{ payment_method: method.id, expected_amount: amount },
  })
}
