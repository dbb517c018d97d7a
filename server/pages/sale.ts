import type { StoreFace } from './views/layout'

/** What is bought, from whom, and for how much. */
export type Sale = {
  store: StoreFace
  isTest: boolean
  productName: string
  description: string | null
  amountMinor: bigint
  currency: string
  /** Where a buyer who changes their mind goes; null when the shop didn't say. */
  cancelUrl: string | null
  /** Where a buyer who named the price can name another; null where the price is the shop's. */
  changeUrl: string | null
  /** Before the coupon, and what the coupon takes off: their difference is the amount. */
  price: { subtotalMinor: bigint; discountMinor: bigint }
  coupon: CouponEntry
}

/** The coupon of a checkout's page: the one that it has, or the field for one. */
export type CouponEntry = {
  /** As long as there is no order, the code stands in the address: a look at a price writes nothing. */
  method: 'get' | 'post'
  action: string
  hidden: readonly (readonly [name: string, value: string])[]
  applied: string | null
  /** What was written, and why it doesn't apply. */
  text: string
  problem: string | null
}
