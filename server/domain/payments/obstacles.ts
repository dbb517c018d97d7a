import type { StoreContext } from '../../context'
import { AppError } from '../../kernel/errors'
import type { StoreRow } from '../stores/table'
import { offersNow, offersOf } from './crypto-offers'
import { gatewayOf } from './gateways'
import { type Goods, statusOf } from './goods'
import { isConnected } from './splits'

/** Why a product can't be bought now; null when it can. */
export type Obstacle =
  | null
  | 'draft'
  | 'archived'
  | 'store_not_approved'
  | 'no_gateway'
  | 'not_connected'
  /** Crypto is the only way to pay, and the store's plan lets no further payment be made at the moment. */
  | 'at_plan_limit'

/**
 * `goods` is null for an order with a name and an amount of its own. `currency` is that of the price, which crypto may pay where there
 * is no gateway; null where only a gateway will do.
 */
export async function obstacleOf(
  ctx: StoreContext,
  store: StoreRow,
  goods: Goods | null,
  currency: string | null,
): Promise<Obstacle> {
  const status = goods ? statusOf(goods) : 'active'
  if (status !== 'active') return status
  if (store.status !== 'approved') return 'store_not_approved'
  if (takesCards(ctx, store)) return null
  const offers = currency === null ? [] : await offersOf(ctx, currency)
  if (offers.length > 0 && currency !== null)
    return (await offersNow(ctx, currency)).length > 0 ? null : 'at_plan_limit'
  return gatewayOf(ctx) ? 'not_connected' : 'no_gateway'
}

/** Whether a card can be charged for this store: by the mode's gateway, with an account where that pays into one. */
export function takesCards(ctx: StoreContext, store: StoreRow): boolean {
  return gatewayOf(ctx) !== null && isConnected(ctx, store)
}

/** Whether it only keeps money from being taken: what costs nothing, or is paid otherwise, can be had. */
export function isOfPaying(obstacle: Obstacle): boolean {
  return obstacle === 'no_gateway' || obstacle === 'not_connected' || obstacle === 'at_plan_limit'
}

type Selling = {
  /** Of the price, which crypto may pay; null where only a card will do. */
  currency: string | null
  isFree?: boolean
  /** False for what may be paid without the store's account: a test order by pay_test_order. */
  needsAccount?: boolean
}

/**
 * Throws what stands in the way of selling: product_not_available, account_not_approved, gateway_not_configured,
 * store_not_connected.
 */
export async function refuseObstacle(
  ctx: StoreContext,
  store: StoreRow,
  goods: Goods | null,
  { currency, isFree = false, needsAccount = true }: Selling,
): Promise<void> {
  switch (await obstacleOf(ctx, store, goods, currency)) {
    case null:
    // An order may be made: what its buyer pays with is refused, while it is.
    case 'at_plan_limit':
      return
    case 'draft':
    case 'archived':
      throw new AppError('product_not_available', 'This product is not for sale.', {
        field: goods?.variant ? 'variant_id' : 'product_id',
        hint: goods?.variant
          ? "Its status and its product's must be active: update_variant and update_product set them."
          : 'Set its status to active with update_product to sell it.',
      })
    case 'store_not_approved':
      throw new AppError('account_not_approved', 'account not approved', {
        hint: 'The operator of this server has to approve the store first.',
      })
    case 'no_gateway':
      // What costs nothing needs none.
      if (isFree) return
      throw new AppError(
        'gateway_not_configured',
        'This server has no card gateway for live payments yet. Test orders can be paid with test cards.',
        {
          hint: 'The operator has to configure one. Use a test key, or a live key with mode (testMode below /api) to make a test order.',
        },
      )
    case 'not_connected':
      if (!isFree && needsAccount) throw notConnected()
  }
}

export function notConnected() {
  return new AppError(
    'store_not_connected',
    'This store is not connected to Stripe, so that it cannot take cards. Call connect_store to connect it.',
    {
      hint: 'Open the onboarding_url that connect_store answers in a browser; get_store_connection says what is missing.',
    },
  )
}
