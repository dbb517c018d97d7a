import type { Platform, Split } from './platform'

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

/** What the gateway keeps for itself of a charge; its currency may be another one than the charge's. */
export type GatewayFee = { amountMinor: bigint; currency: string }

/** What it keeps for a dispute, or below zero gives back of that; each has a name at the gateway of its own. */
export type DisputeFee = GatewayFee & { reference: string }

export type PageRequest = {
  /** Also the gateway's idempotency key: asking twice with one attempt id is one page. */
  attemptId: string
  /** For people who look at the payment at the gateway: the order's own number. */
  orderNumber: string
  amountMinor: bigint
  currency: string
  description: string
  email: string
  /** When the attempt was made: the same with every repetition, as is all else here. */
  createdAt: Date
  /** The page should not be payable for longer. A gateway that has a least lifetime may exceed it; `close` ends it in time. */
  payUntil: Date
  /** Where the gateway sends the buyer, who may also never come back. */
  returnUrl: string
  cancelUrl: string
  /** Null where all of it is the operator's own account's. */
  split: Split | null
}

/** A payment page at the gateway, as it is now. `page` is the gateway's id of it. */
export type PageOutcome =
  /** The buyer may pay there, or is doing so. */
  | { status: 'requires_action'; page: string; url: string }
  /** Paid by a method that takes days: the money may yet come or not. Nobody can pay there a second time. */
  | { status: 'settling'; page: string; reference: string }
  | {
      status: 'succeeded'
      page: string
      reference: string
      /** In the currency that was asked for. */
      amountMinor: bigint
      /** Null where it was no card. */
      card: CardSummary | null
      /** Null while the gateway doesn't know it yet. */
      fee: GatewayFee | null
    }
  | { status: 'declined'; page: string; reference: string; code: DeclineCode }
  /** Its time is over and nothing was paid; nothing can be. */
  | { status: 'expired'; page: string }

export type RefundRequest = {
  /** Also the gateway's idempotency key. */
  refundId: string
  chargeReference: string
  amountMinor: bigint
  currency: string
  /** As the charge was made: what goes back to the buyer is taken from the store's account, and the fee returns in proportion. */
  split: Split | null
}

/** `pending`: taken, but not done; asking again later tells. `reference` is empty where a refusal left nothing behind. */
export type RefundOutcome = { status: 'succeeded' | 'pending' | 'failed'; reference: string }

/** A refund as the gateway has it, whoever made it. */
export type GatewayRefund = {
  reference: string
  /** Ours by the id it was asked for with; null for one that was made at the gateway itself, in its dashboard. */
  refundId: string | null
  amountMinor: bigint
  status: RefundOutcome['status']
}

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
  /** All that are known by now. */
  fees: readonly DisputeFee[]
}

/** What a charge may be in a currency: from `least` to `most`, and a multiple of `step`. All in its smallest unit. */
export type AmountLimits = { least: bigint; most: bigint; step: bigint }

/** Every call answers or throws within 30 seconds: after 60 an attempt without an answer is looked up. */
interface GatewayBase {
  readonly name: string
  /** Null for a currency in which nothing can be charged. */
  limits(currency: string): AmountLimits | null
  /** Once for each refund id, however often and however late it is asked again. */
  refund(request: RefundRequest): Promise<RefundOutcome>
}

/** Takes the card from our own page. */
export interface CardGateway extends GatewayBase {
  readonly kind: 'card'
  /** What a buyer may pay with while rehearsing; empty where real cards are charged. */
  readonly testCards: readonly TestCard[]
  charge(request: ChargeRequest): Promise<ChargeOutcome>
  /** Continues a charge that required an action. `approved` is what the buyer did in the bank's dialogue. */
  authenticate(reference: string, approved: boolean): Promise<ChargeOutcome>
  /** What became of an attempt whose answer we lost, or undefined when the gateway never saw it: then no money moved. */
  find(attemptId: string): Promise<ChargeOutcome | undefined>
}

/** Sends the buyer to a page of its own, where cards are entered, 3-D Secure asked for, and paid. */
export interface RedirectGateway extends GatewayBase {
  readonly kind: 'redirect'
  /** Null where all money goes to the operator's own account. */
  readonly platform: Platform | null
  /**
   * The page of this attempt, made now or earlier. Throws when it was refused, and when nobody knows whether it was made: no money
   * is at stake then, since nobody can pay on a page whose address nobody was told.
   */
  begin(request: PageRequest): Promise<PageOutcome>
  find(page: string): Promise<PageOutcome>
  /** Sees to it that nothing can be paid there any more, and answers what was. */
  close(page: string): Promise<PageOutcome>
  /** All refunds of a charge, and the attempt that made it; null for a charge that isn't ours. */
  refundsOf(chargeReference: string): Promise<{ attemptId: string; refunds: GatewayRefund[] } | null>
  /** Why the latest try to pay on a page was declined, and whose it was; null where none was, or the charge isn't ours. */
  declineOf(chargeReference: string): Promise<{ attemptId: string; code: DeclineCode } | null>
  /** Null for a dispute that isn't about a charge of ours, and for an inquiry, which takes no money. */
  findDispute(id: string): Promise<DisputeNotice | null>
  /** What the gateway has told since then and nobody has taken, all of it, in any order: what a webhook would have said. */
  missedNotices(since: Date): AsyncIterable<GatewayNotice>
  /** What a webhook of the gateway says. Throws AppError invalid_request when the gateway did not sign it. */
  readNotice(body: string, signature: string | undefined): Promise<GatewayNotice>
}

export type Gateway = CardGateway | RedirectGateway

/** None where the gateway's own page takes the card. */
export function testCardsOf(gateway: Gateway): readonly TestCard[] {
  return gateway.kind === 'card' ? gateway.testCards : []
}

/**
 * A gateway tells that something happened. It may tell late, twice, in any order or never: a notice only says what to ask the
 * gateway about, and the answer counts.
 */
export type GatewayNotice = {
  /** The gateway's id of the event: the same with each repetition. */
  id: string
  /** In the gateway's words, for the log. */
  type: string
  /** Names the store, where the gateway says it. */
  attemptId: string | null
  /** Null for what isn't our business. */
  subject: NoticeSubject | null
}

export type NoticeSubject =
  | { kind: 'page'; page: string }
  | { kind: 'charge'; reference: string }
  /** A try on the page was declined, for this reason where the gateway says it; the buyer may try again there. */
  | { kind: 'decline'; reference: string; code: DeclineCode | null }
  | { kind: 'dispute'; id: string }
  /** A store's account on a platform. */
  | { kind: 'account'; account: string }

export type Gateways = {
  test: Gateway
  /** Null until one is configured. */
  live: Gateway | null
  /** Pays test orders without a browser, where `test` is a gateway that wants one. */
  rehearsal?: CardGateway
}
