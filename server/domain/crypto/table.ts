import { sql } from 'drizzle-orm'
import {
  bigint,
  index,
  integer,
  numeric,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant, isTestColumn, jsonText, minorUnits, storeIdColumn } from '../../db/columns'
import { COINS } from '../../kernel/networks'
import { chainNetwork } from '../addresses/table'

export const PAYMENT_STATUSES = ['pending', 'confirmed', 'expired', 'cancelled', 'failed'] as const

export const cryptoStatus = pgEnum('crypto_payment_status', PAYMENT_STATUSES)
export const coinKind = pgEnum('coin', COINS)

/** What a payment of the checkout page is to its order: `surplus` where that was paid otherwise before. */
export const orderUse = pgEnum('order_use', ['awaited', 'paid', 'surplus'])

/** Amounts of a chain: whole base units, which may have 78 digits. */
export const baseUnits = (name: string) => numeric(name, { precision: 78, scale: 0, mode: 'bigint' })

/** Worded as its index is, so that the planner uses it. */
export const isWaiting = sql.raw('(due_at is not null or due_height is not null)')

/** Payments that may yet pay the order that they are for: nothing else may pay it meanwhile. */
export const mayPayOrder = sql.raw(`order_use = 'awaited' and crypto_payments.status in ('pending', 'confirmed')`)

/** Those whose order hasn't heard of it; worded as their index is. */
export const isConfirmedForOrder = sql.raw(`order_use = 'awaited' and crypto_payments.status = 'confirmed'`)

export const cryptoPayments = pgTable(
  'crypto_payments',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    /** `PAY-YYYYMMDD-XXXXXX`. */
    number: text('number').notNull(),
    /** Of the hosted page: whoever knows it sees the payment. */
    token: text('token').notNull(),
    network: chainNetwork('network').notNull(),
    coin: coinKind('coin').notNull(),
    addressId: uuid('address_id').notNull(),
    address: text('address').notNull(),
    amountUsdCents: minorUnits('amount_usd_cents').notNull(),
    expectedUnits: baseUnits('expected_units').notNull(),
    /** No more than this may be missing. */
    toleranceUnits: baseUnits('tolerance_units').notNull(),
    /** No more than this may come beside it without a word. */
    overpaymentUnits: baseUnits('overpayment_units').notNull(),
    /** Dollars of one coin, times 10^8, and where they were asked for. */
    rateE8: bigint('rate_e8', { mode: 'bigint' }).notNull(),
    rateSource: text('rate_source').notNull(),
    rateAt: instant('rate_at').notNull(),
    requiredConfirmations: integer('required_confirmations').notNull(),
    status: cryptoStatus('status').notNull(),
    /** What counts for it of what the chain holds; null while nothing has come. */
    creditedUnits: baseUnits('credited_units'),
    /** What came when it was too late to count. */
    lateUnits: baseUnits('late_units').notNull(),
    /** Of the transfer that made it whole, else of the latest that counts. */
    txHash: text('tx_hash'),
    /** The block of that transfer. */
    height: bigint('height', { mode: 'bigint' }),
    /** The order of the checkout page that it is for; null for a payment of its own, which has no use for one either. */
    orderId: uuid('order_id'),
    orderUse: orderUse('order_use'),
    externalOrderId: text('external_order_id'),
    customerEmail: text('customer_email'),
    redirectUrl: text('redirect_url'),
    metadata: jsonText('metadata').notNull(),
    /** The store whose prepaid balance it tops up; null for a sale. */
    topsUp: bigint('tops_up', { mode: 'bigint' }),
    createdAt: instant('created_at').notNull(),
    /** By the time of blocks: what is mined later doesn't count. */
    expiresAt: instant('expires_at').notNull(),
    /** Until when the rest of a payment that came short may come. */
    graceEndsAt: instant('grace_ends_at').notNull(),
    confirmedAt: instant('confirmed_at'),
    /** When the chain took back what had confirmed it. */
    reversedAt: instant('reversed_at'),
    /** A later block than this ends it; null when time alone changes nothing. */
    dueAt: instant('due_at'),
    /** The block at which it has its confirmations; null until it is whole. */
    dueHeight: bigint('due_height', { mode: 'bigint' }),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    uniqueIndex('crypto_payments_number').on(t.storeId, t.number),
    uniqueIndex('crypto_payments_token').on(t.storeId, t.token),
    index('crypto_payments_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('crypto_payments_newest_by_status').on(
      t.storeId,
      t.isTest,
      t.status,
      t.createdAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    index('crypto_payments_newest_by_reference')
      .on(t.storeId, t.isTest, t.externalOrderId, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst())
      .where(sql`external_order_id is not null`),
    index('crypto_payments_address').on(t.storeId, t.isTest, t.network, t.address, t.createdAt.desc().nullsFirst()),
    index('crypto_payments_order').on(t.storeId, t.orderId).where(sql`order_id is not null`),
    index('crypto_payments_order_due')
      .on(t.storeId, t.confirmedAt)
      .where(sql`order_use = 'awaited' and status = 'confirmed'`),
    // Every new block asks what it changes.
    index('crypto_payments_waiting').on(t.storeId, t.isTest, t.network, t.dueAt, t.dueHeight).where(isWaiting),
  ],
)

export type CryptoPaymentRow = typeof cryptoPayments.$inferSelect

/** What a store has set for its payments; without a row document B's values hold. */
export const cryptoSettings = pgTable(
  'crypto_settings',
  {
    storeId: storeIdColumn(),
    isTest: isTestColumn(),
    expiryMinutes: integer('expiry_minutes').notNull(),
    graceMinutes: integer('grace_minutes').notNull(),
    underpaymentBasisPoints: integer('underpayment_basis_points').notNull(),
    overpaymentBasisPoints: integer('overpayment_basis_points').notNull(),
    bscConfirmations: integer('bsc_confirmations').notNull(),
    tronConfirmations: integer('tron_confirmations').notNull(),
    ethereumConfirmations: integer('ethereum_confirmations').notNull(),
    /** One more at each change: who remembers the row sees by it whether it is still the same. */
    revision: integer('revision').notNull(),
  },
  (t) => [primaryKey({ columns: [t.storeId, t.isTest] })],
)

export type CryptoSettingsRow = typeof cryptoSettings.$inferSelect
