import { and, eq, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { cryptoPayments, mayPayOrder } from './table'

/** Whether crypto may yet pay this order, which the transaction holds: nothing else may be begun then, and its price stays. */
export async function hasOpenPayment(tx: StoreContext, orderId: string): Promise<boolean> {
  const p = cryptoPayments
  const open = await tx.db
    .select({ one: sql`1` })
    .from(p)
    .where(and(eq(p.storeId, tx.storeId), eq(p.orderId, orderId), mayPayOrder))
    .limit(1)
  return open.length > 0
}
