import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeContext } from '../../server/context'
import { inTransaction } from '../../server/db/transaction'
import { claimKey, fingerprintOf, finishKey, pruneKeys } from '../../server/domain/idempotency/service'
import { idempotencyKeys } from '../../server/domain/idempotency/table'
import { createProduct } from '../../server/domain/products/service'
import { products } from '../../server/domain/products/table'
import type { OpenedStore } from '../../server/domain/stores/service'
import { HOUR_MS, MINUTE_MS } from '../../server/kernel/clock'
import { hashSecret } from '../../server/kernel/ids'
import { callRest } from '../support/calls'
import { createWorld, type World } from '../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const KIT = { name: 'Kit', price_cents: 1_900 }
type Made = { id: string; name: string; code?: string }

const post = <T = Made>(apiKey: string, idempotencyKey: string, body: unknown = KIT, path = '/v1/products') =>
  callRest<T>(world.url, 'POST', path, { key: apiKey, body, headers: { 'Idempotency-Key': idempotencyKey } })

const productsOf = ({ store }: OpenedStore) => world.deps.db.$count(products, eq(products.storeId, store.storeId))
const isReplay = ({ headers }: { headers: Headers }) => headers.get('idempotency-replayed') === 'true'

test('100 parallel identical creates make one product; the others are its replay or hear 409', async () => {
  const store = await world.openStore()
  const answers = await Promise.all(Array.from({ length: 100 }, () => post(store.liveKey, 'one')))
  expect(await productsOf(store)).toBe(1)
  const made = answers.filter((answer) => answer.status === 201)
  const first = made.filter((answer) => !isReplay(answer))
  expect(first).toHaveLength(1)
  for (const answer of made) expect(answer.body).toEqual(first[0]?.body)
  for (const answer of answers.filter((other) => other.status !== 201)) {
    expect(answer).toMatchObject({ status: 409, body: { code: 'idempotency_in_flight', retryable: true } })
  }
  expect(isReplay(await post(store.liveKey, 'one'))).toBe(true)
})

test('a replay is the same answer, marked, whatever the order of the fields', async () => {
  const store = await world.openStore()
  const first = await post(store.liveKey, 'again')
  expect([first.status, isReplay(first)]).toEqual([201, false])
  const replay = await post(store.liveKey, 'again', { price_cents: 1_900, name: 'Kit' })
  expect([replay.status, isReplay(replay)]).toEqual([201, true])
  expect(replay.body).toEqual(first.body)
  expect(await productsOf(store)).toBe(1)
})

test('another body or another operation under a used key answers 422 and does nothing', async () => {
  const store = await world.openStore()
  await post(store.liveKey, 'taken')
  const other = await post(store.liveKey, 'taken', { ...KIT, price_cents: 1_901 })
  expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_conflict', field: 'idempotency_key' } })
  expect((await post(store.liveKey, 'taken', { name: 'A key' }, '/v1/api_keys')).status).toBe(422)
  const documented = await post<{ error: string }>(store.liveKey, 'taken', { ...KIT, name: 'B' }, '/api/v1/products')
  expect([documented.status, Object.keys(documented.body)]).toEqual([422, ['error']])
  expect(await productsOf(store)).toBe(1)
})

test('without a key every call creates', async () => {
  const store = await world.openStore()
  for (let count = 0; count < 2; count++) {
    await callRest(world.url, 'POST', '/v1/products', { key: store.liveKey, body: KIT })
  }
  expect(await productsOf(store)).toBe(2)
})

test('a failed call lets go of its key', async () => {
  const store = await world.openStore()
  expect((await post(store.liveKey, 'typo', { ...KIT, price_cents: 1 })).status).toBe(400)
  expect((await post(store.liveKey, 'typo')).status).toBe(201)
})

test.each(['', 'a'.repeat(256), 'ta\tb'])('the key %j is refused with 400', async (key) => {
  const store = await world.openStore()
  expect(await post(store.liveKey, key)).toMatchObject({ status: 400, body: { field: 'idempotency_key' } })
  expect(await productsOf(store)).toBe(0)
})

