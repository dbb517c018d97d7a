import { and, asc, eq, inArray, isNotNull, lte, min, notExists, or, sql } from 'drizzle-orm'
import type { Deps, StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { hasOpenPayment } from '../crypto/for-orders'
import { cryptoPayments, mayPayOrder } from '../crypto/table'
import { lockOrder } from '../orders/service'
import { isUnpaid, orders, SESSION_EXPIRED } from '../orders/table'
import { failOrder } from '../orders/transitions'
import { BATCH, eachDue, STORES } from './due'
import { afterExpired } from './outcomes'
import { paymentAttempts } from './table'

/** Attempts by which money may come yet: the gateway hasn't answered, its page isn't closed, or the money takes days. */
const mayStillPay = or(
  inArray(paymentAttempts.status, ['processing', 'settling']),
  and(eq(paymentAttempts.status, 'requires_action'), isNotNull(paymentAttempts.gatewayPage)),
)

/** A buyer who has chosen crypto has until that payment's end, which may be after the session's. */
function mayPayInCrypto({ db }: Deps) {
  return db
    .select({ one: sql`1` })
    .from(cryptoPayments)
    .where(and(eq(cryptoPayments.storeId, orders.storeId), eq(cryptoPayments.orderId, orders.id), mayPayOrder))
}

/**
 * Ends sessions that nobody paid within their hour. One that money may still come for waits until recovery
 * and reconciliation know more. Answers true when more are waiting. Looks over all stores, both modes.
 */
export async function expireSessions(deps: Deps): Promise<boolean> {
  const isDue = and(isUnpaid, lte(orders.expiresAt, deps.clock.now()))
  const charging = deps.db
    .select({ one: sql`1` })
    .from(paymentAttempts)
    .where(and(eq(paymentAttempts.storeId, orders.storeId), eq(paymentAttempts.orderId, orders.id), mayStillPay))
  const isOver = and(isDue, notExists(charging), notExists(mayPayInCrypto(deps)))
  const stores = await deps.db
    .select({ storeId: orders.storeId })
    .from(orders)
    .where(isOver)
    .groupBy(orders.storeId)
    .orderBy(min(orders.expiresAt))
    .limit(STORES)
  const find = async (storeId: bigint) => {
    const due = await deps.db
      .select({ id: orders.id, isTest: orders.isTest })
      .from(orders)
      .where(and(eq(orders.storeId, storeId), isOver))
      .orderBy(asc(orders.expiresAt))
      .limit(BATCH)
    return due.map((order) => ({ order }))
  }
  return eachDue(deps, { stores, find }, (ctx, { order }) => expireOrder(ctx, order.id))
}

function expireOrder(ctx: StoreContext, id: string): Promise<void> {
  return inTransaction(ctx, async (tx) => {
    const order = await lockOrder(tx, id)
    if (order.failureCode === SESSION_EXPIRED || (order.status !== 'pending' && order.status !== 'failed')) return
    const attempts = and(eq(paymentAttempts.storeId, tx.storeId), eq(paymentAttempts.orderId, id))
    const charging = await tx.db
      .select({ id: paymentAttempts.id })
      .from(paymentAttempts)
      .where(and(attempts, mayStillPay))
    if (charging.length > 0 || (await hasOpenPayment(tx, id))) return
    await tx.db
      .update(paymentAttempts)
      .set({ status: 'void', updatedAt: tx.clock.now() })
      .where(and(attempts, eq(paymentAttempts.status, 'requires_action')))
    const failed = await failOrder(tx, id, SESSION_EXPIRED)
    if (failed) await afterExpired(tx, failed)
  })
}
