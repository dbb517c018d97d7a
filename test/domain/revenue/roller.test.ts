import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Deps, StoreContext, Turn, Work } from '../../../server/context'
import { inTransaction } from '../../../server/db/transaction'
import { recordEntry } from '../../../server/domain/revenue/entries'
import { foldTail, foldTails, REVENUE } from '../../../server/domain/revenue/roller'
import { getRevenue } from '../../../server/domain/revenue/service'
import { revenueDays, revenueTail, revenueTotals } from '../../../server/domain/revenue/table'
import { asOnlyRoller } from '../../../server/domain/rollups/fold'
import { jobs } from '../../../server/jobs/registry'
import { startWorker } from '../../../server/jobs/worker'
import { DAY_MS } from '../../../server/kernel/clock'
import { enter, liveContext, rollAll } from '../../support/revenue'
import { createWorld, type World } from '../../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const newShop = async () => liveContext(world, (await world.openStore()).store.storeId)

async function tailOf(ctx: StoreContext): Promise<number> {
  return ctx.db.$count(revenueTail, eq(revenueTail.storeId, ctx.storeId))
}

/** What the roller made, without the tail: proof that folded rows are counted from there. */
async function folded(ctx: StoreContext) {
  const totals = await ctx.db.select().from(revenueTotals).where(eq(revenueTotals.storeId, ctx.storeId))
  const days = await ctx.db.select().from(revenueDays).where(eq(revenueDays.storeId, ctx.storeId))
  const salesOf = (rows: { sales: number }[]) => rows.reduce((sum, row) => sum + row.sales, 0)
  return { totals: salesOf(totals), days: salesOf(days) }
}

test('folding empties the tail into the days and totals of every store', async () => {
  const shops = [await newShop(), await newShop()]
  for (const ctx of shops) for (let count = 0; count < 5; count++) await enter(ctx)
  expect(await tailOf(shops[0] as StoreContext)).toBe(5)
  await rollAll(world)
  for (const ctx of shops) {
    expect(await tailOf(ctx)).toBe(0)
    expect(await folded(ctx)).toEqual({ totals: 5, days: 5 })
  }
  expect(await foldTails(world.deps)).toBe(false)
})

test('a tail longer than one batch asks to be run again until it is empty', async () => {
  const ctx = await newShop()
  await inTransaction(ctx, async (tx) => {
    for (let count = 0; count < 2_001; count++) {
      const orderId = crypto.randomUUID()
      const facts = { productId: null, currency: 'usd', method: 'card', amountMinor: 1n } as const
      await recordEntry(tx, { kind: 'sale', ...facts, orderId, sourceId: orderId, happenedAt: ctx.clock.now() })
    }
  })
  expect(await foldTails(world.deps)).toBe(true)
  expect(await tailOf(ctx)).toBe(1)
  expect((await getRevenue(ctx, '30d')).period_sales).toBe(2_001)
  expect(await foldTails(world.deps)).toBe(false)
  expect(await tailOf(ctx)).toBe(0)
  expect(await getRevenue(ctx, '30d')).toMatchObject({ period_sales: 2_001, all_time_revenue_cents: 2_001 })
})

test('a fold that fails leaves everything as it was, and the other stores are folded all the same', async () => {
  const [broken, sound] = [await newShop(), await newShop()]
  await enter(broken)
  await rollAll(world)
  // The next sale overflows the column, as the worst bug in a fold would.
  await broken.db.update(revenueTotals).set({ sales: 2_147_483_647 }).where(eq(revenueTotals.storeId, broken.storeId))
  await enter(broken)
  await enter(sound)
  expect(await foldTails(world.deps)).toBe(false)
  expect(await tailOf(broken)).toBe(1)
  expect(await folded(broken)).toMatchObject({ days: 1 })
  expect(await tailOf(sound)).toBe(0)
  expect(world.log.filter((line) => line.level === 'error')).toMatchObject([
    { fields: { store: broken.storeId.toString() } },
  ])
  await broken.db.update(revenueTotals).set({ sales: 1 }).where(eq(revenueTotals.storeId, broken.storeId))
  await rollAll(world)
  expect((await getRevenue(broken, '30d')).all_time_sales).toBe(2)
})

