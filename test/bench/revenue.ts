import { randomUUID } from 'node:crypto'
import { and, eq, gt, sql } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../server/context'
import { createProduct } from '../../server/domain/products/service'
import { foldTail, rebuildRevenue } from '../../server/domain/revenue/roller'
import { getRevenue } from '../../server/domain/revenue/service'
import { type RevenueEntryRow, revenueEntries, revenueTail } from '../../server/domain/revenue/table'
import { openStore } from '../../server/domain/stores/service'
import { DAY_MS } from '../../server/kernel/clock'
import { newRowId } from '../../server/kernel/ids'
import { median, onOwnDatabase, timed } from './own-database'

/**
 * What reading revenue costs beside summing the entries, in one store with few sales and one with many:
 * `bun test/bench/revenue.ts [entries]` (250,000 unless said), on a PostgreSQL of its own. Medians in milliseconds.
 */
const DAYS = 730
const PRODUCTS = 30
const TAIL = 100
const ROUNDS = 60
const ROWS_PER_INSERT = 2_000

type Shop = { ctx: StoreContext; entries: number }

async function makeShop(deps: Deps, entries: number): Promise<Shop> {
  const { store } = await openStore(deps, { name: 'Bench', email: 'bench@example.com' })
  const ctx = storeContext(deps, store.storeId, false)
  const ids: string[] = []
  for (let count = 0; count < PRODUCTS; count++) {
    const spec = { name: `P${count}`, price_cents: 1_900, currency: 'usd', status: 'active' } as const
    ids.push((await createProduct(ctx, spec)).id)
  }
  const now = deps.clock.now().getTime()
  const row = (index: number): RevenueEntryRow => ({
    storeId: ctx.storeId,
    id: newRowId(ctx.storeId),
    isTest: false,
    kind: index % 20 === 0 ? 'refund' : 'sale',
    orderId: randomUUID(),
    productId: ids[index % PRODUCTS] ?? null,
    currency: 'usd',
    method: index % 4 === 0 ? 'crypto' : 'card',
    amountMinor: 1_900n,
    // In the order in which a shop's sales come.
    happenedAt: new Date(now - Math.round((1 - index / entries) * DAYS * DAY_MS)),
  })
  for (let start = 0; start < entries; start += ROWS_PER_INSERT) {
    const count = Math.min(ROWS_PER_INSERT, entries - start)
    const rows = Array.from({ length: count }, (_, offset) => row(start + offset))
    await deps.db.insert(revenueEntries).values(rows)
    const unfolded = rows.slice(Math.max(0, entries - TAIL - start))
    if (unfolded.length > 0) await deps.db.insert(revenueTail).values(unfolded)
  }
  return { ctx, entries }
}

async function plainSum({ ctx }: Shop): Promise<void> {
  const e = revenueEntries
  const own = and(eq(e.storeId, ctx.storeId), eq(e.isTest, false))
  const sums = { kind: e.kind, count: sql`count(*)`, amount: sql`sum(${e.amountMinor})` }
  await ctx.db.select(sums).from(e).where(own).groupBy(e.kind)
  const since = new Date(ctx.clock.now().getTime() - 30 * DAY_MS)
  const ofPeriod = ctx.db
    .select({ ...sums, product: e.productId })
    .from(e)
    .where(and(own, gt(e.happenedAt, since)))
  await ofPeriod.groupBy(e.kind, e.productId)
}

async function measure(shop: Shop): Promise<Record<string, string | number>> {
  const ways = {
    '7d': () => getRevenue(shop.ctx, '7d'),
    '30d': () => getRevenue(shop.ctx, '30d'),
    '365d': () => getRevenue(shop.ctx, '365d'),
    'plain sum, 30d': () => plainSum(shop),
  }
  const times = new Map(Object.keys(ways).map((name) => [name, [] as number[]]))
  // Interleaved, so that a busy moment of the machine hits all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(ways)) times.get(name)?.push(await timed(work))
  }
  const medians = [...times].map(([name, list]) => [`${name} ms`, median(list)] as const)
  return { entries: shop.entries, ...Object.fromEntries(medians) }
}

await onOwnDatabase(async (deps, database) => {
  const many = Number(process.argv[2] ?? 250_000)
  const shops = [await makeShop(deps, Math.round(many / 25)), await makeShop(deps, many)]
  for (const shop of shops) {
    const ms = await timed(() => rebuildRevenue(deps, shop.ctx.storeId))
    console.log(`rebuild of ${shop.entries} entries: ${Math.round(ms)} ms`)
  }
  await database.runScript('vacuum analyze')
  const rows = []
  for (const shop of shops) rows.push(await measure(shop))
  console.table(rows)
  for (const { ctx } of shops) {
    const ms = await timed(() => foldTail(deps, ctx.storeId))
    console.log(`fold of ${TAIL} tail rows: ${ms.toFixed(1)} ms`)
  }
})
