import { AppError } from '../../kernel/errors'
import { formatMoney } from '../../kernel/money'
import { discountOf, type Price } from './pricing'
import type { CouponRefusal } from './schema'
import type { CouponRow } from './table'

/** A coupon that doesn't apply, where one was asked for. Pages have words of their own for `reason`. */
export class CouponRefusedError extends AppError {
  constructor(
    readonly reason: CouponRefusal,
    message: string,
  ) {
    super('coupon_not_applicable', message, {
      field: 'coupon_code',
      hint: 'preview_coupon says what a coupon would do, and why not.',
    })
  }
}

/** For the seller and for programs, in English. `coupon` is null for a code that nobody has. */
export function refusalText(reason: CouponRefusal, code: string, coupon: CouponRow | null, price: Price): string {
  switch (reason) {
    case 'not_found':
      return `There is no coupon ${code}.`
    case 'inactive':
      return `The coupon ${code} is switched off.`
    case 'expired':
      return `The coupon ${code} expired${coupon?.expiresAt ? ` at ${coupon.expiresAt.toISOString()}` : ''}.`
    case 'used_up':
      return `The coupon ${code} has been used as often as it may be.`
    case 'used_by_customer':
      return `This e-mail address has used the coupon ${code} as often as one may; an open checkout counts too.`
    case 'below_minimum_amount':
      return `The coupon ${code} needs an order of at least ${formatMoney(coupon?.minAmountMinor ?? 0n, price.currency)}.`
    case 'other_currency':
      return `The coupon ${code} is for orders in ${coupon?.currency}, and this one is in ${price.currency}.`
    case 'total_too_small':
      return `With the coupon ${code} ${totalText(coupon, price)} would be left to pay, which is too little to be charged.`
  }
}

function totalText(coupon: CouponRow | null, { subtotalMinor, currency }: Price): string {
  return formatMoney(subtotalMinor - (coupon ? discountOf(coupon, subtotalMinor) : 0n), currency)
}
