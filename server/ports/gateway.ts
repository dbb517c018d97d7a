/** What a card gateway is to the domain. A provider's words are translated to these at its edge. */

export type Card = {
  /** Digits only. Never stored, never logged. */
  number: string
  expMonth: number
  /** Four digits. */
  expYear: number
  cvc: string
  name: string | null
}

/** A card that stands for an outcome, for gateways that move no money. */
export type TestCard = {
  /** Digits only. */
  number: string
  brand: string
  /** For people: "Visa, declined (insufficient funds)". */
  label: string
  outcome: 'success' | 'success_3ds' | 'declined' | 'failed_3ds'
  /** What the buyer is told; null for the cards that succeed. */
  declineCode: DeclineCode | null
}

export type CardSummary = { brand: string; last4: string }

export const DECLINE_CODES = [
  'expired_card',
  'insufficient_funds',
  'authentication_failed',
  'not_a_test_card',
  'invalid_expiry',
  'card_declined',
] as const
export type DeclineCode = (typeof DECLINE_CODES)[number]

export type ChargeRequest = {
  /** Also the gateway's idempotency key: charging twice with one attempt id is one charge. */
  attemptId: string
  amountMinor: bigint
  currency: string
  description: string
  card: Card
}

export type ChargeOutcome =
  | { status: 'succeeded'; reference: string; card: CardSummary }
  | { status: 'declined'; reference: string; code: DeclineCode; card: CardSummary | null }
  /** The buyer must prove who they are (3-D Secure); then `authenticate` goes on. */
  | { status: 'requires_action'; reference: string; card: CardSummary }

export type RefundRequest = {
  /** Also the gateway's idempotency key. */
  refundId: string
  chargeReference: string
  amountMinor: bigint
  currency: string
}

export type RefundOutcome = { status: 'succeeded' | 'failed'; reference: string }

export const DISPUTE_STATUSES = ['needs_response', 'under_review', 'won', 'lost'] as const
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number]

/**
 * What a gateway reports of a dispute: the buyer's bank asks for the money of a charge back. The same one may be reported again,
 * with a later status. An inquiry before the bank takes money is not reported.
 */
export type DisputeNotice = {
  /** The gateway's id of the dispute. */
  id: string
  chargeReference: string
  /** The attempt that made the charge, which the gateway keeps with it: it names the store. */
  attemptId: string
  /** What the bank asks for, in the currency of the charge. */
  amountMinor: bigint
  /** The card network's, such as fraudulent or product_not_received. */
  reason: string | null
  status: DisputeStatus
  /** Until when evidence is taken; null when none is. */
  dueBy: Date | null
}

/** Every call answers or throws within 30 seconds: after 60 an attempt without an answer is looked up by `find`. */
export interface Gateway {
  readonly name: string
  /** What a buyer may pay with while rehearsing; empty where real cards are charged. */
  readonly testCards: readonly TestCard[]
  /** The least that can be charged, in the currency's smallest unit. */
  minimum(currency: string): bigint
  charge(request: ChargeRequest): Promise<ChargeOutcome>
  /** Continues a charge that required an action. `approved` is what the buyer did in the bank's dialogue. */
  authenticate(reference: string, approved: boolean): Promise<ChargeOutcome>
  /** What became of an attempt whose answer we lost, or undefined when the gateway never saw it: then no money moved. */
  find(attemptId: string): Promise<ChargeOutcome | undefined>
  refund(request: RefundRequest): Promise<RefundOutcome>
}

/** The gateway of each mode; `live` is null until one is configured. */
export type Gateways = { test: Gateway; live: Gateway | null }
