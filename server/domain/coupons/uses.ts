import { and, count, eq, inArray, lt, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { OrderRow } from '../orders/table'
import { type CouponRow, couponRedemptions, coupons } from './table'

/*
 * Uses of coupons. Every transaction here holds its order's row; then it writes the order's redemption; then it takes the coupon's
 * row, of several coupons the smaller id first. So nobody waits in a circle.
 *
 * A coupon without max_uses is locked in a way that its users share: only whoever changes or deletes it has to wait, and is waited
 * for. With max_uses, its row counts the uses and its users queue for it, as they must. What one customer has used is guarded by
 * the unique number of each use.
 */

/** The customer that an e-mail address stands for. */
export function customerOf(email: string): string {
  return email.normalize('NFKC').trim().toLowerCase()
}

/**
 * Counts the use of an order's coupon for whoever is about to pay, before any charge. False when this customer has used it as often
 * as one may: the order may not be charged at this price.
 */
export async function claimUse(tx: StoreContext, order: OrderRow, email: string): Promise<boolean> {
  const { couponId } = order
  if (couponId === null) return true
  const customer = customerOf(email)
  const [use] = await tx.db
    .select()
    .from(couponRedemptions)
    .where(ofOrder(tx, order.id, couponId))
  if (!use || use.customer === customer) return true
  const [coupon] = await tx.db.select().from(coupons).where(sameCoupon(tx, couponId))
  const limit = coupon?.maxUsesPerCustomer ?? null
  if (limit !== null && (await useNumbers(tx, couponId, customer)).length >= limit) return false
  await tx.db.delete(couponRedemptions).where(ofOrder(tx, order.id, couponId))
  if (await insertUse(tx, order.id, couponId, customer, limit)) return true
  // Lost to another checkout of the same customer in this very moment: as it was, for whoever drops the coupon.
  await insertUse(tx, order.id, couponId, null, null)
  return false
}

/** Uses of each coupon: orders that have it and are paid, or may still be. */
export async function countUses(ctx: StoreContext, rows: readonly CouponRow[]): Promise<Map<string, number>> {
  const uses = new Map(rows.map(({ id, limitedUses }) => [id, limitedUses]))
  const unlimited = rows.filter(({ maxUses }) => maxUses === null).map(({ id }) => id)
  if (unlimited.length === 0) return uses
  const counted = await ctx.db
    .select({ id: couponRedemptions.couponId, uses: count() })
    .from(couponRedemptions)
    .where(and(eq(couponRedemptions.storeId, ctx.storeId), inArray(couponRedemptions.couponId, unlimited)))
    .groupBy(couponRedemptions.couponId)
  for (const id of unlimited) uses.set(id, 0)
  for (const { id, uses: number } of counted) uses.set(id, number)
  return uses
}

/** Gives back what the order holds of this coupon, if it does; the coupon may be gone. */
export async function release(tx: StoreContext, orderId: string, couponId: string): Promise<void> {
  if (await deleteUse(tx, orderId, couponId)) await uncountUse(tx, couponId)
}

/** False when the order has no use of this coupon. Whoever deletes one has to uncount it. */
export async function deleteUse(tx: StoreContext, orderId: string, couponId: string): Promise<boolean> {
  const freed = await tx.db
    .delete(couponRedemptions)
    .where(ofOrder(tx, orderId, couponId))
    .returning({ orderId: couponRedemptions.orderId })
  return freed.length > 0
}

type Counted = { coupon: CouponRow | undefined; isCounted: boolean }

/**
 * Counts one more use where the coupon counts them, and keeps its row from changing until the transaction ends. Returns the row as it
 * is now, if the coupon is there still; `isCounted` is false when it is used up.
 */
export async function countUse(tx: StoreContext, { id, maxUses }: CouponRow): Promise<Counted> {
  const shared = maxUses === null ? await lockShared(tx, id) : undefined
  if (maxUses === null && shared?.maxUses == null) return { coupon: shared, isCounted: true }
  const [coupon] = await tx.db
    .update(coupons)
    .set({ limitedUses: sql`${coupons.limitedUses} + 1` })
    .where(and(sameCoupon(tx, id), lt(coupons.limitedUses, coupons.maxUses)))
    .returning()
  if (coupon) return { coupon, isCounted: true }
  // Used up, or without its limit since it was seen, or gone.
  const now = await lockShared(tx, id)
  return { coupon: now, isCounted: now?.maxUses === null }
}

/** One use less where the coupon counts them; it may be gone. */
export async function uncountUse(tx: StoreContext, id: string): Promise<void> {
  const coupon = await lockShared(tx, id)
  if (!coupon || coupon.maxUses === null) return
  await tx.db
    .update(coupons)
    .set({ limitedUses: sql`${coupons.limitedUses} - 1` })
    .where(sameCoupon(tx, id))
}

/** Users don't wait for each other here, and whoever changes the limit or deletes the coupon waits for them. */
async function lockShared(tx: StoreContext, id: string): Promise<CouponRow | undefined> {
  const [row] = await tx.db.select().from(coupons).where(sameCoupon(tx, id)).for('key share')
  return row
}

/**
 * False when the customer has had as many as allowed. Without a limit nothing has to be guarded: such uses have no number, so that
 * one customer's thousandth costs what the first did, and none waits for another.
 */
export async function insertUse(
  tx: StoreContext,
  orderId: string,
  couponId: string,
  customer: string | null,
  limit: number | null,
): Promise<boolean> {
  for (;;) {
    const numbers = customer === null || limit === null ? undefined : await useNumbers(tx, couponId, customer)
    if (numbers && limit !== null && numbers.length >= limit) return false
    const useNumber = numbers ? firstFree(numbers) : null
    const made = await tx.db
      .insert(couponRedemptions)
      .values({ storeId: tx.storeId, orderId, couponId, customer, useNumber, takenAt: tx.clock.now() })
      .onConflictDoNothing({
        target: [
          couponRedemptions.storeId,
          couponRedemptions.couponId,
          couponRedemptions.customer,
          couponRedemptions.useNumber,
        ],
      })
      .returning({ orderId: couponRedemptions.orderId })
    if (made.length > 0) return true
    // Another checkout of this customer was faster; its number shows now.
  }
}

export async function useNumbers(ctx: StoreContext, couponId: string, customer: string): Promise<number[]> {
  const rows = await ctx.db
    .select({ number: couponRedemptions.useNumber })
    .from(couponRedemptions)
    .where(
      and(
        eq(couponRedemptions.storeId, ctx.storeId),
        eq(couponRedemptions.couponId, couponId),
        eq(couponRedemptions.customer, customer),
      ),
    )
  return rows.map(({ number }) => number ?? 0)
}

/** Never above one more than there are, so that a limit that was read with them holds for the number too. */
function firstFree(numbers: readonly number[]): number {
  const taken = new Set(numbers)
  let free = 1
  while (taken.has(free)) free++
  return free
}

export function sameCoupon(ctx: StoreContext, id: string) {
  return and(eq(coupons.storeId, ctx.storeId), eq(coupons.isTest, ctx.isTest), eq(coupons.id, id))
}

/** Redemptions have no is_test of their own: they belong to an order, which callers hold in the context's mode. */
function ofOrder(tx: StoreContext, orderId: string, couponId: string) {
  return and(
    eq(couponRedemptions.storeId, tx.storeId),
    eq(couponRedemptions.orderId, orderId),
    eq(couponRedemptions.couponId, couponId),
  )
}
