import { and, eq, inArray } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { newRowId } from '../../kernel/ids'
import type { Gateway } from '../../ports/gateway'
import { dropCoupon } from '../coupons/redemptions'
import { claimUse } from '../coupons/uses'
import { hasOpenPayment } from '../crypto/for-orders'
import { lockOrder } from '../orders/service'
import { type OrderRow, orders } from '../orders/table'
import { isPayable } from './checkout'
import { OPEN_ATTEMPT, type PaymentAttemptRow, paymentAttempts } from './table'

export type ClaimedAttempt = { order: OrderRow; attempt: PaymentAttemptRow }

/**
 * Why the buyer has to agree to another price first: the coupon was used by them already, and is off the order now; or the price
 * is not the one that they were shown.
 */
export type PriceObstacle = 'coupon_used' | 'price_changed'

type Buyer = {
  email: string
  name: string | null
  locale?: string | undefined
  attemptId?: string | undefined
  /** The store's account, where it is paid into one. */
  account?: string | undefined
  shownMinor?: bigint | undefined
}

/**
 * Takes the right to charge this order, or undefined when somebody else has it or the order can't be paid any more. The attempt
 * is committed before the gateway hears of it: whatever crashes then, recovery finds it.
 */
export function claimAttempt(
  ctx: StoreContext,
  orderId: string,
  gateway: Gateway,
  buyer: Buyer,
): Promise<ClaimedAttempt | PriceObstacle | undefined> {
  return inTransaction(ctx, async (tx) => {
    const at = tx.clock.now()
    const held = await lockOrder(tx, orderId)
    // A coupon may have made it free meanwhile: there is nothing to charge then.
    if (!isPayable(held, at) || held.amountMinor === 0n) return undefined
    if (await hasOpenPayment(tx, orderId)) return undefined
    if (buyer.shownMinor !== undefined && buyer.shownMinor !== held.amountMinor) return 'price_changed'
    if (held.couponId !== null) {
      // The price of what is just being charged stays.
      if (await hasOpenAttempt(tx, orderId)) return undefined
      if (!(await claimUse(tx, held, buyer.email))) {
        await dropCoupon(tx, held)
        return 'coupon_used'
      }
    }
    const [attempt] = await tx.db
      .insert(paymentAttempts)
      .values({
        storeId: tx.storeId,
        id: buyer.attemptId ?? newRowId(tx.storeId),
        orderId,
        gateway: gateway.name,
        amountMinor: held.amountMinor,
        ...(buyer.account === undefined ? {} : { splitAccount: buyer.account, splitFeeMinor: held.feeMinor }),
        status: 'processing',
        createdAt: at,
        updatedAt: at,
      })
      .onConflictDoNothing()
      .returning()
    if (!attempt) return undefined
    const [order] = await tx.db
      .update(orders)
      .set({ customerEmail: buyer.email, customerName: buyer.name, locale: buyer.locale })
      .where(and(eq(orders.storeId, tx.storeId), eq(orders.isTest, tx.isTest), eq(orders.id, orderId)))
      .returning()
    return order && { order, attempt }
  })
}

/** Whether the gateway or the bank may still take money for this order, which the transaction holds. */
export async function hasOpenAttempt(tx: StoreContext, orderId: string): Promise<boolean> {
  const open = await tx.db
    .select({ id: paymentAttempts.id })
    .from(paymentAttempts)
    .where(
      and(
        eq(paymentAttempts.storeId, tx.storeId),
        eq(paymentAttempts.orderId, orderId),
        inArray(paymentAttempts.status, [...OPEN_ATTEMPT]),
      ),
    )
  return open.length > 0
}

/** What became of the attempt of an earlier call, or undefined when that call never got so far. */
export async function findAttempt(ctx: StoreContext, id: string): Promise<PaymentAttemptRow | undefined> {
  const [attempt] = await ctx.db.select().from(paymentAttempts).where(sameAttempt(ctx, id))
  return attempt
}

/** The attempt that an order was paid by, or undefined when no card paid it. */
export async function successfulAttempt(ctx: StoreContext, orderId: string): Promise<PaymentAttemptRow | undefined> {
  const { storeId, orderId: order, status } = paymentAttempts
  const [attempt] = await ctx.db
    .select()
    .from(paymentAttempts)
    .where(and(eq(storeId, ctx.storeId), eq(order, orderId), eq(status, 'succeeded')))
  return attempt
}

/** Takes the right to answer the bank's question, so that two tabs don't answer it differently. Undefined as above. */
export function claimAuthentication(ctx: StoreContext, asked: PaymentAttemptRow): Promise<ClaimedAttempt | undefined> {
  return inTransaction(ctx, async (tx) => {
    const at = tx.clock.now()
    const order = await lockOrder(tx, asked.orderId)
    if (!isPayable(order, at)) return undefined
    const [attempt] = await tx.db
      .update(paymentAttempts)
      .set({ status: 'processing', updatedAt: at })
      .where(and(sameAttempt(tx, asked.id), eq(paymentAttempts.status, 'requires_action')))
      .returning()
    return attempt && { order, attempt }
  })
}

/** Attempts have no is_test of their own: they belong to an order, and callers come from one of the context's mode. */
export function sameAttempt(ctx: StoreContext, id: string) {
  return and(eq(paymentAttempts.storeId, ctx.storeId), eq(paymentAttempts.id, id))
}

/** Gives an attempt up that the gateway never saw, unless it changed since it was read. */
export async function voidAttempt(ctx: StoreContext, attempt: PaymentAttemptRow): Promise<void> {
  await ctx.db
    .update(paymentAttempts)
    .set({ status: 'void', updatedAt: ctx.clock.now() })
    .where(
      and(
        sameAttempt(ctx, attempt.id),
        eq(paymentAttempts.status, 'processing'),
        eq(paymentAttempts.updatedAt, attempt.updatedAt),
      ),
    )
}
