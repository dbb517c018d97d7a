import { sql } from 'drizzle-orm'
import { bigint, boolean, customType, text, timestamp } from 'drizzle-orm/pg-core'

/** The column pieces that every table is made of. `store_id` leads every key: see research on sharding in CONTRIBUTING. */
export const storeIdColumn = () => bigint('store_id', { mode: 'bigint' }).notNull()

/** Rows of a test key and of a live key never meet. */
export const isTestColumn = () => boolean('is_test').notNull()

/** Milliseconds, as the wire shows them, so that a cursor made from the wire's value is exact. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' })

export const minorUnits = (name: string) => bigint(name, { mode: 'bigint' })

export const currencyCode = (name = 'currency') => text(name).notNull()

/**
 * JSON kept as the text that was written: `jsonb` would reorder keys, and webhook bodies are signed byte for byte.
 */
export const jsonText = customType<{ data: Record<string, unknown>; driverData: string }>({
  dataType: () => 'text',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => JSON.parse(value) as Record<string, unknown>,
})

export const emptyTextArray = sql`'{}'::text[]`
