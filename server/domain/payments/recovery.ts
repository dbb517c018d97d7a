import { and, asc, eq, lte, min, sql } from 'drizzle-orm'
import type { Deps, StoreContext } from '../../context'
import { addMs, MINUTE_MS } from '../../kernel/clock'
import { type OrderRow, orders, type RefundRow, refunds } from '../orders/table'
import { sameAttempt, voidAttempt } from './attempts'
import { BATCH, eachDue, eachDueAttempt, STORES } from './due'
import { askAboutRefunds } from './gateway-refunds'
import { gatewayNamed } from './gateways'
import { chargeOf, sendRefund } from './refunds'
import { settleAttempt } from './settlement'
import { type PaymentAttemptRow, paymentAttempts } from './table'

/** After this long without an answer, whoever asked the gateway counts as dead. */
const PATIENCE_MS = MINUTE_MS

/**
 * What becomes of attempts whose process died between the charge and its answer: the gateway says what it did, or never saw
 * them, and then no money moved. Answers true when more are waiting. All stores.
 */
export function recoverAttempts(deps: Deps): Promise<boolean> {
  const before = addMs(deps.clock.now(), -PATIENCE_MS)
  // The status is written out so that the partial index serves the query.
  const isDue = and(sql`${paymentAttempts.status} = 'processing'`, lte(paymentAttempts.updatedAt, before))
  const { updatedAt: since } = paymentAttempts
  return eachDueAttempt(deps, { isDue, since }, (ctx, { attempt }) => recoverAttempt(ctx, attempt))
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

/**
 * Sends refunds again that the gateway didn't answer, under their own ids, and asks about those that were made at the gateway itself.
 * Answers true when more are waiting. All stores.
 */
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
  const find = (storeId: bigint) =>
    deps.db
      .select({ refund: refunds, order: orders })
      .from(refunds)
      .innerJoin(orders, and(eq(orders.storeId, refunds.storeId), eq(orders.id, refunds.orderId)))
      .where(and(eq(refunds.storeId, storeId), isDue))
      .orderBy(asc(refunds.sentAt))
      .limit(BATCH)
  return eachDue(deps, { stores, find }, (ctx, { order, refund }) => recoverRefund(ctx, order, refund))
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
  if (!refund) return
  // The gateway has had it from its dashboard, under no id of ours: what is sent now would be a second one.
  if (refund.gatewayReference !== null) return askAboutRefunds(ctx, order)
  await sendRefund(ctx, order, refund, await chargeOf(ctx, order))
}
