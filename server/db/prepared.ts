import type { Db } from './client'

const statements = new WeakMap<Db, Map<string, unknown>>()

/**
 * The prepared statement of this name on this database, made at its first use. Hot queries only: the driver sends everything
 * else unprepared, at about twice the cost. Inside a transaction the statement is made anew each time, since it belongs to its
 * connection there; give such queries to the pool or leave them unprepared.
 */
export function prepared<T>(db: Db, name: string, make: (db: Db, name: string) => T): T {
  const known = statements.get(db) ?? new Map<string, unknown>()
  statements.set(db, known)
  const statement = known.get(name) ?? make(db, name)
  known.set(name, statement)
  return statement as T
}
