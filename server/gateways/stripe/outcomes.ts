import type Stripe from 'stripe'
import {
  type CardSummary,
  type DeclineCode,
  DISPUTE_STATUSES,
  type DisputeNotice,
  type DisputeStatus,
  type GatewayFee,
  type GatewayRefund,
  type PageOutcome,
} from '../../ports/gateway'
import { fromStripeAmount } from './amounts'

/* Stripe's words as the port's. Pure. */

/** What our objects at Stripe carry, so that they are found again without a look-up of our own. */
export const METADATA = {
  attempt: 'payhook_attempt',
  order: 'payhook_order',
  refund: 'payhook_refund',
  connection: 'payhook_connection',
  store: 'payhook_store',
} as const

/** What `pageOutcome` needs of a session beyond itself, as `expand` wants it. */
export const EXPANDED = ['payment_intent.latest_charge.balance_transaction']

/** Throws for a session that is none of ours, or that Stripe describes in a way that nobody foresaw. */
export function pageOutcome(session: Stripe.Checkout.Session): PageOutcome {
  const { id: page, status, url, payment_status: paid } = session
  if (status === 'expired') return { status: 'expired', page }
  if (status === 'open') {
    if (!url) throw new Error(`the open session ${page} has no address`)
    return { status: 'requires_action', page, url }
  }
  const intent = expanded(session.payment_intent)
  if (!intent) throw new Error(`the complete session ${page} has no payment`)
  if (paid === 'paid' || intent.status === 'succeeded') return succeeded(page, intent)
  switch (intent.status) {
    case 'requires_payment_method':
    case 'canceled':
      return { status: 'declined', page, reference: intent.id, code: declineCode(intent.last_payment_error) }
    default:
      return { status: 'settling', page, reference: intent.id }
  }
}

function succeeded(page: string, intent: Stripe.PaymentIntent): PageOutcome {
  const charge = expanded(intent.latest_charge)
  return {
    status: 'succeeded',
    page,
    reference: intent.id,
    amountMinor: fromStripeAmount(intent.amount_received, intent.currency),
    card: cardOf(charge),
    fee: feeOf(charge),
  }
}

function cardOf(charge: Stripe.Charge | null): CardSummary | null {
  const card = charge?.payment_method_details?.card
  return card?.brand && card.last4 ? { brand: card.brand, last4: card.last4 } : null
}

function feeOf(charge: Stripe.Charge | null): GatewayFee | null {
  const transaction = expanded(charge?.balance_transaction)
  if (!transaction) return null
  const { fee, currency } = transaction
  return { amountMinor: fromStripeAmount(fee, currency), currency }
}

/** Stripe's codes that say more than that the bank said no; docs.stripe.com/declines/codes. */
const DECLINES: Readonly<Record<string, DeclineCode>> = {
  expired_card: 'expired_card',
  insufficient_funds: 'insufficient_funds',
  authentication_required: 'authentication_failed',
  payment_intent_authentication_failure: 'authentication_failed',
  invalid_expiry_month: 'invalid_expiry',
  invalid_expiry_year: 'invalid_expiry',
}

type PaymentError = Stripe.PaymentIntent['last_payment_error']

export function declineCode(error: PaymentError): DeclineCode {
  return DECLINES[error?.decline_code ?? ''] ?? DECLINES[error?.code ?? ''] ?? 'card_declined'
}

export function refundOutcome({ id, status, amount, currency, metadata }: Stripe.Refund): GatewayRefund {
  return {
    reference: id,
    refundId: metadata?.[METADATA.refund] ?? null,
    amountMinor: fromStripeAmount(amount, currency),
    status: refundStatus(status),
  }
}

function refundStatus(status: string | null): GatewayRefund['status'] {
  if (status === 'succeeded') return 'succeeded'
  return status === 'failed' || status === 'canceled' ? 'failed' : 'pending'
}

/** Null for a dispute that isn't about a charge of ours, and for an inquiry, in which the bank only asks and has taken nothing. */
export function disputeNotice(dispute: Stripe.Dispute): DisputeNotice | null {
  const status = disputeStatus(dispute.status)
  const intent = expanded(dispute.payment_intent)
  const attemptId = intent?.metadata[METADATA.attempt]
  if (!status || !intent || attemptId === undefined) return null
  const { due_by: dueBy } = dispute.evidence_details
  // Where the bank counts in another currency, it is about the whole charge: a part would be said in the charge's.
  const { amount, currency } = dispute.currency === intent.currency ? dispute : intent
  return {
    id: dispute.id,
    chargeReference: intent.id,
    attemptId,
    amountMinor: fromStripeAmount(amount, currency),
    reason: dispute.reason,
    status,
    dueBy: dueBy === null ? null : new Date(dueBy * 1_000),
    fees: dispute.balance_transactions.flatMap(({ id: reference, fee, currency: paidIn }) =>
      fee === 0 ? [] : [{ reference, amountMinor: fromStripeAmount(fee, paidIn), currency: paidIn }],
    ),
  }
}

function disputeStatus(status: string): DisputeStatus | undefined {
  return DISPUTE_STATUSES.find((known) => known === status)
}

/** What was asked for with `expand`; null where there is nothing. Throws where only the id came. */
export function expanded<T extends { id: string }>(field: string | T | null | undefined): T | null {
  if (typeof field === 'string') throw new Error(`${field} was not expanded`)
  return field ?? null
}

export function idOf(field: string | { id: string } | null | undefined): string | null {
  return typeof field === 'string' ? field : (field?.id ?? null)
}
