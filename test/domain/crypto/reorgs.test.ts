import { and, eq } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { addAddresses } from '../../../server/domain/addresses/service'
import { paymentClaims } from '../../../server/domain/addresses/table'
import { type Chain, chainOf, newestBlocks, readCursorOf } from '../../../server/domain/chains/chain'
import { takeBlocks, unwindTo } from '../../../server/domain/chains/intake'
import { chainTransfers } from '../../../server/domain/chains/table'
import { judge } from '../../../server/domain/crypto/judgement'
import { createPayment } from '../../../server/domain/crypto/service'
import { type CryptoPaymentRow, cryptoPayments } from '../../../server/domain/crypto/table'
import { events } from '../../../server/domain/webhooks/table'
import type { Transfer } from '../../../server/ports/network'
import { evmAddress } from '../../support/crypto'
import { createWorld, type World } from '../../support/world'

/** A chain as nodes see it: its blocks, which a fork may replace, and what each holds. */
type Block = { number: bigint; hash: string; parentHash: string; time: Date; transfers: Transfer[] }

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const MINUTE = 60_000
const FULL = 50_000_000_000_000_000_000n
const CONFIRMATIONS = 15

/** No fork is deeper, so that what lies deeper is final. */
const DEEPEST = 6n

async function openShop(payments: number) {
  const { store } = await world.openStore()
  const ctx = storeContext(world.deps, store.storeId, true)
  const list = Array.from({ length: payments }, (_, n) => ({ address: evmAddress(n) }))
  await addAddresses(ctx, { network: 'bsc', addresses: list })
  const made: CryptoPaymentRow[] = []
  for (let n = 0; n < payments; n++) {
    made.push(await createPayment(ctx, { network: 'bsc', currency: 'usdt', amount_usd_cents: 5_000 }))
  }
  return { ctx, chain: chainOf(ctx, 'bsc'), payments: made }
}

let hashes = 0

/** What a miner does: a block upon `parent`, at a time after the payments were made. */
function mined(parent: Block | undefined, since: Date, minutes: number, sent: readonly Sent[]): Block {
  const number = parent ? parent.number + 1n : 100n
  const earliest = new Date(since.getTime() + minutes * MINUTE)
  const time = parent && parent.time > earliest ? parent.time : earliest
  const hash = `0x${(++hashes).toString(16).padStart(64, '0')}`
  const transfers = sent.map(
    ({ tx, to, units }, logIndex): Transfer => ({
      txHash: tx,
      logIndex,
      coin: 'usdt',
      from: evmAddress(999),
      to,
      units,
      block: { number, hash, time },
    }),
  )
  return { number, hash, parentHash: parent?.hash ?? '0x0', time, transfers }
}

type Sent = { tx: string; to: string; units: bigint }

/** What a watcher does: hands the node's blocks in, goes back to the fork where they diverge, and hands some in twice. */
async function follow(ctx: StoreContext, chain: Chain, blocks: readonly Block[], final: bigint): Promise<void> {
  const byNumber = new Map(blocks.map((block) => [block.number, block]))
  for (;;) {
    const cursor = await readCursorOf(ctx, chain)
    const next = byNumber.get(cursor ? cursor.number + 1n : 100n)
    if (!next) {
      const last = blocks.at(-1)
      if (!last || cursor?.hash === last.hash) return
      await unwind(ctx, chain, byNumber)
      continue
    }
    const handed = {
      first: next.number,
      parentHash: next.parentHash,
      last: next,
      transfers: next.transfers,
      finalized: final,
    }
    const taken = await takeBlocks(ctx, chain, handed)
    if (taken === 'diverged') await unwind(ctx, chain, byNumber)
    else expect(taken).toBe('taken')
    if (taken === 'taken' && next.number % 3n === 0n) expect(await takeBlocks(ctx, chain, handed)).toBe('known')
  }
}

async function unwind(ctx: StoreContext, chain: Chain, node: ReadonlyMap<bigint, Block>): Promise<void> {
  const journal = await newestBlocks(ctx, chain, 1_000)
  const fork = journal.find(({ number, hash }) => node.get(number)?.hash === hash)
  if (!fork) throw new Error('no common block')
  await unwindTo(ctx, chain, fork.number)
}

