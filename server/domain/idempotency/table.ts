import { index, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, isTestColumn, storeIdColumn } from '../../db/columns'

export const idempotencyStatus = pgEnum('idempotency_status', ['in_flight', 'done'])

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    storeId: storeIdColumn(),
    isTest: isTestColumn(),
    /** SHA-256 of the caller's key: what opens a sealed response must not lie beside it. */
    key: text('key').notNull(),
    /** SHA-256 of the operation and its input: the same key with another body is refused. */
    fingerprint: text('fingerprint').notNull(),
    status: idempotencyStatus('status').notNull(),
    /** Who is running it. A run whose lease was taken over can't commit, since its claim is gone. */
    claim: uuid('claim').notNull(),
    leasedUntil: instant('leased_until').notNull(),
    /**
     * Names the one logical run behind this key, however many calls it takes. What an external operation makes gets its id from
     * it, so that a retry finds what a crashed call began. A key that is used again after its day is another run.
     */
    run: uuid('run').notNull(),
    /** The output as JSON; sealed with the caller's own key where it holds a secret. */
    response: text('response'),
    expiresAt: instant('expires_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.isTest, t.key] }),
    index('idempotency_keys_expiry').on(t.storeId, t.expiresAt),
  ],
)
