import { and, desc, eq, inArray, sql } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../context'
import { prepared } from '../../db/prepared'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { parseSessionId, storeOfRowId } from '../../kernel/ids'
import { takeCoupon } from '../coupons/redemptions'
import { type CryptoPaymentRow, cryptoPayments, mayPayOrder } from '../crypto/table'
import { refuseUnchargeable } from '../orders/amounts'
import { insertOrder, type Sold, type Wishes } from '../orders/service'
import { type OrderRow, orders, SESSION_EXPIRED } from '../orders/table'
import { type ProductRow, products } from '../products/table'
import { type StoreRow, stores } from '../stores/table'
import { itemOf } from './goods'
import { type Obstacle, obstacleOf, refuseObstacle } from './obstacles'
import { afterOpened } from './outcomes'
import { OPEN_ATTEMPT, type PaymentAttemptRow, paymentAttempts } from './table'

export type ProductForSale = { ctx: StoreContext; store: StoreRow; product: ProductRow; obstacle: Obstacle }

/**
 * `open`: it may be paid, also after a decline (`order.failureCode` says why). `processing`: the gateway hasn't answered yet; ask
 * again. `requires_action`: 3-D Secure. `redirected`: the gateway's own page waits for the buyer. `settling`: the buyer has paid by a
 * method that takes days. `awaiting`: a crypto payment waits for its money or its confirmations. `paid` and `refunded`: a receipt.
 * `expired`: nothing can be done any more.
 */
export type CheckoutState =
  | 'open'
  | 'processing'
  | 'requires_action'
  | 'redirected'
  | 'settling'
  | 'awaiting'
  | 'paid'
  | 'refunded'
  | 'expired'

export type Checkout = {
  ctx: StoreContext
  store: StoreRow
  order: OrderRow
  /** The attempt that counts: the open or successful one, else the newest. */
  attempt: PaymentAttemptRow | null
  /** The crypto payment that counts: the open one, else the newest. */
  crypto: CryptoPaymentRow | null
  state: CheckoutState
}

/** What a buyer without a key sees of a product, found by its id alone. Throws product_not_found. */
export async function findProductForSale(deps: Deps, productId: string): Promise<ProductForSale> {
  const storeId = storeOfRowId(productId)
  const query = prepared(deps.db, 'product_for_sale', (db, name) =>
    db
      .select({ product: products, store: stores })
      .from(products)
      .innerJoin(stores, eq(stores.storeId, products.storeId))
      // The product says whether it is a test's: the buyer comes with nothing but its id.
      .where(and(eq(products.storeId, sql.placeholder('storeId')), eq(products.id, sql.placeholder('productId'))))
      .prepare(name),
  )
  const [row] = storeId === undefined ? [] : await query.execute({ storeId, productId })
  if (!row) throw productNotFound()
  const ctx = storeContext(deps, row.store.storeId, row.product.isTest)
  const { product } = row
  return { ctx, ...row, obstacle: await obstacleOf(ctx, row.store, { product, variant: null }, product.currency) }
}

/**
 * The checkout of this session, made now or earlier: two calls with one session id make one order. `sessionId` comes from
 * `newSessionId` for the product's store and mode. The price is frozen here, for an hour.
 * Throws product_not_found, session_not_found (the session is another product's), product_not_available,
 * account_not_approved, gateway_not_configured, coupon_not_applicable.
 */
export async function openSession(
  deps: Deps,
  input: { productId: string; sessionId: string; email?: string | undefined; couponCode?: string | undefined },
): Promise<Checkout> {
  const { ctx, store, product } = await findProductForSale(deps, input.productId)
  const session = parseSessionId(input.sessionId)
  if (session?.store !== ctx.storeId || session.isTest !== ctx.isTest) throw sessionNotFound()
  const known = await lookUp(deps, input.sessionId)
  if (known) return ofProduct(known, product)
  const goods = { product, variant: null }
  await refuseObstacle(ctx, store, goods, product)
  const { sessionId, email, couponCode } = input
  await inTransaction(ctx, (tx) =>
    openOrder(tx, { store, item: itemOf(goods), sessionId }, { customerEmail: email ?? null }, couponCode),
  )
  return ofProduct(await findCheckout(deps, input.sessionId), product)
}