/** A drawn history: blocks are mined with money to some payments, or the last few are replaced, with some of their money again. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('mine' as const),
      minutes: fc.integer({ min: 0, max: 45 }),
      sent: fc.array(
        fc.record({
          to: fc.integer({ min: 0, max: 3 }),
          // Whole, a half, a little more than a half, dust, nothing, too much.
          units: fc.constantFrom(FULL, FULL / 2n, FULL / 2n + 1n, 7n, 0n, FULL * 2n),
        }),
        { maxLength: 3 },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fork' as const),
      depth: fc.integer({ min: 1, max: Number(DEEPEST) }),
      again: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    }),
  },
)

test('after any chain of blocks and forks, payments are what a single reading of the last chain makes of them', async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
    const { ctx, chain, payments } = await openShop(4)
    const since = world.clock.now()
    let blocks: Block[] = [mined(undefined, since, 0, [])]
    let txs = 0
    let minutes = 0
    for (const drawn of steps) {
      if (drawn.kind === 'mine') {
        minutes += drawn.minutes / 10
        const sent = drawn.sent.map(({ to, units }) => ({
          tx: `0x${(++txs).toString(16)}`,
          to: evmAddress(to),
          units,
        }))
        blocks.push(mined(blocks.at(-1), since, minutes, sent))
      } else {
        const kept = blocks.slice(0, Math.max(1, blocks.length - drawn.depth))
        const dropped = blocks.slice(kept.length).flatMap(({ transfers }) => transfers)
        const again = dropped.filter((_, n) => drawn.again[n % 8])
        const sent = again.map(({ txHash: tx, to, units }) => ({ tx, to, units }))
        kept.push(mined(kept.at(-1), since, minutes, sent))
        while (kept.length <= blocks.length) kept.push(mined(kept.at(-1), since, minutes, []))
        blocks = kept
      }
      await follow(ctx, chain, blocks, (blocks.at(-1)?.number ?? 0n) - DEEPEST)
    }
    // The chain goes on until nothing is open any more.
    for (let n = 0; n < CONFIRMATIONS; n++) blocks.push(mined(blocks.at(-1), since, 200, []))
    const tip = blocks.at(-1) as Block
    await follow(ctx, chain, blocks, tip.number)
    for (const payment of payments) await expectReplayed(ctx, payment, blocks)
    const claims = await ctx.db.select().from(paymentClaims).where(eq(paymentClaims.storeId, ctx.storeId))
    expect(claims).toEqual([])
  })
  await fc.assert(property, { numRuns: 12, endOnFailure: true })
}, 120_000)

async function expectReplayed(ctx: StoreContext, payment: CryptoPaymentRow, blocks: readonly Block[]): Promise<void> {
  const [row] = await ctx.db
    .select()
    .from(cryptoPayments)
    .where(and(eq(cryptoPayments.storeId, ctx.storeId), eq(cryptoPayments.id, payment.id)))
  const received = blocks
    .flatMap(({ transfers }) => transfers)
    .filter(({ to, units }) => to === payment.address && units > 0n)
    .map(({ txHash, units, block }) => ({ txHash, units, blockNumber: block.number, blockTime: block.time }))
  const tip = blocks.at(-1) as Block
  const replay = judge(payment, received, { number: tip.number, blockTime: tip.time, finalized: tip.number })
  expect(row).toMatchObject({
    status: replay.phase,
    creditedUnits: replay.creditedUnits,
    lateUnits: replay.lateUnits,
    txHash: replay.txHash,
    height: replay.height,
  })
  // Nothing is kept twice: what isn't an orphan is the last chain's, once.
  const kept = await ctx.db
    .select()
    .from(chainTransfers)
    .where(
      and(
        eq(chainTransfers.storeId, ctx.storeId),
        eq(chainTransfers.paymentId, payment.id),
        eq(chainTransfers.isOrphan, false),
      ),
    )
  expect(kept.map(({ txHash }) => txHash).sort()).toEqual(received.map(({ txHash }) => txHash).sort())
  await expectToldOnce(ctx, payment, replay.phase)
}

/** A receiver that counts hears of each confirmation once, unless the chain took it back between. */
async function expectToldOnce(ctx: StoreContext, payment: CryptoPaymentRow, phase: string): Promise<void> {
  const rows = await ctx.db.select().from(events).where(eq(events.storeId, ctx.storeId))
  const count = (type: string) =>
    rows.filter((row) => row.type === `payment.${type}` && row.data.payment_id === payment.number).length
  expect(count('confirmed')).toBe(phase === 'confirmed' ? 1 : 0)
  expect(count('expired')).toBeGreaterThanOrEqual(phase === 'expired' ? 1 : 0)
  expect(count('detected')).toBeGreaterThanOrEqual(phase === 'confirmed' ? 1 : 0)
  expect(count('detected')).toBeLessThanOrEqual(count('reversed') + 1)
}

