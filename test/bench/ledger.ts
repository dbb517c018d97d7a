import { and, eq, sql } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../server/context'
import { inTransaction } from '../../server/db/transaction'
import { type NewLedgerEntry, postEntry } from '../../server/domain/ledger/entries'
import { foldLedger, rebuildLedger } from '../../server/domain/ledger/roller'
import { getBalance, legRows } from '../../server/domain/ledger/service'
import { ledgerBalances, ledgerEntries } from '../../server/domain/ledger/table'
import { openStore } from '../../server/domain/stores/service'
import { newRowId } from '../../server/kernel/ids'
import { median, onOwnDatabase, timed } from './own-database'

/**
 * What reading a balance costs beside summing the entries, and what entering a sale costs beside a balance row that every sale
 * of a store updates: `bun run bench ledger [entries]` (250,000 unless said), on a PostgreSQL of its own. Medians.
 */
const ROUNDS = 60
const ROWS_PER_INSERT = 2_000
const WRITERS = 16
const SALES = 4_000
const TAIL = 100

function saleOf(ctx: StoreContext): NewLedgerEntry {
  return {
    kind: 'sale',
    sourceId: newRowId(ctx.storeId),
    orderId: newRowId(ctx.storeId),
    at: ctx.clock.now(),
    legs: [
      { account: 'gateway_clearing', currency: 'usd', amountMinor: 1_900n },
      { account: 'store_balance', currency: 'usd', amountMinor: -1_852n },
      { account: 'platform_fees', currency: 'usd', amountMinor: -48n },
    ],
  }
}

const enter = (ctx: StoreContext) => inTransaction(ctx, (tx) => postEntry(tx, saleOf(ctx)))

async function newShop(deps: Deps): Promise<StoreContext> {
  const { store } = await openStore(deps, { name: 'Bench', email: 'bench@example.com' })
  return storeContext(deps, store.storeId, false)
}

/** Entries of long ago, all folded, and a tail of the last half second. */
async function makeShop(deps: Deps, entries: number): Promise<StoreContext> {
  const ctx = await newShop(deps)
  for (let start = 0; start < entries; start += ROWS_PER_INSERT) {
    const rows = Array.from({ length: Math.min(ROWS_PER_INSERT, entries - start) }, () => {
      const { kind, sourceId, orderId, at, legs } = saleOf(ctx)
      return {
        ...{ storeId: ctx.storeId, id: newRowId(ctx.storeId), isTest: false, kind, sourceId, orderId, createdAt: at },
        accounts: legs.map(({ account }) => account),
        currencies: legs.map(({ currency }) => currency),
        amounts: legs.map(({ amountMinor }) => amountMinor),
      }
    })
    await deps.db.insert(ledgerEntries).values(rows)
  }
  await rebuildLedger(deps, ctx.storeId)
  for (let count = 0; count < TAIL; count++) await enter(ctx)
  return ctx
}

function plainSum({ db, storeId }: StoreContext): Promise<unknown> {
  return db
    .select({ account: sql`leg.account`, amount: sql`sum(leg.amount)` })
    .from(ledgerEntries)
    .innerJoin(legRows(ledgerEntries), sql`true`)
    .where(and(eq(ledgerEntries.storeId, storeId), eq(ledgerEntries.isTest, false)))
    .groupBy(sql`leg.account, leg.currency`)
}

async function measureReads(ctx: StoreContext, entries: number) {
  const ways = { 'get_balance ms': () => getBalance(ctx), 'plain sum ms': () => plainSum(ctx) }
  const times = new Map(Object.keys(ways).map((name) => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(ways)) times.get(name)?.push(await timed(work))
  }
  return { entries, ...Object.fromEntries([...times].map(([name, list]) => [name, median(list)])) }
}

/** What it is instead of: every sale updates its store's balances. */
async function enterAndUpdate(ctx: StoreContext): Promise<void> {
  const b = ledgerBalances
  await inTransaction(ctx, async (tx) => {
    const { legs, kind, ...entry } = saleOf(ctx)
    const rows = legs.map((leg) => ({ ...leg, storeId: ctx.storeId, isTest: true, kind }))
    await tx.db.insert(ledgerEntries).values({
      ...{ storeId: ctx.storeId, id: newRowId(ctx.storeId), isTest: true, kind, ...entry, createdAt: entry.at },
      accounts: legs.map(({ account }) => account),
      currencies: legs.map(({ currency }) => currency),
      amounts: legs.map(({ amountMinor }) => amountMinor),
    })
    await tx.db
      .insert(b)
      .values(rows)
      .onConflictDoUpdate({
        target: [b.storeId, b.isTest, b.account, b.currency, b.kind],
        set: { amountMinor: sql`${b.amountMinor} + excluded.amount_minor` },
      })
  })
}

/** Sales a second of one store, by as many writers as the pool has connections. */
async function rateOf(enterOne: () => Promise<void>): Promise<number> {
  let left = SALES
  const write = async () => {
    while (left-- > 0) await enterOne()
  }
  const ms = await timed(() => Promise.all(Array.from({ length: WRITERS }, write)))
  return Math.round(SALES / (ms / 1_000))
}

await onOwnDatabase(async (deps, database) => {
  const many = Number(process.argv[2] ?? 250_000)
  const shops = [
    [await makeShop(deps, Math.round(many / 25)), Math.round(many / 25)] as const,
    [await makeShop(deps, many), many] as const,
  ]
  await database.runScript('vacuum analyze')
  const reads = []
  for (const [ctx, entries] of shops) reads.push(await measureReads(ctx, entries))
  console.table(reads)
  const hot = await newShop(deps)
  let folding = true
  const roller = (async () => {
    while (folding) {
      await foldLedger(deps)
      await Bun.sleep(500)
    }
  })()
  const rates = []
  for (let round = 0; round < 3; round++) {
    rates.push({
      'tail, folded meanwhile': await rateOf(() => enter(hot)),
      'a balance row': await rateOf(() => enterAndUpdate(hot)),
    })
  }
  folding = false
  await roller
  console.log('entries a second of one store')
  console.table(rates)
})
