import type { Deps, StoreContext } from '../../context'
import type { OrderRow } from '../orders/table'
import type { ProductRow } from '../products/table'
import type { StoreRow } from '../stores/table'
import type { PaymentAttemptRow } from './table'

/** Why a product can't be bought now; null when it can. */
export type Obstacle = null | 'draft' | 'archived' | 'store_not_approved' | 'no_gateway'

export type ProductForSale = { ctx: StoreContext; store: StoreRow; product: ProductRow; obstacle: Obstacle }

/**
 * `open`: a card may be entered, also after a decline (`order.failureCode` says why). `processing`: the gateway hasn't answered
 * yet; ask again. `requires_action`: 3-D Secure. `paid` and `refunded`: a receipt. `expired`: nothing can be done any more.
 */
export type CheckoutState = 'open' | 'processing' | 'requires_action' | 'paid' | 'refunded' | 'expired'

export type Checkout = {
  ctx: StoreContext
  store: StoreRow
  order: OrderRow
  /** The attempt that counts: the open or successful one, else the newest. */
  attempt: PaymentAttemptRow | null
  state: CheckoutState
}

/** What a buyer without a key sees of a product, found by its id alone. Throws product_not_found. */
export async function findProductForSale(_deps: Deps, _productId: string): Promise<ProductForSale> {
  throw new Error('follows')
}

/**
 * The checkout of this session, made now or earlier: two calls with one session id make one order. `sessionId` comes from
 * `newSessionId` for the product's store and mode. The price is frozen here, for an hour.
 * Throws product_not_found, session_not_found (the session is another product's), product_not_available,
 * account_not_approved, gateway_not_configured.
 */
export async function openSession(
  _deps: Deps,
  _input: { productId: string; sessionId: string; email?: string | undefined },
): Promise<Checkout> {
  throw new Error('follows')
}

/** Throws session_not_found, for a malformed id too. */
export async function findCheckout(_deps: Deps, _sessionId: string): Promise<Checkout> {
  throw new Error('follows')
}