function ofProduct(checkout: Checkout, product: ProductRow): Checkout {
  if (checkout.order.productId !== product.id) throw sessionNotFound()
  return checkout
}

/**
 * A new order with its coupon and its events, or undefined when the session has one already. Throws CouponRefusedError and
 * amount_too_small, and then there is no order.
 */
export async function openOrder(
  tx: StoreContext,
  sold: Sold,
  wishes: Partial<Wishes>,
  code?: string | undefined,
): Promise<OrderRow | undefined> {
  const inserted = await insertOrder(tx, sold, wishes)
  if (!inserted) return undefined
  const { customerEmail: email } = inserted
  const { ownMode } = sold
  const order = code === undefined ? inserted : await takeCoupon(tx, { order: inserted, code, email, ownMode })
  refuseUnchargeable(tx, order)
  await afterOpened(tx, order)
  return order
}

/** Throws session_not_found, for a malformed id too. */
export async function findCheckout(deps: Deps, sessionId: string): Promise<Checkout> {
  const checkout = await lookUp(deps, sessionId)
  if (!checkout) throw sessionNotFound()
  return checkout
}

async function lookUp(deps: Deps, sessionId: string): Promise<Checkout | undefined> {
  const session = parseSessionId(sessionId)
  // One statement, so that the order and what it is paid by are of one moment.
  const query = prepared(deps.db, 'find_checkout', (db, name) =>
    db
      .select({ order: orders, store: stores, attempt: paymentAttempts, crypto: cryptoPayments })
      .from(orders)
      .innerJoin(stores, eq(stores.storeId, orders.storeId))
      .leftJoin(
        paymentAttempts,
        and(eq(paymentAttempts.storeId, orders.storeId), eq(paymentAttempts.orderId, orders.id)),
      )
      .leftJoin(cryptoPayments, and(eq(cryptoPayments.storeId, orders.storeId), eq(cryptoPayments.orderId, orders.id)))
      .where(
        and(
          eq(orders.storeId, sql.placeholder('store')),
          eq(orders.isTest, sql.placeholder('isTest')),
          eq(orders.sessionId, sql.placeholder('sessionId')),
        ),
      )
      .orderBy(
        desc(inArray(paymentAttempts.status, [...OPEN_ATTEMPT])),
        desc(paymentAttempts.createdAt),
        sql`(${mayPayOrder}) desc`,
        desc(cryptoPayments.createdAt),
      )
      .limit(1)
      .prepare(name),
  )
  const [row] = session ? await query.execute({ ...session, sessionId }) : []
  if (!row) return undefined
  const ctx = storeContext(deps, row.order.storeId, row.order.isTest)
  return { ctx, ...row, state: stateOf(row, deps.clock.now()) }
}

type Found = Pick<Checkout, 'order' | 'attempt' | 'crypto'>

function stateOf({ order, attempt, crypto }: Found, now: Date): CheckoutState {
  if (order.status === 'refunded') return 'refunded'
  if (order.status === 'completed' || order.status === 'refund_pending') return 'paid'
  if (attempt?.status === 'processing' || attempt?.status === 'settling') return attempt.status
  if (crypto?.orderUse === 'awaited' && (crypto.status === 'pending' || crypto.status === 'confirmed'))
    return 'awaiting'
  const isAsked = attempt?.status === 'requires_action'
  // The gateway's page may have been paid in the last second: until it is closed, nobody knows.
  if (isAsked && attempt.gatewayPage !== null) return order.expiresAt > now ? 'redirected' : 'processing'
  if (!isPayable(order, now)) return 'expired'
  return isAsked ? 'requires_action' : 'open'
}

/** Unpaid, and within its hour. */
export function isPayable(order: OrderRow, now: Date): boolean {
  const isUnpaid = order.status === 'pending' || order.status === 'failed'
  return isUnpaid && order.failureCode !== SESSION_EXPIRED && order.expiresAt > now
}

export function productNotFound() {
  return new AppError('product_not_found', 'Product not found', {
    field: 'product_id',
    hint: 'list_products shows your products.',
  })
}

function sessionNotFound() {
  return new AppError('session_not_found', 'There is no such checkout. Go back to the shop and start again.', {
    field: 'session_id',
  })
}