test('a key is forgotten after 24 hours, to the millisecond', async () => {
  const store = await world.openStore()
  const first = await post(store.liveKey, 'daily')
  world.clock.advance(24 * HOUR_MS - 1)
  expect((await post(store.liveKey, 'daily')).body.id).toBe(first.body.id)
  world.clock.advance(1)
  const next = await post(store.liveKey, 'daily', { ...KIT, name: 'Other' })
  expect([next.status, isReplay(next)]).toEqual([201, false])
  expect(next.body.id).not.toBe(first.body.id)
})

test('the retention job drops what has expired and keeps the rest', async () => {
  const store = await world.openStore()
  await post(store.liveKey, 'old')
  world.clock.advance(24 * HOUR_MS)
  await post(store.liveKey, 'new')
  await pruneKeys(world.deps)
  expect(await world.deps.db.$count(idempotencyKeys, eq(idempotencyKeys.storeId, store.store.storeId))).toBe(1)
  expect(isReplay(await post(store.liveKey, 'new'))).toBe(true)
})

test("a key belongs to one store and one mode: others' calls with it are their own", async () => {
  const [a, b] = [await world.openStore(), await world.openStore()]
  const answers = []
  for (const key of [a.liveKey, a.testKey, b.liveKey]) answers.push(await post(key, 'shared'))
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
  expect(answers.some(isReplay)).toBe(false)
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(3)
})

describe('a run that died', () => {
  test('holds its key for its lease; then the next call runs, and the late one can change nothing', async () => {
    const store = await world.openStore()
    const ctx = storeContext(world.deps, store.store.storeId, false)
    const scope = {
      storeId: ctx.storeId,
      isTest: false,
      key: hashSecret('\ncrashed'),
      fingerprint: fingerprintOf('products.create', KIT),
      sealWith: undefined,
    }
    const dead = await claimKey(world.deps, scope)
    if (dead.kind !== 'run') throw new Error('the key was taken')
    world.clock.advance(MINUTE_MS - 1)
    expect((await post(store.liveKey, 'crashed')).status).toBe(409)
    world.clock.advance(1)
    expect((await post(store.liveKey, 'crashed', { ...KIT, name: 'Other' })).status).toBe(422)
    const next = await post(store.liveKey, 'crashed')
    expect([next.status, isReplay(next)]).toEqual([201, false])

    const late = inTransaction(ctx, async (tx) => {
      await createProduct(tx, { ...KIT, name: 'Late', currency: 'usd', status: 'active' })
      await finishKey(tx, scope, dead.claim, { id: 'late' })
    })
    await expect(late).rejects.toMatchObject({ code: 'idempotency_in_flight' })
    expect(await productsOf(store)).toBe(1)
    expect((await post(store.liveKey, 'crashed')).body).toEqual(next.body)
  })
})

describe('answers that hold a secret', () => {
  type Secret = { api_key: string }

  test('are sealed at rest, and replayed to the caller who has the same API key', async () => {
    const store = await world.openStore()
    const first = await post<Secret>(store.liveKey, 'new key', { name: 'CI' }, '/v1/api_keys')
    expect(first.body.api_key).toMatch(/^sk_live_/)
    const rows = await world.deps.db
      .select()
      .from(idempotencyKeys)
      .where(and(eq(idempotencyKeys.storeId, store.store.storeId)))
    expect(rows).toHaveLength(1)
    expect(rows[0]?.response).toMatch(/^[A-Za-z0-9+/]+=*$/)
    expect(JSON.stringify(rows[0]?.response)).not.toContain('sk_')
    const replay = await post<Secret>(store.liveKey, 'new key', { name: 'CI' }, '/v1/api_keys')
    expect(isReplay(replay)).toBe(true)
    expect(replay.body).toEqual(first.body)
    const stranger = await post<Secret & { code: string }>(
      first.body.api_key,
      'new key',
      { name: 'CI' },
      '/v1/api_keys',
    )
    expect([stranger.status, stranger.body.code]).toEqual([422, 'idempotency_conflict'])
  })

  test('of a sign-up, which has no API key, cannot be opened with what the table holds', async () => {
    const idempotencyKey = 'f3b1c9d2-sign-up-of-ada'
    const body = { name: 'Ada', email: 'ada@example.com' }
    const signUp = () =>
      callRest<Secret>(world.url, 'POST', '/v1/stores', { body, headers: { 'Idempotency-Key': idempotencyKey } })
    const first = await signUp()
    const second = await signUp()
    expect([first.status, second.status, isReplay(second)]).toEqual([201, 201, true])
    expect(second.body).toEqual(first.body)
    const rows = await world.deps.db.select().from(idempotencyKeys).where(eq(idempotencyKeys.storeId, 0n))
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) {
      expect(Object.values(row).map(String).join(' ')).not.toContain(idempotencyKey)
      expect(row.response).not.toContain('sk_')
    }
  })
})

