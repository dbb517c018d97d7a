import { and, eq } from 'drizzle-orm'
import type { Deps, StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { AppError, type ErrorCode } from '../../kernel/errors'
import { toWireMinor } from '../../kernel/money'
import { type Coin, NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import { dropCoupon } from '../coupons/redemptions'
import { claimUse } from '../coupons/uses'
import { hasOpenPayment } from '../crypto/for-orders'
import { cancelPayment, createPayment } from '../crypto/service'
import { lockOrder } from '../orders/service'
import { type OrderRow, orders } from '../orders/table'
import { hasOpenAttempt, type PriceObstacle } from './attempts'
import { type Checkout, findCheckout, isPayable } from './checkout'
import { offersOf } from './crypto-offers'
import { goodsOf } from './goods'
import { refuseObstacle } from './obstacles'

export type CryptoWish = {
  network: NetworkName
  coin: Coin
  email: string
  /** `de-DE`: what the buyer reads in. */
  locale: string
  /** The price that the buyer agreed to. */
  shownMinor: bigint
}

/** Why no payment could be made at this moment. */
export type CryptoRefusal = 'all_addresses_held' | 'rate_unavailable' | 'unavailable'

/** Nothing was begun where one of the two is set; the checkout is then open again. */
export type CryptoChoice = { checkout: Checkout; obstacle: PriceObstacle | null; refused: CryptoRefusal | null }

/**
 * Begins to pay a session's order in crypto: one payment of document B, for as long as it waits the order's only one. Where another
 * way was begun before, the answer is what is there.
 * Throws session_not_found; crypto_not_offered; product_not_available, account_not_approved when nothing can be sold any more.
 */
export async function payWithCrypto(deps: Deps, sessionId: string, wish: CryptoWish): Promise<CryptoChoice> {
  const checkout = await findCheckout(deps, sessionId)
  const { ctx, order, store } = checkout
  if (checkout.state !== 'open') return { checkout, obstacle: null, refused: null }
  await refuseObstacle(ctx, store, await goodsOf(ctx, order), { currency: order.currency })
  await refuseUnoffered(ctx, order, wish)
  const claimed = await claimOrder(ctx, order.id, wish)
  const obstacle = typeof claimed === 'string' ? claimed : null
  const refused = typeof claimed === 'object' ? await begin(ctx, claimed, wish) : null
  return { checkout: await findCheckout(deps, sessionId), obstacle, refused }
}

async function refuseUnoffered(
  ctx: StoreContext,
  { currency }: OrderRow,
  { network, coin }: CryptoWish,
): Promise<void> {
  const offers = await offersOf(ctx, currency)
  if (offers.some((offer) => offer.network === network && offer.coins.includes(coin))) return
  const words =
    currency === 'usd'
      ? `This store takes no ${coin} on ${NETWORK_FACTS[network].title}.`
      : `A price in ${currency.toUpperCase()} can't be paid in crypto: only US dollars are converted.`
  throw new AppError('crypto_not_offered', words, { field: 'currency' })
}

/** The order that this buyer may pay now; undefined when it is being paid, or was, or can't be any more. */
function claimOrder(
  ctx: StoreContext,
  orderId: string,
  { email, locale, shownMinor }: CryptoWish,
): Promise<OrderRow | PriceObstacle | undefined> {
  return inTransaction(ctx, async (tx) => {
    const held = await lockUntouched(tx, orderId)
    if (!held) return undefined
    if (held.amountMinor !== shownMinor) return 'price_changed'
    if (!(await claimUse(tx, held, email))) {
      await dropCoupon(tx, held)
      return 'coupon_used'
    }
    const [order] = await tx.db
      .update(orders)
      .set({ customerEmail: email, locale })
      .where(and(eq(orders.storeId, tx.storeId), eq(orders.isTest, tx.isTest), eq(orders.id, orderId)))
      .returning()
    return order
  })
}

async function lockUntouched(tx: StoreContext, orderId: string): Promise<OrderRow | undefined> {
  const order = await lockOrder(tx, orderId)
  if (!isPayable(order, tx.clock.now()) || order.amountMinor === 0n) return undefined
  const isTouched = (await hasOpenAttempt(tx, orderId)) || (await hasOpenPayment(tx, orderId))
  return isTouched ? undefined : order
}

/** Somebody else was faster, in the moment that the rate was asked for. */
class OrderTouchedError extends Error {
  override readonly name = 'OrderTouchedError'
}

async function begin(ctx: StoreContext, order: OrderRow, { network, coin, email }: CryptoWish) {
  const hold = async (tx: StoreContext) => {
    const held = await lockUntouched(tx, order.id)
    if (held?.amountMinor !== order.amountMinor) throw new OrderTouchedError()
  }
  const asked = {
    amount_usd_cents: toWireMinor(order.amountMinor),
    ...{ network, currency: coin, customer_email: email },
    external_order_id: order.orderReference ?? order.number,
  }
  try {
    await createPayment(ctx, asked, { order: { id: order.id, hold } })
    return null
  } catch (error) {
    if (error instanceof OrderTouchedError) return null
    return refusalOf(ctx, order, error)
  }
}

const REFUSALS: Partial<Record<ErrorCode, CryptoRefusal>> = {
  all_addresses_held: 'all_addresses_held',
  rate_unavailable: 'rate_unavailable',
}

/** What only the seller or the operator can change, the buyer hears as "not now". */
function refusalOf(ctx: StoreContext, { id }: OrderRow, error: unknown): CryptoRefusal {
  if (!(error instanceof AppError)) throw error
  const refusal = REFUSALS[error.code] ?? 'unavailable'
  if (refusal === 'unavailable') ctx.log.warn({ order: id, err: error }, 'a buyer could not pay in crypto')
  return refusal
}

/**
 * Gives up a payment in crypto that nothing has come for, so that the order can be paid otherwise. One that money was seen for stays;
 * money that comes for one that was given up is announced as late. Throws session_not_found.
 */
export async function leaveCrypto(deps: Deps, sessionId: string): Promise<Checkout> {
  const { ctx, crypto, state } = await findCheckout(deps, sessionId)
  if (crypto && state === 'awaiting') {
    try {
      await cancelPayment(ctx, crypto.number)
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'payment_not_cancellable')) throw error
    }
  }
  return findCheckout(deps, sessionId)
}
