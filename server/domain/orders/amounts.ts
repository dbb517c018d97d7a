import type { StoreContext } from '../../context'
import { AppError } from '../../kernel/errors'
import { formatMoney } from '../../kernel/money'
import type { OrderRow } from './table'

/**
 * Refuses a total that no card can be charged with. A total of 0 needs no card: the buyer's confirmation completes it.
 * Throws amount_too_small.
 */
export function refuseUnchargeable(
  ctx: StoreContext,
  order: Pick<OrderRow, 'amountMinor' | 'discountMinor' | 'currency' | 'productId' | 'variantId'>,
): void {
  const { amountMinor, currency } = order
  const least = leastCharge(ctx, currency)
  if (amountMinor === 0n || amountMinor >= least) return
  const [total, minimum] = [formatMoney(amountMinor, currency), formatMoney(least, currency)]
  throw new AppError(
    'amount_too_small',
    `A total of ${total} can't be charged: the least that a card can pay is ${minimum}.`,
    { field: fieldOf(order), hint: 'Ask for more, or for nothing at all: a total of 0 needs no card.' },
  )
}

/** What made the total what it is. */
function fieldOf(order: Pick<OrderRow, 'discountMinor' | 'productId' | 'variantId'>): string {
  if (order.discountMinor > 0n) return 'coupon_code'
  if (order.variantId !== null) return 'variant_id'
  return order.productId === null ? 'amount_cents' : 'product_id'
}

/** The least that a card of this mode can be charged with; 0 where there is no gateway. */
export function leastCharge({ isTest, gateways }: StoreContext, currency: string): bigint {
  return (isTest ? gateways.test : gateways.live)?.minimum(currency) ?? 0n
}
