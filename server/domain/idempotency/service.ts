import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import { and, eq, inArray, lte } from 'drizzle-orm'
import type { Deps } from '../../context'
import { addMs, HOUR_MS, MINUTE_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import { idempotencyKeys } from './table'

/** How long a key is remembered (document B: 24 hours). */
const REMEMBERED_MS = 24 * HOUR_MS

/** After this long an unfinished run counts as dead, and the next call with its key runs the operation. */
const LEASE_MS = MINUTE_MS

const PRUNED_STORES = 100
const PRUNED_KEYS = 1_000

export type IdempotencyScope = {
  /** 0, the platform, for operations that need no store. */
  storeId: bigint
  isTest: boolean
  key: string
  fingerprint: string
  /** Seals the stored response, for outputs that hold a secret; only who has it can have the replay. */
  sealWith: string | undefined
}

/** `run` it and then `finish` it, or answer with the replay. `run` is the same for every call that goes on with this one. */
export type Claim = { kind: 'run'; claim: string; run: string } | { kind: 'replay'; response: unknown }

/** What a key is bound to: the operation and its input, whatever the order of the input's fields. */
export function fingerprintOf(operation: string, input: unknown): string {
  return createHash('sha256')
    .update(`${operation}\n${canonicalJson(input)}`)
    .digest('hex')
}

/** Deeper than any input of ours. JSON.stringify takes a second to find out that its stack is too small. */
const MAX_DEPTH = 100

function canonicalJson(value: unknown): string {
  let level: object[] = [Object(value)]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw new AppError('invalid_request', 'The input is nested too deeply.')
    level = level.flatMap((item) => Object.values(item).filter((inner) => typeof inner === 'object' && inner !== null))
  }
  return JSON.stringify(value, withSortedFields) ?? 'null'
}

