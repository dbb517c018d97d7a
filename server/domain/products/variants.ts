import { and, desc, eq, inArray } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { AppError } from '../../kernel/errors'
import { formatRowId, formatStoreId, newRowId, parseRowId, storeOfRowId } from '../../kernel/ids'
import { toWireMinor } from '../../kernel/money'
import { getProduct } from './service'
import { productVariants, type VariantRow } from './table'
import type { NewVariant, Variant, VariantQuery, VariantUpdate } from './variants-schema'

/** A variant of one of the store's products, in the product's currency. Throws product_not_found. */
export async function createVariant(ctx: StoreContext, input: NewVariant): Promise<VariantRow> {
  const product = await productOf(ctx, input.product_id)
  const at = ctx.clock.now()
  const row: VariantRow = {
    storeId: ctx.storeId,
    id: newRowId(ctx.storeId),
    isTest: ctx.isTest,
    productId: product.id,
    name: input.name,
    priceMinor: BigInt(input.price_cents),
    currency: product.currency,
    status: input.status,
    ...termsOf(input.license),
    createdAt: at,
    updatedAt: at,
  }
  await ctx.db.insert(productVariants).values(row)
  return row
}

/** The error names the field that the caller wrote. */
async function productOf(ctx: StoreContext, productId: string) {
  try {
    return await getProduct(ctx, productId)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'product_not_found') throw error
    throw new AppError(error.code, error.message, { field: 'product_id', hint: error.hint })
  }
}

function termsOf(license: NewVariant['license']) {
  return {
    isLicensed: license !== null,
    activationLimit: license?.activation_limit ?? null,
    durationDays: license?.duration_days ?? null,
  }
}

/** By its `var_…`. Throws variant_not_found, also for another store's and for one of the other mode. */
export async function getVariant(ctx: StoreContext, id: string): Promise<VariantRow> {
  const rowId = parseRowId('var', id)
  const row = rowId === undefined ? undefined : await findVariant(ctx, rowId)
  if (row?.isTest !== ctx.isTest) throw variantNotFound()
  return row
}

/** By the id of its row, which an order holds, and of either mode: a test order may be of a live variant. */
export async function findVariant({ db, storeId }: StoreContext, rowId: string): Promise<VariantRow | undefined> {
  if (storeOfRowId(rowId) !== storeId) return undefined
  const [row] = await db
    .select()
    .from(productVariants)
    .where(and(eq(productVariants.storeId, storeId), eq(productVariants.id, rowId)))
  return row
}

function sameVariant({ storeId, isTest }: StoreContext, rowId: string) {
  return and(eq(productVariants.storeId, storeId), eq(productVariants.isTest, isTest), eq(productVariants.id, rowId))
}

/** Newest first. Without a status: active and draft. Throws product_not_found. */
export async function listVariants(ctx: StoreContext, query: VariantQuery) {
  const position = readCursor(query.cursor)
  const product = await productOf(ctx, query.product_id)
  const { status, limit } = query
  const found = await ctx.db
    .select()
    .from(productVariants)
    .where(
      and(
        eq(productVariants.storeId, ctx.storeId),
        eq(productVariants.isTest, ctx.isTest),
        eq(productVariants.productId, product.id),
        status ? eq(productVariants.status, status) : inArray(productVariants.status, ['active', 'draft']),
        olderThan(position, productVariants.createdAt, productVariants.id),
      ),
    )
    .orderBy(desc(productVariants.createdAt), desc(productVariants.id))
    .limit(limit + 1)
  return pageOf(found, limit)
}

/** Only what is sent changes; orders that are open keep their price. Throws variant_not_found. */
export async function updateVariant(ctx: StoreContext, input: VariantUpdate): Promise<VariantRow> {
  const rowId = parseRowId('var', input.id)
  if (rowId === undefined || storeOfRowId(rowId) !== ctx.storeId) throw variantNotFound()
  const [row] = await ctx.db
    .update(productVariants)
    .set({
      name: input.name,
      priceMinor: input.price_cents === undefined ? undefined : BigInt(input.price_cents),
      status: input.status,
      ...(input.license === undefined ? {} : termsOf(input.license)),
      updatedAt: ctx.clock.now(),
    })
    .where(sameVariant(ctx, rowId))
    .returning()
  if (!row) throw variantNotFound()
  return row
}

/** Can't be bought any more; its orders and keys stay. Archiving twice is fine. */
export function archiveVariant(ctx: StoreContext, id: string): Promise<VariantRow> {
  return updateVariant(ctx, { id, status: 'archived' })
}

function variantNotFound() {
  return new AppError('variant_not_found', 'Variant not found', {
    field: 'id',
    hint: 'list_variants shows the variants of a product.',
  })
}

export function toVariant(ctx: StoreContext, row: VariantRow): Variant {
  const id = formatRowId('var', row.id)
  return {
    id,
    product_id: row.productId,
    name: row.name,
    price_cents: toWireMinor(row.priceMinor),
    currency: row.currency,
    status: row.status,
    license: row.isLicensed ? { activation_limit: row.activationLimit, duration_days: row.durationDays } : null,
    checkout_url: `${ctx.publicUrl}/checkout/${formatStoreId(row.storeId)}?variant_id=${id}`,
    created_at: row.createdAt.toISOString(),
  }
}
