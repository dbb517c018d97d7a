import type { StoreContext } from '../../context'
import { AppError } from '../../kernel/errors'
import { basisPointsOf, formatMoney } from '../../kernel/money'
import type { OrderRow } from './table'

type Total = Pick<OrderRow, 'amountMinor' | 'discountMinor' | 'currency' | 'productId' | 'variantId'>

/**
 * Refuses a total that no card can be charged with. A total of 0 needs no card: the buyer's confirmation completes it.
 * Throws amount_too_small, amount_not_chargeable, currency_not_chargeable.
 */
export function refuseUnchargeable(ctx: StoreContext, order: Total): void {
  const { amountMinor, currency } = order
  const gateway = gatewayFor(ctx)
  if (amountMinor === 0n || !gateway) return
  const limits = gateway.limits(currency)
  if (!limits) throw unknownCurrency(currency)
  const { least, most, step } = limits
  const [total, minimum, maximum, unit] = [amountMinor, least, most, step].map((minor) => formatMoney(minor, currency))
  const field = fieldOf(order)
  if (amountMinor < least) {
    throw new AppError(
      'amount_too_small',
      `A total of ${total} can't be charged: the least that a card can pay is ${minimum}.`,
      { field, hint: 'Ask for more, or for nothing at all: a total of 0 needs no card.' },
    )
  }
  if (amountMinor <= most && amountMinor % step === 0n) return
  const why = amountMinor > most ? `the most that a card can pay is ${maximum}` : `it must be a multiple of ${unit}`
  throw new AppError('amount_not_chargeable', `A total of ${total} can't be charged: ${why}.`, {
    field,
    hint: 'Change the price, or the coupon that led to it.',
  })
}

function unknownCurrency(currency: string) {
  return new AppError('currency_not_chargeable', `Cards can't be charged in ${currency.toUpperCase()} here.`, {
    field: 'currency',
    hint: 'Sell in another currency, such as usd or eur.',
  })
}

/** What made the total what it is. */
function fieldOf(order: Total): string {
  if (order.discountMinor > 0n) return 'coupon_code'
  if (order.variantId !== null) return 'variant_id'
  return order.productId === null ? 'amount_cents' : 'product_id'
}

/** The least that a card of this mode can be charged with; 0 where there is no gateway, or none for this currency. */
export function leastCharge(ctx: StoreContext, currency: string): bigint {
  return gatewayFor(ctx)?.limits(currency)?.least ?? 0n
}

/**
 * The operator's fee of a total, as the ledger has it and the gateway is asked for it: half up to the smallest unit, and down to the steps
 * in which the gateway counts where these are larger.
 */
export function platformFee(ctx: StoreContext, amountMinor: bigint, currency: string, basisPoints: number): bigint {
  const fee = basisPointsOf(amountMinor, basisPoints)
  return fee - (fee % (gatewayFor(ctx)?.limits(currency)?.step ?? 1n))
}

function gatewayFor({ isTest, gateways }: StoreContext) {
  return isTest ? gateways.test : gateways.live
}
