import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { createProduct } from '../../../server/domain/products/service'
import { foldTail, rebuildRevenue } from '../../../server/domain/revenue/roller'
import { PERIOD_DAYS, type Revenue } from '../../../server/domain/revenue/schema'
import { getRevenue } from '../../../server/domain/revenue/service'
import { updateStore } from '../../../server/domain/stores/service'
import { DAY_MS } from '../../../server/kernel/clock'
import { formatMoney } from '../../../server/kernel/money'
import { enter } from '../../support/revenue'
import { createWorld, type World } from '../../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const NOW = Date.parse('2026-03-02T09:00:00.000Z')
const CURRENCIES = ['usd', 'jpy', 'kwd'] as const
const PERIODS = ['7d', '30d', '90d', '365d'] as const

/** Instants around what can go wrong: window edges, midnights, a little ahead, and anything in two years. */
const instant = fc.oneof(
  fc.integer({ min: -2, max: 2 }).map((ms) => NOW + ms),
  fc
    .tuple(fc.constantFrom(0, 7, 30, 90, 365), fc.integer({ min: -2, max: 2 }))
    .map(([days, ms]) => NOW - days * DAY_MS + ms),
  fc
    .tuple(fc.integer({ min: -2, max: 400 }), fc.integer({ min: -1, max: 1 }))
    .map(([days, ms]) => Math.floor(NOW / DAY_MS) * DAY_MS - days * DAY_MS + ms),
  fc.integer({ min: NOW - 730 * DAY_MS, max: NOW + 3 * DAY_MS }),
)

const entry = fc.record({
  kind: fc.constantFrom('sale' as const, 'sale' as const, 'refund' as const),
  product: fc.constantFrom(0, 1, 2, null),
  currency: fc.constantFrom(...CURRENCIES),
  method: fc.constantFrom('card' as const, 'crypto' as const, 'free' as const),
  amount: fc.integer({ min: 0, max: 1_000_000 }),
  at: instant,
  isTest: fc.boolean(),
  rollAfter: fc.constantFrom(true, false, false),
})
type Entry = Parameters<Parameters<typeof entry.map>[0]>[0]

const question = fc.record({
  at: instant,
  period: fc.constantFrom(...PERIODS),
  reporting: fc.constantFrom(...CURRENCIES),
})
type Question = Parameters<Parameters<typeof question.map>[0]>[0]

const add = (entries: Entry[]) => entries.reduce((sum, { amount }) => sum + amount, 0)

function amounts(entries: Entry[], currency: string) {
  const own = entries.filter((item) => item.currency === currency)
  const gross = add(own.filter((item) => item.kind === 'sale'))
  const refunded = add(own.filter((item) => item.kind === 'refund'))
  return { gross, refunded, net: gross - refunded }
}

const sales = (entries: Entry[]) => entries.filter((item) => item.kind === 'sale').length
const both = (entries: Entry[], currency: string) => ({
  sales: sales(entries),
  revenue_cents: amounts(entries, currency).net,
})

/** The definition, written down plainly: filter and add. */
function naive(all: Entry[], products: readonly string[], { at, period, reporting }: Question): Revenue {
  const known = all.filter((item) => item.at <= at)
  const inside = known.filter((item) => item.at > at - PERIOD_DAYS[period] * DAY_MS)
  const money = amounts(inside, reporting)
  const moves = (entries: Entry[]) => entries.some((item) => item.kind === 'sale' || item.amount > 0)
  const currencies = CURRENCIES.filter(
    (code) => code === reporting || moves(inside.filter((item) => item.currency === code)),
  )
  const ofProduct = (index: number) => inside.filter((item) => item.product === index)
  const ofMethod = (method: Entry['method']) =>
    both(
      inside.filter((item) => item.method === method),
      reporting,
    )
  return {
    period,
    currency: reporting,
    period_sales: sales(inside),
    period_revenue_cents: money.net,
    period_revenue_formatted: formatMoney(BigInt(money.net), reporting),
    gross_cents: money.gross,
    refunded_cents: money.refunded,
    all_time_sales: sales(known),
    all_time_revenue_cents: amounts(known, reporting).net,
    all_time_revenue_formatted: formatMoney(BigInt(amounts(known, reporting).net), reporting),
    by_product: Object.fromEntries(
      products.flatMap((id, index) => {
        const currency = CURRENCIES[index] ?? 'usd'
        return moves(ofProduct(index)) ? [[id, { ...both(ofProduct(index), currency), currency }]] : []
      }),
    ),
    by_currency: Object.fromEntries(
      currencies.map((code) => {
        const own = inside.filter((item) => item.currency === code)
        const { gross, refunded, net } = amounts(own, code)
        return [code, { sales: sales(own), gross_cents: gross, refunded_cents: refunded, revenue_cents: net }]
      }),
    ),
    by_method: { card: ofMethod('card'), crypto: ofMethod('crypto'), free: ofMethod('free') },
    unattributed: both(
      inside.filter((item) => item.product === null),
      reporting,
    ),
    generated_at: new Date(at).toISOString(),
  }
}

async function newShop() {
  const { storeId } = (await world.openStore()).store
  const contexts = [false, true].map((isTest) => storeContext(world.deps, storeId, isTest))
  const [live, trial] = contexts as [StoreContext, StoreContext]
  const products: Record<'live' | 'trial', string[]> = { live: [], trial: [] }
  for (const currency of CURRENCIES) {
    const spec = { name: 'Kit', price_cents: 100, currency, status: 'active' } as const
    products.live.push((await createProduct(live, spec)).id)
    products.trial.push((await createProduct(trial, spec)).id)
  }
  return { storeId, live, trial, products }
}

type Shop = Awaited<ReturnType<typeof newShop>>

async function expectAnswers(shop: Shop, entries: Entry[], questions: Question[]): Promise<void> {
  for (const asked of questions) {
    await updateStore(shop.live, { reporting_currency: asked.reporting })
    world.clock.set(new Date(asked.at))
    for (const mode of ['live', 'trial'] as const) {
      const own = entries.filter((item) => item.isTest === (mode === 'trial'))
      expect(await getRevenue(shop[mode], asked.period)).toEqual(naive(own, shop.products[mode], asked))
    }
  }
}

test('any history, folded at any moment and asked at any moment, equals the plain sum; so does a rebuild', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { minLength: 1, maxLength: 40 }),
      fc.array(question, { minLength: 1, maxLength: 6 }),
      async (entries, questions) => {
        const shop = await newShop()
        for (const item of entries) {
          const ctx = item.isTest ? shop.trial : shop.live
          const productId =
            item.product === null ? null : (shop.products[item.isTest ? 'trial' : 'live'][item.product] ?? null)
          const { kind, currency, method } = item
          const facts = { kind, currency, method, productId }
          await enter(ctx, { ...facts, amountMinor: BigInt(item.amount), happenedAt: new Date(item.at) })
          if (item.rollAfter) await foldTail(world.deps, shop.storeId)
        }
        await expectAnswers(shop, entries, questions)
        await rebuildRevenue(world.deps, shop.storeId)
        await expectAnswers(shop, entries, questions)
        await foldTail(world.deps, shop.storeId)
        await expectAnswers(shop, entries, questions)
      },
    ),
    { numRuns: 25 },
  )
})
