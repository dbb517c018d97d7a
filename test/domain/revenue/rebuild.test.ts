import { asc, eq } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StoreContext } from '../../../server/context'
import { foldTail, rebuildRevenue } from '../../../server/domain/revenue/roller'
import { getRevenue } from '../../../server/domain/revenue/service'
import { revenueDays, revenueEntries, revenueTail, revenueTotals } from '../../../server/domain/revenue/table'
import type { RebuildProgress } from '../../../server/domain/rollups/rebuild'
import { DAY_MS } from '../../../server/kernel/clock'
import { newRowId } from '../../../server/kernel/ids'
import { enter, liveContext, rollAll } from '../../support/revenue'
import { createWorld, type World } from '../../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const newShop = async () => liveContext(world, (await world.openStore()).store.storeId)

async function keptNumbers({ db, storeId }: StoreContext) {
  const d = revenueDays
  const days = await db
    .select()
    .from(d)
    .where(eq(d.storeId, storeId))
    .orderBy(asc(d.isTest), asc(d.day), asc(d.productId), asc(d.currency), asc(d.method))
  const t = revenueTotals
  const totals = await db
    .select()
    .from(t)
    .where(eq(t.storeId, storeId))
    .orderBy(asc(t.isTest), asc(t.currency), asc(t.method))
  return { days, totals }
}

test('rebuilding makes the very rows that folding had kept, after any history', async () => {
  const fact = fc.record({
    kind: fc.constantFrom('sale' as const, 'refund' as const),
    currency: fc.constantFrom('usd', 'eur'),
    method: fc.constantFrom('card' as const, 'crypto' as const),
    amountMinor: fc.bigInt({ min: 0n, max: 1_000_000n }),
    happenedAt: fc.integer({ min: 0, max: 5 * DAY_MS }).map((ms) => new Date(world.clock.now().getTime() - ms)),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fact, fc.boolean()), { maxLength: 30 }), async (history) => {
      const ctx = await newShop()
      for (const [facts, rolled] of history) {
        await enter(ctx, facts)
        if (rolled) await foldTail(world.deps, ctx.storeId)
      }
      await foldTail(world.deps, ctx.storeId)
      const kept = await keptNumbers(ctx)
      await rebuildRevenue(world.deps, ctx.storeId)
      expect(await keptNumbers(ctx)).toEqual(kept)
    }),
    { numRuns: 15 },
  )
})

test('a rebuild mends days, totals and tail that were damaged, and says how far it got', async () => {
  const ctx = await newShop()
  for (let count = 0; count < 4; count++) await enter(ctx)
  await foldTail(world.deps, ctx.storeId)
  await enter(ctx)
  const before = await getRevenue(ctx, '30d')
  await ctx.db.update(revenueDays).set({ sales: 99 }).where(eq(revenueDays.storeId, ctx.storeId))
  await ctx.db.delete(revenueTotals).where(eq(revenueTotals.storeId, ctx.storeId))
  const [any] = await ctx.db.select().from(revenueEntries).where(eq(revenueEntries.storeId, ctx.storeId)).limit(1)
  if (!any) throw new Error('no entry')
  await ctx.db.insert(revenueTail).values({ ...any, id: newRowId(ctx.storeId) })
  expect(await getRevenue(ctx, '30d')).not.toEqual(before)
  const heard: RebuildProgress[] = []
  await rebuildRevenue(world.deps, ctx.storeId, (progress) => heard.push(progress))
  expect(await getRevenue(ctx, '30d')).toEqual(before)
  expect(heard.at(-1)).toEqual({ storeId: ctx.storeId, entries: 4, finished: true })
})

test('rebuilding every store answers how many there were and changes no number', async () => {
  const shops = [await newShop(), await newShop(), await newShop()]
  for (const [index, ctx] of shops.entries()) await enter(ctx, { amountMinor: BigInt(index + 1) })
  await rollAll(world)
  const finished = new Set<bigint>()
  const stores = await rebuildRevenue(world.deps, undefined, (at) => at.finished && finished.add(at.storeId))
  expect(finished.size).toBe(stores)
  for (const [index, ctx] of shops.entries()) {
    expect(finished).toContain(ctx.storeId)
    expect((await getRevenue(ctx, '7d')).all_time_revenue_cents).toBe(index + 1)
  }
})

test('the shop goes on selling, folding and reading exactly while it is rebuilt', async () => {
  const ctx = await newShop()
  for (let count = 0; count < 50; count++) await enter(ctx)
  await foldTail(world.deps, ctx.storeId)
  let [started, committed, selling] = [50, 50, true]
  const sell = async () => {
    for (let count = 0; count < 40; count++) {
      started++
      await enter(ctx)
      committed++
    }
  }
  const whileSelling = async (work: () => Promise<unknown>) => {
    while (selling) await work()
  }
  const read = async () => {
    const atLeast = committed
    const { all_time_sales: seen, period_sales } = await getRevenue(ctx, '30d')
    expect(seen).toBeGreaterThanOrEqual(atLeast)
    expect(seen).toBeLessThanOrEqual(started)
    expect(period_sales).toBe(seen)
  }
  const background = Promise.all([
    whileSelling(() => foldTail(world.deps, ctx.storeId)),
    whileSelling(() => rebuildRevenue(world.deps, ctx.storeId)),
    whileSelling(() => rebuildRevenue(world.deps, ctx.storeId)),
    whileSelling(read),
    whileSelling(read),
  ])
  const sold = Promise.all([sell(), sell(), sell(), sell()]).finally(() => {
    selling = false
  })
  await Promise.all([sold, background])
  await rebuildRevenue(world.deps, ctx.storeId)
  expect((await getRevenue(ctx, '30d')).all_time_sales).toBe(210)
})
