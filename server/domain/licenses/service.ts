import { and, desc, eq, inArray, isNull, type SQL } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { inTransaction } from '../../db/transaction'
import { addMs, DAY_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import { formatRowId, newLicenseKey, newRowId, parseLicenseKey, storeOfRowId } from '../../kernel/ids'
import { inMode, modesOf } from '../orders/modes'
import type { Modes } from '../orders/schema'
import { type OrderRow, orders } from '../orders/table'
import { findVariant } from '../products/variants'
import type { License, LicenseQuery } from './schema'
import { type ActivationRow, type LicenseRow, licenseActivations, licenses } from './table'

/**
 * The one key that a payment of a licensed variant issues, on the variant's terms of this moment; in the transaction that
 * completes the order, whose row is held. Returns the order with its licence.
 */
export async function issueLicense(tx: StoreContext, order: OrderRow): Promise<OrderRow> {
  const variant = order.variantId === null ? undefined : await findVariant(tx, order.variantId)
  if (!variant?.isLicensed) return order
  const at = order.completedAt ?? tx.clock.now()
  const [license] = await tx.db
    .insert(licenses)
    .values({
      storeId: tx.storeId,
      id: newRowId(tx.storeId),
      isTest: tx.isTest,
      key: newLicenseKey(),
      orderId: order.id,
      productId: variant.productId,
      variantId: variant.id,
      activationLimit: variant.activationLimit,
      activations: 0,
      expiresAt: variant.durationDays === null ? null : addMs(at, variant.durationDays * DAY_MS),
      createdAt: at,
    })
    .onConflictDoNothing()
    .returning()
  // The order has one already, and shows it.
  if (!license) return order
  const [licensed] = await tx.db
    .update(orders)
    .set({ license: licenseOnOrder(license) })
    .where(and(eq(orders.storeId, tx.storeId), eq(orders.isTest, tx.isTest), eq(orders.id, order.id)))
    .returning()
  if (!licensed) throw new Error(`order ${order.id} is gone`)
  return licensed
}

function licenseOnOrder({ key, expiresAt, activationLimit }: LicenseRow): NonNullable<OrderRow['license']> {
  return { key, expires_at: expiresAt?.toISOString() ?? null, activation_limit: activationLimit }
}

/** Once the buyer has all of the money back, the key is worth nothing any more; after a part of it, it stays what it was. */
export async function revokeLicensesOf(
  tx: StoreContext,
  order: OrderRow,
  reason: 'order_refunded' | 'dispute_lost',
): Promise<void> {
  if (order.license === null || order.refundedMinor + order.lostMinor < order.amountMinor) return
  await revoke(tx, eq(licenses.orderId, order.id), reason)
}

/** The buyer's money came back to the gateway: what its refund had revoked is valid again. */
export async function restoreLicensesOf(tx: StoreContext, order: OrderRow): Promise<void> {
  if (order.license === null) return
  await tx.db
    .update(licenses)
    .set({ revokedAt: null, revokedReason: null })
    .where(and(ofStore(tx), eq(licenses.orderId, order.id), eq(licenses.revokedReason, 'order_refunded')))
}

/** Revoking twice keeps the first time and reason. */
async function revoke(tx: StoreContext, which: SQL, revokedReason: LicenseRow['revokedReason']) {
  await tx.db
    .update(licenses)
    .set({ revokedAt: tx.clock.now(), revokedReason })
    .where(and(ofStore(tx), which, isNull(licenses.revokedAt)))
}

/** Not valid any more, for ever. Throws license_not_found. */
export function revokeLicense(ctx: StoreContext, id: string, mode?: Modes): Promise<LicenseRow> {
  return inTransaction(ctx, async (tx) => {
    const license = await getLicense(tx, id, mode)
    const owner = { ...tx, isTest: license.isTest }
    await revoke(owner, eq(licenses.id, license.id), 'seller')
    return getLicense(owner, license.id)
  })
}

/** By its uuid or its key. Throws license_not_found, also for another store's and for one of a mode that wasn't asked for. */
export async function getLicense(ctx: StoreContext, id: string, mode?: Modes): Promise<LicenseRow> {
  const key = parseLicenseKey(id)
  const isOwn = storeOfRowId(id) === ctx.storeId
  const named = key ? eq(licenses.key, key) : isOwn ? eq(licenses.id, id) : undefined
  const [row] = named ? await findLicenses(ctx, named, modesOf(ctx, mode)) : []
  if (row) return row
  throw new AppError('license_not_found', 'Licence not found', {
    field: 'id',
    hint: 'list_licenses shows your licences.',
  })
}

/** The licence of an order, as it is now: the order only holds what was issued. */
export async function licenseOf(ctx: StoreContext, order: OrderRow): Promise<LicenseRow | null> {
  if (order.license === null) return null
  const [row] = await findLicenses(ctx, eq(licenses.orderId, order.id))
  return row ?? null
}

function findLicenses(ctx: StoreContext, which: SQL, modes: readonly boolean[] = [ctx.isTest]): Promise<LicenseRow[]> {
  return ctx.db
    .select()
    .from(licenses)
    .where(and(ofStore(ctx, modes), which))
}

function ofStore({ storeId, isTest }: StoreContext, modes: readonly boolean[] = [isTest]) {
  return and(eq(licenses.storeId, storeId), inArray(licenses.isTest, [...modes]))
}

/** Newest first. Throws product_not_found for an id that is none of this store. */
export async function listLicenses(ctx: StoreContext, query: LicenseQuery) {
  const position = readCursor(query.cursor)
  const { product_id: productId, limit } = query
  if (productId !== undefined && storeOfRowId(productId) !== ctx.storeId) {
    throw new AppError('product_not_found', 'Product not found', {
      field: 'product_id',
      hint: 'list_products shows your products.',
    })
  }
  const found = await ctx.db
    .select()
    .from(licenses)
    .where(
      and(
        ofStore(inMode(ctx, query.mode)),
        productId === undefined ? undefined : eq(licenses.productId, productId),
        olderThan(position, licenses.createdAt, licenses.id),
      ),
    )
    .orderBy(desc(licenses.createdAt), desc(licenses.id))
    .limit(limit + 1)
  return pageOf(found, limit)
}

const SHOWN_INSTANCES = 100

/** Where a licence is active, newest first. Activations have no is_test of their own: they belong to a licence of the context's mode. */
export function listInstances(ctx: StoreContext, { id }: LicenseRow): Promise<ActivationRow[]> {
  return ctx.db
    .select()
    .from(licenseActivations)
    .where(and(eq(licenseActivations.storeId, ctx.storeId), eq(licenseActivations.licenseId, id)))
    .orderBy(desc(licenseActivations.createdAt), desc(licenseActivations.instance))
    .limit(SHOWN_INSTANCES)
}

/** Revoked wins: it is for ever. */
export function statusOf({ revokedAt, expiresAt }: LicenseRow, now: Date): License['status'] {
  if (revokedAt) return 'revoked'
  return expiresAt && expiresAt <= now ? 'expired' : 'active'
}

/** What whoever holds the key may know. */
export function toHeldLicense(ctx: StoreContext, row: LicenseRow) {
  return {
    status: statusOf(row, ctx.clock.now()),
    product_id: row.productId,
    variant_id: formatRowId('var', row.variantId),
    activation_limit: row.activationLimit,
    activations: row.activations,
    expires_at: row.expiresAt?.toISOString() ?? null,
    is_test: row.isTest,
  }
}

export function toLicense(ctx: StoreContext, row: LicenseRow): License {
  return {
    id: row.id,
    key: row.key,
    ...toHeldLicense(ctx, row),
    order_id: row.orderId,
    revoked_at: row.revokedAt?.toISOString() ?? null,
    revoked_reason: row.revokedReason,
    created_at: row.createdAt.toISOString(),
  }
}

export function toInstances(rows: readonly ActivationRow[]) {
  return rows.map(({ instance, createdAt }) => ({ instance, activated_at: createdAt.toISOString() }))
}
