import { type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'

type Batch<V> = { keys: Set<string>; found: Promise<ReadonlyMap<string, V>> }

/**
 * Turns a query for many keys into a function for one: what is asked for in one turn of the event loop goes into one query. A busy
 * server reads several requests in a turn, and asks its database a fraction of a query for each; a quiet one asks as many as
 * before. Every query begins after what it answers was asked for, and so sees all that had been committed by then.
 *
 * `group` is what can't go into one query with others: a store.
 */
export function batched<D extends WeakKey, G, V>(
  load: (db: D, group: G, keys: readonly string[]) => Promise<ReadonlyMap<string, V>>,
): (db: D, group: G, key: string) => Promise<V | undefined> {
  const collecting = new WeakMap<D, Map<G, Batch<V>>>()
  const begin = (db: D, group: G, batches: Map<G, Batch<V>>): Batch<V> => {
    const keys = new Set<string>()
    // Immediates run when everything that has arrived was read.
    const found = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      batches.delete(group)
      return load(db, group, [...keys])
    })
    const batch = { keys, found }
    batches.set(group, batch)
    return batch
  }
  return async (db, group, key) => {
    const batches = collecting.get(db) ?? new Map<G, Batch<V>>()
    collecting.set(db, batches)
    const { keys, found } = batches.get(group) ?? begin(db, group, batches)
    keys.add(key)
    return (await found).get(key)
  }
}

/** A prepared statement's condition that takes the keys of a batch, as `arrayOf` writes them, from the placeholder. */
export function isAnyOf(column: PgColumn, placeholder: string): SQL {
  return sql`${column} = any(${sql.placeholder(placeholder)})`
}

/** An array as PostgreSQL reads it, of what needs no quotes: uuids and hashes. */
export function arrayOf(keys: readonly string[]): string {
  return `{${keys.join()}}`
}
