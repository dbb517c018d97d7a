import { date, index, integer, pgEnum, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { currencyCode, instant, isTestColumn, minorUnits, storeIdColumn } from '../../db/columns'

/** How a sale was paid for; `free` where nothing had to be, as with a coupon of 100 %. */
export const saleMethod = pgEnum('sale_method', ['card', 'crypto', 'free'])
export type SaleMethod = (typeof saleMethod.enumValues)[number]

export const entryKind = pgEnum('revenue_entry_kind', ['sale', 'refund'])

/** What happened, once and for all: a sale or a refund. Totals and days are made from these and can be made again. */
const entryColumns = () => ({
  storeId: storeIdColumn(),
  id: uuid('id').notNull(),
  isTest: isTestColumn(),
  kind: entryKind('kind').notNull(),
  orderId: uuid('order_id').notNull(),
  /** Null for an order without a product. */
  productId: uuid('product_id'),
  currency: currencyCode(),
  method: saleMethod('method').notNull(),
  amountMinor: minorUnits('amount_minor').notNull(),
  happenedAt: instant('happened_at').notNull(),
})

export const revenueEntries = pgTable('revenue_entries', entryColumns(), (t) => [
  primaryKey({ columns: [t.storeId, t.id] }),
  index('revenue_entries_time').on(t.storeId, t.isTest, t.happenedAt),
])

/** Entries that the roller hasn't folded into days and totals yet; readers add them. */
export const revenueTail = pgTable('revenue_tail', entryColumns(), (t) => [primaryKey({ columns: [t.storeId, t.id] })])

/** Stands for "no product" in a key, which can't hold null. */
export const NO_PRODUCT = '00000000-0000-0000-0000-000000000000'

export const revenueDays = pgTable(
  'revenue_days',
  {
    storeId: storeIdColumn(),
    isTest: isTestColumn(),
    /** In UTC. */
    day: date('day', { mode: 'string' }).notNull(),
    productId: uuid('product_id').notNull(),
    currency: currencyCode(),
    method: saleMethod('method').notNull(),
    sales: integer('sales').notNull(),
    grossMinor: minorUnits('gross_minor').notNull(),
    refunds: integer('refunds').notNull(),
    refundedMinor: minorUnits('refunded_minor').notNull(),
  },
  (t) => [primaryKey({ columns: [t.storeId, t.isTest, t.day, t.productId, t.currency, t.method] })],
)

export const revenueTotals = pgTable(
  'revenue_totals',
  {
    storeId: storeIdColumn(),
    isTest: isTestColumn(),
    currency: currencyCode(),
    method: saleMethod('method').notNull(),
    sales: integer('sales').notNull(),
    grossMinor: minorUnits('gross_minor').notNull(),
    refunds: integer('refunds').notNull(),
    refundedMinor: minorUnits('refunded_minor').notNull(),
  },
  (t) => [primaryKey({ columns: [t.storeId, t.isTest, t.currency, t.method] })],
)

export type RevenueEntryRow = typeof revenueEntries.$inferSelect
