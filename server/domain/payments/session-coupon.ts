import type { Deps, StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { dropCoupon, takeCoupon } from '../coupons/redemptions'
import { CouponRefusedError } from '../coupons/refusals'
import type { CouponRefusal } from '../coupons/schema'
import { hasOpenPayment } from '../crypto/for-orders'
import { lockOrder } from '../orders/service'
import type { OrderRow } from '../orders/table'
import { hasOpenAttempt } from './attempts'
import { type Checkout, findCheckout, isPayable } from './checkout'

/** `refused` says why the coupon doesn't apply; the order is then as it was. */
export type CouponResult = { checkout: Checkout; refused: CouponRefusal | null }

/**
 * Puts a coupon to an open session's order, in place of the one it had. The same code again changes nothing.
 * Throws session_not_found; payment_in_progress while a card is being charged or confirmed; order_already_paid, session_expired.
 */
export async function applyCoupon(deps: Deps, sessionId: string, code: string): Promise<CouponResult> {
  const { ctx, order } = await findCheckout(deps, sessionId)
  const refused = await refusalOf(() =>
    inTransaction(ctx, async (tx) => {
      const held = await lockUnpaid(tx, order.id)
      await takeCoupon(tx, { order: held, code, email: held.customerEmail })
    }),
  )
  return { checkout: await findCheckout(deps, sessionId), refused }
}

async function refusalOf(take: () => Promise<void>): Promise<CouponRefusal | null> {
  try {
    await take()
    return null
  } catch (error) {
    if (error instanceof CouponRefusedError) return error.reason
    throw error
  }
}

/** Takes the coupon off an open session's order, if it has one. Throws as applyCoupon does. */
export async function removeCoupon(deps: Deps, sessionId: string): Promise<Checkout> {
  const { ctx, order } = await findCheckout(deps, sessionId)
  await inTransaction(ctx, async (tx) => {
    await dropCoupon(tx, await lockUnpaid(tx, order.id))
  })
  return findCheckout(deps, sessionId)
}

/** The order, held, whose price may still change. */
async function lockUnpaid(tx: StoreContext, id: string): Promise<OrderRow> {
  const order = await lockOrder(tx, id)
  if (order.status !== 'pending' && order.status !== 'failed') {
    throw new AppError('order_already_paid', 'This order was paid already.', { field: 'session_id' })
  }
  if ((await hasOpenAttempt(tx, id)) || (await hasOpenPayment(tx, id))) {
    throw new AppError('payment_in_progress', 'This order is being paid right now; its price stays.', {
      field: 'session_id',
      hint: 'Wait until it is clear whether it was paid.',
    })
  }
  if (isPayable(order, tx.clock.now())) return order
  throw new AppError('session_expired', 'The checkout session has expired.', {
    field: 'session_id',
    hint: 'Go back to the shop and start again.',
  })
}
