import { pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { emptyTextArray, instant, isTestColumn, storeIdColumn } from '../../db/columns'

export const apiKeys = pgTable(
  'api_keys',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    name: text('name').notNull(),
    isTest: isTestColumn(),
    /** SHA-256 of the key: the key itself is shown once and never kept. */
    secretHash: text('secret_hash').notNull(),
    /** `sk_live_…wxyz`, so that people can tell their keys apart. */
    hint: text('hint').notNull(),
    /** Empty means every scope. */
    scopes: text('scopes').array().notNull().default(emptyTextArray),
    createdAt: instant('created_at').notNull(),
    lastUsedAt: instant('last_used_at'),
    revokedAt: instant('revoked_at'),
  },
  (t) => [primaryKey({ columns: [t.storeId, t.id] }), uniqueIndex('api_keys_secret').on(t.storeId, t.secretHash)],
)

export type ApiKeyRow = typeof apiKeys.$inferSelect
