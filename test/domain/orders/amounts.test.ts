import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Order, OrderPage } from '../../../server/domain/orders/schema'
import { amountLimits } from '../../../server/kernel/wire'
import type { Bank } from '../../support/bank'
import { createBank } from '../../support/bank'
import { callRest } from '../../support/calls'
import { createWorld, type World } from '../../support/world'

type OrderWire = ReturnType<typeof Order.parse> & { code?: string; field?: string; error?: string }
type PageWire = ReturnType<typeof OrderPage.parse>

let world: World
let bank: Bank
let testKey: string
let liveKey: string
beforeAll(async () => {
  world = await createWorld()
  bank = createBank(world.clock)
  ;({ testKey, liveKey } = await world.openStore('Corner shop'))
})
afterAll(() => world.close())

const create = (body: Record<string, unknown>, key = testKey) =>
  callRest<OrderWire>(world.url, 'POST', '/v1/orders', { key, body })
const list = async (query: Record<string, unknown>, key = testKey) => {
  const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))
  return callRest<PageWire>(world.url, 'GET', `/v1/orders?${text}`, { key })
}

describe('create_order with an amount', () => {
  test('sells what is no product, for a price of its own', async () => {
    const order = await create({ amount_cents: 4_999, currency: 'EUR', product_name: 'Premium' })
    expect(order).toMatchObject({
      status: 201,
      body: {
        product_id: null,
        product_name: 'Premium',
        subtotal_cents: 4_999,
        discount_cents: 0,
        coupon_code: null,
        amount_cents: 4_999,
        currency: 'eur',
      },
    })
    const paid = await callRest(world.url, 'POST', `/v1/orders/${order.body.id}/pay_test`, { key: testKey, body: {} })
    expect(paid.body).toMatchObject({ state: 'paid', order: { amount_cents: 4_999, status: 'completed' } })
  })

  test('is in usd and has the store’s name unless said', async () => {
    expect((await create({ amount_cents: 50 })).body).toMatchObject({ currency: 'usd', product_name: 'Corner shop' })
  })

  test.each([
    [{}, 'product_id', 'send product_id'],
    [{ product_id: 'x', amount_cents: 100 }, 'amount_cents', 'leave it out beside product_id'],
    [{ product_id: 'x', currency: 'usd' }, 'currency', 'leave it out beside product_id'],
    [{ product_id: 'x', product_name: 'y' }, 'product_name', 'leave it out beside product_id'],
    [{ amount_cents: 49 }, 'amount_cents', 'must be between 50 and 5000000 (0.50 to 50000.00 USD)'],
    [{ amount_cents: 5_000_001 }, 'amount_cents', 'must be between 50 and 5000000'],
    [{ amount_cents: 499, currency: 'kwd' }, 'amount_cents', '(0.500 to 99999.999 KWD)'],
    [{ amount_cents: 49, currency: 'jpy' }, 'amount_cents', '(50 to 99999999 JPY)'],
    [{ amount_cents: 19.99 }, 'amount_cents', 'must be a whole number'],
    [{ amount_cents: '100' }, 'amount_cents', ''],
    [{ amount_cents: -100 }, 'amount_cents', 'between'],
    [{ amount_cents: 1e300 }, 'amount_cents', ''],
    [{ amount_cents: 100, currency: 'xyz' }, 'currency', 'ISO 4217'],
    [{ amount_cents: 100, mode: 'any' }, 'mode', 'live or test'],
  ])('%j is refused by its field', async (body, field, words) => {
    const refused = await create(body)
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request', field } })
    expect(refused.body.error).toContain(words)
  })

  test('any amount within the limits of its currency comes out as it went in', async () => {
    const amount = fc.constantFrom('usd', 'jpy', 'kwd', 'huf').chain((currency) => {
      const { min, max } = amountLimits(currency)
      const amount_cents = fc.integer({ min: Number(min), max: Number(max) })
      return fc.record({ currency: fc.constant(currency), amount_cents })
    })
    await fc.assert(
      fc.asyncProperty(amount, async (wanted) => {
        expect((await create(wanted)).body).toMatchObject(wanted)
      }),
      { numRuns: 25 },
    )
  })
})

