import { foreignKey, index, integer, pgEnum, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, isTestColumn, storeIdColumn } from '../../db/columns'
import { orders } from '../orders/table'
import { products, productVariants } from '../products/table'

export const licenseRevocation = pgEnum('license_revocation', ['order_refunded', 'dispute_lost', 'seller'])

/**
 * What a payment of a licensed variant issues. The key stands here as it is: its buyer and its store want to read it again at any
 * time, it moves no money, and can be revoked. Hashing would forbid the first; encrypting with a key that lies beside the data
 * would only look safer.
 */
export const licenses = pgTable(
  'licenses',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    key: text('key').notNull(),
    orderId: uuid('order_id').notNull(),
    productId: uuid('product_id').notNull(),
    variantId: uuid('variant_id').notNull(),
    /** Null: up to the most that there may be. */
    activationLimit: integer('activation_limit'),
    /** How many rows of `license_activations` are its own; changed with them, while this row is held. */
    activations: integer('activations').notNull(),
    /** From this instant on it isn't valid any more; null: for ever. */
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at'),
    revokedReason: licenseRevocation('revoked_reason'),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    uniqueIndex('licenses_key').on(t.storeId, t.key),
    // The database's own guard against a second key for one payment.
    uniqueIndex('licenses_order').on(t.storeId, t.orderId),
    index('licenses_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('licenses_newest_of_product').on(
      t.storeId,
      t.productId,
      t.createdAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    foreignKey({ columns: [t.storeId, t.orderId], foreignColumns: [orders.storeId, orders.id] }),
    foreignKey({ columns: [t.storeId, t.productId], foreignColumns: [products.storeId, products.id] }),
    foreignKey({ columns: [t.storeId, t.variantId], foreignColumns: [productVariants.storeId, productVariants.id] }),
  ],
)

/** Where a key is in use: a machine, a site, a user, whatever the app calls an instance. */
export const licenseActivations = pgTable(
  'license_activations',
  {
    storeId: storeIdColumn(),
    licenseId: uuid('license_id').notNull(),
    instance: text('instance').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.licenseId, t.instance] }),
    foreignKey({ columns: [t.storeId, t.licenseId], foreignColumns: [licenses.storeId, licenses.id] }),
  ],
)

export type LicenseRow = typeof licenses.$inferSelect
export type ActivationRow = typeof licenseActivations.$inferSelect
