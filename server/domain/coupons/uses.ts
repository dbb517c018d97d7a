import { and, count, eq, inArray, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { OrderRow } from '../orders/table'
import { type CouponRow, couponRedemptions, coupons } from './table'

/*
 * Uses of coupons. Every transaction here holds its order's row; then it takes the coupon's, of several coupons the smaller id
 * first; and writes its redemption last. So nobody waits in a circle.
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
  const [seen] = await tx.db.select().from(coupons).where(sameCoupon(tx, couponId))
  const coupon = seen && (await lockToUse(tx, couponId, seen.maxUses !== null))
  const freed = await tx.db
    .delete(couponRedemptions)
    .where(ofOrder(tx, orderId, couponId))
    .returning({ orderId: couponRedemptions.orderId })
  if (freed.length > 0 && coupon && coupon.maxUses !== null) await changeLimitedUses(tx, couponId, -1)
}

/** The coupon's row as it is now, kept from changing until the transaction ends. */
export async function lockToUse(tx: StoreContext, id: string, isLimited: boolean): Promise<CouponRow | undefined> {
  const [row] = await tx.db
    .select()
    .from(coupons)
    .where(sameCoupon(tx, id))
    .for(isLimited ? 'no key update' : 'key share')
  // It was given a limit since it was seen.
  return row && row.maxUses !== null && !isLimited ? lockToUse(tx, id, true) : row
}

export async function changeLimitedUses(tx: StoreContext, id: string, by: 1 | -1): Promise<void> {
  await tx.db
    .update(coupons)
    .set({ limitedUses: sql`${coupons.limitedUses} + ${by}` })
    .where(sameCoupon(tx, id))
}

/** False when the customer has had as many as allowed. Without a customer it has no number yet. */
export async function insertUse(
  tx: StoreContext,
  orderId: string,
  couponId: string,
  customer: string | null,
  limit: number | null,
): Promise<boolean> {
  for (;;) {
    const numbers = customer === null ? [] : await useNumbers(tx, couponId, customer)
    if (limit !== null && numbers.length >= limit) return false
    const useNumber = customer === null ? null : firstFree(numbers)
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
