import { foreignKey, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { currencyCode, instant, isTestColumn, minorUnits, storeIdColumn } from '../../db/columns'
import { disputeStatus, orders } from '../orders/table'

/** The bank of a buyer asks for the money of an order back. */
export const disputes = pgTable(
  'disputes',
  {
    storeId: storeIdColumn(),
    /** Derived from the gateway and its id of the dispute: one that is reported twice is one. */
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    orderId: uuid('order_id').notNull(),
    gateway: text('gateway').notNull(),
    gatewayReference: text('gateway_reference').notNull(),
    status: disputeStatus('status').notNull(),
    /** What the bank asks for. */
    amountMinor: minorUnits('amount_minor').notNull(),
    /** What is held, then lost: never more than was left of the order. */
    takenMinor: minorUnits('taken_minor').notNull(),
    currency: currencyCode(),
    /** What the gateway keeps for the dispute itself; null while it has said nothing of it. */
    gatewayFeeMinor: minorUnits('gateway_fee_minor'),
    gatewayFeeCurrency: text('gateway_fee_currency'),
    reason: text('reason'),
    dueBy: instant('due_by'),
    createdAt: instant('created_at').notNull(),
    closedAt: instant('closed_at'),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    index('disputes_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('disputes_order').on(t.storeId, t.orderId),
    foreignKey({ columns: [t.storeId, t.orderId], foreignColumns: [orders.storeId, orders.id] }),
  ],
)

export type DisputeRow = typeof disputes.$inferSelect