test('blocks that do not follow are refused, and nothing of them is kept', async () => {
  const { ctx, chain, payments } = await openShop(1)
  const since = world.clock.now()
  const first = mined(undefined, since, 0, [])
  const second = mined(first, since, 1, [])
  const third = mined(second, since, 1, [{ tx: '0xaa', to: evmAddress(0), units: FULL }])
  const take = (block: Block) =>
    takeBlocks(ctx, chain, {
      first: block.number,
      parentHash: block.parentHash,
      last: block,
      transfers: block.transfers,
      finalized: 0n,
    })
  expect(await take(first)).toBe('taken')
  expect(await take(third)).toBe('gap')
  expect(await take({ ...second, parentHash: '0xother' })).toBe('diverged')
  expect(await take({ ...first, hash: '0xother' })).toBe('diverged')
  expect(await readCursorOf(ctx, chain)).toMatchObject({ number: first.number, hash: first.hash })
  expect(await ctx.db.select().from(chainTransfers).where(eq(chainTransfers.storeId, ctx.storeId))).toEqual([])
  await expect(unwindTo(ctx, chain, 1n)).rejects.toThrow(/does not reach back/)
  expect(payments[0]?.status).toBe('pending')
})

test('ten watchers that hand in the same blocks at once count them once', async () => {
  const { ctx, chain, payments } = await openShop(1)
  const since = world.clock.now()
  const blocks: Block[] = [mined(undefined, since, 0, [])]
  blocks.push(mined(blocks.at(-1), since, 1, [{ tx: '0xbb', to: evmAddress(0), units: FULL }]))
  for (let n = 0; n < CONFIRMATIONS; n++) blocks.push(mined(blocks.at(-1), since, 1, []))
  const hand = async () => {
    for (const block of blocks) {
      const handed = { first: block.number, parentHash: block.parentHash, last: block, transfers: block.transfers }
      expect(['taken', 'known']).toContain(await takeBlocks(ctx, chain, { ...handed, finalized: block.number }))
    }
  }
  await Promise.all(Array.from({ length: 10 }, hand))
  const [payment] = payments
  if (!payment) throw new Error('no payment')
  await expectReplayed(ctx, payment, blocks)
})

test('after a downtime, money that was in time counts although its deadline has long passed, and later money does not', async () => {
  const { ctx, chain, payments } = await openShop(2)
  const since = world.clock.now()
  const blocks: Block[] = [mined(undefined, since, 0, [])]
  blocks.push(mined(blocks.at(-1), since, 30, [{ tx: '0x01', to: evmAddress(0), units: FULL }]))
  blocks.push(mined(blocks.at(-1), since, 31, [{ tx: '0x02', to: evmAddress(1), units: FULL }]))
  for (let n = 0; n < CONFIRMATIONS; n++) blocks.push(mined(blocks.at(-1), since, 300, []))
  world.clock.advance(300 * MINUTE)
  await follow(ctx, chain, blocks, blocks.at(-1)?.number ?? 0n)
  const rows = await ctx.db.select().from(cryptoPayments).where(eq(cryptoPayments.storeId, ctx.storeId))
  const of = (n: number) => rows.find(({ id }) => id === payments[n]?.id)
  const [inTime, late] = [
    of(0)?.address === evmAddress(0) ? of(0) : of(1),
    of(0)?.address === evmAddress(0) ? of(1) : of(0),
  ]
  expect(inTime).toMatchObject({ status: 'confirmed', creditedUnits: FULL })
  expect(late).toMatchObject({ status: 'expired', creditedUnits: null, lateUnits: FULL })
})

test('a run of final blocks is taken as one', async () => {
  const { ctx, chain, payments } = await openShop(1)
  const since = world.clock.now()
  const first = mined(undefined, since, 0, [])
  const paid = mined(first, since, 1, [{ tx: '0xcc', to: evmAddress(0), units: FULL }])
  const last = { number: first.number + 500n, hash: '0xlast', time: paid.time }
  await takeBlocks(ctx, chain, { first: first.number, parentHash: '0x', last: first, transfers: [], finalized: 0n })
  const run = { first: paid.number, parentHash: first.hash, last, transfers: paid.transfers, finalized: last.number }
  expect(await takeBlocks(ctx, chain, run)).toBe('taken')
  const [row] = await ctx.db
    .select()
    .from(cryptoPayments)
    .where(eq(cryptoPayments.id, payments[0]?.id ?? ''))
  expect(row).toMatchObject({ status: 'confirmed', height: paid.number })
})
