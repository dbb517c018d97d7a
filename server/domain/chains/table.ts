import { sql } from 'drizzle-orm'
import { bigint, boolean, index, integer, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, isTestColumn, storeIdColumn } from '../../db/columns'
import { chainNetwork } from '../addresses/table'
import { baseUnits, coinKind } from '../crypto/table'

/*
 * What has been read of each chain. The networks themselves belong to store 0, the platform; a simulated network to the store whose
 * test keys advance it.
 */

/** Worded as its index is, so that the planner uses it. */
export const isUnmatched = sql.raw('unmatched is not null and not is_orphan')

const height = (name: string) => bigint(name, { mode: 'bigint' }).notNull()

/** Up to where a chain has been read: the next block must be the child of this one. */
export const chainCursors = pgTable(
  'chain_cursors',
  {
    storeId: storeIdColumn(),
    isTest: isTestColumn(),
    network: chainNetwork('network').notNull(),
    number: height('number'),
    hash: text('hash').notNull(),
    blockTime: instant('block_time').notNull(),
    /** No block up to this one can be replaced any more, as far as the network's nodes know. */
    finalized: height('finalized'),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.storeId, t.isTest, t.network] })],
)

/** The journal: the newest blocks that were read, each naming its parent, to find where a chain forked. */
export const chainBlocks = pgTable(
  'chain_blocks',
  {
    storeId: storeIdColumn(),
    isTest: isTestColumn(),
    network: chainNetwork('network').notNull(),
    number: height('number'),
    hash: text('hash').notNull(),
    parentHash: text('parent_hash').notNull(),
    blockTime: instant('block_time').notNull(),
    /** The stores that it held transfers for, so that unwinding it looks nowhere else. */
    touched: bigint('touched', { mode: 'bigint' }).array().notNull(),
  },
  (t) => [primaryKey({ columns: [t.storeId, t.isTest, t.network, t.number] })],
)

/**
 * Why a transfer counts for no payment.
 *
 *     no_payment   no payment had the address when it came, or in the 30 days before
 *     other_coin   the payment that had the address asks for another coin
 *     late         it came after its payment's time, or was more than a payment that had come short still needed
 *     dust         it was too little to be meant as a payment
 *     cancelled    its payment had been cancelled
 */
export const UNMATCHED = ['no_payment', 'other_coin', 'late', 'dust', 'cancelled'] as const

export const unmatchedReason = pgEnum('unmatched_reason', UNMATCHED)

/**
 * Transfers to addresses of a store, once each: one transaction may hold many, and may be included in another block after a
 * reorganisation. What a dropped block held stays as an orphan.
 */
export const chainTransfers = pgTable(
  'chain_transfers',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    network: chainNetwork('network').notNull(),
    blockHash: text('block_hash').notNull(),
    logIndex: integer('log_index').notNull(),
    txHash: text('tx_hash').notNull(),
    coin: coinKind('coin').notNull(),
    fromAddress: text('from_address').notNull(),
    address: text('address').notNull(),
    units: baseUnits('units').notNull(),
    blockNumber: height('block_number'),
    blockTime: instant('block_time').notNull(),
    /** The payment that it was meant for; null when none fits. */
    paymentId: uuid('payment_id'),
    /** Null where it counts, or hasn't been judged yet. */
    unmatched: unmatchedReason('unmatched'),
    isOrphan: boolean('is_orphan').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.isTest, t.network, t.blockHash, t.logIndex] }),
    index('chain_transfers_payment').on(t.storeId, t.paymentId),
    index('chain_transfers_height').on(t.storeId, t.isTest, t.network, t.blockNumber),
    index('chain_transfers_tx').on(t.storeId, t.isTest, t.network, t.txHash),
    index('chain_transfers_unmatched_newest')
      .on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst())
      .where(isUnmatched),
  ],
)

/** Who watches a network, one process at a time: reading it twice is harmless, but costs the nodes twice. */
export const chainWatchers = pgTable(
  'chain_watchers',
  {
    storeId: storeIdColumn(),
    isTest: isTestColumn(),
    network: chainNetwork('network').notNull(),
    /** Of one process's one turn. */
    holder: uuid('holder').notNull(),
    /** Renewed while it lives; whoever comes later may take it. */
    heldUntil: instant('held_until').notNull(),
  },
  (t) => [primaryKey({ columns: [t.storeId, t.isTest, t.network] })],
)

export type ChainCursorRow = typeof chainCursors.$inferSelect
export type ChainTransferRow = typeof chainTransfers.$inferSelect
