import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'

/** Rows of some of a table's columns as one parameter, for a statement that is prepared once and takes any number of them. */
export type Recordset<Row> = {
  /** What a FROM names: the rows that the placeholder is given, with the table's names for their columns. */
  from(alias: string, placeholder: string): SQL
  encode(rows: readonly Row[]): string
}

/**
 * The rows travel as JSON: the driver has one value to send, where the VALUES of an insert have one for each column of each row.
 */
export function recordsetOf<T extends PgTable, K extends keyof T['$inferSelect']>(
  table: T,
  names: readonly K[],
): Recordset<Pick<T['$inferSelect'], K>> {
  const all: Record<string, PgColumn> = getTableColumns(table)
  const columns = names.flatMap((name) => {
    const column = all[String(name)]
    return column ? [{ name, column }] : []
  })
  const types = columns.map(({ column }) => sql`${sql.identifier(column.name)} ${sql.raw(column.getSQLType())}`)
  const encodeRow = (row: Pick<T['$inferSelect'], K>) => {
    const values: Record<string, unknown> = {}
    for (const { name, column } of columns) {
      if (row[name] === null) continue
      const value = column.mapToDriverValue(row[name])
      values[column.name] =
        typeof value === 'string' ? value.toWellFormed() : typeof value === 'bigint' ? String(value) : value
    }
    return values
  }
  return {
    // As text first: the driver would write a parameter of type json as JSON once more.
    from: (alias, placeholder) =>
      sql`json_to_recordset(${sql.placeholder(placeholder)}::text::json) as ${sql.identifier(alias)}(${sql.join(types, sql`, `)})`,
    encode: (rows) => JSON.stringify(rows.map(encodeRow)),
  }
}

/** The select list of an `insert … select` of whole rows: what isn't among the values has its own name in `rows`. */
export function selectedFor<T extends PgTable>(
  table: T,
  values: { [K in keyof T['$inferSelect']]?: SQL },
  rows: string,
): SQL {
  // Such an insert lists all columns, in this order.
  const columns = Object.entries<PgColumn>(getTableColumns(table))
  const selected = columns.map(([name, column]) => {
    return values[name as keyof T['$inferSelect']] ?? sql`${sql.identifier(rows)}.${sql.identifier(column.name)}`
  })
  return sql.join(selected, sql`, `)
}
