import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { storeContext } from '../../../server/context'
import { inTransaction } from '../../../server/db/transaction'
import { LedgerQuery } from '../../../server/domain/ledger/schema'
import { getBalance, listEntries, postSale, toLedgerEntry } from '../../../server/domain/ledger/service'
import { ledgerEntries, ledgerTail } from '../../../server/domain/ledger/table'
import { findDiscrepancies } from '../../../server/domain/ledger/verify'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { stores } from '../../../server/domain/stores/table'
import { HOUR_MS } from '../../../server/kernel/clock'
import { entriesOf, foldWholeLedger } from '../../support/ledger'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
})
beforeEach(async () => {
  shop = await openShop(world)
  await chargeFee(250)
})
afterAll(() => world.close())

const chargeFee = (feeBasisPoints: number) =>
  shop.ctx.db.update(stores).set({ feeBasisPoints }).where(eq(stores.storeId, shop.ctx.storeId))

const usd = async (ctx = shop.ctx) => (await getBalance(ctx)).balances[0]

const ZERO = {
  currency: 'usd',
  available_cents: 0,
  pending_cents: 0,
  gross_cents: 0,
  fees_cents: 0,
  refunds_cents: 0,
  disputes_cents: 0,
  gateway_fees_cents: 0,
}

async function discrepancies(): Promise<string[]> {
  const lines: string[] = []
  for await (const line of findDiscrepancies(shop.deps, shop.ctx.storeId)) lines.push(line)
  return lines
}

test('a new store has a balance of zero in its reporting currency', async () => {
  expect(await getBalance(shop.ctx)).toEqual({
    balances: [ZERO],
    is_test: true,
    generated_at: world.clock.now().toISOString(),
  })
})

test('a sale and its refund in parts leave exactly nothing, the fee included, and add up on the way', async () => {
  const order = await shop.buy()
  expect(await usd()).toEqual({ ...ZERO, available_cents: 1_852, gross_cents: 1_900, fees_cents: 48 })
  const parts = [1, 633, 633, 633]
  for (const amountCents of parts) {
    await refundOrder(shop.ctx, { id: order.id, amountCents })
    const { available_cents, gross_cents, fees_cents, refunds_cents } = (await usd()) ?? ZERO
    expect(available_cents).toBe(gross_cents - fees_cents - refunds_cents)
    await foldWholeLedger(world)
  }
  expect(await usd()).toEqual({ ...ZERO, gross_cents: 1_900, refunds_cents: 1_900 })
  expect(await entriesOf(shop.ctx, order.id)).toEqual([
    'refund: gateway_clearing -1, store_balance 1',
    'refund: gateway_clearing -633, platform_fees 16, store_balance 617',
    'refund: gateway_clearing -633, platform_fees 16, store_balance 617',
    'refund: gateway_clearing -633, platform_fees 16, store_balance 617',
    'sale: gateway_clearing 1900, platform_fees -48, store_balance -1852',
  ])
  expect(await discrepancies()).toEqual([])
})

test('test sales never count for a live key, nor live ones for a test key', async () => {
  await shop.buy()
  const live = storeContext(shop.deps, shop.ctx.storeId, false)
  expect(await usd(live)).toEqual(ZERO)
  expect((await listEntries(live, LedgerQuery.parse({}))).rows).toEqual([])
  await foldWholeLedger(world)
  expect(await usd(live)).toEqual(ZERO)
  expect(await usd()).toMatchObject({ gross_cents: 1_900 })
})

test('a free order, and one that was paid into the seller’s own wallet, move nothing here', async () => {
  const { order } = await shop.open()
  const at = world.clock.now()
  await inTransaction(shop.ctx, async (tx) => {
    await postSale(tx, { ...order, amountMinor: 0n, feeMinor: 0n }, at)
    await postSale(tx, { ...order, method: 'crypto' }, at)
  })
  expect(await entriesOf(shop.ctx, order.id)).toEqual([])
})

test('the same thing can’t be entered twice: the second time undoes its transaction', async () => {
  const order = await shop.buy()
  const again = inTransaction(shop.ctx, (tx) => postSale(tx, order, world.clock.now()))
  await expect(again).rejects.toThrow()
  expect(await entriesOf(shop.ctx, order.id)).toHaveLength(1)
  expect(await usd()).toMatchObject({ gross_cents: 1_900 })
})

test('entries are listed newest first, by page, order, kind and time, with debits and credits', async () => {
  const [first, second] = [await shop.buy(), await shop.buy()]
  const from = new Date(world.clock.now().getTime() + HOUR_MS).toISOString()
  world.clock.advance(HOUR_MS)
  const { refund } = await refundOrder(shop.ctx, { id: first.id, amountCents: 1_000 })
  const list = async (query: object) => (await listEntries(shop.ctx, LedgerQuery.parse(query))).rows
  expect((await list({})).map(({ kind }) => kind)).toEqual(['refund', 'sale', 'sale'])
  expect((await list({ order_id: first.number })).map(({ kind }) => kind)).toEqual(['refund', 'sale'])
  expect(await list({ from })).toHaveLength(1)
  expect(await list({ to: from })).toHaveLength(2)
  expect((await list({ kind: 'sale', order_id: second.id })).map(({ sourceId }) => sourceId)).toEqual([second.id])
  expect((await list({ kind: 'refund' })).map(toLedgerEntry)).toEqual([
    {
      id: expect.any(String),
      kind: 'refund',
      order_id: first.id,
      source_id: refund.id,
      legs: [
        { account: 'gateway_clearing', direction: 'credit', amount_cents: 1_000, currency: 'usd' },
        { account: 'store_balance', direction: 'debit', amount_cents: 975, currency: 'usd' },
        { account: 'platform_fees', direction: 'debit', amount_cents: 25, currency: 'usd' },
      ],
      created_at: world.clock.now().toISOString(),
    },
  ])
  const seen: string[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await listEntries(shop.ctx, LedgerQuery.parse({ limit: 1, cursor }))
    seen.push(...page.rows.map(({ id }) => id))
    cursor = page.nextCursor
  }
  expect(new Set(seen).size).toBe(3)
})

test('another store’s order is not found, and its entries are nobody else’s', async () => {
  const order = await shop.buy()
  const other = await openShop(world)
  const query = LedgerQuery.parse({ order_id: order.id })
  await expect(listEntries(other.ctx, query)).rejects.toMatchObject({ code: 'order_not_found' })
  expect((await listEntries(other.ctx, LedgerQuery.parse({}))).rows).toEqual([])
})

test('what is wrong in the books is found and named', async () => {
  const order = await shop.buy()
  await foldWholeLedger(world)
  const entry = eq(ledgerEntries.orderId, order.id)
  await shop.ctx.db
    .update(ledgerEntries)
    .set({ amounts: [1_900n, -1_852n, -47n] })
    .where(entry)
  expect(await discrepancies()).toEqual([
    expect.stringMatching(/: entry \S+ does not sum to zero$/),
    expect.stringMatching(/: balance platform_fees usd sale \S+ is off by -1; rebuild-ledger mends it$/),
    expect.stringMatching(`: order ${order.id} has -47 on platform_fees instead of -48$`),
  ])
  await shop.ctx.db.delete(ledgerEntries).where(entry)
  expect(await discrepancies()).toHaveLength(6)
  expect(await shop.ctx.db.$count(ledgerTail, eq(ledgerTail.storeId, shop.ctx.storeId))).toBe(0)
})
