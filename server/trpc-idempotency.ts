import type { RequestContext, StoreContext } from './context'
import { fingerprintOf, type IdempotencyScope } from './domain/idempotency/service'
import { AppError } from './kernel/errors'
import { hashSecret, PLATFORM_STORE } from './kernel/ids'

const MAX_KEY_LENGTH = 255

/** A stranger must not guess the key of another stranger's call, since its answer may hold a new store's keys. */
const MIN_ANONYMOUS_KEY_LENGTH = 16

type Call = { path: string; input: unknown; meta: { scope: string; returnsSecret?: boolean } | undefined }

/** Among what a key is looked up, and which call it stands for. Throws invalid_request for a key that is none. */
export function scopeOf(ctx: RequestContext, key: string, { path, input, meta }: Call): IdempotencyScope {
  if (key.length === 0 || key.length > MAX_KEY_LENGTH || !/^[\x20-\x7e]+$/.test(key)) {
    throw badKey(`must have 1 to ${MAX_KEY_LENGTH} printable ASCII characters`)
  }
  const { storeId = PLATFORM_STORE, isTest = false } = ctx as Partial<StoreContext>
  const { apiKey = '', address = '' } = ctx.request
  // Without a store, whoever calls has a namespace of their own: the operator by their key, strangers by their address.
  const caller = storeId !== PLATFORM_STORE ? '' : meta?.scope === 'operator' ? 'operator' : `stranger ${address}`
  if (caller.startsWith('stranger') && key.length < MIN_ANONYMOUS_KEY_LENGTH) {
    throw badKey(`must have at least ${MIN_ANONYMOUS_KEY_LENGTH} characters here, such as a random UUID`)
  }
  return {
    storeId,
    isTest,
    // Hashed, since an answer without an API key is sealed with the idempotency key alone.
    key: hashSecret(`${caller}\n${key}`),
    fingerprint: fingerprintOf(path, input),
    sealWith: meta?.returnsSecret ? `${apiKey}\n${key}` : undefined,
  }
}

function badKey(what: string) {
  return new AppError('invalid_request', `idempotency_key: ${what}`, { field: 'idempotency_key' })
}
