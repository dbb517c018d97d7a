import { boolean, index, integer, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { emptyTextArray, instant, isTestColumn, storeIdColumn } from '../../db/columns'

/**
 * `onboarding`: the seller hasn't sent everything yet. `restricted`: all was sent, and the gateway takes no payments for the account (now or
 * any more). `active`: it can be paid into. `deauthorized`: it was, and isn't connected to the platform any more.
 */
export const CONNECTION_STATUSES = ['not_connected', 'onboarding', 'restricted', 'active', 'deauthorized'] as const

export const connectionStatus = pgEnum('connection_status', CONNECTION_STATUSES)

/** A store's account at the gateway of a mode, where the operator runs a platform there: one for each. */
export const storeConnections = pgTable(
  'store_connections',
  {
    storeId: storeIdColumn(),
    isTest: isTestColumn(),
    gateway: text('gateway').notNull(),
    /** The gateway's idempotency key, and what the account is asked for with: the same with each repetition. */
    accountKey: uuid('account_key').notNull(),
    name: text('name').notNull(),
    email: text('email').notNull(),
    country: text('country'),
    /** The gateway's id; null until it is known. */
    account: text('account'),
    status: connectionStatus('status').notNull(),
    isPayable: boolean('is_payable').notNull(),
    requirements: text('requirements').array().notNull().default(emptyTextArray),
    dueBy: instant('due_by'),
    disabledReason: text('disabled_reason'),
    /** What the addresses that a seller comes back to are signed with. */
    linkSecret: text('link_secret').notNull(),
    /** Rises with each change: what was asked before somebody else's change is no news. */
    version: integer('version').notNull(),
    /** When the gateway last said how the account is. */
    checkedAt: instant('checked_at'),
    /** When the seller was last given a way to the gateway's questions. */
    linkedAt: instant('linked_at'),
    /** When to ask the gateway though it tells nothing. */
    checkAt: instant('check_at').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.storeId, t.isTest] }), index('store_connections_due').on(t.storeId, t.checkAt)],
)

export type ConnectionRow = typeof storeConnections.$inferSelect