describe('what an external operation begins', () => {
  type Refunded = { id: string; amount_cents: number; order: { refunded_cents: number } }

  async function paidOrder(testKey: string): Promise<string> {
    const product = await post<Made>(testKey, `product ${testKey}`)
    const order = await post<Made>(testKey, `order ${testKey}`, { product_id: product.body.id }, '/v1/orders')
    await post(testKey, `pay ${testKey}`, {}, `/v1/orders/${order.body.id}/pay_test`)
    return order.body.id
  }

  test('belongs to the key for its day; the key used again after it is another refund', async () => {
    const { testKey } = await world.openStore()
    const path = `/v1/orders/${await paidOrder(testKey)}/refund`
    const first = await post<Refunded>(testKey, 'refund', { amount_cents: 500 }, path)
    const again = await post<Refunded>(testKey, 'refund', { amount_cents: 500 }, path)
    expect([first.status, again.status, isReplay(again)]).toEqual([200, 200, true])
    expect(again.body).toEqual(first.body)
    world.clock.advance(25 * HOUR_MS)
    const later = await post<Refunded>(testKey, 'refund', { amount_cents: 700 }, path)
    expect([later.status, isReplay(later)]).toEqual([200, false])
    expect(later.body).toMatchObject({ amount_cents: 700, order: { refunded_cents: 1_200 } })
    expect(later.body.id).not.toBe(first.body.id)
  })

  test('is gone on with when the call that began it broke off before it answered', async () => {
    const { testKey, store } = await world.openStore()
    const product = await post<Made>(testKey, 'product')
    const order = await post<Made>(testKey, 'order', { product_id: product.body.id }, '/v1/orders')
    const pay = () => post<{ state: string; order: Made }>(testKey, 'pay', {}, `/v1/orders/${order.body.id}/pay_test`)
    expect((await pay()).body.state).toBe('paid')
    // The process died after the payment and before its answer was stored.
    const died = { status: 'in_flight' as const, response: null, leasedUntil: world.clock.now() }
    await world.deps.db
      .update(idempotencyKeys)
      .set(died)
      .where(and(eq(idempotencyKeys.storeId, store.storeId), eq(idempotencyKeys.key, hashSecret('\npay'))))
    const retried = await pay()
    expect([retried.status, isReplay(retried), retried.body.state]).toEqual([200, false, 'paid'])
    expect(retried.body.order.id).toBe(order.body.id)
  })
})

test("a stranger's key is long, so that nobody guesses it and gets the new store's keys", async () => {
  const signUp = (key: string) =>
    callRest<{ field: string }>(world.url, 'POST', '/v1/stores', {
      body: { name: 'Shop', email: 'shop@example.com' },
      headers: { 'Idempotency-Key': key },
    })
  expect(await signUp('sign-up')).toMatchObject({ status: 400, body: { field: 'idempotency_key' } })
  expect((await signUp('6e0f3c1e-4f43-4c07-8d5e-0d4a5f1a7c11')).status).toBe(201)
})
