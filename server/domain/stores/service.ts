import { and, desc, eq } from 'drizzle-orm'
import type { Deps, StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { formatStoreId, newSigningSecret, newStoreNumber, parseStoreId } from '../../kernel/ids'
import { type IssuedKey, issueKey } from '../keys/service'
import { setStoreEndpoint, storeEndpoint } from '../webhooks/payment-urls'
import { rotation } from '../webhooks/secrets'
import { refuseUncallable } from '../webhooks/service'
import type { NewStore, NewStoreKey, SigningKeyRoll, StoreApproval, StoreQuery, StoreUpdate } from './schema'
import { type StoreRow, stores } from './table'

export type OpenedStore = { store: StoreRow; liveKey: string; testKey: string }

/**
 * A new store with one live and one test key. Where the operator wants to approve first it waits, unless the operator opens it.
 */
export async function openStore(deps: Deps, input: NewStore, byOperator = false): Promise<OpenedStore> {
  const status = deps.config.requireApproval && !byOperator ? 'pending' : 'approved'
  return inTransaction(deps, async (tx) => {
    const at = tx.clock.now()
    const store = await insertStore(tx, input, status, at)
    const spec = { storeId: store.storeId, scopes: [], at }
    const live = await issueKey(tx.db, { ...spec, isTest: false, name: 'First live key' })
    const test = await issueKey(tx.db, { ...spec, isTest: true, name: 'First test key' })
    return { store, liveKey: live.secret, testKey: test.secret }
  })
}

async function insertStore(deps: Deps, input: NewStore, status: StoreRow['status'], at: Date): Promise<StoreRow> {
  for (;;) {
    const [row] = await deps.db
      .insert(stores)
      .values({
        storeId: newStoreNumber(),
        name: input.name,
        email: input.email,
        status,
        reportingCurrency: 'usd',
        feeBasisPoints: 0,
        signingSecret: newSigningSecret(),
        createdAt: at,
      })
      .onConflictDoNothing()
      .returning()
    // No row: the random number is taken, once in about 10^12 / stores tries.
    if (row) return row
  }
}

/** True when nobody has signed up yet. */
export async function hasNoStore(deps: Deps): Promise<boolean> {
  const rows = await deps.db.select({ storeId: stores.storeId }).from(stores).limit(1)
  return rows.length === 0
}

/** Throws store_not_found. */
export async function getStore(deps: Deps, storeId: bigint): Promise<StoreRow> {
  const [row] = await deps.db.select().from(stores).where(eq(stores.storeId, storeId))
  if (!row) throw storeNotFound()
  return row
}

/**
 * Only what is sent changes. Throws store_not_found, webhook_url_refused, and missing_scope for a test key that changes more than
 * where test events go: there is one store, and live buyers see it.
 */
export async function updateStore(ctx: StoreContext, input: StoreUpdate): Promise<StoreRow> {
  const { webhook_url: webhookUrl, ...others } = input
  if (ctx.isTest && (webhookUrl === undefined || Object.values(others).some((value) => value !== undefined))) {
    throw new AppError('missing_scope', 'A test key cannot change the store, which live buyers see. Use a live key.')
  }
  if (webhookUrl) await refuseUncallable(ctx, webhookUrl, 'webhook_url')
  return inTransaction(ctx, async (tx) => {
    const store = await changeStore(tx, others)
    if (webhookUrl !== undefined) await setStoreEndpoint(tx, webhookUrl)
    return store
  })
}

/**
 * A new webhook signing key. The one before goes on signing beside it for the overlap, in the headers that have room for both;
 * document D's has room for one, the new one's. Throws missing_scope for a test key: live events are signed with it too.
 */
export async function rollSigningKey(ctx: StoreContext, { overlap_hours: hours }: SigningKeyRoll): Promise<StoreRow> {
  if (ctx.isTest) {
    throw new AppError(
      'missing_scope',
      'A test key cannot roll the signing key, which signs live events too. Use a live key.',
    )
  }
  const { signingSecret } = await getStore(ctx, ctx.storeId)
  const { next, previous, previousExpiresAt } = rotation(signingSecret, hours, ctx.clock.now())
  const [row] = await ctx.db
    .update(stores)
    .set({ signingSecret: next, previousSigningSecret: previous, previousSigningSecretExpiresAt: previousExpiresAt })
    // Of two at once the second finds another key than it read, and would lose the first one's.
    .where(and(eq(stores.storeId, ctx.storeId), eq(stores.signingSecret, signingSecret)))
    .returning()
  return row ?? rollSigningKey(ctx, { overlap_hours: hours })
}

async function changeStore(ctx: StoreContext, input: Omit<StoreUpdate, 'webhook_url'>): Promise<StoreRow> {
  const changes = {
    name: input.name,
    email: input.email,
    reportingCurrency: input.reporting_currency,
    accentColor: input.accent_color,
    logoUrl: input.logo_url,
  }
  if (Object.values(changes).every((value) => value === undefined)) return getStore(ctx, ctx.storeId)
  const [row] = await ctx.db.update(stores).set(changes).where(eq(stores.storeId, ctx.storeId)).returning()
  if (!row) throw storeNotFound()
  return row
}

/** For the operator: all stores, newest first. The one list that names no store. */
export async function listStores(deps: Deps, { status, limit, offset }: StoreQuery) {
  const found = await deps.db
    .select()
    .from(stores)
    .where(status && eq(stores.status, status))
    .orderBy(desc(stores.createdAt), desc(stores.storeId))
    .limit(limit + 1)
    .offset(offset)
  return { rows: found.slice(0, limit), hasMore: found.length > limit }
}

/** For the operator: lets a store sell, at this platform fee. Orders that were made before keep theirs. */
export function approveStore(deps: Deps, { id, fee_basis_points: feeBasisPoints }: StoreApproval): Promise<StoreRow> {
  return changeStanding(deps, id, { status: 'approved', feeBasisPoints })
}

/** For the operator: lets a store sell, or stops it. Takes the id as callers know it. */
export function setStoreStatus(deps: Deps, id: string, status: 'approved' | 'suspended'): Promise<StoreRow> {
  return changeStanding(deps, id, { status })
}

async function changeStanding(
  deps: Deps,
  id: string,
  standing: Partial<Pick<StoreRow, 'status' | 'feeBasisPoints'>>,
): Promise<StoreRow> {
  const storeId = parseStoreId(id)
  if (storeId === undefined) throw storeNotFound()
  const [row] = await deps.db.update(stores).set(standing).where(eq(stores.storeId, storeId)).returning()
  if (!row) throw storeNotFound()
  return row
}

/** For the operator: a full key for a store whose owner has lost theirs. Throws store_not_found. */
export async function issueStoreKey(deps: Deps, input: NewStoreKey): Promise<IssuedKey> {
  const storeId = parseStoreId(input.id)
  if (storeId === undefined) throw storeNotFound()
  await getStore(deps, storeId)
  const isTest = input.mode === 'test'
  return issueKey(deps.db, { storeId, isTest, name: input.name, scopes: [], at: deps.clock.now() })
}

function storeNotFound() {
  return new AppError('store_not_found', 'Store not found. Check the id; it looks like sto_0a1b2c3d.', { field: 'id' })
}

export function toStore(row: StoreRow) {
  return {
    id: formatStoreId(row.storeId),
    name: row.name,
    email: row.email,
    status: row.status,
    reporting_currency: row.reportingCurrency,
    fee_basis_points: row.feeBasisPoints,
    accent_color: row.accentColor,
    logo_url: row.logoUrl,
    created_at: row.createdAt.toISOString(),
  }
}

/** For the store itself: its webhook_url too, which is another row. */
export async function toOwnStore(ctx: StoreContext, row: StoreRow) {
  const webhook = await storeEndpoint(ctx)
  return {
    ...toStore(row),
    webhook_url: webhook?.url ?? null,
    webhook_disabled_reason: webhook?.disabledReason ?? null,
  }
}

export function toStoreWithKeys(opened: OpenedStore) {
  return {
    store: toStore(opened.store),
    api_key: opened.liveKey,
    test_api_key: opened.testKey,
    webhook_signing_key: opened.store.signingSecret,
  }
}
