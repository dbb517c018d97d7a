import { basisPointsOf } from '../../kernel/money'
import type { CouponRefusal } from './schema'
import type { CouponRow } from './table'

/** What a coupon is put to: the price of an order before any discount. */
export type Price = { subtotalMinor: bigint; currency: string }

type Discount = Pick<CouponRow, 'basisPoints' | 'amountMinor'>

/** What the coupon takes off: a percentage rounded half up, once; a fixed amount, and never more than the price. */
export function discountOf({ basisPoints, amountMinor }: Discount, subtotalMinor: bigint): bigint {
  if (basisPoints !== null) return basisPointsOf(subtotalMinor, basisPoints)
  const fixed = amountMinor ?? 0n
  return fixed < subtotalMinor ? fixed : subtotalMinor
}

/** The moment, and the least that a card can be charged with. */
export type Circumstances = { at: Date; leastMinor: bigint }

/** Why the coupon doesn't apply to this price, or null. How often it was used is asked elsewhere. */
export function refusalOf(
  coupon: CouponRow,
  { subtotalMinor, currency }: Price,
  { at, leastMinor }: Circumstances,
): CouponRefusal | null {
  if (!coupon.isActive) return 'inactive'
  if (coupon.expiresAt !== null && coupon.expiresAt <= at) return 'expired'
  const namesMoney = coupon.amountMinor !== null || coupon.minAmountMinor !== null
  if (namesMoney && coupon.currency !== currency) return 'other_currency'
  if (coupon.minAmountMinor !== null && subtotalMinor < coupon.minAmountMinor) return 'below_minimum_amount'
  const total = subtotalMinor - discountOf(coupon, subtotalMinor)
  // Nothing at all needs no gateway; a little is less than any gateway takes.
  return total > 0n && total < leastMinor ? 'total_too_small' : null
}
