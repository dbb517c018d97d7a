import { eq } from 'drizzle-orm'
import { NewCoupon } from '../../server/domain/coupons/schema'
import { createCoupon, getCoupon, toCoupon } from '../../server/domain/coupons/service'
import { couponRedemptions } from '../../server/domain/coupons/table'
import { orders } from '../../server/domain/orders/table'
import { formatRowId } from '../../server/kernel/ids'
import type { Shop } from './shop'

/** A coupon of 10 % off unless said, by the words of the API. Returns its `coup_…`. */
export async function addCoupon(
  { ctx }: Pick<Shop, 'ctx'>,
  code: string,
  terms: Partial<Parameters<typeof NewCoupon.parse>[0] & object> = {},
): Promise<string> {
  const row = await createCoupon(ctx, NewCoupon.parse({ code, discount_basis_points: 1_000, ...terms }))
  return formatRowId('coup', row.id)
}

/** How often the API says that it was used. */
export async function usesOf({ ctx }: Shop, id: string): Promise<number> {
  return (await toCoupon(ctx, await getCoupon(ctx, id))).uses
}

/** Every order of the shop, and every use of a coupon. */
export async function readUses({ ctx }: Shop) {
  const { db, storeId } = ctx
  const sold = await db.select().from(orders).where(eq(orders.storeId, storeId))
  const uses = await db.select().from(couponRedemptions).where(eq(couponRedemptions.storeId, storeId))
  return { sold, uses }
}
