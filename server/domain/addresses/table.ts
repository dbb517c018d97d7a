import { bigint, index, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, isTestColumn, storeIdColumn } from '../../db/columns'
import { NETWORKS } from '../../kernel/networks'

export const chainNetwork = pgEnum('chain_network', NETWORKS)
export const addressStatus = pgEnum('address_status', ['active', 'disabled', 'removed'])

/** A store's pool: wallet addresses that the merchant controls. Which are free and which are held, the next tables say. */
export const receiveAddresses = pgTable(
  'receive_addresses',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    network: chainNetwork('network').notNull(),
    /** With its checksum, as wallets show it. */
    address: text('address').notNull(),
    label: text('label'),
    status: addressStatus('status').notNull(),
    /** When it was last let go of. */
    lastUsedAt: instant('last_used_at'),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    index('receive_addresses_newest').on(
      t.storeId,
      t.isTest,
      t.createdAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    index('receive_addresses_address').on(t.storeId, t.network, t.address),
  ],
)

export type ReceiveAddressRow = typeof receiveAddresses.$inferSelect

/**
 * The chain that a row is about: 0 for the networks themselves, a store's number for the simulated ones of its test keys. An address
 * belongs to one store on each.
 */
const realm = () => bigint('realm', { mode: 'bigint' }).notNull()

/** Who receives at an address. Keyed by the address itself, of all stores together: two merchants can't have the same one. */
export const addressOwners = pgTable(
  'address_owners',
  {
    address: text('address').notNull(),
    network: chainNetwork('network').notNull(),
    realm: realm(),
    storeId: storeIdColumn(),
    addressId: uuid('address_id').notNull(),
    addedAt: instant('added_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.address, t.network, t.realm] }),
    // Watchers read what was added since they last looked.
    index('address_owners_added').on(t.network, t.realm, t.addedAt, t.address),
  ],
)

/**
 * The active addresses that no payment has. Who takes one deletes its row, which is the least that a database can do for a payment: the
 * pool itself has more columns and keys than one that is taken should write anew.
 */
export const freeAddresses = pgTable(
  'free_addresses',
  {
    storeId: storeIdColumn(),
    addressId: uuid('address_id').notNull(),
    isTest: isTestColumn(),
    network: chainNetwork('network').notNull(),
    address: text('address').notNull(),
    /** When it was last let go of, 1970 for one that nobody has had: the one that has rested longest is taken next. */
    restingSince: instant('resting_since').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.addressId] }),
    index('free_addresses_rested').on(t.storeId, t.isTest, t.network, t.restingSince, t.addressId),
  ],
)

/** A row while a payment waits for its money: the database lets no second one wait at the same address. */
export const paymentClaims = pgTable(
  'payment_claims',
  {
    address: text('address').notNull(),
    network: chainNetwork('network').notNull(),
    realm: realm(),
    storeId: storeIdColumn(),
    paymentId: uuid('payment_id').notNull(),
    claimedAt: instant('claimed_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.address, t.network, t.realm] })],
)

/** When the owner of a pool was last warned that it runs low. */
export const poolWarnings = pgTable(
  'pool_warnings',
  {
    storeId: storeIdColumn(),
    isTest: isTestColumn(),
    network: chainNetwork('network').notNull(),
    warnedAt: instant('warned_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.storeId, t.isTest, t.network] })],
)
