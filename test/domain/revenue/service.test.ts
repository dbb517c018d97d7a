import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { inTransaction } from '../../../server/db/transaction'
import { createProduct } from '../../../server/domain/products/service'
import { recordEntry } from '../../../server/domain/revenue/entries'
import { getRevenue } from '../../../server/domain/revenue/service'
import { type OpenedStore, updateStore } from '../../../server/domain/stores/service'
import { DAY_MS, HOUR_MS } from '../../../server/kernel/clock'
import { enter, liveContext, rollAll } from '../../support/revenue'
import { createWorld, type World } from '../../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

async function newShop(): Promise<{ store: OpenedStore; ctx: StoreContext }> {
  const store = await world.openStore()
  return { store, ctx: liveContext(world, store.store.storeId) }
}

const newProduct = (ctx: StoreContext, currency: string) =>
  createProduct(ctx, { name: 'Kit', price_cents: 1_000, currency, status: 'active' })

const ago = (ms: number) => new Date(world.clock.now().getTime() - ms)

const get = (path: string, key: string) => fetch(world.url + path, { headers: { Authorization: `Bearer ${key}` } })

// Every rule holds for entries in the tail and for folded ones.
describe.each([
  { name: 'before the roller ran', roll: async () => undefined },
  { name: 'after the roller ran', roll: () => rollAll(world) },
])('$name', ({ roll }) => {
  test.each([
    ['7d', 7],
    ['30d', 30],
    ['90d', 90],
    ['365d', 365],
  ] as const)('a %s window begins after exactly that many days, to the millisecond', async (period, days) => {
    const { ctx } = await newShop()
    await enter(ctx, { happenedAt: ago(days * DAY_MS + 1), amountMinor: 1n })
    await enter(ctx, { happenedAt: ago(days * DAY_MS), amountMinor: 10n })
    await enter(ctx, { happenedAt: ago(days * DAY_MS - 1), amountMinor: 100n })
    await enter(ctx, { happenedAt: ago(0), amountMinor: 1_000n })
    await enter(ctx, { happenedAt: ago(-1), amountMinor: 10_000n })
    await roll()
    const revenue = await getRevenue(ctx, period)
    expect(revenue).toMatchObject({ period, period_sales: 2, period_revenue_cents: 1_100 })
    expect(revenue).toMatchObject({ all_time_sales: 4, all_time_revenue_cents: 1_111 })
  })

  test('a window that begins at midnight has no partial day and leaves midnight itself out', async () => {
    const { ctx } = await newShop()
    const now = world.clock.now()
    world.clock.set(new Date('2026-03-03T00:00:00.000Z'))
    await enter(ctx, { happenedAt: new Date('2026-02-24T00:00:00.000Z'), amountMinor: 1n })
    await enter(ctx, { happenedAt: new Date('2026-02-24T00:00:00.001Z'), amountMinor: 10n })
    await enter(ctx, { happenedAt: new Date('2026-03-03T00:00:00.000Z'), amountMinor: 100n })
    await roll()
    expect((await getRevenue(ctx, '7d')).period_revenue_cents).toBe(110)
    world.clock.set(new Date('2026-03-02T23:59:59.999Z'))
    expect((await getRevenue(ctx, '7d')).period_revenue_cents).toBe(11)
    world.clock.set(now)
  })

  test('sales of the partial first day and of its whole neighbour count once each', async () => {
    const { ctx } = await newShop()
    // It is 09:00, so that a 7-day window begins in the middle of a day.
    for (const hours of [1, 8, 14, 15, 16, 30]) {
      await enter(ctx, { happenedAt: ago(7 * DAY_MS - hours * HOUR_MS), amountMinor: 1n })
    }
    await enter(ctx, { happenedAt: ago(7 * DAY_MS + HOUR_MS), amountMinor: 1n })
    await roll()
    expect((await getRevenue(ctx, '7d')).period_sales).toBe(6)
    expect((await getRevenue(ctx, '30d')).period_sales).toBe(7)
  })

  test('a refund counts when it was made, also that of a sale long past', async () => {
    const { ctx } = await newShop()
    const product = await newProduct(ctx, 'usd')
    await enter(ctx, { happenedAt: ago(60 * DAY_MS), amountMinor: 2_500n, productId: product.id })
    await enter(ctx, { kind: 'refund', happenedAt: ago(DAY_MS), amountMinor: 2_500n, productId: product.id })
    await roll()
    expect(await getRevenue(ctx, '30d')).toMatchObject({
      period_sales: 0,
      gross_cents: 0,
      refunded_cents: 2_500,
      period_revenue_cents: -2_500,
      period_revenue_formatted: '-$25.00',
      all_time_sales: 1,
      all_time_revenue_cents: 0,
      by_product: { [product.id]: { sales: 0, revenue_cents: -2_500, currency: 'usd' } },
      by_currency: { usd: { sales: 0, gross_cents: 0, refunded_cents: 2_500, revenue_cents: -2_500 } },
    })
  })

  test('currencies stand side by side and are never converted', async () => {
    const { ctx } = await newShop()
    const [dollars, yen, dinars] = await Promise.all(['usd', 'jpy', 'kwd'].map((code) => newProduct(ctx, code)))
    await enter(ctx, { currency: 'usd', amountMinor: 1_999n, productId: dollars?.id ?? null })
    await enter(ctx, { currency: 'jpy', amountMinor: 500n, productId: yen?.id ?? null, method: 'crypto' })
    await enter(ctx, { currency: 'kwd', amountMinor: 1_234n, productId: dinars?.id ?? null })
    await roll()
    const revenue = await getRevenue(ctx, '30d')
    expect(revenue).toMatchObject({ currency: 'usd', period_sales: 3, period_revenue_cents: 1_999 })
    expect(revenue.by_product).toEqual({
      [dollars?.id ?? '']: { sales: 1, revenue_cents: 1_999, currency: 'usd' },
      [yen?.id ?? '']: { sales: 1, revenue_cents: 500, currency: 'jpy' },
      [dinars?.id ?? '']: { sales: 1, revenue_cents: 1_234, currency: 'kwd' },
    })
    expect(revenue.by_currency.jpy).toEqual({ sales: 1, gross_cents: 500, refunded_cents: 0, revenue_cents: 500 })
    expect(revenue.by_method).toEqual({
      card: { sales: 2, revenue_cents: 1_999 },
      crypto: { sales: 1, revenue_cents: 0 },
      free: { sales: 0, revenue_cents: 0 },
    })
    await updateStore(ctx, { reporting_currency: 'kwd' })
    expect(await getRevenue(ctx, '30d')).toMatchObject({ currency: 'kwd', period_revenue_formatted: 'KWD\u00a01.234' })
    await updateStore(ctx, { reporting_currency: 'jpy' })
    expect(await getRevenue(ctx, '30d')).toMatchObject({ all_time_sales: 3, all_time_revenue_formatted: '¥500' })
  })

  test('a product paid in a second currency keeps its own currency and counts every sale', async () => {
    const { ctx } = await newShop()
    const product = await newProduct(ctx, 'eur')
    await enter(ctx, { currency: 'usd', amountMinor: 1_100n, productId: product.id, method: 'crypto' })
    await enter(ctx, { currency: 'eur', amountMinor: 1_000n, productId: product.id })
    await roll()
    expect((await getRevenue(ctx, '7d')).by_product).toEqual({
      [product.id]: { sales: 2, revenue_cents: 1_000, currency: 'eur' },
    })
  })

  test('orders without a product are unattributed and in every sum', async () => {
    const { ctx } = await newShop()
    await enter(ctx, { amountMinor: 700n })
    await enter(ctx, { amountMinor: 50n, currency: 'eur' })
    await enter(ctx, { amountMinor: 200n, kind: 'refund' })
    await roll()
    expect(await getRevenue(ctx, '30d')).toMatchObject({
      period_sales: 2,
      period_revenue_cents: 500,
      by_product: {},
      unattributed: { sales: 2, revenue_cents: 500 },
    })
  })

  test('test and live data never meet, nor do two stores', async () => {
    const { ctx, store } = await newShop()
    const other = await newShop()
    await enter(ctx, { amountMinor: 100n })
    await enter(storeContext(world.deps, ctx.storeId, true), { amountMinor: 3n })
    await enter(other.ctx, { amountMinor: 20_000n })
    await roll()
    const live = (await (await get('/v1/revenue', store.liveKey)).json()) as object
    const trial = (await (await get('/v1/revenue', store.testKey)).json()) as object
    expect(live).toMatchObject({ period_sales: 1, period_revenue_cents: 100, all_time_revenue_cents: 100 })
    expect(trial).toMatchObject({ period_sales: 1, period_revenue_cents: 3, all_time_revenue_cents: 3 })
  })

  test('an entry that lies ahead of the clock appears nowhere until its time', async () => {
    const { ctx } = await newShop()
    const product = await newProduct(ctx, 'eur')
    await enter(ctx, { happenedAt: ago(-2 * DAY_MS), productId: product.id, currency: 'eur', amountMinor: 900n })
    await roll()
    expect(await getRevenue(ctx, '7d')).toMatchObject({ period_sales: 0, all_time_sales: 0, by_product: {} })
    expect(Object.keys((await getRevenue(ctx, '7d')).by_currency)).toEqual(['usd'])
    const now = world.clock.now()
    world.clock.advance(2 * DAY_MS)
    expect(await getRevenue(ctx, '7d')).toMatchObject({ period_sales: 1, all_time_sales: 1 })
    world.clock.set(now)
  })
})

