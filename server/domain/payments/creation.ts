import { eq } from 'drizzle-orm'
import type { Deps, StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { derivedSessionId, newSessionId } from '../../kernel/ids'
import { inMode } from '../orders/modes'
import type { NewOrder } from '../orders/schema'
import { getOrder, type Item } from '../orders/service'
import type { OrderRow } from '../orders/table'
import { type StoreRow, stores } from '../stores/table'
import { openOrderEndpoint } from '../webhooks/payment-urls'
import { refuseUncallable } from '../webhooks/service'
import { findProductForSale, openOrder, productNotFound } from './checkout'
import { findVariantForSale, type Goods, itemOf, variantNotFound } from './goods'
import { refuseObstacle } from './obstacles'

/**
 * An order with a session that the seller sends the buyer to. `run` is what names this very call: a repetition whose first answer
 * was lost gets the order that the first one made.
 * Throws product_not_found, variant_not_found, product_not_available, account_not_approved, gateway_not_configured, store_not_connected, amount_too_small,
 * coupon_not_applicable, webhook_url_refused; missing_scope for live mode with a test key.
 */
export async function createOrder(caller: StoreContext, input: NewOrder, run?: string): Promise<OrderRow> {
  const ctx = inMode(caller, input.mode)
  const { store, goods, item } = await offerOf(ctx, caller, input)
  await refuseObstacle(ctx, store, goods, { currency: item.currency, needsAccount: !ctx.isTest })
  const { webhook_url: webhookUrl } = input
  if (webhookUrl !== undefined) await refuseUncallable(ctx, webhookUrl, 'webhook_url')
  const { storeId, isTest } = ctx
  const sessionId =
    run === undefined ? newSessionId(storeId, isTest) : derivedSessionId(storeId, isTest, `order ${run}`)
  const made = await inTransaction(ctx, async (tx) => {
    if (webhookUrl !== undefined) await openOrderEndpoint(tx, webhookUrl)
    return openOrder(tx, { store, item, sessionId, ownMode: caller.isTest }, wishesOf(input), input.coupon_code)
  })
  return made ?? getOrder(ctx, sessionId)
}

type Offer = { store: StoreRow; goods: Goods | null; item: Item }

/** What is sold: one thing, as the schema has seen to. */
async function offerOf(ctx: StoreContext, caller: StoreContext, input: NewOrder): Promise<Offer> {
  const { product_id: productId, variant_id: variantId } = input
  if (productId === undefined && variantId === undefined) return amountOf(ctx, input)
  const { ctx: seller, store, ...goods } = await findGoods(ctx, productId, variantId)
  // Another store's product is "not found": ids must not leak. So is the other mode's, but for a live key that rehearses.
  const isSeen = seller.isTest === ctx.isTest || seller.isTest === caller.isTest
  if (seller.storeId !== ctx.storeId || !isSeen) throw variantId === undefined ? productNotFound() : variantNotFound()
  return { store, goods, item: itemOf(goods) }
}

async function findGoods(deps: Deps, productId: string | undefined, variantId: string | undefined) {
  if (variantId !== undefined) return findVariantForSale(deps, variantId)
  const { ctx, store, product } = await findProductForSale(deps, productId ?? '')
  return { ctx, store, product, variant: null }
}

async function amountOf(ctx: StoreContext, input: NewOrder): Promise<Offer> {
  const [store] = await ctx.db.select().from(stores).where(eq(stores.storeId, ctx.storeId))
  if (!store) throw new Error('a key names a store that is not there')
  const item: Item = {
    productId: null,
    variantId: null,
    name: input.product_name ?? store.name,
    priceMinor: BigInt(input.amount_cents ?? 0),
    currency: input.currency ?? 'usd',
  }
  return { store, goods: null, item }
}

function wishesOf(input: NewOrder) {
  return {
    customerEmail: input.customer_email ?? null,
    customerName: input.customer_name ?? null,
    orderReference: input.order_reference ?? null,
    metadata: input.metadata,
    successUrl: input.success_url ?? null,
    cancelUrl: input.cancel_url ?? null,
    webhookUrl: input.webhook_url ?? null,
  }
}
