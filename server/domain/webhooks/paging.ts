import { and, eq, lt, or } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { AppError } from '../../kernel/errors'
import { storeOfRowId } from '../../kernel/ids'
import { decodeCursor, encodeCursor } from '../../kernel/wire'

/** What comes after the page that ended at `cursor`, newest first; everything without one. Throws invalid_request. */
export function olderThan(cursor: string | undefined, createdAt: PgColumn, id: PgColumn) {
  if (cursor === undefined) return undefined
  const position = decodeCursor(cursor)
  if (!position || storeOfRowId(position.id) === undefined) {
    throw new AppError('invalid_request', 'cursor: must be the next_cursor of an earlier page', { field: 'cursor' })
  }
  return or(lt(createdAt, position.at), and(eq(createdAt, position.at), lt(id, position.id)))
}

/** A page of rows that were read with one more than asked for, which says whether there is another page. */
export function pageOf<R extends { createdAt: Date; id: string }>(found: R[], limit: number) {
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  const more = found.length > limit && last
  return { rows, nextCursor: more ? encodeCursor({ at: last.createdAt, id: last.id }) : null }
}