test('a store without sales has every field, all zero', async () => {
  const { store } = await newShop()
  const answer = await get('/api/v1/revenue', store.liveKey)
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({
    period: '30d',
    currency: 'usd',
    period_sales: 0,
    period_revenue_cents: 0,
    period_revenue_formatted: '$0.00',
    gross_cents: 0,
    refunded_cents: 0,
    all_time_sales: 0,
    all_time_revenue_cents: 0,
    all_time_revenue_formatted: '$0.00',
    by_product: {},
    by_currency: { usd: { sales: 0, gross_cents: 0, refunded_cents: 0, revenue_cents: 0 } },
    by_method: {
      card: { sales: 0, revenue_cents: 0 },
      crypto: { sales: 0, revenue_cents: 0 },
      free: { sales: 0, revenue_cents: 0 },
    },
    unattributed: { sales: 0, revenue_cents: 0 },
    generated_at: world.clock.now().toISOString(),
  })
})

test.each(['1d', '31d', '30D', '', '365', 'constructor', '30d,7d'])(
  'the period %j is refused with 400 on both surfaces',
  async (period) => {
    const { store } = await newShop()
    for (const path of ['/api/v1/revenue', '/v1/revenue']) {
      const answer = await get(`${path}?period=${encodeURIComponent(period)}`, store.liveKey)
      expect(answer.status).toBe(400)
      expect(((await answer.json()) as { error: string }).error).toBe('period: must be 7d, 30d, 90d or 365d')
    }
  },
)

test('revenue needs a key, and a key that may read it', async () => {
  const { store } = await newShop()
  expect((await fetch(`${world.url}/api/v1/revenue`)).status).toBe(401)
  const made = await fetch(`${world.url}/v1/api_keys`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${store.liveKey}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'Catalogue only', scopes: ['products:read'] }),
  })
  const { api_key } = (await made.json()) as { api_key: string }
  expect((await get('/api/v1/revenue', api_key)).status).toBe(403)
})

test('the same sale entered twice undoes the second transaction', async () => {
  const { ctx } = await newShop()
  const orderId = randomUUID()
  const entry = { kind: 'sale', productId: null, currency: 'usd', method: 'card', amountMinor: 5n } as const
  const once = () =>
    inTransaction(ctx, (tx) => recordEntry(tx, { ...entry, orderId, sourceId: orderId, happenedAt: world.clock.now() }))
  await once()
  await expect(once()).rejects.toThrow()
  await rollAll(world)
  await expect(once()).rejects.toThrow()
  expect((await getRevenue(ctx, '30d')).all_time_sales).toBe(1)
})
