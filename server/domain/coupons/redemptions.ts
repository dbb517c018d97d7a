import { and, desc, eq, inArray } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { leastCharge, platformFee } from '../orders/amounts'
import { type OrderRow, orders } from '../orders/table'
import { getStore } from '../stores/service'
import { discountOf, type Price, refusalOf } from './pricing'
import { CouponRefusedError, refusalText } from './refusals'
import { type CouponRefusal, normalCode } from './schema'
import { type CouponRow, coupons } from './table'
import { countUse, customerOf, deleteUse, insertUse, release, sameCoupon, uncountUse, useNumbers } from './uses'

/**
 * A test order may have a live coupon where no test coupon has its code, unless `ownMode` forbids it: a rehearsal, by the coupon's
 * terms and without a use of it.
 */
export async function findCouponByCode(
  ctx: StoreContext,
  code: string,
  ownMode = false,
): Promise<CouponRow | undefined> {
  const modes = ctx.isTest && !ownMode ? [true, false] : [ctx.isTest]
  const [row] = await ctx.db
    .select()
    .from(coupons)
    .where(and(eq(coupons.storeId, ctx.storeId), inArray(coupons.isTest, modes), eq(coupons.code, normalCode(code))))
    .orderBy(desc(coupons.isTest))
    .limit(1)
  return row
}

/** Why the coupon can't be used for this price now, or null. Takes and holds nothing. */
export async function refusalNow(
  ctx: StoreContext,
  coupon: CouponRow,
  price: Price,
  email: string | null,
): Promise<CouponRefusal | null> {
  const refusal = refusalOf(coupon, price, circumstances(ctx, price))
  if (refusal || coupon.isTest !== ctx.isTest) return refusal
  if (isUsedUp(coupon)) return 'used_up'
  if (email === null || coupon.maxUsesPerCustomer === null) return null
  const numbers = await useNumbers(ctx, coupon.id, customerOf(email))
  return numbers.length < coupon.maxUsesPerCustomer ? null : 'used_by_customer'
}

function circumstances(ctx: StoreContext, { currency }: Price) {
  return { at: ctx.clock.now(), leastMinor: leastCharge(ctx, currency) }
}

function isUsedUp({ maxUses, limitedUses }: CouponRow): boolean {
  return maxUses !== null && limitedUses >= maxUses
}

export type CouponWish = { order: OrderRow; code: string; email: string | null; ownMode?: boolean | undefined }

/**
 * Attaches a coupon to an order that the transaction holds, in place of the one it had. `email` is the buyer's, where it is known;
 * where not, `claimUse` counts the use when it is. Returns the order at its new price. Throws CouponRefusedError, and then the
 * transaction must not be committed.
 */
export async function takeCoupon(
  tx: StoreContext,
  { order, code, email, ownMode = false }: CouponWish,
): Promise<OrderRow> {
  const seen = await findCouponByCode(tx, code, ownMode)
  if (!seen) throw refused('not_found', normalCode(code), null, order)
  if (order.couponId === seen.id) return order
  if (seen.isTest !== order.isTest) return rehearse(tx, order, seen)
  // What is over already needs no queueing for: a sold-out coupon must not slow the shop down.
  refuse(tx, order, seen, isUsedUp(seen))
  const old = order.couponId !== null && (await deleteUse(tx, order.id, order.couponId)) ? order.couponId : null
  const customer = email === null ? null : customerOf(email)
  if (!(await insertUse(tx, order.id, seen.id, customer, seen.maxUsesPerCustomer))) {
    throw refused('used_by_customer', seen.code, seen, order)
  }
  // The coupon's row is taken as late as can be, since others queue for it.
  const repriced = await reprice(tx, order, discountedBy(seen, order))
  if (old !== null && old < seen.id) await uncountUse(tx, old)
  const { coupon, isCounted } = await countUse(tx, seen)
  if (!coupon) throw refused('not_found', seen.code, null, order)
  refuse(tx, order, coupon, !isCounted)
  if (old !== null && old > seen.id) await uncountUse(tx, old)
  return repriced
}

/** Throws CouponRefusedError unless the coupon applies to the order. */
function refuse(tx: StoreContext, order: OrderRow, coupon: CouponRow, usedUp: boolean): void {
  const refusal = refusalOf(coupon, order, circumstances(tx, order)) ?? (usedUp ? 'used_up' : null)
  if (refusal) throw refused(refusal, coupon.code, coupon, order)
}

async function rehearse(tx: StoreContext, order: OrderRow, coupon: CouponRow): Promise<OrderRow> {
  refuse(tx, order, coupon, false)
  await giveBackCoupon(tx, order)
  return reprice(tx, order, discountedBy(coupon, order))
}

function discountedBy(coupon: CouponRow, { subtotalMinor }: OrderRow): Discounted {
  return { couponId: coupon.id, couponCode: coupon.code, discountMinor: discountOf(coupon, subtotalMinor) }
}

/** Takes the coupon off an order that the transaction holds; its use is free again. Returns the order at its full price. */
export async function dropCoupon(tx: StoreContext, order: OrderRow): Promise<OrderRow> {
  if (order.couponId === null) return order
  await release(tx, order.id, order.couponId)
  return reprice(tx, order, { couponId: null, couponCode: null, discountMinor: 0n })
}

/** For an order that nobody will pay any more. The order goes on saying what it would have cost. */
export async function giveBackCoupon(tx: StoreContext, order: OrderRow): Promise<void> {
  if (order.couponId !== null) await release(tx, order.id, order.couponId)
}

/**
 * For an order that was paid on time, as it turned out after its session had ended and its use was free again. The buyer has paid the
 * price with the coupon; where somebody else has taken the last use meanwhile, this one is not counted.
 */
export async function retakeCoupon(tx: StoreContext, { id, couponId, isTest }: OrderRow): Promise<void> {
  const [coupon] = couponId === null ? [] : await tx.db.select().from(coupons).where(sameCoupon(tx, couponId))
  if (!coupon || coupon.isTest !== isTest) return
  await insertUse(tx, id, coupon.id, null, null)
  const { isCounted } = await countUse(tx, coupon)
  if (!isCounted) await deleteUse(tx, id, coupon.id)
}

type Discounted = Pick<OrderRow, 'couponId' | 'couponCode' | 'discountMinor'>

async function reprice(tx: StoreContext, order: OrderRow, discount: Discounted): Promise<OrderRow> {
  const { feeBasisPoints } = await getStore(tx, tx.storeId)
  const amountMinor = order.subtotalMinor - discount.discountMinor
  const [row] = await tx.db
    .update(orders)
    .set({ ...discount, amountMinor, feeMinor: platformFee(tx, amountMinor, order.currency, feeBasisPoints) })
    .where(and(eq(orders.storeId, tx.storeId), eq(orders.isTest, tx.isTest), eq(orders.id, order.id)))
    .returning()
  if (!row) throw new Error(`order ${order.id} is gone`)
  return row
}

function refused(reason: CouponRefusal, code: string, coupon: CouponRow | null, price: Price) {
  return new CouponRefusedError(reason, refusalText(reason, code, coupon, price))
}
