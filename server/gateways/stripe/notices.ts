import Stripe from 'stripe'
import type { Clock } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import type { GatewayNotice, NoticeSubject } from '../../ports/gateway'
import { declineCode, idOf, METADATA } from './outcomes'

/** Stripe's own: older ones may be replays by somebody who listened. */
const TOLERANCE_SECONDS = 300

/** The events that the endpoint has to be subscribed to; README says the same. */
export const EVENT_TYPES = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'checkout.session.async_payment_failed',
  'checkout.session.expired',
  'payment_intent.payment_failed',
  'charge.updated',
  'charge.refunded',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.closed',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.funds_reinstated',
] as const satisfies readonly Stripe.Event['type'][]

/** And those of the second endpoint, for what happens in connected accounts. */
export const ACCOUNT_EVENT_TYPES = [
  'account.updated',
  'account.application.deauthorized',
] as const satisfies readonly Stripe.Event['type'][]

/** Throws AppError invalid_request for what Stripe did not sign with one of these secrets within the last five minutes. */
export async function readStripeEvent(
  clock: Clock,
  secrets: readonly string[],
  body: string,
  signature: string | undefined,
): Promise<GatewayNotice> {
  let refusal: unknown = new AppError(
    'unavailable',
    'Webhooks of Stripe are not configured here. Set STRIPE_WEBHOOK_SECRET.',
  )
  for (const secret of secrets) {
    try {
      return noticeOf(await verified(clock, secret, body, signature ?? ''))
    } catch (error) {
      refusal = error
    }
  }
  throw refusal
}

export function noticeOf(event: Stripe.Event): GatewayNotice {
  const { subject, attemptId } = subjectOf(event)
  return { id: event.id, type: event.type, attemptId, subject }
}

async function verified(clock: Clock, secret: string, body: string, signature: string): Promise<Stripe.Event> {
  try {
    // The synchronous form throws on Bun, which has no synchronous Web Crypto.
    return await Stripe.webhooks.constructEventAsync(
      body,
      signature,
      secret,
      TOLERANCE_SECONDS,
      Stripe.createSubtleCryptoProvider(),
      clock.now().getTime(),
    )
  } catch (cause) {
    throw new AppError('invalid_request', 'This is not a webhook that Stripe signed with the configured secret.', {
      hint: "STRIPE_WEBHOOK_SECRET must be this endpoint's whsec_… of the Stripe dashboard.",
      cause,
    })
  }
}

type Subject = { subject: NoticeSubject | null; attemptId: string | null }

const NOTHING: Subject = { subject: null, attemptId: null }

function subjectOf(event: Stripe.Event): Subject {
  // Of a connected account: what its owner does there by other programs is not ours, whatever it says of itself.
  if (event.account !== undefined) {
    const isOurs = ACCOUNT_EVENT_TYPES.some((type) => type === event.type)
    return isOurs ? { subject: { kind: 'account', account: event.account }, attemptId: null } : NOTHING
  }
  switch (event.type) {
    case 'checkout.session.completed':
    case 'checkout.session.async_payment_succeeded':
    case 'checkout.session.async_payment_failed':
    case 'checkout.session.expired': {
      const { id: page, metadata } = event.data.object
      const attemptId = metadata?.[METADATA.attempt] ?? null
      return { subject: attemptId === null ? null : { kind: 'page', page }, attemptId }
    }
    case 'payment_intent.payment_failed': {
      const { id: reference, metadata, last_payment_error: error } = event.data.object
      const attemptId = metadata[METADATA.attempt] ?? null
      // Of the moment of this try: by the time it is asked about, a later one may have been declined for another reason.
      const code = error ? declineCode(error) : null
      return { subject: attemptId === null ? null : { kind: 'decline', reference, code }, attemptId }
    }
    case 'charge.updated':
    case 'charge.refunded': {
      const { payment_intent: intent, metadata } = event.data.object
      return chargeSubject(intent, metadata[METADATA.attempt] ?? null)
    }
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
      return chargeSubject(event.data.object.payment_intent, null)
    case 'charge.dispute.created':
    case 'charge.dispute.updated':
    case 'charge.dispute.closed':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated':
      return { subject: { kind: 'dispute', id: event.data.object.id }, attemptId: null }
    default:
      return NOTHING
  }
}

function chargeSubject(intent: string | { id: string } | null, attemptId: string | null): Subject {
  const reference = idOf(intent)
  return reference === null ? NOTHING : { subject: { kind: 'charge', reference }, attemptId }
}
