import { boolean, foreignKey, index, integer, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { currencyCode, instant, isTestColumn, minorUnits, storeIdColumn } from '../../db/columns'

export const productStatus = pgEnum('product_status', ['draft', 'active', 'archived'])

export const products = pgTable(
  'products',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    name: text('name').notNull(),
    description: text('description'),
    priceMinor: minorUnits('price_minor').notNull(),
    currency: currencyCode(),
    status: productStatus('status').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    // Listing newest first stays flat as the catalogue grows. Plain DESC puts nulls first, and so must the index.
    index('products_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
  ],
)

export type ProductRow = typeof products.$inferSelect

/** A way to buy a product: its own name and price, and a licence key where it sells one. */
export const productVariants = pgTable(
  'product_variants',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    productId: uuid('product_id').notNull(),
    name: text('name').notNull(),
    priceMinor: minorUnits('price_minor').notNull(),
    /** The product's, which never changes. */
    currency: currencyCode(),
    status: productStatus('status').notNull(),
    /** Whoever buys it gets a licence key, on these terms. */
    isLicensed: boolean('is_licensed').notNull(),
    /** Null: as many as they like. */
    activationLimit: integer('activation_limit'),
    /** Null: for ever. */
    durationDays: integer('duration_days'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    index('product_variants_newest').on(
      t.storeId,
      t.productId,
      t.createdAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    foreignKey({ columns: [t.storeId, t.productId], foreignColumns: [products.storeId, products.id] }),
  ],
)

export type VariantRow = typeof productVariants.$inferSelect
