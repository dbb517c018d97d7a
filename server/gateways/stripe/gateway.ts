import type Stripe from 'stripe'
import { addMs, type Clock, MINUTE_MS } from '../../kernel/clock'
import type {
  DisputeNotice,
  GatewayNotice,
  GatewayRefund,
  PageOutcome,
  PageRequest,
  RedirectGateway,
  RefundOutcome,
  RefundRequest,
} from '../../ports/gateway'
import { stripeLimits, toStripeAmount } from './amounts'
import { createStripeClient, isDisconnected, isRefusal, onceMoreIfBusy } from './client'
import { EVENT_TYPES, noticeOf, readStripeEvent } from './notices'
import { declineCode, disputeNotice, EXPANDED, METADATA, pageOutcome, refundOutcome } from './outcomes'
import { createStripePlatform } from './platform'
import { takenBack } from './shares'

export type StripeSettings = {
  secretKey: string
  /** Without one, whatever Stripe tells is refused. */
  webhookSecret: string | undefined
  /** Another server that speaks Stripe's API, for tests. */
  apiBase?: string | undefined
  /** How long one request may take, for tests. */
  timeoutMs?: number | undefined
  /** Stores have accounts of their own. The secret is that of the endpoint for what happens in these. */
  connect?: { webhookSecret: string | undefined } | undefined
}

/** Stripe wants a page to live for 30 minutes at least; clocks differ, and requests are repeated. */
const LEAST_LIFETIME_MS = 35 * MINUTE_MS

/** A charge has far fewer refunds. */
const REFUNDS = 100

/**
 * Cards, wallets and what else the account offers, by Stripe Checkout. A charge's reference is its PaymentIntent's id, a page's the
 * Checkout Session's. Nothing is kept here: what a later call needs is in the metadata at Stripe.
 */
export function createStripeGateway(clock: Clock, settings: StripeSettings): RedirectGateway {
  const stripe = createStripeClient(settings.secretKey, settings.apiBase, settings.timeoutMs)
  const secrets = [settings.webhookSecret, settings.connect?.webhookSecret].filter((secret) => secret !== undefined)
  return {
    name: 'stripe',
    kind: 'redirect',
    platform: settings.connect ? createStripePlatform(stripe, clock) : null,
    limits: stripeLimits,
    begin: (request) => begin(stripe, request),
    find: (page) => find(stripe, page),
    close: (page) => close(stripe, page),
    refund: (request) => refund(stripe, request),
    refundsOf: (reference) => refundsOf(stripe, reference),
    declineOf: (reference) => declineOf(stripe, reference),
    findDispute: (id) => findDispute(stripe, id),
    missedNotices: (since) => missedEvents(stripe, since),
    readNotice: (body, signature) => readStripeEvent(clock, secrets, body, signature),
  }
}

async function begin(stripe: Stripe, request: PageRequest): Promise<PageOutcome> {
  const { attemptId } = request
  const options = { idempotencyKey: `page ${attemptId}` }
  return pageOutcome(await onceMoreIfBusy(() => stripe.checkout.sessions.create(sessionOf(request), options)))
}

function sessionOf(request: PageRequest): Stripe.Checkout.SessionCreateParams {
  const { attemptId, orderNumber, amountMinor, currency, description, createdAt, payUntil } = request
  const metadata = { [METADATA.attempt]: attemptId, [METADATA.order]: orderNumber }
  const expiresAt = Math.max(payUntil.getTime(), addMs(createdAt, LEAST_LIFETIME_MS).getTime())
  return {
    mode: 'payment',
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency,
          unit_amount: toStripeAmount(amountMinor, currency),
          product_data: { name: description },
        },
      },
    ],
    customer_email: request.email,
    client_reference_id: orderNumber,
    metadata,
    // The charge takes it over from there, and so do the events about it.
    payment_intent_data: { metadata, description: `${orderNumber} · ${description}`, ...splitOf(request) },
    // The buyer pays the price that was shown, in its currency.
    adaptive_pricing: { enabled: false },
    expires_at: Math.floor(expiresAt / 1_000),
    success_url: request.returnUrl,
    cancel_url: request.cancelUrl,
  }
}

