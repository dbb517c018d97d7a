import { boolean, index, integer, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, isTestColumn, minorUnits, storeIdColumn } from '../../db/columns'
import { INTERVALS, PLAN_IDS } from '../../kernel/plans'

/** Amounts are millionths of a USDT. */

export const billingPlan = pgEnum('billing_plan', PLAN_IDS)
export const billingInterval = pgEnum('billing_interval', INTERVALS)

/** What a store has subscribed to and used of it, a row for each mode. Whoever changes one holds it. */
export const billingAccounts = pgTable(
  'billing_accounts',
  {
    storeId: storeIdColumn(),
    isTest: isTestColumn(),
    plan: billingPlan('plan').notNull(),
    interval: billingInterval('interval').notNull(),
    allowOverage: boolean('allow_overage').notNull(),
    /** Counts up, and names what is charged for the period. */
    period: integer('period').notNull(),
    periodStart: instant('period_start').notNull(),
    periodEnd: instant('period_end').notNull(),
    /** Of the plan as it was when the period began. */
    includedPayments: integer('included_payments').notNull(),
    overageFeeMinor: minorUnits('overage_fee_minor').notNull(),
    /** Confirmed payments of the period, and how many of them are charged one by one. */
    usedPayments: integer('used_payments').notNull(),
    overagePayments: integer('overage_payments').notNull(),
    /** The batch that is open: counts up with each settlement, and names it. */
    batch: integer('batch').notNull(),
    unsettledPayments: integer('unsettled_payments').notNull(),
    unsettledMinor: minorUnits('unsettled_minor').notNull(),
    /** When the open batch is settled at the latest; null while it is empty. */
    settleAt: instant('settle_at'),
    /** When to look whether the balance covers the renewal; null when that was done, or nothing is to pay. */
    foresightAt: instant('foresight_at'),
    /** When the owner was last told that the balance is low. */
    warnedAt: instant('warned_at'),
    /** The earliest of the times above. */
    dueAt: instant('due_at').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.isTest] }),
    // Without the store: every account is due one day, and the job must not look at all of them to find the few that are.
    index('billing_accounts_due').on(t.dueAt),
  ],
)

/** One for each confirmation, and one for each that the chain took back: what every counter and settlement can be made of again. */
export const billingUsage = pgTable(
  'billing_usage',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    paymentId: uuid('payment_id').notNull(),
    /** 1, or -1 for one that was taken back. */
    payments: integer('payments').notNull(),
    period: integer('period').notNull(),
    /** The batch in which its fee is settled. */
    batch: integer('batch').notNull(),
    /** 0 for what the plan includes. */
    feeMinor: minorUnits('fee_minor').notNull(),
    /** Beyond the included ones, with overage on. */
    isOverage: boolean('is_overage').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    index('billing_usage_payment').on(t.storeId, t.paymentId, t.createdAt),
    index('billing_usage_batch').on(t.storeId, t.isTest, t.batch),
  ],
)

export const INVOICE_KINDS = ['subscription', 'overage'] as const

/** What was debited, once for each period and once for each batch: the id is made of these. */
export const billingInvoices = pgTable(
  'billing_invoices',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    kind: text('kind').$type<(typeof INVOICE_KINDS)[number]>().notNull(),
    plan: billingPlan('plan').notNull(),
    interval: billingInterval('interval').notNull(),
    /** Of a subscription: the period that it pays for. Of overage: the period in which it was settled. */
    period: integer('period').notNull(),
    periodStart: instant('period_start').notNull(),
    periodEnd: instant('period_end').notNull(),
    /** Of overage. */
    batch: integer('batch'),
    /** Of overage: how many payments beyond the included ones. */
    payments: integer('payments').notNull(),
    amountMinor: minorUnits('amount_minor').notNull(),
    balanceAfterMinor: minorUnits('balance_after_minor').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    index('billing_invoices_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
  ],
)

/** Payments to the operator for a store's balance, by the payment's id, which names the store that takes the money. */
export const billingTopups = pgTable(
  'billing_topups',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    /** What has been credited and not taken back; null before the confirmation. */
    creditedMinor: minorUnits('credited_minor'),
    /** How many times something was entered for it: a confirmation that is taken back may come again. */
    entries: integer('entries').notNull(),
    creditedAt: instant('credited_at'),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    index('billing_topups_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('billing_topups_credited').on(t.storeId, t.isTest, t.creditedAt),
  ],
)

export type AccountRow = typeof billingAccounts.$inferSelect
export type UsageRow = typeof billingUsage.$inferSelect
export type InvoiceRow = typeof billingInvoices.$inferSelect
export type TopupRow = typeof billingTopups.$inferSelect
