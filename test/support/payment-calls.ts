import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll } from 'vitest'
import { events } from '../../server/domain/webhooks/table'
import { callRest } from './calls'
import { evmAddress } from './crypto'
import { held } from './held'
import { createWorld, type World } from './world'

export type PaymentWire = Record<string, unknown> & { payment_number: string; status: string; assigned_address: string }
type Store = Awaited<ReturnType<World['openStore']>>

export const WANTED = { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt' }

/** Document B's API as a merchant calls it with a test key, for all tests of a file. */
export function usePaymentCalls() {
  const opened = held<World>('the server')
  beforeAll(async () => opened.set(await createWorld()))
  afterAll(() => opened.peek()?.close())

  const call = <T = PaymentWire>(
    key: string,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => callRest<T>(opened.get().url, method, `/api/v1${path}`, { body, headers: { 'X-API-Key': key, ...headers } })
  return {
    get world() {
      return opened.get()
    },
    call,
    openShop: async (addresses = 1): Promise<Store & { key: string }> => {
      const store = await opened.get().openStore()
      const list = Array.from({ length: addresses }, (_, n) => ({ address: evmAddress(n) }))
      if (addresses > 0) await call(store.testKey, 'POST', '/addresses', { network: 'bsc', addresses: list })
      return { ...store, key: store.testKey }
    },
    create: (key: string, extra: Record<string, unknown> = {}, headers?: Record<string, string>) =>
      call(key, 'POST', '/payments/', { ...WANTED, ...extra }, headers),
    get: async (key: string, number: string) => (await call(key, 'GET', `/payments/${number}/`)).body,
    simulate: (key: string, number: string, action: string, extra: Record<string, unknown> = {}) =>
      call(key, 'POST', `/payments/${number}/simulate`, { action, ...extra }),
    /** How often a payment's events were told, by their types in order. */
    told: async ({ store }: Pick<Store, 'store'>, number: string): Promise<string[]> => {
      const rows = await opened
        .get()
        .deps.db.select()
        .from(events)
        .where(and(eq(events.storeId, store.storeId), eq(events.isTest, true)))
      return rows
        .filter(({ data }) => data.payment_id === number)
        .map(({ type }) => type.replace('payment.', ''))
        .sort()
    },
  }
}
