import { and, eq, inArray, type SQL } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { addMs, HOUR_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import { formatRowId, newOrderNumber, newRowId, newTransactionId, parseSessionId, storeOfRowId } from '../../kernel/ids'
import { toWireMinor } from '../../kernel/money'
import type { StoreRow } from '../stores/table'
import { platformFee } from './amounts'
import { modesOf } from './modes'
import type { Modes, Order } from './schema'
import { type OrderRow, orders } from './table'

/** Documents A and D: a session can be paid for an hour. */
const SESSION_MS = HOUR_MS

/** One thing at its price of this moment. An order without a product has a name and an amount of its own. */
export type Item = {
  productId: string | null
  variantId: string | null
  name: string
  priceMinor: bigint
  currency: string
}

/** What an order is made of, and for which session. */
export type Sold = {
  store: StoreRow
  item: Item
  sessionId: string
  /** A test key asks, which sees test data only: a test order may have a live coupon otherwise. */
  ownMode?: boolean
}

export type Wishes = Pick<
  OrderRow,
  | 'customerEmail'
  | 'customerName'
  | 'orderReference'
  | 'metadata'
  | 'successUrl'
  | 'cancelUrl'
  | 'webhookUrl'
  | 'expiresAt'
>

/**
 * A pending order with the item's price of this moment, or undefined when the session has one already: two calls with one
 * session make one order.
 */
export async function insertOrder(
  ctx: StoreContext,
  sold: Sold,
  wishes: Partial<Wishes>,
): Promise<OrderRow | undefined> {
  const { store, item, sessionId } = sold
  const at = ctx.clock.now()
  for (;;) {
    const [row] = await ctx.db
      .insert(orders)
      .values({
        storeId: ctx.storeId,
        id: newRowId(ctx.storeId),
        isTest: ctx.isTest,
        number: newOrderNumber(at),
        transactionId: newTransactionId(),
        sessionId,
        productId: item.productId,
        variantId: item.variantId,
        productName: item.name,
        subtotalMinor: item.priceMinor,
        discountMinor: 0n,
        amountMinor: item.priceMinor,
        feeMinor: platformFee(ctx, item.priceMinor, item.currency, store.feeBasisPoints),
        currency: item.currency,
        status: 'pending',
        metadata: {},
        refundedMinor: 0n,
        refundingMinor: 0n,
        disputedMinor: 0n,
        lostMinor: 0n,
        createdAt: at,
        expiresAt: addMs(at, SESSION_MS),
        ...wishes,
      })
      .onConflictDoNothing()
      .returning()
    if (row) return row
    if (await findOrder(ctx, eq(orders.sessionId, sessionId))) return undefined
    // The random number is taken: once in a thousand million orders of a month. The next one won't be.
  }
}

/**
 * By uuid, PP- number, txn_ or cs_ id. Throws order_not_found; another store's order, or one of a mode that wasn't asked for, is
 * not found. `field` is what the caller sent it as.
 */
export async function getOrder(ctx: StoreContext, id: string, mode?: Modes, field = 'id'): Promise<OrderRow> {
  const name = orderName(ctx, id)
  const row = name && (await findOrder(ctx, eq(name.column, name.value), modesOf(ctx, mode)))
  if (row) return row
  throw new AppError('order_not_found', 'Order not found', { field, hint: 'list_orders shows your orders.' })
}

/** The column that an id of an order stands in, and how; undefined when it is none of this store. */
export function orderName(ctx: StoreContext, id: string) {
  if (storeOfRowId(id) === ctx.storeId) return { column: orders.id, value: id }
  if (parseSessionId(id)?.store === ctx.storeId) return { column: orders.sessionId, value: id }
  if (/^txn_[0-9a-z]{1,60}$/.test(id)) return { column: orders.transactionId, value: id }
  if (/^pp-\d{4}-[0-9a-z]{1,20}$/i.test(id)) return { column: orders.number, value: id.toUpperCase() }
  return undefined
}

async function findOrder(
  ctx: StoreContext,
  named: SQL,
  modes: readonly boolean[] = [ctx.isTest],
): Promise<OrderRow | undefined> {
  const [row] = await ctx.db
    .select()
    .from(orders)
    .where(and(eq(orders.storeId, ctx.storeId), inArray(orders.isTest, [...modes]), named))
  return row
}

/**
 * The order, held for this transaction. Every transaction of a payment or refund takes its order's row first, so that they
 * queue here and never wait for each other in a circle.
 */
export async function lockOrder(tx: StoreContext, id: string): Promise<OrderRow> {
  const [row] = await tx.db
    .select()
    .from(orders)
    .where(and(ofStore(tx), eq(orders.id, id)))
    .for('update')
  if (!row) throw new Error(`order ${id} is gone`)
  return row
}

function ofStore(ctx: StoreContext) {
  return and(eq(orders.storeId, ctx.storeId), eq(orders.isTest, ctx.isTest))
}

export function toOrder(ctx: StoreContext, row: OrderRow): Order {
  return {
    id: row.id,
    number: row.number,
    transaction_id: row.transactionId,
    session_id: row.sessionId,
    product_id: row.productId,
    variant_id: row.variantId === null ? null : formatRowId('var', row.variantId),
    product_name: row.productName,
    subtotal_cents: toWireMinor(row.subtotalMinor),
    discount_cents: toWireMinor(row.discountMinor),
    coupon_code: row.couponCode,
    amount_cents: toWireMinor(row.amountMinor),
    fee_cents: toWireMinor(row.feeMinor),
    gateway_fee_cents: row.gatewayFeeMinor === null ? null : toWireMinor(row.gatewayFeeMinor),
    gateway_fee_currency: row.gatewayFeeCurrency,
    net_cents: toWireMinor(row.amountMinor - row.feeMinor),
    currency: row.currency,
    status: row.status,
    failure_code: row.failureCode,
    payment_method: row.method,
    customer_email: row.customerEmail,
    customer_name: row.customerName,
    order_reference: row.orderReference,
    metadata: row.metadata as Order['metadata'],
    refunded_cents: toWireMinor(row.refundedMinor),
    dispute_status: row.disputeStatus,
    disputed_cents: toWireMinor(row.disputedMinor + row.lostMinor),
    checkout_url: `${ctx.publicUrl}/checkout/${row.sessionId}`,
    success_url: row.successUrl,
    cancel_url: row.cancelUrl,
    webhook_url: row.webhookUrl,
    license: row.license,
    is_test: row.isTest,
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt.toISOString(),
    completed_at: row.completedAt?.toISOString() ?? null,
  }
}
