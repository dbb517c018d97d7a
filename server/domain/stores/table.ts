import { bigint, integer, pgEnum, pgTable, text } from 'drizzle-orm/pg-core'
import { currencyCode, instant } from '../../db/columns'

export const storeStatus = pgEnum('store_status', ['pending', 'approved', 'suspended'])

export const stores = pgTable('stores', {
  storeId: bigint('store_id', { mode: 'bigint' }).primaryKey(),
  name: text('name').notNull(),
  email: text('email').notNull(),
  status: storeStatus('status').notNull(),
  reportingCurrency: currencyCode('reporting_currency'),
  /** `#rrggbb`, or null for the house colour; pages darken it until it has enough contrast. */
  accentColor: text('accent_color'),
  logoUrl: text('logo_url'),
  /** Platform fee in basis points: 250 is 2.5 %. */
  feeBasisPoints: integer('fee_basis_points').notNull(),
  /**
   * Where the operator runs a platform: the gateway's account that sales of a mode are paid into; null while it can't be paid into. What
   * `connections` finds out stands here too, since whoever looks at a store wants to know whether it sells.
   */
  liveAccount: text('live_account'),
  testAccount: text('test_account'),
  /** Document D's webhook signing key, and the one before while a rotation's overlap lasts. */
  signingSecret: text('signing_secret').notNull(),
  previousSigningSecret: text('previous_signing_secret'),
  previousSigningSecretExpiresAt: instant('previous_signing_secret_expires_at'),
  createdAt: instant('created_at').notNull(),
})

export type StoreRow = typeof stores.$inferSelect
