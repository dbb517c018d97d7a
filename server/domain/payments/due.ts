import { and, asc, eq, min, type SQL } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { type Deps, type StoreContext, storeContext } from '../../context'
import { type OrderRow, orders } from '../orders/table'
import { type PaymentAttemptRow, paymentAttempts } from './table'

/*
 * How the background work of payments finds what is due: over all stores, both modes; stores with due work first, oldest first, then
 * store by store.
 */

export const STORES = 20
export const BATCH = 50

type DueIn<T> = {
  /** Up to STORES of them. */
  stores: readonly { storeId: bigint }[]
  /** Up to BATCH of one store. */
  find(storeId: bigint): Promise<T[]>
}

/** Answers true when more are waiting. */
export async function eachDue<T extends { order: Pick<OrderRow, 'id' | 'isTest'> }>(
  deps: Deps,
  { stores, find }: DueIn<T>,
  work: (ctx: StoreContext, due: T) => Promise<void>,
): Promise<boolean> {
  let more = stores.length === STORES
  for (const { storeId } of stores) {
    const found = await find(storeId)
    for (const due of found) {
      const ctx = storeContext(deps, storeId, due.order.isTest)
      await logged(ctx, due.order.id, () => work(ctx, due))
    }
    if (found.length === BATCH) more = true
  }
  return more
}

/** One that fails doesn't keep the others waiting. */
export async function logged(ctx: StoreContext, order: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    ctx.log.error({ order, err: error }, 'a payment could not be recovered and will be tried again')
  }
}

export type DueAttempt = { attempt: PaymentAttemptRow; order: OrderRow }

/**
 * `isDue` may ask for what is in the attempt and in its order; `since` is the column by which the oldest come first. Answers true when
 * more are waiting.
 */
export async function eachDueAttempt(
  deps: Deps,
  { isDue, since }: { isDue: SQL | undefined; since: AnyPgColumn },
  work: (ctx: StoreContext, due: DueAttempt) => Promise<void>,
): Promise<boolean> {
  const ofOrder = and(eq(orders.storeId, paymentAttempts.storeId), eq(orders.id, paymentAttempts.orderId))
  const stores = await deps.db
    .select({ storeId: paymentAttempts.storeId })
    .from(paymentAttempts)
    .innerJoin(orders, ofOrder)
    .where(isDue)
    .groupBy(paymentAttempts.storeId)
    .orderBy(min(since))
    .limit(STORES)
  const find = (storeId: bigint) =>
    deps.db
      .select({ attempt: paymentAttempts, order: orders })
      .from(paymentAttempts)
      .innerJoin(orders, ofOrder)
      .where(and(eq(paymentAttempts.storeId, storeId), isDue))
      .orderBy(asc(since))
      .limit(BATCH)
  return eachDue(deps, { stores, find }, work)
}
