import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { storeIdColumn } from '../../db/columns'

/** One row a store and rollup. Whoever holds its lock folds that tail of the store; a crash lets go of it. */
export const rollers = pgTable('rollers', { storeId: storeIdColumn(), rollup: text('rollup').notNull() }, (t) => [
  primaryKey({ columns: [t.storeId, t.rollup] }),
])
