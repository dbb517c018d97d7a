import { and, desc, eq, ilike, inArray, or, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { arrayOf, batched, isAnyOf } from '../../db/batched'
import type { Db } from '../../db/client'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { placeholdersOfRows, prepared, valuesOf } from '../../db/prepared'
import { createBatches } from '../../kernel/batches'
import { AppError } from '../../kernel/errors'
import { newRowId, storeOfRowId } from '../../kernel/ids'
import { toWireMinor } from '../../kernel/money'
import type { NewProduct, Product, ProductQuery, ProductUpdate } from './schema'
import { type ProductRow, products } from './table'

/** A product with its checkout link, ready to be bought unless it is made as a draft. One INSERT. */
export async function createProduct(ctx: StoreContext, input: NewProduct): Promise<ProductRow> {
  const at = ctx.clock.now()
  const row: ProductRow = {
    storeId: ctx.storeId,
    id: newRowId(ctx.storeId),
    isTest: ctx.isTest,
    name: input.name,
    description: input.description || null,
    priceMinor: BigInt(input.price_cents),
    currency: input.currency,
    status: input.status,
    createdAt: at,
    updatedAt: at,
  }
  if (ctx.afterCommit) await insertProducts(ctx.db, [row])
  else await insertWithOthers(ctx, ctx.storeId, row)
  return row
}

/** What is made in one turn of the event loop is one INSERT: most of what a row costs alone is its statement and its commit. */
const INSERTS = { atOnce: 16, most: 16 }

const insertWithOthers = createBatches(async (ctx: StoreContext, rows: readonly ProductRow[]) => {
  try {
    await insertProducts(ctx.db, rows)
    return rows.map(() => INSERTED)
  } catch (error) {
    if (rows.length === 1) throw error
    // One of them may have spoilt it for all.
    ctx.log.warn({ err: error, products: rows.length }, 'products that were made together are made one by one')
    return Promise.allSettled(rows.map((row) => insertProducts(ctx.db, [row])))
  }
}, INSERTS)

const INSERTED = { status: 'fulfilled', value: undefined } as const

/** A row that is there already is of an insert whose answer was lost: ids are random. */
async function insertProducts(db: Db, rows: readonly ProductRow[]): Promise<void> {
  const statement = prepared(db, `insert_products_${rows.length}`, (on, name) =>
    on.insert(products).values(placeholdersOfRows(products, rows.length)).onConflictDoNothing().prepare(name),
  )
  await statement.execute(valuesOf(products, rows))
}

/**
 * Throws product_not_found. Another store's product is "not found", never "forbidden": ids must not leak. So is a live product
 * asked for with a test key.
 */
export async function getProduct(ctx: StoreContext, id: string): Promise<ProductRow> {
  if (storeOfRowId(id) !== ctx.storeId) throw productNotFound()
  const row = await findProduct(ctx.db, ctx.storeId, id.toLowerCase())
  if (!row || row.isTest !== ctx.isTest) throw productNotFound()
  return row
}

/** By the id in lower case. */
const findProduct = batched(async (db: Db, storeId: bigint, ids) => {
  const query = prepared(db, 'get_products', (on, name) =>
    on
      .select()
      .from(products)
      .where(and(eq(products.storeId, sql.placeholder('storeId')), isAnyOf(products.id, 'ids')))
      .prepare(name),
  )
  const rows = await query.execute({ storeId, ids: arrayOf(ids) })
  return new Map(rows.map((row) => [row.id, row]))
})

export type ProductPageRows = { rows: ProductRow[]; nextCursor: string | null }

/** Newest first. Without a status: active and draft, as document A lists them. */
export async function listProducts(ctx: StoreContext, query: ProductQuery): Promise<ProductPageRows> {
  const position = readCursor(query.cursor)
  const { storeId, isTest } = ctx
  const { status, search, limit } = query
  const pattern = search === undefined ? undefined : `%${search.replace(/[\\%_]/g, '\\$&')}%`
  const found = await listStatement(ctx, status !== undefined, search !== undefined, position !== undefined).execute({
    storeId,
    isTest,
    status,
    pattern,
    ...position,
    limit: limit + 1,
  })
  return pageOf(found, limit)
}

/** One statement for each combination of filters. */
function listStatement(ctx: StoreContext, byStatus: boolean, bySearch: boolean, goesOn: boolean) {
  const pattern = sql.placeholder('pattern')
  return prepared(ctx.db, `list_products_${byStatus}_${bySearch}_${goesOn}`, (db, name) =>
    db
      .select()
      .from(products)
      .where(
        and(
          eq(products.storeId, sql.placeholder('storeId')),
          eq(products.isTest, sql.placeholder('isTest')),
          byStatus ? eq(products.status, sql.placeholder('status')) : inArray(products.status, ['active', 'draft']),
          bySearch ? or(ilike(products.name, pattern), ilike(products.description, pattern)) : undefined,
          goesOn
            ? olderThan({ at: sql.placeholder('at'), id: sql.placeholder('id') }, products.createdAt, products.id)
            : undefined,
        ),
      )
      .orderBy(desc(products.createdAt), desc(products.id))
      .limit(sql.placeholder('limit'))
      .prepare(name),
  )
}

/** Only what is sent changes. Throws product_not_found. */
export async function updateProduct(ctx: StoreContext, input: ProductUpdate): Promise<ProductRow> {
  if (storeOfRowId(input.id) !== ctx.storeId) throw productNotFound()
  const [row] = await ctx.db
    .update(products)
    .set({
      name: input.name,
      description: input.description === undefined ? undefined : input.description || null,
      priceMinor: input.price_cents === undefined ? undefined : BigInt(input.price_cents),
      status: input.status,
      updatedAt: ctx.clock.now(),
    })
    .where(and(eq(products.storeId, ctx.storeId), eq(products.id, input.id), eq(products.isTest, ctx.isTest)))
    .returning()
  if (!row) throw productNotFound()
  return row
}

/** Can't be bought any more; its orders, sales and revenue stay. Archiving twice is fine. */
export function archiveProduct(ctx: StoreContext, id: string): Promise<ProductRow> {
  return updateProduct(ctx, { id, status: 'archived' })
}

function productNotFound() {
  return new AppError('product_not_found', 'Product not found', {
    field: 'id',
    hint: 'list_products shows your products.',
  })
}

export function toProduct(ctx: StoreContext, row: ProductRow): Product {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    price_cents: toWireMinor(row.priceMinor),
    currency: row.currency,
    status: row.status,
    checkout_url: `${ctx.publicUrl}/checkout/${row.id}`,
    created_at: row.createdAt.toISOString(),
  }
}
