import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StoreContext } from '../../../server/context'
import { inTransaction } from '../../../server/db/transaction'
import { type NewLedgerEntry, postEntry } from '../../../server/domain/ledger/entries'
import { LEDGER, rebuildLedger } from '../../../server/domain/ledger/roller'
import { getBalance } from '../../../server/domain/ledger/service'
import { ledgerBalances, ledgerTail } from '../../../server/domain/ledger/table'
import { foldStore } from '../../../server/domain/rollups/fold'
import { newRowId } from '../../../server/kernel/ids'
import { foldWholeLedger, keptBalances } from '../../support/ledger'
import { liveContext } from '../../support/revenue'
import { createWorld, type World } from '../../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const newShop = async () => liveContext(world, (await world.openStore()).store.storeId)
const fold = (ctx: StoreContext) => foldStore(world.deps, LEDGER, ctx.storeId)

function saleOf(amount: bigint, fee: bigint, currency = 'usd'): Pick<NewLedgerEntry, 'kind' | 'legs'> {
  return {
    kind: 'sale',
    legs: [
      { account: 'gateway_clearing', currency, amountMinor: amount },
      { account: 'store_balance', currency, amountMinor: fee - amount },
      { account: 'platform_fees', currency, amountMinor: -fee },
    ],
  }
}

function enter(ctx: StoreContext, entry: Pick<NewLedgerEntry, 'kind' | 'legs'>): Promise<void> {
  const posted = { ...entry, sourceId: newRowId(ctx.storeId), orderId: null, at: ctx.clock.now() }
  return inTransaction(ctx, (tx) => postEntry(tx, posted))
}

async function balance(ctx: StoreContext) {
  const [first] = (await getBalance(ctx)).balances
  if (!first) throw new Error('no balance')
  return first
}

test('legs that do not sum to zero in each currency are never entered', async () => {
  const ctx = await newShop()
  const [usd] = saleOf(100n, 0n).legs
  const [, eur] = saleOf(100n, 0n, 'eur').legs
  if (!usd || !eur) throw new Error('no legs')
  await expect(enter(ctx, { kind: 'sale', legs: [usd, eur] })).rejects.toThrow("doesn't sum to zero in usd")
  expect(await balance(ctx)).toMatchObject({ gross_cents: 0 })
})

test('one entry may hold legs of two currencies, each balanced by itself', async () => {
  const ctx = await newShop()
  await enter(ctx, { kind: 'sale', legs: [...saleOf(100n, 3n).legs, ...saleOf(5_000_000n, 0n, 'usdt').legs] })
  for (const _ of ['from the tail', 'folded']) {
    expect((await getBalance(ctx)).balances).toMatchObject([
      { currency: 'usd', available_cents: 97, fees_cents: 3 },
      { currency: 'usdt', available_cents: 5_000_000 },
    ])
    await fold(ctx)
  }
})

test('rebuilding makes the very balances that folding had kept, after any history, and mends damaged ones', async () => {
  const sale = fc.tuple(
    fc.bigInt({ min: 0n, max: 10n ** 12n }),
    fc.bigInt({ min: 0n, max: 1_000n }),
    fc.constantFrom('usd', 'jpy', 'usdt'),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(sale, fc.boolean()), { minLength: 1, maxLength: 25 }), async (history) => {
      const ctx = await newShop()
      for (const [[amount, fee, currency], folded] of history) {
        await enter(ctx, saleOf(amount, fee, currency))
        if (folded) await fold(ctx)
      }
      await fold(ctx)
      const kept = await keptBalances(ctx)
      const seen = await getBalance(ctx)
      await ctx.db.update(ledgerBalances).set({ amountMinor: 7n }).where(eq(ledgerBalances.storeId, ctx.storeId))
      await rebuildLedger(world.deps, ctx.storeId)
      expect(await keptBalances(ctx)).toEqual(kept)
      expect(await getBalance(ctx)).toEqual(seen)
    }),
    { numRuns: 15 },
  )
})

test('the balance stays exact while 16 writers enter, three rollers fold, one rebuilds and four readers read', async () => {
  const ctx = await newShop()
  const [writers, each] = [16, 25]
  let [started, committed, writing] = [0, 0, true]
  const write = async () => {
    for (let count = 0; count < each; count++) {
      started++
      await enter(ctx, saleOf(100n, 3n))
      committed++
    }
  }
  const whileWriting = async (work: () => Promise<unknown>) => {
    while (writing) await work()
  }
  let reads = 0
  const read = async () => {
    const atLeast = committed
    const { gross_cents, available_cents, fees_cents } = await balance(ctx)
    expect(gross_cents).toBeGreaterThanOrEqual(atLeast * 100)
    expect(gross_cents).toBeLessThanOrEqual(started * 100)
    expect(available_cents + fees_cents).toBe(gross_cents)
    reads++
  }
  const background = Promise.all([
    ...[1, 2, 3].map(() => whileWriting(() => fold(ctx))),
    whileWriting(() => rebuildLedger(world.deps, ctx.storeId)),
    ...[1, 2, 3, 4].map(() => whileWriting(read)),
  ])
  const written = Promise.all(Array.from({ length: writers }, write)).finally(() => {
    writing = false
  })
  await Promise.all([written, background])
  expect(reads).toBeGreaterThan(0)
  const total = writers * each
  const expected = { gross_cents: total * 100, fees_cents: total * 3, available_cents: total * 97 }
  expect(await balance(ctx)).toMatchObject(expected)
  await foldWholeLedger(world)
  expect(await ctx.db.$count(ledgerTail, eq(ledgerTail.storeId, ctx.storeId))).toBe(0)
  expect(await balance(ctx)).toMatchObject(expected)
})