test('a store that another process is folding is left to it', async () => {
  const ctx = await newShop()
  if (world.database.kind === 'pglite') return // One connection: there is no other process.
  await enter(ctx)
  await asOnlyRoller(world.deps, REVENUE, ctx.storeId, 'wait', async () => {
    expect(await foldTail(world.deps, ctx.storeId)).toBe(0)
  })
  expect(await foldTail(world.deps, ctx.storeId)).toBe(1)
})

test('revenue stays exact while 16 writers sell, four rollers fold and four readers read', async () => {
  const ctx = await newShop()
  const [writers, each] = [16, 25]
  let started = 0
  let committed = 0
  let selling = true
  const write = async (writer: number) => {
    for (let count = 0; count < each; count++) {
      started++
      // Some lie in the partial first day of the window, some are older, so that each part of the sum moves.
      const age = [0, 7 * DAY_MS - 1, 20 * DAY_MS][(writer + count) % 3] ?? 0
      await enter(ctx, { amountMinor: 7n, happenedAt: new Date(ctx.clock.now().getTime() - age) })
      committed++
    }
  }
  const roll = async () => {
    while (selling) await foldTail(world.deps, ctx.storeId)
  }
  let reads = 0
  const read = async () => {
    while (selling) {
      const atLeast = committed
      const revenue = await getRevenue(ctx, '30d')
      const atMost = started
      expect(revenue.period_sales).toBeGreaterThanOrEqual(atLeast)
      expect(revenue.period_sales).toBeLessThanOrEqual(atMost)
      expect(revenue.all_time_sales).toBe(revenue.period_sales)
      expect(revenue.period_revenue_cents).toBe(revenue.period_sales * 7)
      reads++
    }
  }
  const background = Promise.all([1, 2, 3, 4].flatMap(() => [roll(), read()]))
  const sold = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer))).finally(() => {
    selling = false
  })
  await Promise.all([sold, background])
  expect(reads).toBeGreaterThan(0)
  const total = writers * each
  expect(await getRevenue(ctx, '30d')).toMatchObject({ period_sales: total, all_time_revenue_cents: total * 7 })
  await rollAll(world)
  expect(await tailOf(ctx)).toBe(0)
  expect(await folded(ctx)).toEqual({ totals: total, days: total })
  expect(await getRevenue(ctx, '30d')).toMatchObject({ period_sales: total, all_time_revenue_cents: total * 7 })
})

test('a rush of sales wakes the roller at most every half second, and a stop ends its rest at once', async () => {
  const ctx = await newShop()
  const roller = jobs.find((job) => job.name === 'revenue')
  if (!roller) throw new Error('the revenue job is not registered')
  const runs: number[] = []
  const counted = async (deps: Deps, turn: Turn) => {
    runs.push(performance.now())
    return roller.run(deps, turn)
  }
  const worker = startWorker(world.deps, [{ ...roller, run: counted }])
  const selling = { ...ctx, wake: (work: Work) => worker.wake(work) }
  while (runs.length < 4) {
    await enter(selling)
    // PGlite answers without ever letting a timer fire, and the roller rests by one.
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await worker.stop()
  for (let run = 1; run < runs.length; run++) {
    // A timer may fire a millisecond early.
    expect((runs[run] ?? 0) - (runs[run - 1] ?? 0)).toBeGreaterThanOrEqual(499)
  }
  expect((await folded(ctx)).totals).toBeGreaterThan(0)

  const idle = startWorker(world.deps, [{ ...roller, everyMs: 3_600_000, leastRestMs: 3_600_000 }])
  await idle.stop()
})