describe('test orders of a live key', () => {
  test('are made, found, listed and refunded when the key says so, and by nobody else', async () => {
    const made = await create({ amount_cents: 1_000, mode: 'test' }, liveKey)
    expect(made).toMatchObject({ status: 201, body: { is_test: true, session_id: expect.stringMatching(/^cs_test_/) } })
    const { id, number } = made.body
    const get = (key: string, query = '') => callRest(world.url, 'GET', `/v1/orders/${number}${query}`, { key })
    expect(await get(liveKey)).toMatchObject({ status: 404 })
    expect(await get(liveKey, '?mode=live')).toMatchObject({ status: 404 })
    expect(await get(liveKey, '?mode=any')).toMatchObject({ status: 200, body: { id } })
    expect(await get(liveKey, '?mode=test')).toMatchObject({ status: 200, body: { id } })
    expect(await get(testKey)).toMatchObject({ status: 200, body: { id } })
    expect((await list({}, liveKey)).body.orders).toEqual([])
    expect((await list({ mode: 'any', order_id: number }, liveKey)).body.orders).toMatchObject([{ id }])
    await callRest(world.url, 'POST', `/v1/orders/${id}/pay_test`, { key: testKey, body: {} })
    const refund = (body: unknown) => callRest(world.url, 'POST', `/v1/orders/${id}/refund`, { key: liveKey, body })
    expect(await refund({})).toMatchObject({ status: 404 })
    expect(await refund({ mode: 'any' })).toMatchObject({ status: 200, body: { order: { status: 'refunded' } } })
  })

  test('may be of a live product or variant; a live order is never of a test one', async () => {
    const call = (key: string, path: string, body: unknown) => callRest(world.url, 'POST', `/v1${path}`, { key, body })
    const sell = async (key: string) => {
      const product_id = String((await call(key, '/products', { name: 'Kit', price_cents: 1_900 })).body.id)
      const variant = await call(key, `/products/${product_id}/variants`, { name: 'Team', price_cents: 4_900 })
      return { product_id, variant_id: String(variant.body.id) }
    }
    const [mine, rehearsed] = [await sell(liveKey), await sell(testKey)]
    for (const { product_id, variant_id } of [mine, rehearsed]) {
      const variant = await create({ variant_id, mode: 'test' }, liveKey)
      expect(variant.body).toMatchObject({
        is_test: true,
        product_id,
        variant_id,
        amount_cents: 4_900,
        product_name: 'Kit – Team',
      })
      expect((await create({ product_id, mode: 'test' }, liveKey)).body).toMatchObject({ product_id, variant_id: null })
      const paid = await call(testKey, `/orders/${variant.body.id}/pay_test`, {})
      expect(paid.body).toMatchObject({ state: 'paid', order: { variant_id } })
      const page = await fetch(variant.body.checkout_url)
      expect(page.status).toBe(200)
    }
    world.deps.gateways.live = bank
    expect(await create({ variant_id: mine.variant_id }, liveKey)).toMatchObject({
      status: 201,
      body: { is_test: false },
    })
    expect(await create({ variant_id: rehearsed.variant_id }, liveKey)).toMatchObject({
      status: 404,
      body: { code: 'variant_not_found' },
    })
    expect(await create({ product_id: rehearsed.product_id }, liveKey)).toMatchObject({ status: 404 })
    world.deps.gateways.live = null
    expect(await create({ variant_id: mine.variant_id }, testKey)).toMatchObject({
      status: 404,
      body: { field: 'variant_id' },
    })
    const stranger = (await world.openStore()).liveKey
    expect(await create({ variant_id: mine.variant_id, mode: 'test' }, stranger)).toMatchObject({ status: 404 })
  })

  test('a test key reaches no live order by asking for it', async () => {
    expect(await create({ amount_cents: 1_000, mode: 'live' })).toMatchObject({
      status: 403,
      body: { code: 'missing_scope', field: 'mode' },
    })
    expect(await list({ mode: 'live' })).toMatchObject({ status: 403 })
    const both = await list({ mode: 'any' })
    expect(both.body.orders.every(({ is_test }) => is_test)).toBe(true)
  })
})