/** A destination charge: the seller is who sells to the buyer's bank too, and the fee goes back to the platform. */
function splitOf({ attemptId, currency, split }: PageRequest): Stripe.Checkout.SessionCreateParams.PaymentIntentData {
  if (!split) return {}
  const { account, feeMinor } = split
  return {
    transfer_data: { destination: account },
    on_behalf_of: account,
    transfer_group: attemptId,
    ...(feeMinor > 0n ? { application_fee_amount: toStripeAmount(feeMinor, currency) } : {}),
  }
}

async function find(stripe: Stripe, page: string): Promise<PageOutcome> {
  return pageOutcome(await onceMoreIfBusy(() => stripe.checkout.sessions.retrieve(page, { expand: EXPANDED })))
}

async function close(stripe: Stripe, page: string): Promise<PageOutcome> {
  try {
    return pageOutcome(await onceMoreIfBusy(() => stripe.checkout.sessions.expire(page)))
  } catch (error) {
    // Only an open one can be closed: this one was paid, or is over already.
    if (isRefusal(error)) return find(stripe, page)
    throw error
  }
}

/**
 * Looks for it first: a refund may take longer than the day for which Stripe remembers an idempotency key. A refund that Stripe
 * refuses (all is paid back, the balance is too low) failed; what is not certain throws.
 */
async function refund(stripe: Stripe, request: RefundRequest): Promise<RefundOutcome> {
  const { refundId, chargeReference, amountMinor, currency, split } = request
  const known = (await listRefunds(stripe, chargeReference)).find((one) => one.refundId === refundId)
  if (known) return { status: known.status, reference: known.reference }
  const taken = split ? await takenBack(stripe, chargeReference) : {}
  try {
    const made = await onceMoreIfBusy(() =>
      stripe.refunds.create(
        {
          payment_intent: chargeReference,
          amount: toStripeAmount(amountMinor, currency),
          metadata: { [METADATA.refund]: refundId },
          ...taken,
        },
        { idempotencyKey: `refund ${refundId}` },
      ),
    )
    const { status, reference } = refundOutcome(made)
    return { status, reference }
  } catch (error) {
    if (isRefusal(error) || isDisconnected(error)) return { status: 'failed', reference: '' }
    throw error
  }
}

async function listRefunds(stripe: Stripe, payment_intent: string): Promise<GatewayRefund[]> {
  const { data } = await onceMoreIfBusy(() => stripe.refunds.list({ payment_intent, limit: REFUNDS }))
  return data.map(refundOutcome)
}

async function refundsOf(stripe: Stripe, reference: string) {
  const intent = await onceMoreIfBusy(() => stripe.paymentIntents.retrieve(reference))
  const attemptId = intent.metadata[METADATA.attempt]
  return attemptId === undefined ? null : { attemptId, refunds: await listRefunds(stripe, reference) }
}

/** Page by page: Stripe may have told of every payment of weeks. */
async function* missedEvents(stripe: Stripe, since: Date): AsyncGenerator<GatewayNotice> {
  const asked = {
    ...{ delivery_success: false, types: [...EVENT_TYPES], limit: 100 },
    created: { gte: Math.floor(since.getTime() / 1_000) },
  }
  for await (const event of stripe.events.list(asked)) yield noticeOf(event)
}

async function declineOf(stripe: Stripe, reference: string) {
  const { metadata, last_payment_error: error } = await onceMoreIfBusy(() => stripe.paymentIntents.retrieve(reference))
  const attemptId = metadata[METADATA.attempt]
  return error && attemptId !== undefined ? { attemptId, code: declineCode(error) } : null
}

async function findDispute(stripe: Stripe, id: string): Promise<DisputeNotice | null> {
  return disputeNotice(await onceMoreIfBusy(() => stripe.disputes.retrieve(id, { expand: ['payment_intent'] })))
}
