import { sql } from 'drizzle-orm'
import { foreignKey, index, pgEnum, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, minorUnits, storeIdColumn } from '../../db/columns'
import { orders } from '../orders/table'

/**
 * `settling`: paid by a method that takes days. `void`: no money moved. `unwanted`: money came that the order has no use for, since it
 * was paid otherwise or is over; `returned` once the buyer has it back, `unreturned` when the gateway can't send it back.
 */
export const attemptStatus = pgEnum('attempt_status', [
  'processing',
  'requires_action',
  'settling',
  'succeeded',
  'declined',
  'void',
  'unwanted',
  'returned',
  'unreturned',
])

/** An order has at most one attempt in any of these. */
export const OPEN_ATTEMPT = ['processing', 'requires_action', 'settling', 'succeeded'] as const

/** One try to take the money of an order through a gateway. Its id is the gateway's idempotency key. */
export const paymentAttempts = pgTable(
  'payment_attempts',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    orderId: uuid('order_id').notNull(),
    gateway: text('gateway').notNull(),
    gatewayReference: text('gateway_reference'),
    /** The gateway's own page where the buyer pays, by its id there, and its address; null where the card is entered on ours. */
    gatewayPage: text('gateway_page'),
    pageUrl: text('page_url'),
    /** What it takes: the order's amount may be another one later, when a coupon is put to it or taken off. */
    amountMinor: minorUnits('amount_minor').notNull(),
    status: attemptStatus('status').notNull(),
    declineCode: text('decline_code'),
    cardBrand: text('card_brand'),
    cardLast4: text('card_last4'),
    /** What the gateway keeps of it, in a currency that may be another one; null while unknown. */
    gatewayFeeMinor: minorUnits('gateway_fee_minor'),
    gatewayFeeCurrency: text('gateway_fee_currency'),
    /** The store's account that all but the fee goes to, by the gateway's id, as it was asked for; null where there is none. */
    splitAccount: text('split_account'),
    splitFeeMinor: minorUnits('split_fee_minor'),
    /** When to see that the account has its share; null while it has, for all that is known. */
    shareDueAt: instant('share_due_at'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    // The database's own guard against a double charge: one open or successful attempt an order.
    uniqueIndex('payment_attempts_one_open')
      .on(t.storeId, t.orderId)
      .where(sql`status in ('processing', 'requires_action', 'settling', 'succeeded')`),
    index('payment_attempts_unsettled')
      .on(t.storeId, t.updatedAt)
      .where(sql`status in ('processing', 'requires_action', 'settling', 'unwanted')`),
    index('payment_attempts_share_due').on(t.storeId, t.shareDueAt).where(sql`share_due_at is not null`),
    // Paid on a gateway's page, and what the gateway keeps of it isn't known yet.
    index('payment_attempts_fee_unknown')
      .on(t.storeId, t.updatedAt)
      .where(sql`status = 'succeeded' and gateway_page is not null and gateway_fee_minor is null`),
    foreignKey({ columns: [t.storeId, t.orderId], foreignColumns: [orders.storeId, orders.id] }),
  ],
)

export type PaymentAttemptRow = typeof paymentAttempts.$inferSelect
