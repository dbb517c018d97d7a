import { index, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
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