function withSortedFields(_key: string, item: unknown): unknown {
  if (item === null || typeof item !== 'object' || Array.isArray(item)) return item
  return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * Takes the key for this run. Throws idempotency_in_flight (409) while another run has it, idempotency_conflict (422) when it
 * was used for something else.
 */
export async function claimKey(deps: Deps, scope: IdempotencyScope): Promise<Claim> {
  const now = deps.clock.now()
  const claim = randomUUID()
  const leasedUntil = addMs(now, LEASE_MS)
  const fresh = {
    status: 'in_flight' as const,
    fingerprint: scope.fingerprint,
    claim,
    leasedUntil,
    run: randomUUID(),
    response: null,
    expiresAt: addMs(now, REMEMBERED_MS),
  }
  const [inserted] = await deps.db
    .insert(idempotencyKeys)
    .values({ storeId: scope.storeId, isTest: scope.isTest, key: scope.key, ...fresh })
    .onConflictDoNothing()
    .returning({ claim: idempotencyKeys.claim })
  if (inserted) return { kind: 'run', claim, run: fresh.run }
  // An expired key counts as never used.
  const [anew] = await deps.db
    .update(idempotencyKeys)
    .set(fresh)
    .where(and(sameKey(scope), lte(idempotencyKeys.expiresAt, now)))
    .returning({ claim: idempotencyKeys.claim })
  if (anew) return { kind: 'run', claim, run: fresh.run }
  // A dead call's run goes on in this one, which ends the dead call's claim.
  const [taken] = await deps.db
    .update(idempotencyKeys)
    .set({ claim, leasedUntil })
    .where(
      and(
        sameKey(scope),
        eq(idempotencyKeys.status, 'in_flight'),
        lte(idempotencyKeys.leasedUntil, now),
        eq(idempotencyKeys.fingerprint, scope.fingerprint),
      ),
    )
    .returning({ run: idempotencyKeys.run })
  if (taken) return { kind: 'run', claim, run: taken.run }
  return replayOf(deps, scope)
}

async function replayOf(deps: Deps, scope: IdempotencyScope): Promise<Claim> {
  const [row] = await deps.db.select().from(idempotencyKeys).where(sameKey(scope))
  if (row && row.fingerprint !== scope.fingerprint) {
    throw new AppError('idempotency_conflict', 'This idempotency key was already used for another request.', {
      field: 'idempotency_key',
      hint: 'Use a new key for a new request; repeat a key only with exactly the same input.',
    })
  }
  // No row: the run that had it failed and let go of it just now, which the caller may as well hear as "in flight".
  if (row?.status !== 'done' || row.response === null) {
    throw new AppError('idempotency_in_flight', 'A request with this idempotency key is still running.', {
      field: 'idempotency_key',
      hint: 'Repeat the same call in a second to get its result.',
    })
  }
  return { kind: 'replay', response: JSON.parse(scope.sealWith ? unseal(row.response, scope.sealWith) : row.response) }
}

/**
 * Stores the response. Call it in the operation's own transaction, so that both are kept or neither; it throws, and so undoes
 * the operation, when a later call has taken the key over.
 */
export async function finishKey(deps: Deps, scope: IdempotencyScope, claim: string, response: unknown): Promise<void> {
  const json = JSON.stringify(response)
  const rows = await deps.db
    .update(idempotencyKeys)
    .set({ status: 'done', response: scope.sealWith ? seal(json, scope.sealWith) : json })
    .where(and(sameKey(scope), eq(idempotencyKeys.claim, claim)))
    .returning({ claim: idempotencyKeys.claim })
  if (rows.length === 0) {
    throw new AppError(
      'idempotency_in_flight',
      'This request took too long and another one took over its idempotency key.',
    )
  }
}

/** A failed operation lets go of its key: the caller may correct the input and use it again. */
export async function releaseKey(deps: Deps, scope: IdempotencyScope, claim: string): Promise<void> {
  await deps.db.delete(idempotencyKeys).where(and(sameKey(scope), eq(idempotencyKeys.claim, claim)))
}

/** Ends the claim and keeps the run: what it may have begun outside, the next call with this key goes on with. */
export async function suspendKey(deps: Deps, scope: IdempotencyScope, claim: string): Promise<void> {
  await deps.db
    .update(idempotencyKeys)
    .set({ leasedUntil: deps.clock.now() })
    .where(and(sameKey(scope), eq(idempotencyKeys.claim, claim), eq(idempotencyKeys.status, 'in_flight')))
}

/**
 * Forgets keys past their 24 hours, for all stores, in batches; answers whether more are waiting. An expired key that is still
 * there does no harm.
 */
export async function pruneKeys(deps: Deps): Promise<boolean> {
  const isExpired = lte(idempotencyKeys.expiresAt, deps.clock.now())
  const stores = await deps.db
    .selectDistinct({ storeId: idempotencyKeys.storeId })
    .from(idempotencyKeys)
    .where(isExpired)
    .limit(PRUNED_STORES)
  let more = stores.length === PRUNED_STORES
  for (const { storeId } of stores) {
    const expired = and(eq(idempotencyKeys.storeId, storeId), isExpired)
    const batch = deps.db.select({ key: idempotencyKeys.key }).from(idempotencyKeys).where(expired).limit(PRUNED_KEYS)
    const gone = await deps.db
      .delete(idempotencyKeys)
      .where(and(expired, inArray(idempotencyKeys.key, batch)))
      .returning({ key: idempotencyKeys.key })
    if (gone.length >= PRUNED_KEYS) more = true
  }
  return more
}

function sameKey(scope: IdempotencyScope) {
  return and(
    eq(idempotencyKeys.storeId, scope.storeId),
    eq(idempotencyKeys.isTest, scope.isTest),
    eq(idempotencyKeys.key, scope.key),
  )
}

function sealingKey(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'payhook idempotent response', 32))
}

function seal(text: string, secret: string): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', sealingKey(secret), iv)
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

function unseal(sealed: string, secret: string): string {
  const bytes = Buffer.from(sealed, 'base64')
  try {
    const decipher = createDecipheriv('aes-256-gcm', sealingKey(secret), bytes.subarray(0, 12))
    decipher.setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new AppError(
      'idempotency_conflict',
      'This idempotency key was used with another API key, and its answer holds a secret.',
      {
        field: 'idempotency_key',
        hint: 'Use a new idempotency key.',
        cause,
      },
    )
  }
}
