import { sql } from 'drizzle-orm'
import { foreignKey, index, pgEnum, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { currencyCode, instant, isTestColumn, jsonText, minorUnits, storeIdColumn } from '../../db/columns'
import { DISPUTE_STATUSES } from '../../ports/gateway'
import { products } from '../products/table'

export const orderStatus = pgEnum('order_status', ['pending', 'completed', 'failed', 'refund_pending', 'refunded'])
export const disputeStatus = pgEnum('dispute_status', DISPUTE_STATUSES)
export const paymentMethod = pgEnum('payment_method', ['card', 'crypto'])

/** Of a session whose hour went by without a payment. No retry leads out of it. */
export const SESSION_EXPIRED = 'session_expired'

/** Orders that may still be paid or have to be expired, worded as their index is, so that the planner uses it. */
export const isUnpaid = sql.raw(
  `status in ('pending', 'failed') and (failure_code is null or failure_code <> '${SESSION_EXPIRED}')`,
)

export const orders = pgTable(
  'orders',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    /** `PP-YYMM-XXXXXX`, for people. */
    number: text('number').notNull(),
    /** `txn_…`, of document D. */
    transactionId: text('transaction_id').notNull(),
    /** `cs_…`: the checkout session; whoever knows it may pay. One session is one order. */
    sessionId: text('session_id').notNull(),
    productId: uuid('product_id'),
    variantId: uuid('variant_id'),
    productName: text('product_name').notNull(),
    /** Before the discount: amount + discount = subtotal. */
    subtotalMinor: minorUnits('subtotal_minor').notNull(),
    discountMinor: minorUnits('discount_minor').notNull(),
    couponId: uuid('coupon_id'),
    /** As it was spelled when it was taken; the coupon may be deleted later. */
    couponCode: text('coupon_code'),
    /** What the buyer pays. */
    amountMinor: minorUnits('amount_minor').notNull(),
    feeMinor: minorUnits('fee_minor').notNull(),
    /** What the gateway keeps of the charge that paid it, in a currency that may be another one; null while unknown. */
    gatewayFeeMinor: minorUnits('gateway_fee_minor'),
    gatewayFeeCurrency: text('gateway_fee_currency'),
    currency: currencyCode(),
    status: orderStatus('status').notNull(),
    /** Why the last attempt or the session failed: `expired_card`, `session_expired`, … */
    failureCode: text('failure_code'),
    method: paymentMethod('method'),
    customerEmail: text('customer_email'),
    customerName: text('customer_name'),
    /** Of the browser that paid, such as `de-DE`: e-mails about the order are written in it. */
    locale: text('locale'),
    orderReference: text('order_reference'),
    metadata: jsonText('metadata').notNull(),
    successUrl: text('success_url'),
    cancelUrl: text('cancel_url'),
    webhookUrl: text('webhook_url'),
    /** What `licenses` has issued for it, as the order, its events and its receipt show it; it doesn't change any more. */
    license: jsonText('license').$type<{ key: string; expires_at: string | null; activation_limit: number | null }>(),
    /** Refunds that went through, and those that the gateway hasn't answered yet; their sum never exceeds the amount. */
    refundedMinor: minorUnits('refunded_minor').notNull(),
    refundingMinor: minorUnits('refunding_minor').notNull(),
    /** What open disputes hold, and what lost ones took: with the refunds never more than the amount. */
    disputedMinor: minorUnits('disputed_minor').notNull(),
    lostMinor: minorUnits('lost_minor').notNull(),
    /** Of the dispute that is open, else of the latest; null when there was none. */
    disputeStatus: disputeStatus('dispute_status'),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    completedAt: instant('completed_at'),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    uniqueIndex('orders_session').on(t.storeId, t.sessionId),
    uniqueIndex('orders_number').on(t.storeId, t.number),
    uniqueIndex('orders_transaction').on(t.storeId, t.transactionId),
    index('orders_newest_by_status').on(
      t.storeId,
      t.isTest,
      t.status,
      t.createdAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    // Lists order by plain DESC, which puts nulls first; an index of any other order would not be used for them.
    index('orders_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('orders_newest_by_product').on(
      t.storeId,
      t.isTest,
      t.productId,
      t.createdAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    // Most orders have no reference, and none has an e-mail address before its buyer says it.
    index('orders_newest_by_reference')
      .on(t.storeId, t.isTest, t.orderReference, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst())
      .where(sql`order_reference is not null`),
    index('orders_newest_by_email')
      .on(
        t.storeId,
        t.isTest,
        sql`lower(${t.customerEmail})`,
        t.createdAt.desc().nullsFirst(),
        t.id.desc().nullsFirst(),
      )
      .where(sql`customer_email is not null`),
    // What the expiry of sessions has still to look at.
    index('orders_unpaid').on(t.storeId, t.expiresAt).where(isUnpaid),
    foreignKey({ columns: [t.storeId, t.productId], foreignColumns: [products.storeId, products.id] }),
  ],
)

export const refundStatus = pgEnum('refund_status', ['pending', 'succeeded', 'failed'])

export const refunds = pgTable(
  'refunds',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    orderId: uuid('order_id').notNull(),
    amountMinor: minorUnits('amount_minor').notNull(),
    reason: text('reason'),
    status: refundStatus('status').notNull(),
    gatewayReference: text('gateway_reference'),
    failureCode: text('failure_code'),
    createdAt: instant('created_at').notNull(),
    /** When the gateway was last asked; a refund without an answer is sent again a minute later. */
    sentAt: instant('sent_at').notNull(),
    settledAt: instant('settled_at'),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    index('refunds_order').on(t.storeId, t.orderId),
    index('refunds_unsettled').on(t.storeId, t.sentAt).where(sql`status = 'pending'`),
    foreignKey({ columns: [t.storeId, t.orderId], foreignColumns: [orders.storeId, orders.id] }),
  ],
)

export type OrderRow = typeof orders.$inferSelect
export type RefundRow = typeof refunds.$inferSelect
