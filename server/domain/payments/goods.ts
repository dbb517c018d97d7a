import { and, eq, sql } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../context'
import { prepared } from '../../db/prepared'
import { AppError } from '../../kernel/errors'
import { parseRowId, storeOfRowId } from '../../kernel/ids'
import type { Item } from '../orders/service'
import type { OrderRow } from '../orders/table'
import { type ProductRow, products, productVariants, type VariantRow } from '../products/table'
import { type StoreRow, stores } from '../stores/table'

/** A product, or one of its variants, that somebody wants to buy. */
export type Goods = { product: ProductRow; variant: VariantRow | null }

/**
 * What a buyer without a key gets by the `var_…` of a link or a button: the variant fixes product, price, store and mode.
 * Throws variant_not_found.
 */
export async function findVariantForSale(deps: Deps, variantId: string) {
  const rowId = parseRowId('var', variantId)
  const storeId = rowId === undefined ? undefined : storeOfRowId(rowId)
  if (rowId === undefined || storeId === undefined) throw variantNotFound()
  const [row] = await deps.db
    .select({ product: products, variant: productVariants, store: stores })
    .from(productVariants)
    .innerJoin(products, and(eq(products.storeId, productVariants.storeId), eq(products.id, productVariants.productId)))
    .innerJoin(stores, eq(stores.storeId, productVariants.storeId))
    // The variant says whether it is a test's: the buyer comes with nothing but its id.
    .where(and(eq(productVariants.storeId, storeId), eq(productVariants.id, rowId)))
  if (!row) throw variantNotFound()
  const ctx: StoreContext = storeContext(deps, storeId, row.variant.isTest)
  return { ctx, ...row } satisfies Goods & { ctx: StoreContext; store: StoreRow }
}

export function variantNotFound() {
  return new AppError('variant_not_found', 'Variant not found', {
    field: 'variant_id',
    hint: 'list_variants shows the variants of a product.',
  })
}

/**
 * What an order is of; null for one with a name and an amount of its own. The order says which, whatever mode that is of: what a
 * live key makes a test order of is live itself.
 */
export async function goodsOf({ db }: Deps, { storeId, productId, variantId }: OrderRow): Promise<Goods | null> {
  if (productId === null) return null
  const query = prepared(db, 'goods_of_order', (on, name) =>
    on
      .select({ product: products, variant: productVariants })
      .from(products)
      .leftJoin(
        productVariants,
        and(eq(productVariants.storeId, products.storeId), eq(productVariants.id, sql.placeholder('variantId'))),
      )
      .where(and(eq(products.storeId, sql.placeholder('storeId')), eq(products.id, sql.placeholder('productId'))))
      .prepare(name),
  )
  const [row] = await query.execute({ storeId, productId, variantId })
  if (!row) throw new Error(`product ${productId} of an order is gone`)
  return row
}

/** Both must be active: an archived product sells none of its variants. */
export function statusOf({ product, variant }: Goods): ProductRow['status'] {
  return product.status === 'active' && variant ? variant.status : product.status
}

export function itemOf({ product, variant }: Goods): Item {
  return {
    productId: product.id,
    variantId: variant?.id ?? null,
    name: variant ? `${product.name} – ${variant.name}` : product.name,
    priceMinor: (variant ?? product).priceMinor,
    currency: product.currency,
  }
}
