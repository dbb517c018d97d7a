import type { StoreContext } from '../context'
import { CouponRefusedError } from '../domain/coupons/refusals'
import type { CouponRefusal } from '../domain/coupons/schema'
import { previewCoupon } from '../domain/coupons/service'
import type { OrderRow } from '../domain/orders/table'
import { checkoutPath, withoutParameter } from './page'
import type { CouponEntry, Sale } from './sale'
import type { Texts } from './texts'
import type { Visit } from './views/layout'

/** Where a coupon's code stands in an address, and in a form. */
export const COUPON = 'coupon'
const LONGEST_CODE = 64

/** What a price becomes; `code` is null without a coupon, and for one that doesn't apply. */
export type Discounted = { subtotalMinor: bigint; discountMinor: bigint; code: string | null; entry: CouponEntry }

/** The coupon that an address names, put to what is sold there. */
export async function couponOfAddress(
  visit: Visit,
  ctx: StoreContext,
  address: string,
  price: { subtotalMinor: bigint; currency: string },
): Promise<Discounted> {
  const [action = '', query] = address.split('?')
  const fields = [...new URLSearchParams(query)]
  const text = fields.find(([name]) => name === COUPON)?.[1].trim() ?? ''
  const hidden = fields.filter(([name]) => name !== COUPON)
  const { refusal, discountMinor } = await preview(ctx, text, price)
  const problem = refusal ? visit.texts.couponRefusals[refusal] : null
  const applied = text === '' || problem ? null : text.toUpperCase()
  const { subtotalMinor } = price
  return {
    ...{ subtotalMinor, discountMinor, code: applied },
    entry: { method: 'get', action, hidden, applied, text, problem },
  }
}

async function preview(ctx: StoreContext, code: string, price: { subtotalMinor: bigint; currency: string }) {
  if (code === '') return { refusal: null, discountMinor: 0n }
  if (code.length > LONGEST_CODE || !code.isWellFormed() || /\p{Cc}/u.test(code)) {
    return { refusal: 'not_found' as const, discountMinor: 0n }
  }
  return previewCoupon(ctx, { code, price, email: null })
}

/** The coupon of an order; `refused` is one that was just tried. */
export function couponOfOrder(visit: Visit, order: OrderRow, refused?: { text: string; problem: string }): CouponEntry {
  const action = checkoutPath(visit, order.sessionId, 'coupon')
  const { text = '', problem = null } = refused ?? {}
  return { method: 'post', action, hidden: [], applied: order.couponCode, text, problem }
}

export function wordsOf({ couponRefusals, coupon }: Texts, refusal: CouponRefusal | 'missing'): string {
  return refusal === 'missing' ? coupon.missing : couponRefusals[refusal]
}

/** What was opened with a coupon, or why it doesn't apply any more. Throws whatever else `opening` does. */
export async function unlessRefused<T extends object>(opening: Promise<T>): Promise<T | { refusal: CouponRefusal }> {
  try {
    return await opening
  } catch (error) {
    if (error instanceof CouponRefusedError) return { refusal: error.reason }
    throw error
  }
}

/** The same offer without the coupon that its address names, saying why. */
export function withoutCoupon<T extends { sale: Sale; action: string }>(offer: T, problem: string): T {
  const { subtotalMinor } = offer.sale.price
  const { applied, text } = offer.sale.coupon
  const coupon = { ...offer.sale.coupon, applied: null, text: applied ?? text, problem }
  const price = { subtotalMinor, discountMinor: 0n }
  return {
    ...offer,
    sale: { ...offer.sale, amountMinor: subtotalMinor, price, coupon },
    action: withoutParameter(offer.action, COUPON),
  }
}
