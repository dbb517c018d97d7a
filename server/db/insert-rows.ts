import { getTableColumns, getTableName, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Db } from './client'
import { prepared } from './prepared'
import { type Recordset, recordsetOf, selectedFor } from './recordset'

const recordsets = new WeakMap<PgTable, Recordset<Record<string, unknown>>>()

/** Inserts any number of whole rows, every column given, by one statement. `ifNew`: a row whose key is there stays as it is. */
export async function insertRows<T extends PgTable>(
  db: Db,
  table: T,
  rows: readonly T['$inferSelect'][],
  { ifNew = false } = {},
): Promise<void> {
  const recordset = recordsetFor(table)
  const statement = prepared(db, `insert_into_${getTableName(table)}${ifNew ? '_if_new' : ''}`, (on, name) => {
    const selected = sql`select ${selectedFor(table, {}, 'given')} from ${recordset.from('given', 'rows')}`
    const insert = on.insert(table).select(selected)
    return (ifNew ? insert.onConflictDoNothing() : insert).prepare(name)
  })
  await statement.execute({ rows: recordset.encode(rows) })
}

function recordsetFor(table: PgTable): Recordset<Record<string, unknown>> {
  const recordset = recordsets.get(table) ?? recordsetOf(table, Object.keys(getTableColumns(table)))
  recordsets.set(table, recordset)
  return recordset
}