describe('list_orders', () => {
  test('each filter shows exactly the orders that fit it, alone and together, in both modes', async () => {
    const { store, testKey: key, liveKey: live } = await world.openStore()
    world.deps.gateways.live = bank
    const products = await Promise.all(
      [1, 2].map(async () => {
        const body = { name: 'Kit', price_cents: 1_900 }
        return String((await callRest(world.url, 'POST', '/v1/products', { key, body })).body.id)
      }),
    )
    const made: OrderWire[] = []
    for (let n = 0; n < 12; n++) {
      world.clock.advance(1_000)
      const item = n % 3 ? { product_id: products[n % 3 === 1 ? 0 : 1] } : { amount_cents: 100 + n }
      const customer_email = n % 2 ? 'Ada@example.com' : 'bob@example.com'
      const body = { ...item, customer_email, ...(n % 4 ? { order_reference: `R${n % 4}` } : {}) }
      made.unshift((await create(body, key)).body)
      world.clock.advance(1_000)
      if (n % 5 === 0) made.unshift((await create({ amount_cents: 700, order_reference: 'R1' }, live)).body)
    }
    world.deps.gateways.live = null
    const from = made[8]?.created_at ?? ''
    const to = made[3]?.created_at ?? ''
    const filters: [Record<string, unknown>, (order: OrderWire) => boolean][] = [
      [{ order_reference: 'R1' }, (order) => order.order_reference === 'R1'],
      [{ order_reference: 'r1' }, () => false],
      [{ customer_email: 'ADA@Example.com' }, (order) => order.customer_email === 'Ada@example.com'],
      [{ product_id: products[0] }, (order) => order.product_id === products[0]],
      [{ product_id: String(store.storeId) }, () => false],
      [{ order_id: made[4]?.number.toLowerCase() }, (order) => order === made[4]],
      [{ order_id: made[4]?.session_id }, (order) => order === made[4]],
      [{ order_id: 'nonsense' }, () => false],
      [{ from }, (order) => order.created_at >= from],
      [{ to }, (order) => order.created_at < to],
      [{ status: 'pending' }, () => true],
      [{ status: 'completed' }, () => false],
    ]
    const some = fc.uniqueArray(fc.nat(filters.length - 1), { maxLength: 3 })
    const asked = fc.record({
      some,
      mode: fc.constantFrom('live', 'test', 'any'),
      limit: fc.integer({ min: 1, max: 8 }),
    })
    await fc.assert(
      fc.asyncProperty(asked, async ({ some, mode, limit }) => {
        const chosen = some.map((at) => filters[at] ?? ([{}, () => true] as const))
        const query = { ...Object.assign({}, ...chosen.map(([wanted]) => wanted)), mode, limit }
        const last = new Map(
          chosen.flatMap(([wanted, fits]) => Object.keys(wanted).map((name) => [name, fits] as const)),
        )
        const expected = made.filter(
          (order) =>
            (mode === 'any' || order.is_test === (mode === 'test')) && [...last.values()].every((fits) => fits(order)),
        )
        const byCursor: OrderWire[] = []
        for (let cursor: string | null = null; ; ) {
          const { body }: { body: PageWire } = await list({ ...query, ...(cursor && { cursor }) }, live)
          expect(body.total).toBeNull()
          byCursor.push(...body.orders)
          cursor = body.next_cursor
          if (cursor === null) break
        }
        expect(byCursor).toEqual(expected)
        const offset = Math.max(0, expected.length - 2)
        const page = (await list({ ...query, offset }, live)).body
        expect(page).toMatchObject({ total: expected.length, orders: expected.slice(offset, offset + limit) })
      }),
      { numRuns: 60 },
    )
  })

  test('the total is right on the first page, the last and behind it', async () => {
    const { testKey: key } = await world.openStore()
    for (let n = 0; n < 5; n++) await create({ amount_cents: 100 }, key)
    for (const [offset, count] of [
      [0, 2],
      [2, 2],
      [4, 1],
      [5, 0],
      [99, 0],
    ]) {
      const { body } = await list({ limit: 2, offset }, key)
      expect([offset, body.total, body.orders.length]).toEqual([offset, 5, count])
    }
  })

  test.each(['limit=0', 'limit=101', 'offset=-1', 'offset=1.5', 'from=yesterday', 'mode=all', 'offset=1&cursor=x'])(
    '%s is refused',
    async (query) => {
      expect(await callRest(world.url, 'GET', `/v1/orders?${query}`, { key: testKey })).toMatchObject({ status: 400 })
    },
  )
})
