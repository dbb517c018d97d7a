import { type Deps, type StoreContext, storeContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { addMs } from '../../kernel/clock'
import { parseStoreId } from '../../kernel/ids'
import type { Item, Wishes } from '../orders/service'
import { getStore } from '../stores/service'
import type { StoreRow } from '../stores/table'
import { isRegisteredHost, openOrderEndpoint } from '../webhooks/payment-urls'
import { refuseUncallable } from '../webhooks/service'
import { type Checkout, findCheckout, openOrder } from './checkout'
import { findVariantForSale, type Goods, variantNotFound } from './goods'
import { refuseObstacle } from './obstacles'

/*
 * Checkouts that a page's author asks for, by a link, a frame or a button, with nothing but the store's public id. What they say
 * comes out of the buyer's browser, so that the buyer may have changed it: a price that must hold is a variant's.
 */

/** A store as a buyer without a key meets it; `goods` is null where the link has a name and an amount of its own. */
export type Seller = { ctx: StoreContext; store: StoreRow; goods: Goods | null }

/** What a link sells, and how. */
export type LinkedSale = {
  item: Item
  couponCode: string | null
  /** With its coupon it costs nothing, and needs no gateway. */
  isFree: boolean
  wishes: Partial<Wishes>
  /** How long it can be paid for; null for a session's usual hour. */
  lifetimeMs: number | null
}

/**
 * By the `sto_…` of a link. A test variant makes a test of it, and a link may ask for one, with a live variant too.
 * Throws store_not_found; variant_not_found, also for another store's.
 */
export async function findSeller(
  deps: Deps,
  storeId: string,
  { isTest, variantId }: { isTest: boolean; variantId: string | null },
): Promise<Seller> {
  // Zero is the platform itself: no store has it.
  const store = await getStore(deps, parseStoreId(storeId) ?? 0n)
  if (variantId === null) return { ctx: storeContext(deps, store.storeId, isTest), store, goods: null }
  const { product, variant } = await findVariantForSale(deps, variantId)
  if (variant.storeId !== store.storeId) throw variantNotFound()
  return { ctx: storeContext(deps, store.storeId, isTest || variant.isTest), store, goods: { product, variant } }
}

/** Whether a buyer's browser may name this URL: its host must be one that the store itself has chosen to call. */
export function mayBeCalled({ ctx }: Seller, webhookUrl: string): Promise<boolean> {
  return isRegisteredHost(ctx, webhookUrl)
}

/**
 * The checkout of this session, made now or earlier: two calls with one session make one order, with what the first one said. The
 * caller has checked that `webhookUrl` may be called. Throws product_not_available, account_not_approved, gateway_not_configured,
 * amount_too_small, coupon_not_applicable, webhook_url_refused.
 */
export async function openLinkedSession(
  { ctx, store, goods }: Seller,
  { item, couponCode, isFree, wishes, lifetimeMs }: LinkedSale,
  { sessionId, email }: { sessionId: string; email: string },
): Promise<Checkout> {
  await refuseObstacle(ctx, store, goods, { currency: item.currency, isFree })
  const { webhookUrl } = wishes
  if (webhookUrl) await refuseUncallable(ctx, webhookUrl, 'webhook_url')
  const expiresAt = lifetimeMs === null ? undefined : addMs(ctx.clock.now(), lifetimeMs)
  const made = { ...wishes, customerEmail: email, ...(expiresAt && { expiresAt }) }
  await inTransaction(ctx, async (tx) => {
    if (webhookUrl) await openOrderEndpoint(tx, webhookUrl)
    await openOrder(tx, { store, item, sessionId }, made, couponCode ?? undefined)
  })
  return findCheckout(ctx, sessionId)
}
