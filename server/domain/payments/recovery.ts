import { and, asc, eq, lte, min, sql } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../context'
import { addMs, MINUTE_MS } from '../../kernel/clock'
import { type OrderRow, orders, type RefundRow, refunds } from '../orders/table'
import { sameAttempt, voidAttempt } from './attempts'
import { gatewayNamed } from './gateways'
import { chargeOf, sendRefund } from './refunds'
import { settleAttempt } from './settlement'
import { type PaymentAttemptRow, paymentAttempts } from './table'

/** After this long without an answer, whoever asked the gateway counts as dead. */
const PATIENCE_MS = MINUTE_MS

export const STORES = 20
export const BATCH = 50

/**
 * What becomes of attempts whose process died between the charge and its answer: the gateway says what it did, or never saw
 * them, and then no money moved. Answers true when more are waiting.
 *
 * Looks over all stores, both modes: stores with due work first, oldest first, then store by store.
 */
export async function recoverAttempts(deps: Deps): Promise<boolean> {
  const before = addMs(deps.clock.now(), -PATIENCE_MS)
  // The status is written out so that the partial index serves the query.
  const isDue = and(sql`${paymentAttempts.status} = 'processing'`, lte(paymentAttempts.updatedAt, before))
  const stores = await deps.db
    .select({ storeId: paymentAttempts.storeId })
    .from(paymentAttempts)
    .where(isDue)
    .groupBy(paymentAttempts.storeId)
    .orderBy(min(paymentAttempts.updatedAt))
    .limit(STORES)
  return eachStore(stores, async (storeId) => {
    const due = await deps.db
      .select({ attempt: paymentAttempts, order: orders })
      .from(paymentAttempts)
      .innerJoin(orders, and(eq(orders.storeId, paymentAttempts.storeId), eq(orders.id, paymentAttempts.orderId)))
      .where(and(eq(paymentAttempts.storeId, storeId), isDue))
      .orderBy(asc(paymentAttempts.updatedAt))
      .limit(BATCH)
    for (const { attempt, order } of due) {
      const ctx = storeContext(deps, storeId, order.isTest)
      await logged(ctx, { order: order.id, attempt: attempt.id }, () => recoverAttempt(ctx, attempt))
    }
    return due.length
  })
}

async function recoverAttempt(ctx: StoreContext, seen: PaymentAttemptRow): Promise<void> {
  // Touching it makes it this process's for another minute, and the last in the queue when the gateway doesn't answer.
  const [attempt] = await ctx.db
    .update(paymentAttempts)
    .set({ updatedAt: ctx.clock.now() })
    .where(
      and(
        sameAttempt(ctx, seen.id),
        eq(paymentAttempts.status, 'processing'),
        eq(paymentAttempts.updatedAt, seen.updatedAt),
      ),
    )
    .returning()
  if (!attempt) return
  const gateway = gatewayNamed(ctx, attempt.gateway)
  // Of a page that was only asked for nobody has the address, so that nobody can pay there.
  const outcome = gateway.kind === 'card' ? await gateway.find(attempt.id) : undefined
  if (outcome) await settleAttempt(ctx, gateway, attempt, outcome)
  else await voidAttempt(ctx, attempt)
}

/** Sends refunds again that the gateway didn't answer, under their own ids. Answers true when more are waiting. All stores. */
export async function recoverRefunds(deps: Deps): Promise<boolean> {
  const before = addMs(deps.clock.now(), -PATIENCE_MS)
  const isDue = and(sql`${refunds.status} = 'pending'`, lte(refunds.sentAt, before))
  const stores = await deps.db
    .select({ storeId: refunds.storeId })
    .from(refunds)
    .where(isDue)
    .groupBy(refunds.storeId)
    .orderBy(min(refunds.sentAt))
    .limit(STORES)
  return eachStore(stores, async (storeId) => {
    const due = await deps.db
      .select({ refund: refunds, order: orders })
      .from(refunds)
      .innerJoin(orders, and(eq(orders.storeId, refunds.storeId), eq(orders.id, refunds.orderId)))
      .where(and(eq(refunds.storeId, storeId), isDue))
      .orderBy(asc(refunds.sentAt))
      .limit(BATCH)
    for (const { refund, order } of due) {
      const ctx = storeContext(deps, storeId, order.isTest)
      await logged(ctx, { order: order.id, refund: refund.id }, () => recoverRefund(ctx, order, refund))
    }
    return due.length
  })
}

async function recoverRefund(ctx: StoreContext, order: OrderRow, seen: RefundRow): Promise<void> {
  const [refund] = await ctx.db
    .update(refunds)
    .set({ sentAt: ctx.clock.now() })
    .where(
      and(
        eq(refunds.storeId, ctx.storeId),
        eq(refunds.id, seen.id),
        eq(refunds.status, 'pending'),
        eq(refunds.sentAt, seen.sentAt),
      ),
    )
    .returning()
  if (refund) await sendRefund(ctx, order, refund, await chargeOf(ctx, order))
}

/** Runs `work` for each store; true when a store had a full batch, or when there may be more stores. */
export async function eachStore(
  stores: readonly { storeId: bigint }[],
  work: (storeId: bigint) => Promise<number>,
): Promise<boolean> {
  let more = stores.length === STORES
  for (const { storeId } of stores) if ((await work(storeId)) === BATCH) more = true
  return more
}

/** One that fails doesn't keep the others waiting. */
export async function logged(
  ctx: StoreContext,
  facts: Record<string, string>,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    ctx.log.error({ ...facts, err: error }, 'a payment could not be recovered and will be tried again')
  }
}
