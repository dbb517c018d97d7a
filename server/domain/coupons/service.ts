import { and, count, desc, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { formatRowId, newRowId, parseRowId, storeOfRowId } from '../../kernel/ids'
import { formatDecimal, parseDecimal, toWireMinor } from '../../kernel/money'
import { MAX_AMOUNT_MINOR } from '../../kernel/wire'
import { getProduct } from '../products/service'
import { getVariant } from '../products/variants'
import { discountOf, type Price } from './pricing'
import { findCouponByCode, refusalNow } from './redemptions'
import { refusalText } from './refusals'
import type { Coupon, CouponPreview, CouponQuery, CouponRefusal, CouponTrial, CouponUpdate, NewCoupon } from './schema'
import { type CouponRow, couponRedemptions, coupons } from './table'
import { countUses, sameCoupon } from './uses'

/** Throws coupon_exists when the store has this code already, in this mode. */
export async function createCoupon(ctx: StoreContext, input: NewCoupon): Promise<CouponRow> {
  const at = ctx.clock.now()
  const [row] = await ctx.db
    .insert(coupons)
    .values({
      storeId: ctx.storeId,
      id: newRowId(ctx.storeId),
      isTest: ctx.isTest,
      code: input.code,
      discountType: input.discount_cents === undefined ? 'percentage' : 'fixed',
      basisPoints: input.discount_basis_points ?? null,
      amountMinor: input.discount_cents === undefined ? null : BigInt(input.discount_cents),
      currency: input.currency,
      ...settingsOf(input),
      limitedUses: 0,
      isActive: input.is_active,
      createdAt: at,
      updatedAt: at,
    })
    .onConflictDoNothing()
    .returning()
  if (row) return row
  throw new AppError('coupon_exists', `There is a coupon ${input.code} already.`, {
    field: 'code',
    hint: 'Change that one with update_coupon, delete it, or take another code.',
  })
}

/** What is not sent is undefined, which leaves a column as it is, or at null in a new row. */
function settingsOf(input: Omit<CouponUpdate, 'id' | 'is_active'>) {
  const { description, min_amount_cents: minAmount, expires_at: expiresAt } = input
  return {
    description: description === undefined ? undefined : description || null,
    minAmountMinor: typeof minAmount === 'number' ? BigInt(minAmount) : minAmount,
    maxUses: input.max_uses,
    maxUsesPerCustomer: input.max_uses_per_customer,
    expiresAt: typeof expiresAt === 'string' ? new Date(expiresAt) : expiresAt,
  }
}

/** By its `coup_…`. Throws coupon_not_found, also for another store's and for one of the other mode. */
export async function getCoupon(ctx: StoreContext, id: string): Promise<CouponRow> {
  const [row] = await ctx.db
    .select()
    .from(coupons)
    .where(sameCoupon(ctx, rowIdOf(ctx, id)))
  if (!row) throw couponNotFound()
  return row
}

function rowIdOf(ctx: StoreContext, id: string): string {
  const rowId = parseRowId('coup', id)
  if (rowId === undefined || storeOfRowId(rowId) !== ctx.storeId) throw couponNotFound()
  return rowId
}

function couponNotFound() {
  return new AppError('coupon_not_found', 'Coupon not found', { field: 'id', hint: 'list_coupons shows your coupons.' })
}

/** Newest first, with how many there are in all. Throws invalid_request for a cursor beside an offset. */
export async function listCoupons(ctx: StoreContext, { limit, cursor, offset, is_active: isActive }: CouponQuery) {
  if (cursor !== undefined && offset !== undefined) {
    throw new AppError('invalid_request', 'offset: send either offset or cursor', { field: 'offset' })
  }
  const wanted = and(
    eq(coupons.storeId, ctx.storeId),
    eq(coupons.isTest, ctx.isTest),
    isActive === undefined ? undefined : eq(coupons.isActive, isActive),
  )
  const found = await ctx.db
    .select()
    .from(coupons)
    .where(and(wanted, olderThan(readCursor(cursor), coupons.createdAt, coupons.id)))
    .orderBy(desc(coupons.createdAt), desc(coupons.id))
    .limit(limit + 1)
    .offset(offset ?? 0)
  return { ...pageOf(found, limit), total: await ctx.db.$count(coupons, wanted) }
}

/**
 * Only what is sent changes; orders that have the coupon keep their price. A limit below what was used is fine: it then takes no
 * more. Throws coupon_not_found, invalid_request.
 */
export async function updateCoupon(ctx: StoreContext, input: CouponUpdate): Promise<CouponRow> {
  const id = rowIdOf(ctx, input.id)
  return inTransaction(ctx, async (tx) => {
    // Waits for everybody who is just using the coupon and keeps others away, so that what is counted here stays true.
    const [current] = await tx.db.select().from(coupons).where(sameCoupon(tx, id)).for('update')
    if (!current) throw couponNotFound()
    const isLimitedNow = input.max_uses != null && current.maxUses === null
    const [row] = await tx.db
      .update(coupons)
      .set({
        ...settingsOf(input),
        minAmountMinor: leastOf(input, current.currency),
        limitedUses: isLimitedNow ? await usesOf(tx, id) : undefined,
        isActive: input.is_active,
        updatedAt: tx.clock.now(),
      })
      .where(sameCoupon(tx, id))
      .returning()
    if (!row) throw couponNotFound()
    return row
  })
}

/** Undefined when it isn't sent. Throws invalid_request. */
function leastOf(input: CouponUpdate, currency: string): bigint | null | undefined {
  const { min_amount: text, min_amount_cents: cents } = input
  if (text === undefined || text === null)
    return text === null ? null : typeof cents === 'number' ? BigInt(cents) : cents
  const minor = parseDecimal(text, currency)
  if (minor !== undefined && minor > 0n && minor <= MAX_AMOUNT_MINOR && cents === undefined) return minor
  const why =
    cents === undefined
      ? `must be more than 0, with the digits of ${currency.toUpperCase()}: ${formatDecimal(2000n, currency)}`
      : 'leave it out beside min_amount_cents'
  throw new AppError('invalid_request', `min_amount: ${why}`, { field: 'min_amount' })
}

async function usesOf(tx: StoreContext, couponId: string): Promise<number> {
  const [row] = await tx.db
    .select({ uses: count() })
    .from(couponRedemptions)
    .where(and(eq(couponRedemptions.storeId, tx.storeId), eq(couponRedemptions.couponId, couponId)))
  return row?.uses ?? 0
}

/** For good. Orders keep its code and their discount; a new coupon may have the code and begins at no uses. Throws coupon_not_found. */
export async function deleteCoupon(ctx: StoreContext, id: string): Promise<void> {
  const deleted = await ctx.db
    .delete(coupons)
    .where(sameCoupon(ctx, rowIdOf(ctx, id)))
    .returning({ id: coupons.id })
  if (deleted.length === 0) throw couponNotFound()
}

export type Previewed = Price & { coupon: CouponRow | null; refusal: CouponRefusal | null; discountMinor: bigint }

export type Trial = { code: string; price: Price; email: string | null; ownMode?: boolean }

/** What a coupon would do to a price, or why it wouldn't. Takes no use. */
export async function previewCoupon(
  ctx: StoreContext,
  { code, price, email, ownMode = false }: Trial,
): Promise<Previewed> {
  const coupon = await findCouponByCode(ctx, code, ownMode)
  const { subtotalMinor, currency } = price
  const refusal = coupon ? await refusalNow(ctx, coupon, price, email) : 'not_found'
  const discountMinor = coupon && !refusal ? discountOf(coupon, subtotalMinor) : 0n
  return { subtotalMinor, currency, coupon: coupon ?? null, refusal, discountMinor }
}

/** The price that a trial is about. Throws product_not_found, variant_not_found. */
export async function priceOf(ctx: StoreContext, trial: CouponTrial): Promise<Price> {
  if (trial.amount_cents !== undefined) {
    return { subtotalMinor: BigInt(trial.amount_cents), currency: trial.currency ?? 'usd' }
  }
  const { product_id: productId, variant_id: variantId } = trial
  const sold =
    variantId === undefined
      ? await named('product_id', getProduct(ctx, productId ?? ''))
      : await named('variant_id', getVariant(ctx, variantId))
  return { subtotalMinor: sold.priceMinor, currency: sold.currency }
}

/** The error names the field that the caller wrote. */
async function named<T>(field: string, found: Promise<T>): Promise<T> {
  try {
    return await found
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new AppError(error.code, error.message, { field, hint: error.hint })
  }
}

export async function toPreview(ctx: StoreContext, code: string, previewed: Previewed): Promise<CouponPreview> {
  const { coupon, refusal, discountMinor, subtotalMinor, currency } = previewed
  return {
    applies: refusal === null,
    reason: refusal,
    message: refusal ? refusalText(refusal, code, coupon, previewed) : `The coupon ${code} applies.`,
    subtotal_cents: toWireMinor(subtotalMinor),
    discount_cents: toWireMinor(discountMinor),
    total_cents: toWireMinor(subtotalMinor - discountMinor),
    currency,
    coupon: coupon && (await toCoupon(ctx, coupon)),
  }
}

export async function toCoupon(ctx: StoreContext, row: CouponRow): Promise<Coupon> {
  const [coupon] = await toCoupons(ctx, [row])
  if (!coupon) throw new Error('a row is a coupon')
  return coupon
}

export async function toCoupons(ctx: StoreContext, rows: readonly CouponRow[]): Promise<Coupon[]> {
  const uses = await countUses(ctx, rows)
  return rows.map((row) => ({
    id: formatRowId('coup', row.id),
    code: row.code,
    discount_type: row.discountType,
    discount_basis_points: row.basisPoints,
    discount_cents: row.amountMinor === null ? null : toWireMinor(row.amountMinor),
    currency: row.currency,
    description: row.description,
    min_amount_cents: row.minAmountMinor === null ? null : toWireMinor(row.minAmountMinor),
    max_uses: row.maxUses,
    max_uses_per_customer: row.maxUsesPerCustomer,
    uses: uses.get(row.id) ?? 0,
    is_active: row.isActive,
    expires_at: row.expiresAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  }))
}
