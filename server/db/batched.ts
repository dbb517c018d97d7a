import { type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { createBatches } from '../kernel/batches'

/**
 * Turns a query for many keys into a function for one: what is asked for in one turn of the event loop goes into one query. A busy
 * server reads several requests in a turn, and asks its database a fraction of a query for each; a quiet one asks as many as
 * before. Every query begins after what it answers was asked for, and so sees all that had been committed by then.
 *
 * `group` is what can't go into one query with others: a store.
 */
export function batched<D extends object, G, V>(
  load: (db: D, group: G, keys: readonly string[]) => Promise<ReadonlyMap<string, V>>,
): (db: D, group: G, key: string) => Promise<V | undefined> {
  const ask = createBatches<{ db: D; group: G }, string, V | undefined>(
    async ({ db, group }, keys) => {
      const found = await load(db, group, [...new Set(keys)])
      return keys.map((key) => ({ status: 'fulfilled', value: found.get(key) }))
    },
    { atOnce: Number.POSITIVE_INFINITY, most: Number.POSITIVE_INFINITY },
  )
  return (db, group, key) => ask({ db, group }, group, key)
}

/** A prepared statement's condition that takes the keys of a batch, as `arrayOf` writes them, from the placeholder. */
export function isAnyOf(column: PgColumn, placeholder: string): SQL {
  return sql`${column} = any(${sql.placeholder(placeholder)})`
}

/** An array as PostgreSQL reads it, of what needs no quotes: uuids and hashes. */
export function arrayOf(keys: readonly string[]): string {
  return `{${keys.join()}}`
}
