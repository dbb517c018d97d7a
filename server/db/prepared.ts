import { getTableColumns, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { type PgTable, PgTransaction } from 'drizzle-orm/pg-core'
import type { Db } from './client'

const ofDatabases = new WeakMap<object, Map<string, unknown>>()
const ofDrivers = new WeakMap<object, Map<string, object>>()

/**
 * The prepared statement of this name on this database, made at its first use. Hot queries only: the driver sends everything
 * else unprepared, at about twice the cost. In a transaction it goes to that transaction's connection; its text, which takes longer to
 * put together than the database takes to answer, is still made only once.
 *
 * A limit is a parameter too, which the planner takes for a tenth of the table and plans anew each time: write small ones into the text.
 */
export function prepared<T extends object>(db: Db, name: string, make: (db: Db, name: string) => T): T {
  const database: object = db
  if (!(database instanceof PgTransaction)) return kept(ofDatabases, db, name, () => make(db, name)) as T
  const { session } = db._
  const statement = kept(ofDrivers, session.constructor, name, () => make(db, name))
  // Drizzle's statement is its text, how to read its rows, and these two.
  const { client, logger } = session as { client?: unknown; logger?: unknown }
  if (!client || !logger) throw new TypeError('a session of Drizzle has a client and a logger')
  return Object.assign(Object.create(statement), { client, logger }) as T
}

function kept<T>(caches: WeakMap<object, Map<string, T>>, owner: object, name: string, make: () => T): T {
  const known = caches.get(owner) ?? new Map<string, T>()
  caches.set(owner, known)
  const statement = known.get(name) ?? make()
  known.set(name, statement)
  return statement
}

/** A placeholder for each of these names, for what is never null. */
export function placeholders<K extends string>(...names: K[]): { [N in K]: Placeholder<N> } {
  return Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])) as { [N in K]: Placeholder<N> }
}

/** One for each column, for an insert that is given whole rows; or for these columns, for an update. */
export function placeholdersOf<T extends PgTable, K extends keyof T['$inferSelect'] = keyof T['$inferSelect']>(
  table: T,
  columns?: readonly K[],
): { [N in K]: SQL } {
  const wanted: readonly unknown[] | undefined = columns
  return slots(table, (name) => ((wanted?.includes(name) ?? true) ? name : undefined)) as { [N in K]: SQL }
}

/**
 * One for each column of so many rows, for an insert of them all. It is given their values in a row, as `valuesOf` puts them: names
 * for each would take longer to make than the rows.
 */
export function placeholdersOfRows<T extends PgTable>(table: T, count: number) {
  const names = Object.keys(getTableColumns(table))
  return Array.from({ length: count }, (_, row) => {
    const slotOf = (name: string) => String(row * names.length + names.indexOf(name))
    return slots(table, slotOf) as { [N in keyof T['$inferSelect']]: SQL }
  })
}

/** What the placeholders of several rows are given. */
export function valuesOf<T extends PgTable>(table: T, rows: readonly T['$inferSelect'][]): Record<string, unknown> {
  const names = Object.keys(getTableColumns(table))
  const values: unknown[] = []
  for (const row of rows) for (const name of names) values.push(row[name])
  return values as unknown[] & Record<string, unknown>
}

function slots(table: PgTable, slotOf: (name: string) => string | undefined): Record<string, SQL> {
  const slotted = Object.entries(getTableColumns(table)).flatMap(([name, column]) => {
    const slot = slotOf(name)
    // Drizzle asks the columns to encode null too, which theirs for times and big numbers can't.
    const mapToDriverValue = (value: unknown) => (value === null ? null : column.mapToDriverValue(value))
    return slot === undefined ? [] : [[name, sql`${sql.param(sql.placeholder(slot), { mapToDriverValue })}`] as const]
  })
  return Object.fromEntries(slotted)
}

const LARGEST_PORTION = 16
const ANY_PORTION = 8

/**
 * Rows for an insert that is prepared once for each number of rows: in portions of 16, and of 1 to 8 what is left. Each connection
 * keeps a plan of each.
 */
export function portionsOf<T>(rows: readonly T[]): T[][] {
  const portions: T[][] = []
  for (let at = 0, size = 0; at < rows.length; at += size) {
    const left = rows.length - at
    size = left >= LARGEST_PORTION ? LARGEST_PORTION : Math.min(left, ANY_PORTION)
    portions.push(rows.slice(at, at + size))
  }
  return portions
}
