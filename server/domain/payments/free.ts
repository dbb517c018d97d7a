import { and, eq } from 'drizzle-orm'
import type { Deps, StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { dropCoupon } from '../coupons/redemptions'
import { claimUse } from '../coupons/uses'
import { lockOrder } from '../orders/service'
import { orders } from '../orders/table'
import { completeOrder } from '../orders/transitions'
import { type Checkout, findCheckout, isPayable } from './checkout'
import { goodsOf } from './goods'
import { refuseObstacle } from './obstacles'
import { afterPaid } from './outcomes'

/**
 * Completes a session's order whose total is 0, at the buyer's confirmation: once, however often and from wherever it is called,
 * and without a gateway. A call that can't complete it answers the state it found, as payWithCard does; `open` when there is
 * something to pay, such as when the buyer has used the coupon that made it free as often as one may, which is off it then.
 * Throws session_not_found; product_not_available, account_not_approved when nothing can be had any more.
 */
export async function completeFree(
  deps: Deps,
  sessionId: string,
  buyer: { email: string; name: string | null },
): Promise<Checkout> {
  const checkout = await findCheckout(deps, sessionId)
  const { ctx, order, store, state } = checkout
  if (state !== 'open' || order.amountMinor !== 0n) return checkout
  await refuseObstacle(ctx, store, await goodsOf(ctx, order), { currency: null, isFree: true })
  await inTransaction(ctx, (tx) => complete(tx, order.id, buyer))
  return findCheckout(deps, sessionId)
}

async function complete(tx: StoreContext, id: string, buyer: { email: string; name: string | null }): Promise<void> {
  const at = tx.clock.now()
  const order = await lockOrder(tx, id)
  // Its coupon may have been taken off meanwhile, its hour may be over, or another call was faster.
  if (!isPayable(order, at) || order.amountMinor !== 0n) return
  if (!(await claimUse(tx, order, buyer.email))) return void (await dropCoupon(tx, order))
  await tx.db
    .update(orders)
    .set({ customerEmail: buyer.email, customerName: buyer.name })
    .where(and(eq(orders.storeId, tx.storeId), eq(orders.isTest, tx.isTest), eq(orders.id, id)))
  const completed = await completeOrder(tx, id, { method: null, at })
  if (!completed) throw new Error(`order ${id} was held and unpaid, and yet can't be completed`)
  await afterPaid(tx, completed, at)
}
