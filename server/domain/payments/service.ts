import type { Deps, StoreContext } from '../../context'
import type { Card, CardGateway, ChargeOutcome, DeclineCode } from '../../ports/gateway'
import type { OrderRow } from '../orders/table'
import type { StoreRow } from '../stores/table'
import { type ClaimedAttempt, claimAttempt, claimAuthentication, type PriceObstacle } from './attempts'
import { type Checkout, findCheckout } from './checkout'
import { cardGatewayOf, gatewayNamed } from './gateways'
import { goodsOf } from './goods'
import { refuseObstacle } from './obstacles'
import { settleAttempt } from './settlement'

/**
 * `declined` is set when this very call was declined, `obstacle` when nothing was charged since the price is another one now; the
 * checkout is then open again.
 */
export type PaymentResult = { checkout: Checkout; declined: DeclineCode | null; obstacle: PriceObstacle | null }

export type CardPayment = {
  email: string
  name: string | null
  card: Card
  /** `de-DE`: what the buyer reads in. */
  locale?: string | undefined
  /** The price that the buyer agreed to, where they were shown one: another one isn't charged. */
  shownMinor?: bigint | undefined
  /** For a caller who may have to find this very attempt again. */
  attemptId?: string | undefined
}

/**
 * Pays a session's order with a card: once, however often and from wherever it is called. A call that can't pay answers the
 * state it found (`processing`, `requires_action`, `paid`, `refunded`, `expired`).
 * Throws session_not_found; product_not_available, account_not_approved, gateway_not_configured when nothing can be sold any
 * more.
 */
export async function payWithCard(deps: Deps, sessionId: string, payment: CardPayment): Promise<PaymentResult> {
  const checkout = await findCheckout(deps, sessionId)
  const { ctx, order, store } = checkout
  if (checkout.state !== 'open') return { checkout, declined: null, obstacle: null }
  const gateway = await gatewayForSale(ctx, store, order)
  const claimed = await claimAttempt(ctx, order.id, gateway, payment)
  const obstacle = typeof claimed === 'string' ? claimed : null
  const outcome = typeof claimed === 'object' ? await charge(ctx, gateway, claimed, payment.card) : undefined
  return { checkout: await findCheckout(deps, sessionId), declined: codeOf(outcome), obstacle }
}

/** A product or variant that was archived meanwhile, or a store that was suspended, sells nothing in open checkouts either. */
async function gatewayForSale(ctx: StoreContext, store: StoreRow, order: OrderRow): Promise<CardGateway> {
  await refuseObstacle(ctx, store, await goodsOf(ctx, order), { currency: null, needsAccount: false })
  const gateway = cardGatewayOf(ctx)
  if (!gateway) throw new Error('this order is paid on the page of its gateway')
  return gateway
}

function charge(ctx: StoreContext, gateway: CardGateway, { order, attempt }: ClaimedAttempt, card: Card) {
  const { amountMinor, currency, productName: description } = order
  return settled(ctx, gateway, { order, attempt }, () =>
    gateway.charge({ attemptId: attempt.id, amountMinor, currency, description, card }),
  )
}

/**
 * Goes on after the bank's dialogue of 3-D Secure: `approved` is the buyer's answer. A session that waits for no answer is
 * returned as it is. Throws session_not_found.
 */
export async function finishAuthentication(deps: Deps, sessionId: string, approved: boolean): Promise<PaymentResult> {
  const checkout = await findCheckout(deps, sessionId)
  const { ctx, attempt } = checkout
  const reference = attempt?.gatewayReference
  const gateway = attempt && checkout.state === 'requires_action' ? gatewayNamed(ctx, attempt.gateway) : null
  if (!attempt || !reference || gateway?.kind !== 'card') {
    return { checkout, declined: null, obstacle: null }
  }
  const claimed = await claimAuthentication(ctx, attempt)
  const outcome = claimed && (await settled(ctx, gateway, claimed, () => gateway.authenticate(reference, approved)))
  return { checkout: await findCheckout(deps, sessionId), declined: codeOf(outcome), obstacle: null }
}

/**
 * Asks the gateway, outside a transaction, and writes its answer down. Undefined when it didn't answer: nobody knows then
 * whether money moved, so that the attempt stays `processing` until recovery has asked.
 */
async function settled(
  ctx: StoreContext,
  gateway: CardGateway,
  { order, attempt }: ClaimedAttempt,
  ask: () => Promise<ChargeOutcome>,
): Promise<ChargeOutcome | undefined> {
  let outcome: ChargeOutcome
  try {
    outcome = await ask()
  } catch (error) {
    const facts = { order: order.id, attempt: attempt.id, gateway: gateway.name, err: error }
    ctx.log.error(facts, 'the gateway did not answer; the attempt waits for recovery')
    return undefined
  }
  await settleAttempt(ctx, gateway, attempt, outcome)
  return outcome
}

function codeOf(outcome: ChargeOutcome | undefined): DeclineCode | null {
  return outcome?.status === 'declined' ? outcome.code : null
}
