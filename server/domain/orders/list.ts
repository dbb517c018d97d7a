import { and, desc, eq, gte, inArray, lt, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { unionAll } from 'drizzle-orm/pg-core'
import type { StoreContext } from '../../context'
import type { Db } from '../../db/client'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { prepared } from '../../db/prepared'
import { AppError } from '../../kernel/errors'
import { storeOfRowId } from '../../kernel/ids'
import type { Position } from '../../kernel/wire'
import { modesOf } from './modes'
import type { OrderQuery } from './schema'
import { orderName } from './service'
import { type OrderRow, orders } from './table'

/** `total` is null unless an offset was asked for. */
export type OrderPageRows = { rows: OrderRow[]; nextCursor: string | null; total: number | null }

/** A condition as a prepared statement has it, and its values by the names of their placeholders. */
type Filter = { name: string; is: SQL | undefined; values: Record<string, unknown> }

/** Newest first. Throws invalid_request for a cursor beside an offset, and missing_scope as modesOf does. */
export async function listOrders(ctx: StoreContext, query: OrderQuery): Promise<OrderPageRows> {
  const { limit, offset, cursor } = query
  if (cursor !== undefined && offset !== undefined) {
    throw new AppError('invalid_request', 'offset: send either offset or cursor', { field: 'offset' })
  }
  const modes = modesOf(ctx, query.mode)
  const filters = filtersOf(ctx, query)
  if (!filters) return { rows: [], nextCursor: null, total: offset === undefined ? null : 0 }
  const found = await page(ctx, { modes, filters, position: readCursor(cursor), limit: limit + 1, offset: offset ?? 0 })
  const { rows, nextCursor } = pageOf(found, limit)
  if (offset === undefined) return { rows, nextCursor, total: null }
  // The last page says by itself how many there are.
  const isLast = nextCursor === null && (rows.length > 0 || offset === 0)
  return { rows, nextCursor, total: isLast ? offset + rows.length : await count(ctx, modes, filters) }
}

/** Undefined when what is asked for can't be there: an id of another store, or none at all. */
function filtersOf(ctx: StoreContext, query: OrderQuery): Filter[] | undefined {
  const filters: Filter[] = []
  const filter = (name: string, is: (value: Placeholder) => SQL, value: unknown) => {
    if (value !== undefined) filters.push({ name, is: is(sql.placeholder(name)), values: { [name]: value } })
  }
  if (query.order_id !== undefined) {
    const named = orderName(ctx, query.order_id)
    if (!named) return undefined
    filter(named.column.name, (value) => eq(named.column, value), named.value)
  }
  if (query.product_id !== undefined && storeOfRowId(query.product_id) !== ctx.storeId) return undefined
  filter('product', (value) => eq(orders.productId, value), query.product_id)
  filter('status', (value) => eq(orders.status, value), query.status)
  filter('reference', (value) => eq(orders.orderReference, value), query.order_reference)
  const email = sql`lower(${orders.customerEmail})`
  filter('email', (value) => eq(email, value), query.customer_email?.toLowerCase())
  filter('from', (value) => gte(orders.createdAt, value), instantOf(query.from))
  filter('to', (value) => lt(orders.createdAt, value), instantOf(query.to))
  return filters
}

function instantOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text)
}

type Wanted = {
  modes: readonly boolean[]
  filters: readonly Filter[]
  position: Position | undefined
  limit: number
  offset: number
}

function page(ctx: StoreContext, { modes, filters, position, limit, offset }: Wanted): Promise<OrderRow[]> {
  const conditions = position ? [...filters, positionFilter(position)] : filters
  const statement = prepared(ctx.db, `list_orders_${modes.length}_${namesOf(conditions)}`, (db, name) =>
    (modes.length === 1 ? ofOneMode(db, conditions) : ofBothModes(db, conditions)).prepare(name),
  )
  const [isTest, other] = modes
  const values = { ...valuesOf(conditions), storeId: ctx.storeId, isTest, other }
  return statement.execute({ ...values, limit, offset, depth: limit + offset })
}

function positionFilter({ at, id }: Position): Filter {
  const is = olderThan({ at: sql.placeholder('at'), id: sql.placeholder('id') }, orders.createdAt, orders.id)
  return { name: 'older', is, values: { at, id } }
}

/** One walk along an index, whatever the filter. */
function ofOneMode(db: Db, filters: readonly Filter[]) {
  return db
    .select()
    .from(orders)
    .where(inModeWith(filters, 'isTest'))
    .orderBy(desc(orders.createdAt), desc(orders.id))
    .limit(sql.placeholder('limit'))
    .offset(sql.placeholder('offset'))
}

/** Two walks that the database merges: an index in which both modes lie in order would serve nothing else. */
function ofBothModes(db: Db, filters: readonly Filter[]) {
  const walk = (mode: string) =>
    db
      .select()
      .from(orders)
      .where(inModeWith(filters, mode))
      .orderBy(desc(orders.createdAt), desc(orders.id))
      .limit(sql.placeholder('depth'))
  return unionAll(walk('isTest'), walk('other'))
    .orderBy(desc(orders.createdAt), desc(orders.id))
    .limit(sql.placeholder('limit'))
    .offset(sql.placeholder('offset'))
}

function inModeWith(filters: readonly Filter[], mode: string): SQL | undefined {
  const isTest = eq(orders.isTest, sql.placeholder(mode))
  return and(eq(orders.storeId, sql.placeholder('storeId')), isTest, ...filters.map(({ is }) => is))
}

async function count(ctx: StoreContext, modes: readonly boolean[], filters: readonly Filter[]): Promise<number> {
  const statement = prepared(ctx.db, `count_orders_${modes.length}_${namesOf(filters)}`, (db, name) =>
    db
      .select({ total: sql<number>`count(*)::int` })
      .from(orders)
      .where(
        and(
          eq(orders.storeId, sql.placeholder('storeId')),
          inArray(orders.isTest, modes.length === 1 ? [sql.placeholder('isTest')] : [true, false]),
          ...filters.map(({ is }) => is),
        ),
      )
      .prepare(name),
  )
  const [row] = await statement.execute({ ...valuesOf(filters), storeId: ctx.storeId, isTest: modes[0] })
  return row?.total ?? 0
}

const namesOf = (filters: readonly Filter[]) => filters.map(({ name }) => name).join('_')

function valuesOf(filters: readonly Filter[]): Record<string, unknown> {
  return Object.assign({}, ...filters.map(({ values }) => values))
}
