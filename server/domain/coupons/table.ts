import {
  boolean,
  foreignKey,
  index,
  integer,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { currencyCode, instant, isTestColumn, minorUnits, storeIdColumn } from '../../db/columns'
import { orders } from '../orders/table'

export const discountType = pgEnum('discount_type', ['percentage', 'fixed'])

export const coupons = pgTable(
  'coupons',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    /** In capitals, as `normalCode` makes it. */
    code: text('code').notNull(),
    discountType: discountType('discount_type').notNull(),
    /** Of a percentage: 1250 is 12.5 %. */
    basisPoints: integer('basis_points'),
    /** Of a fixed discount. */
    amountMinor: minorUnits('amount_minor'),
    /** Of the fixed discount and of the smallest order. A percentage without a smallest order takes any currency. */
    currency: currencyCode(),
    description: text('description'),
    minAmountMinor: minorUnits('min_amount_minor'),
    maxUses: integer('max_uses'),
    maxUsesPerCustomer: integer('max_uses_per_customer'),
    /** Kept while there is a limit, and only then: without one nobody has to wait for this row. */
    limitedUses: integer('limited_uses').notNull(),
    isActive: boolean('is_active').notNull(),
    expiresAt: instant('expires_at'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    uniqueIndex('coupons_code').on(t.storeId, t.isTest, t.code),
    index('coupons_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('coupons_newest_by_state').on(
      t.storeId,
      t.isTest,
      t.isActive,
      t.createdAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
  ],
)

/**
 * A use of a coupon: an order has at most one. It is deleted when it is given back, and stays when the coupon is deleted, as the
 * order's discount does.
 */
export const couponRedemptions = pgTable(
  'coupon_redemptions',
  {
    storeId: storeIdColumn(),
    orderId: uuid('order_id').notNull(),
    couponId: uuid('coupon_id').notNull(),
    /** The buyer's e-mail in small letters; null until it is known. */
    customer: text('customer'),
    /**
     * The customer's first use of this coupon, the second, …: unique, so that no two orders are both the first. Null without a
     * customer, and where a customer may use the coupon as often as they like.
     */
    useNumber: integer('use_number'),
    takenAt: instant('taken_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.orderId] }),
    uniqueIndex('coupon_redemptions_use').on(t.storeId, t.couponId, t.customer, t.useNumber),
    foreignKey({ columns: [t.storeId, t.orderId], foreignColumns: [orders.storeId, orders.id] }),
  ],
)

export type CouponRow = typeof coupons.$inferSelect
