import { and, desc, eq, isNull } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { Db } from '../../db/client'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { hashSecret, newApiKey, newRowId } from '../../kernel/ids'
import type { Credential } from './lookup'
import { type NewApiKey, SCOPES, type Scope } from './schema'
import { type ApiKeyRow, apiKeys } from './table'

/** A key's row and, this once, the key itself. */
export type IssuedKey = { row: ApiKeyRow; secret: string }

type KeySpec = { storeId: bigint; isTest: boolean; name: string; scopes: readonly Scope[]; at: Date }

/** Writes a new key. The caller decides whether it may. */
export async function issueKey(db: Db, spec: KeySpec): Promise<IssuedKey> {
  const secret = newApiKey(spec.storeId, spec.isTest)
  const row: ApiKeyRow = {
    storeId: spec.storeId,
    id: newRowId(spec.storeId),
    name: spec.name,
    isTest: spec.isTest,
    secretHash: hashSecret(secret),
    hint: `${secret.slice(0, 8)}…${secret.slice(-4)}`,
    scopes: [...spec.scopes],
    createdAt: spec.at,
    lastUsedAt: null,
    revokedAt: null,
  }
  await db.insert(apiKeys).values(row)
  return { row, secret }
}

/** A key can't make one that may do more than itself. Throws missing_scope naming what it lacks. */
export async function createKey(ctx: StoreContext, caller: Credential, input: NewApiKey): Promise<IssuedKey> {
  const isTest = input.mode ? input.mode === 'test' : ctx.isTest
  if (ctx.isTest && !isTest) {
    throw new AppError('missing_scope', 'A test key cannot create a live key. Use a live key of the store.', {
      field: 'mode',
    })
  }
  refuseToGrant(caller, input.scopes)
  const scopes = input.scopes.length > 0 ? input.scopes : caller.scopes
  return issueKey(ctx.db, { storeId: ctx.storeId, isTest, name: input.name, scopes, at: ctx.clock.now() })
}

/** Throws missing_scope naming what the caller's key lacks. */
function refuseToGrant(caller: Credential, scopes: readonly Scope[]): void {
  const own = caller.scopes.length > 0 ? caller.scopes : SCOPES
  const lacking = scopes.filter((scope) => !own.includes(scope))
  if (lacking.length === 0) return
  throw new AppError('missing_scope', `Your key lacks ${lacking.join(', ')}, so it cannot give or take that.`, {
    field: 'scopes',
  })
}

/** Keys that still work, newest first. A test key sees test keys only. */
export async function listKeys(ctx: StoreContext): Promise<ApiKeyRow[]> {
  return ctx.db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.storeId, ctx.storeId), isNull(apiKeys.revokedAt), ...visibleTo(ctx)))
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
}

/**
 * The old key answers 401 from the next request on; the new one has its name, mode and scopes. Whoever rolls a key gets it, so
 * that a key can't roll one that may do more than itself: missing_scope.
 */
export async function rollKey(ctx: StoreContext, caller: Credential, id: string): Promise<IssuedKey> {
  return inTransaction(ctx, async (tx) => {
    const old = await revokeKey(tx, caller, id)
    return issueKey(tx.db, {
      storeId: tx.storeId,
      isTest: old.isTest,
      name: old.name,
      scopes: old.scopes as Scope[],
      at: tx.clock.now(),
    })
  })
}

/**
 * Throws key_not_found for another store's key, a revoked one, or a live one seen by a test key; missing_scope for one that may
 * do more than the caller's, which a lesser key must not lock out.
 */
export async function revokeKey(ctx: StoreContext, caller: Credential, id: string): Promise<ApiKeyRow> {
  return inTransaction(ctx, async (tx) => {
    const [row] = await tx.db
      .update(apiKeys)
      .set({ revokedAt: tx.clock.now() })
      .where(and(eq(apiKeys.storeId, tx.storeId), eq(apiKeys.id, id), isNull(apiKeys.revokedAt), ...visibleTo(tx)))
      .returning()
    if (!row) {
      throw new AppError('key_not_found', 'API key not found. list_api_keys shows the keys that work.', { field: 'id' })
    }
    refuseToGrant(caller, row.scopes.length > 0 ? (row.scopes as Scope[]) : SCOPES)
    return row
  })
}

function visibleTo(ctx: StoreContext) {
  return ctx.isTest ? [eq(apiKeys.isTest, true)] : []
}

export function toApiKey(row: ApiKeyRow) {
  return {
    id: row.id,
    name: row.name,
    hint: row.hint,
    mode: row.isTest ? ('test' as const) : ('live' as const),
    scopes: row.scopes as Scope[],
    created_at: row.createdAt.toISOString(),
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
  }
}

export function toApiKeyWithSecret(issued: IssuedKey) {
  return { ...toApiKey(issued.row), api_key: issued.secret }
}
