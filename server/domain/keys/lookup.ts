import { and, eq, isNull, sql } from 'drizzle-orm'
import { arrayOf, batched, isAnyOf } from '../../db/batched'
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
 * Looks keys up in the database on every request, so that a rolled key answers 401 from the very next one on, on every process.
 * Requests that arrive together share one look-up, which begins after all of them have.
 */
export function createKeyLookup(db: Db): KeyLookup {
  const answers = new Map<string, Credential>()
  const load = batched(async (on: Db, store: bigint, hashes) => {
    const found = await findKeys(on, store, hashes)
    if (answers.size >= REMEMBERED) answers.clear()
    for (const hash of hashes) {
      const credential = found.get(hash)
      if (!credential) {
        answers.delete(hash)
        continue
      }
      const same = remembered(answers.get(hash), credential)
      answers.set(hash, same)
      found.set(hash, same)
    }
    return found
  })
  return (apiKey) => {
    const store = storeOfApiKey(apiKey)
    if (store === undefined) return { current: Promise.resolve(undefined), last: undefined }
    const hash = hashSecret(apiKey)
    return { current: load(db, store, hash), last: answers.get(hash) }
  }
}

/** The same object as long as nothing of the key changed, so that `last` and `current` can be told apart by `===`. */
function remembered(last: Credential | undefined, current: Credential): Credential {
  const isSame =
    last !== undefined &&
    last.keyId === current.keyId &&
    last.storeStatus === current.storeStatus &&
    last.scopes.join() === current.scopes.join()
  return isSame ? last : current
}

/** By the hash of the key. */
async function findKeys(db: Db, store: bigint, hashes: readonly string[]): Promise<Map<string, Credential>> {
  const query = prepared(db, 'find_api_keys', (on, name) =>
    on
      .select({
        hash: apiKeys.secretHash,
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
          isAnyOf(apiKeys.secretHash, 'hashes'),
          isNull(apiKeys.revokedAt),
        ),
      )
      .prepare(name),
  )
  const rows = await query.execute({ store, hashes: arrayOf(hashes) })
  return new Map(rows.map(({ hash, ...row }) => [hash, { ...row, scopes: row.scopes as Scope[] }]))
}
