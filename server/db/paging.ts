import { type Placeholder, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { AppError } from '../kernel/errors'
import { storeOfRowId } from '../kernel/ids'
import { decodeCursor, encodeCursor, type Position } from '../kernel/wire'

/** Where a page begins, or undefined for the first one. Throws invalid_request on a cursor that we didn't make. */
export function readCursor(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined
  const position = decodeCursor(cursor)
  if (position && storeOfRowId(position.id) !== undefined) return position
  throw new AppError('invalid_request', 'cursor: must be the next_cursor of an earlier page', { field: 'cursor' })
}

/** What comes after a position, newest first. As one comparison of rows, which an index on both columns answers at any depth. */
export function olderThan(
  position: { at: Date | Placeholder; id: string | Placeholder } | undefined,
  createdAt: PgColumn,
  id: PgColumn,
): SQL | undefined {
  if (!position) return undefined
  return sql`(${createdAt}, ${id}) < (${sql.param(position.at, createdAt)}, ${sql.param(position.id, id)})`
}

/** A page of rows that were read with one more than asked for, which says whether there is another page. */
export function pageOf<R extends { createdAt: Date; id: string }>(found: R[], limit: number) {
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  const more = found.length > limit && last
  return { rows, nextCursor: more ? encodeCursor({ at: last.createdAt, id: last.id }) : null }
}
