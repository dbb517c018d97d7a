import { getTableName } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Db } from './client'
import { placeholdersOfRows, prepared, valuesOf } from './prepared'
import { together } from './transaction'

/** Any number of rows is a few statements of these sizes, so that a few texts do for all. */
const SIZES = [64, 32, 16, 8, 4, 2, 1]

/**
 * Inserts whole rows, every column given, by prepared statements that are sent at once. The text of one statement for as many rows as
 * there happen to be would take longer to put together, and to plan, than its rows to insert. In a transaction.
 */
export async function insertRows<T extends PgTable>(
  db: Db,
  table: T,
  rows: readonly T['$inferSelect'][],
): Promise<void> {
  const statements: Promise<unknown>[] = []
  for (let begin = 0; begin < rows.length; ) {
    const size = SIZES.find((each) => each <= rows.length - begin) ?? 1
    const statement = prepared(db, `insert_${size}_into_${getTableName(table)}`, (on, name) =>
      on.insert(table).values(placeholdersOfRows(table, size)).prepare(name),
    )
    statements.push(statement.execute(valuesOf(table, rows.slice(begin, begin + size))))
    begin += size
  }
  await together(statements)
}
