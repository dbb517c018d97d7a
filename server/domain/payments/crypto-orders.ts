import { and, asc, eq, min } from 'drizzle-orm'
import type { Deps, StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { retakeCoupon } from '../coupons/redemptions'
import { lockPayment } from '../crypto/settlement'
import { type CryptoPaymentRow, cryptoPayments, isConfirmedForOrder } from '../crypto/table'
import { lockOrder } from '../orders/service'
import { type OrderRow, SESSION_EXPIRED } from '../orders/table'
import { completeOrder } from '../orders/transitions'
import { BATCH, eachDue, STORES } from './due'
import { afterPaid, afterSurplus } from './outcomes'

/*
 * What confirmed crypto payments mean for the orders that they are for. Not in the transaction that takes a block in: a chain is
 * everybody's, and must not stand still for what is wrong with one order.
 */

/** Answers true when more are waiting. Looks over all stores, both modes. */
export async function settleCryptoOrders(deps: Deps): Promise<boolean> {
  const p = cryptoPayments
  const stores = await deps.db
    .select({ storeId: p.storeId })
    .from(p)
    .where(isConfirmedForOrder)
    .groupBy(p.storeId)
    .orderBy(min(p.confirmedAt))
    .limit(STORES)
  const find = async (storeId: bigint) => {
    const due = await deps.db
      .select({ id: p.id, isTest: p.isTest, orderId: p.orderId })
      .from(p)
      .where(and(eq(p.storeId, storeId), isConfirmedForOrder))
      .orderBy(asc(p.confirmedAt))
      .limit(BATCH)
    return due.map(({ id, isTest, orderId }) => ({ id, order: { id: orderId ?? '', isTest } }))
  }
  return eachDue(deps, { stores, find }, (ctx, { id }) => settleOrderOf(ctx, id))
}

/**
 * Completes the order of a confirmed payment, also when its session is over: what was on time by its block counts. Where the order
 * was paid otherwise, the money is a surplus in the seller's wallet, who is told. Once, however often it is called.
 */
export async function settleOrderOf(ctx: StoreContext, paymentId: string): Promise<void> {
  const orderId = await orderOf(ctx, paymentId)
  if (orderId === undefined) return
  await inTransaction(ctx, async (tx) => {
    const order = await lockOrder(tx, orderId)
    const payment = await lockPayment(tx, paymentId)
    if (payment.status !== 'confirmed' || payment.orderUse !== 'awaited') return
    const completed = coversPriceOf(order, payment) ? await complete(tx, order) : undefined
    const orderUse = completed ? ('paid' as const) : ('surplus' as const)
    await tx.db
      .update(cryptoPayments)
      .set({ orderUse })
      .where(and(eq(cryptoPayments.storeId, tx.storeId), eq(cryptoPayments.id, paymentId)))
    if (completed) await afterPaid(tx, completed, tx.clock.now())
    else await afterSurplus(tx, order, { ...payment, orderUse })
  })
}

/** Undefined for a payment of its own, and for one that has nothing to tell its order. */
async function orderOf(ctx: StoreContext, paymentId: string): Promise<string | undefined> {
  const p = cryptoPayments
  const [row] = await ctx.db
    .select({ orderId: p.orderId })
    .from(p)
    .where(and(eq(p.storeId, ctx.storeId), eq(p.isTest, ctx.isTest), eq(p.id, paymentId), isConfirmedForOrder))
  return row?.orderId ?? undefined
}

/**
 * An order's price stays while a payment of it is open. Only one that had expired, and turns out to have been paid on time, may be of
 * before a change: it pays what costs no more than it asked for.
 */
function coversPriceOf({ amountMinor }: OrderRow, { amountUsdCents }: CryptoPaymentRow): boolean {
  return amountUsdCents >= amountMinor
}

/** Undefined when it was paid before. */
async function complete(tx: StoreContext, order: OrderRow): Promise<OrderRow | undefined> {
  const completed = await completeOrder(tx, order.id, { method: 'crypto', at: tx.clock.now() })
  if (completed && order.failureCode === SESSION_EXPIRED) await retakeCoupon(tx, completed)
  return completed
}
