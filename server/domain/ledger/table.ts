import { sql } from 'drizzle-orm'
import { bigint, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, isTestColumn, minorUnits, storeIdColumn } from '../../db/columns'

/** What a store earns is on these. Texts in the database, so that another account needs no migration. */
export const ACCOUNTS = ['gateway_clearing', 'gateway_fees', 'store_balance', 'platform_fees', 'disputes_held'] as const

/** What a merchant pays the operator with, in advance: accounts of their own, which no order's money ever is on. */
export const PREPAID_ACCOUNTS = ['topups_received', 'prepaid_balance', 'billing_income'] as const

export type Account = (typeof ACCOUNTS)[number] | (typeof PREPAID_ACCOUNTS)[number]

export const PREPAID_KINDS = ['topup', 'topup_reversed', 'subscription', 'overage', 'adjustment'] as const
export const ENTRY_KINDS = [
  'sale',
  'refund',
  'refund_failed',
  'gateway_fee',
  'dispute_opened',
  'dispute_won',
  'dispute_lost',
  'dispute_fee',
  ...PREPAID_KINDS,
] as const
export type EntryKind = (typeof ENTRY_KINDS)[number]

/**
 * An entry with its legs. They are three arrays of one length instead of rows of their own: an entry is written and read as a
 * whole, always, and a sale pays for two rows here instead of eight.
 */
const entryColumns = () => ({
  storeId: storeIdColumn(),
  /** Derived from kind and source: the same thing can't be entered twice. */
  id: uuid('id').notNull(),
  isTest: isTestColumn(),
  kind: text('kind').$type<EntryKind>().notNull(),
  accounts: text('accounts').array().$type<Account[]>().notNull(),
  /** ISO 4217 in lower case, or another asset's code. */
  currencies: text('currencies').array().notNull(),
  /** In the smallest unit: a debit above zero, a credit below; they sum to zero in each currency. */
  amounts: bigint('amounts', { mode: 'bigint' }).array().notNull(),
  createdAt: instant('created_at').notNull(),
})

/** What happened, once and for all: rows are added, never changed. Balances are made from these and can be made again. */
export const ledgerEntries = pgTable(
  'ledger_entries',
  {
    ...entryColumns(),
    /** The order, refund, dispute or payment attempt that it is about. */
    sourceId: text('source_id').notNull(),
    /** Null for what has to do with no order. */
    orderId: uuid('order_id'),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    index('ledger_entries_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    // Sales are nearly everything, so that a page of them is soon found without; and they need not pay for this one.
    index('ledger_entries_newest_by_kind')
      .on(t.storeId, t.isTest, t.kind, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst())
      .where(sql`kind <> 'sale'`),
    index('ledger_entries_order').on(t.storeId, t.orderId, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
  ],
)

/** Entries that the roller hasn't added to the balances yet; readers add them. */
export const ledgerTail = pgTable('ledger_tail', entryColumns(), (t) => [primaryKey({ columns: [t.storeId, t.id] })])

/** Sums of legs, apart by kind, which tells gross, refunds and disputes of one account from each other. */
export const ledgerBalances = pgTable(
  'ledger_balances',
  {
    storeId: storeIdColumn(),
    isTest: isTestColumn(),
    account: text('account').$type<Account>().notNull(),
    currency: text('currency').notNull(),
    kind: text('kind').$type<EntryKind>().notNull(),
    amountMinor: minorUnits('amount_minor').notNull(),
  },
  (t) => [primaryKey({ columns: [t.storeId, t.isTest, t.account, t.currency, t.kind] })],
)

export type LedgerEntryRow = typeof ledgerEntries.$inferSelect
export type LedgerTailRow = typeof ledgerTail.$inferSelect
