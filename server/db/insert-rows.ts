import { type Column, getTableColumns, getTableName, type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Db } from './client'
import { prepared } from './prepared'
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
  const columns = Object.entries(getTableColumns(table))
  const statements: Promise<unknown>[] = []
  for (let begin = 0; begin < rows.length; ) {
    const size = SIZES.find((each) => each <= rows.length - begin) ?? 1
    const name = `insert_${size}_into_${getTableName(table)}`
    const statement = prepared(db, name, () => insertQuery(db, table, columns, size).prepare(name))
    statements.push(statement.execute(valuesOf(columns, rows.slice(begin, begin + size))))
    begin += size
  }
  await together(statements)
}

type Columns = readonly (readonly [name: string, column: Column])[]

/** With a placeholder for each value, named by its place. */
function insertQuery(db: Db, table: PgTable, columns: Columns, size: number) {
  const slots = (row: number) =>
    columns.map(([name], place): [string, SQL] => [name, sql`${sql.placeholder(String(row * columns.length + place))}`])
  return db.insert(table).values(Array.from({ length: size }, (_, row) => Object.fromEntries(slots(row))))
}

function valuesOf(columns: Columns, rows: readonly Record<string, unknown>[]): Record<string, unknown> {
  const encode = (column: Column, value: unknown) => (value === null ? null : column.mapToDriverValue(value))
  return { ...rows.flatMap((row) => columns.map(([name, column]) => encode(column, row[name]))) }
}
