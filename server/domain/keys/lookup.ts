import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Db } from '../../db/client'
import { prepared } from '../../db/prepared'
import { hashSecret, storeOfApiKey } from '../../kernel/ids'
import { stores } from '../stores/table'
import type { Scope } from './schema'
import { apiKeys } from './table'

/** Who is calling, as the database said after the call arrived. */
export type Credential = {
  keyId: string
  storeId: bigint
  isTest: boolean
  scopes: readonly Scope[]
  storeStatus: 'pending' | 'approved' | 'suspended'
}

/** A key without scopes may do everything. */
export function isGranted({ scopes }: Credential, scope: Scope): boolean {
  return scopes.length === 0 || scopes.includes(scope)
}

export type KeyLookup = (apiKey: string) => KeyAnswer

/** `current` is what counts. `last` is what the key was when it was looked up last, for work whose result can be thrown away. */
export type KeyAnswer = { current: Promise<Credential | undefined>; last: Credential | undefined }

/** Keys whose last answer is remembered; a server has few. */
const REMEMBERED = 1_000

/**
 * Looks keys up in the database on every request, so that a rolled key answers 401 from the very next one on every process.
 * Requests with one key that arrive while a look-up is under way share the next: each still sees a look-up that began after it
 * arrived, and a busy key costs a fraction of a query a request.
 */
export function createKeyLookup(db: Db): KeyLookup {
  const answers = new Map<string, Credential>()
  const load = coalesced(async (hash: string, store: bigint) => {
    const credential = remembered(answers.get(hash), await findKey(db, hash, store))
    if (answers.size >= REMEMBERED) answers.clear()
    if (credential) answers.set(hash, credential)
    else answers.delete(hash)
    return credential
  })
  return (apiKey) => {
    const store = storeOfApiKey(apiKey)
    if (store === undefined) return { current: Promise.resolve(undefined), last: undefined }
    const hash = hashSecret(apiKey)
    return { current: load(hash, store), last: answers.get(hash) }
  }
}

/** The same object as long as nothing of the key changed, so that `last` and `current` can be told apart by `===`. */
function remembered(last: Credential | undefined, current: Credential | undefined): Credential | undefined {
  const isSame =
    last !== undefined &&
    last.keyId === current?.keyId &&
    last.storeStatus === current.storeStatus &&
    last.scopes.join() === current.scopes.join()
  return isSame ? last : current
}

function coalesced<A extends unknown[], T>(load: (key: string, ...rest: A) => Promise<T>) {
  const running = new Map<string, Promise<T>>()
  const waiting = new Map<string, Promise<T>>()
  const start = (key: string, ...rest: A) => {
    const result = load(key, ...rest).finally(() => running.delete(key))
    running.set(key, result)
    return result
  }
  return (key: string, ...rest: A): Promise<T> => {
    const current = running.get(key)
    const next = waiting.get(key)
    if (next) return next
    if (!current) return start(key, ...rest)
    const begin = () => {
      waiting.delete(key)
      return start(key, ...rest)
    }
    const queued = current.then(begin, begin)
    waiting.set(key, queued)
    return queued
  }
}

async function findKey(db: Db, hash: string, store: bigint): Promise<Credential | undefined> {
  const query = prepared(db, 'find_api_key', (on, name) =>
    on
      .select({
        keyId: apiKeys.id,
        storeId: apiKeys.storeId,
        isTest: apiKeys.isTest,
        scopes: apiKeys.scopes,
        storeStatus: stores.status,
      })
      .from(apiKeys)
      .innerJoin(stores, eq(stores.storeId, apiKeys.storeId))
      .where(
        and(
          eq(apiKeys.storeId, sql.placeholder('store')),
          eq(apiKeys.secretHash, sql.placeholder('hash')),
          isNull(apiKeys.revokedAt),
        ),
      )
      .prepare(name),
  )
  const [row] = await query.execute({ store, hash })
  return row && { ...row, scopes: row.scopes as Scope[] }
}
