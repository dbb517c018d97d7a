import type { StoreContext } from '../../context'
import { addMs, DAY_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import { formatMoney } from '../../kernel/money'
import { DECLINE_CODES, type DeclineCode } from '../../ports/gateway'
import type { NewTestPayment } from '../orders/schema'
import { getOrder } from '../orders/service'
import type { OrderRow } from '../orders/table'
import { findAttempt } from './attempts'
import { type Checkout, findCheckout } from './checkout'
import { completeFree } from './free'
import { cardGatewayOf } from './gateways'
import { finishAuthentication, type PaymentResult, payWithCard } from './service'
import type { PaymentAttemptRow } from './table'

export type Rehearsed = { state: 'paid' | 'requires_action'; order: OrderRow }

/**
 * Pays a test order without a browser, by the very path a buyer's card takes.
 * Throws invalid_request in live mode, order_not_found, payment_declined, order_already_paid, payment_in_progress,
 * session_expired, and what payWithCard throws.
 */
export async function payTestOrder(ctx: StoreContext, input: NewTestPayment, attemptId?: string): Promise<Rehearsed> {
  if (!ctx.isTest) {
    throw new AppError('invalid_request', 'Only test orders can be paid this way.', {
      field: 'id',
      hint: 'Call it with a test key (sk_test_…) for an order that was made with a test key.',
    })
  }
  const order = await getOrder(ctx, input.id)
  const earlier = attemptId === undefined ? undefined : await findAttempt(ctx, attemptId)
  const paid = earlier ? await resultOf(ctx, order, earlier) : await pay(ctx, order, input, attemptId)
  const { approve_authentication: approved } = input
  const isAsked = paid.checkout.state === 'requires_action' && approved !== undefined
  return answer(isAsked ? await finishAuthentication(ctx, order.sessionId, approved) : paid)
}

async function pay(ctx: StoreContext, order: OrderRow, input: NewTestPayment, attemptId?: string) {
  if (order.status !== 'pending' && order.status !== 'failed') throw alreadyPaid()
  const name = order.customerName ?? 'Test Buyer'
  const email = input.email ?? order.customerEmail ?? 'buyer@example.com'
  if (order.amountMinor === 0n) {
    const checkout = await completeFree(ctx, order.sessionId, { email, name })
    return { checkout, declined: null, obstacle: checkout.state === 'open' ? ('coupon_used' as const) : null }
  }
  const payment = { email, name, card: cardOf(ctx, input, name), attemptId }
  return payWithCard(ctx, order.sessionId, payment)
}

/** The call that began this attempt lost its answer: this one gives it. */
async function resultOf(
  ctx: StoreContext,
  order: OrderRow,
  { declineCode }: PaymentAttemptRow,
): Promise<PaymentResult> {
  const declined = DECLINE_CODES.find((code) => code === declineCode) ?? null
  return { checkout: await findCheckout(ctx, order.sessionId), declined, obstacle: null }
}

function cardOf(ctx: StoreContext, { card_number: number }: NewTestPayment, name: string) {
  const nextYear = addMs(ctx.clock.now(), 366 * DAY_MS)
  return { number, expMonth: 12, expYear: nextYear.getUTCFullYear(), cvc: '123', name }
}

function answer({ checkout, declined, obstacle }: PaymentResult): Rehearsed {
  if (declined) throw refused(declined, checkout)
  const { state, order } = checkout
  if (obstacle) throw costsMore(order)
  if (state === 'paid' || state === 'requires_action') return { state, order }
  if (state === 'refunded') throw alreadyPaid()
  if (state === 'expired') {
    throw new AppError('session_expired', 'The checkout session has expired.', {
      field: 'id',
      hint: 'Make a new order with create_order; it can be paid for an hour.',
    })
  }
  throw new AppError('payment_in_progress', 'This order is being paid right now.', {
    field: 'id',
    hint: 'Ask get_order for its status in a few seconds.',
  })
}

function refused(code: DeclineCode, { order, ctx }: Checkout) {
  const succeeding = cardGatewayOf(ctx)?.testCards.find((card) => card.outcome === 'success')
  return new AppError('payment_declined', `The card was declined: ${code}.`, {
    field: 'card_number',
    hint: `The order can still be paid until ${order.expiresAt.toISOString()}, for example with ${succeeding?.number}.`,
  })
}

/** A rehearsal agrees to any price, so that only its coupon can stand in the way. */
function costsMore({ amountMinor, currency }: OrderRow) {
  return new AppError(
    'coupon_not_applicable',
    'This e-mail address has used the coupon as often as one may; it is off the order now, and nothing was charged.',
    {
      field: 'email',
      hint: `Call again to pay ${formatMoney(amountMinor, currency)} without it.`,
    },
  )
}

function alreadyPaid() {
  return new AppError('order_already_paid', 'This order was paid already.', { field: 'id' })
}
