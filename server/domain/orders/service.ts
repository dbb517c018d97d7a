import { and, desc, eq, type SQL, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { prepared } from '../../db/prepared'
import { addMs, HOUR_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import { newOrderNumber, newRowId, newTransactionId, parseSessionId, storeOfRowId } from '../../kernel/ids'
import { basisPointsOf, toWireMinor } from '../../kernel/money'
import type { StoreRow } from '../stores/table'
import type { Order, OrderQuery } from './schema'
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
export type Sold = { store: StoreRow; item: Item; sessionId: string }

export type Wishes = Pick<
  OrderRow,
  'customerEmail' | 'customerName' | 'orderReference' | 'metadata' | 'successUrl' | 'cancelUrl' | 'webhookUrl'
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
        feeMinor: basisPointsOf(item.priceMinor, store.feeBasisPoints),
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

/** By uuid, PP- number, txn_ or cs_ id. Throws order_not_found; another store's order, or the other mode's, is not found. */
export async function getOrder(ctx: StoreContext, id: string): Promise<OrderRow> {
  const named = nameOf(ctx, id)
  const row = named && (await findOrder(ctx, named))
  if (row) return row
  throw new AppError('order_not_found', 'Order not found', { field: 'id', hint: 'list_orders shows your orders.' })
}

function nameOf(ctx: StoreContext, id: string): SQL | undefined {
  if (storeOfRowId(id) === ctx.storeId) return eq(orders.id, id)
  if (parseSessionId(id)?.store === ctx.storeId) return eq(orders.sessionId, id)
  if (/^txn_[0-9a-z]{1,60}$/.test(id)) return eq(orders.transactionId, id)
  if (/^pp-\d{4}-[0-9a-z]{1,20}$/i.test(id)) return eq(orders.number, id.toUpperCase())
  return undefined
}

async function findOrder(ctx: StoreContext, named: SQL): Promise<OrderRow | undefined> {
  const [row] = await ctx.db
    .select()
    .from(orders)
    .where(and(ofStore(ctx), named))
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

export type OrderPageRows = { rows: OrderRow[]; nextCursor: string | null }

/** Newest first. */
export async function listOrders(ctx: StoreContext, query: OrderQuery): Promise<OrderPageRows> {
  const position = readCursor(query.cursor)
  const filters = `${query.status !== undefined}_${position !== undefined}`
  const statement = prepared(ctx.db, `list_orders_${filters}`, (db, name) =>
    db
      .select()
      .from(orders)
      .where(
        and(
          eq(orders.storeId, sql.placeholder('storeId')),
          eq(orders.isTest, sql.placeholder('isTest')),
          query.status && eq(orders.status, sql.placeholder('status')),
          position && olderThan({ at: sql.placeholder('at'), id: sql.placeholder('id') }, orders.createdAt, orders.id),
        ),
      )
      .orderBy(desc(orders.createdAt), desc(orders.id))
      .limit(sql.placeholder('limit'))
      .prepare(name),
  )
  const { storeId, isTest } = ctx
  const { status, limit } = query
  return pageOf(await statement.execute({ storeId, isTest, status, ...position, limit: limit + 1 }), limit)
}

export function toOrder(ctx: StoreContext, row: OrderRow): Order {
  return {
    id: row.id,
    number: row.number,
    transaction_id: row.transactionId,
    session_id: row.sessionId,
    product_id: row.productId,
    product_name: row.productName,
    amount_cents: toWireMinor(row.amountMinor),
    fee_cents: toWireMinor(row.feeMinor),
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
    checkout_url: `${ctx.publicUrl}/checkout/${row.sessionId}`,
    success_url: row.successUrl,
    cancel_url: row.cancelUrl,
    webhook_url: row.webhookUrl,
    is_test: row.isTest,
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt.toISOString(),
    completed_at: row.completedAt?.toISOString() ?? null,
  }
}
