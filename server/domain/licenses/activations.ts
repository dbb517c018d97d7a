import { and, eq } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { parseLicenseKey, storeOfRowId } from '../../kernel/ids'
import { products } from '../products/table'
import { MAX_ACTIVATIONS } from '../products/variants-schema'
import type { InstanceRef, LicenseCheck, LicenseVerdict } from './schema'
import { statusOf, toHeldLicense } from './service'
import { type ActivationRow, type LicenseRow, licenseActivations, licenses } from './table'

/*
 * What apps call on their users' machines, without a secret key: the product names the store, and the licence key is all that
 * proves anything. A key of another product, store or mode is unknown, as is one that never was.
 */

type Held = { ctx: StoreContext; license: LicenseRow }

/** A key that isn't valid is an answer, not an error. */
export async function validateLicense(deps: Deps, input: LicenseCheck): Promise<LicenseVerdict> {
  const held = await find(deps, input)
  if (!held) return { valid: false, reason: 'unknown', license: null }
  const { ctx, license } = held
  const status = statusOf(license, ctx.clock.now())
  const reason = status === 'active' ? await reasonAt(ctx, license, input.instance) : status
  return { valid: reason === null, reason, license: toHeldLicense(ctx, license) }
}

async function reasonAt(ctx: StoreContext, license: LicenseRow, instance: string | undefined) {
  if (instance === undefined) return null
  return (await findActivation(ctx, license, instance)) ? null : 'not_activated'
}

/**
 * Takes one of the key's places for an instance; an instance that has one keeps it. Never more than the limit, whoever else
 * activates at the same time. Throws license_not_found, license_revoked, license_expired, activation_limit_reached.
 */
export function activateLicense(deps: Deps, input: InstanceRef): Promise<Held & { activation: ActivationRow }> {
  return inTransaction(deps, async (tx) => {
    const { ctx, license } = await hold(tx, input)
    const at = ctx.clock.now()
    refuseUnusable(license, at)
    const known = await findActivation(ctx, license, input.instance)
    if (known) return { ctx, license, activation: known }
    const { activations } = license
    const limit = Math.min(license.activationLimit ?? MAX_ACTIVATIONS, MAX_ACTIVATIONS)
    if (activations >= limit) throw limitReached(limit)
    const activation = { storeId: ctx.storeId, licenseId: license.id, instance: input.instance, createdAt: at }
    await ctx.db.insert(licenseActivations).values(activation)
    return { ctx, license: await recount(ctx, license, activations + 1), activation }
  })
}

/** Gives an instance's place back, of a key that isn't valid any more too. Throws license_not_found. */
export function deactivateLicense(deps: Deps, input: InstanceRef): Promise<Held & { wasActive: boolean }> {
  return inTransaction(deps, async (tx) => {
    const { ctx, license } = await hold(tx, input)
    const removed = await ctx.db
      .delete(licenseActivations)
      .where(sameActivation(ctx, license, input.instance))
      .returning({ instance: licenseActivations.instance })
    if (removed.length === 0) return { ctx, license, wasActive: false }
    return { ctx, license: await recount(ctx, license, license.activations - 1), wasActive: true }
  })
}

/** The licence is held, so that nobody else has counted meanwhile. */
async function recount(ctx: StoreContext, { id }: LicenseRow, activations: number): Promise<LicenseRow> {
  const [row] = await ctx.db
    .update(licenses)
    .set({ activations })
    .where(and(eq(licenses.storeId, ctx.storeId), eq(licenses.isTest, ctx.isTest), eq(licenses.id, id)))
    .returning()
  if (!row) throw new Error(`licence ${id} is gone`)
  return row
}

/** Every transaction of a licence's activations takes its row first, so that they queue here. */
async function hold(tx: Deps, input: InstanceRef): Promise<Held> {
  const held = await find(tx, input, true)
  if (held) return held
  throw new AppError('license_not_found', 'There is no such licence key of this product.', {
    field: 'key',
    hint: 'Check that it was copied as a whole: it has five groups of five characters.',
  })
}

async function find(
  deps: Deps,
  { key: typed, product_id: productId, mode }: Omit<LicenseCheck, 'instance'>,
  isToBeHeld = false,
): Promise<Held | undefined> {
  const storeId = storeOfRowId(productId)
  const key = parseLicenseKey(typed)
  if (storeId === undefined || key === undefined) return undefined
  const query = byKey(deps, storeId, key, productId)
  const [row] = await (isToBeHeld ? query.for('update', { of: licenses }) : query)
  const isTest = mode === undefined ? row?.product.isTest : mode === 'test'
  if (!row || row.license.isTest !== isTest) return undefined
  return { ctx: storeContext(deps, storeId, isTest), license: row.license }
}

/** Of either mode: the caller names none, or the product's own. */
function byKey({ db }: Deps, storeId: bigint, key: string, productId: string) {
  return db
    .select({ license: licenses, product: { isTest: products.isTest } })
    .from(licenses)
    .innerJoin(products, and(eq(products.storeId, licenses.storeId), eq(products.id, licenses.productId)))
    .where(and(eq(licenses.storeId, storeId), eq(licenses.key, key), eq(licenses.productId, productId)))
}

async function findActivation(ctx: StoreContext, license: LicenseRow, instance: string) {
  const [row] = await ctx.db
    .select()
    .from(licenseActivations)
    .where(sameActivation(ctx, license, instance))
  return row
}

/** Activations have no is_test of their own: they belong to a licence. */
function sameActivation({ storeId }: StoreContext, { id }: LicenseRow, instance: string) {
  return and(
    eq(licenseActivations.storeId, storeId),
    eq(licenseActivations.licenseId, id),
    eq(licenseActivations.instance, instance),
  )
}

function refuseUnusable(license: LicenseRow, now: Date): void {
  const status = statusOf(license, now)
  if (status === 'revoked') {
    throw new AppError('license_revoked', 'This licence key was revoked.', {
      field: 'key',
      hint: 'Ask the store where it was bought.',
    })
  }
  if (status === 'expired') {
    throw new AppError('license_expired', `This licence key expired on ${license.expiresAt?.toISOString()}.`, {
      field: 'key',
      hint: 'Buy a new one.',
    })
  }
}

function limitReached(limit: number) {
  return new AppError('activation_limit_reached', `This licence key is active at ${limit} of ${limit} instances.`, {
    field: 'instance',
    hint: 'Deactivate another instance first.',
  })
}
