import { type SQL, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Db } from '../../server/db/client'
import { toRows } from '../../server/db/migrate'
import { inTransaction } from '../../server/db/transaction'
import { NewCoupon } from '../../server/domain/coupons/schema'
import { createCoupon, listCoupons } from '../../server/domain/coupons/service'
import { recordDispute } from '../../server/domain/disputes/notices'
import { listDisputes } from '../../server/domain/disputes/service'
import { foldLedger } from '../../server/domain/ledger/roller'
import { getBalance, listEntries } from '../../server/domain/ledger/service'
import { activateLicense } from '../../server/domain/licenses/activations'
import { listLicenses } from '../../server/domain/licenses/service'
import { listOrders } from '../../server/domain/orders/list'
import type { OrderRow } from '../../server/domain/orders/table'
import { reconcileAttempts, reconcileFees } from '../../server/domain/payments/reconciliation'
import { recoverAttempts } from '../../server/domain/payments/recovery'
import { listProducts } from '../../server/domain/products/service'
import { listDeliveries } from '../../server/domain/webhooks/deliveries'
import { recordEvent } from '../../server/domain/webhooks/events'
import { linesWithDueWork } from '../../server/domain/webhooks/lines'
import { claimDue } from '../../server/domain/webhooks/queue'
import { createWebhook } from '../../server/domain/webhooks/service'
import { HOUR_MS } from '../../server/kernel/clock'
import { noticeOf } from '../support/disputes'
import { buyLicense, sellLicensed } from '../support/licenses'
import { openShop, type Shop } from '../support/shop'
import { createWorld, type World } from '../support/world'

const ROWS = 20_000

type Sent = { text: string; params: unknown[] }

let world: World
let shop: Shop
let endpointId: string
let sale: OrderRow
let licenseKey: string
const sent: Sent[] = []
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
  await fillStore()
  // Drizzle's own hook for whoever wants to see what it sends.
  const logger = { logQuery: (text: string, params: unknown[]) => void sent.push({ text, params }) }
  Object.assign(world.deps.db._.session, { logger, options: { logger } })
})
afterAll(() => world.close())

/** One row of each kind by the services, and copies of it by the database, which takes a second for all. */
async function fillStore(): Promise<void> {
  const { db } = shop.ctx
  const hook = { url: 'http://127.0.0.1:9/hook', events: ['sale.completed'] }
  endpointId = (await createWebhook(shop.ctx, hook, undefined)).id
  const { order: opened } = await shop.open()
  const other = (await shop.sell(2_900)).id
  await inTransaction(shop.ctx, (tx) => recordEvent(tx, { type: 'sale.completed', data: {}, at: tx.clock.now() }))
  const soon = sql`'created_at', t.created_at + n * interval '1 second'`
  await multiply(db, 'products', sql`${soon}, 'status', (array['active', 'draft', 'archived'])[1 + n % 3]`)
  const names = sql`'number', 'PP-' || n, 'transaction_id', 'txn_' || n, 'session_id', 'cs_test_' || n`
  const who = sql`'product_id', case when n % 2 = 0 then t.product_id::text else ${other} end, 'order_reference', 'INV-' || n % 5,
    'customer_email', 'Buyer' || n % 5 || '@Example.com', 'is_test', n % 4 > 0`
  const statuses = sql`(array['completed', 'pending', 'completed', 'failed', 'completed', 'refunded'])[1 + n % 6]`
  await multiply(db, 'orders', sql`${soon}, ${names}, ${who}, 'status', ${statuses}`)
  await multiply(db, 'events', soon)
  // Most deliveries are history, as in a shop that has run for a while.
  const outcomes = sql`'status', case when n % 100 = 0 then 'pending' when n % 9 = 0 then 'failed' else 'succeeded' end`
  await multiply(db, 'deliveries', sql`${soon}, ${outcomes}, 'event_id', ${numbered(sql`t.event_id`)}, 'number', n + 1`)
  sale = await shop.buy()
  await foldLedger(shop.deps)
  // Most attempts are history too; some wait on a page that nobody has paid for a while.
  const pages = sql`'gateway_page', 'cs_' || n, 'status', case when n % 200 = 0 then 'requires_action' else 'succeeded' end,
    'gateway_fee_minor', case when n % 300 > 0 then 85 end`
  await multiply(db, 'payment_attempts', sql`${soon}, ${pages}, 'order_id', ${numbered(sql`${opened.id}`)}`)
  const kinds = sql`'kind', (array['sale', 'refund', 'dispute_won', 'sale', 'sale'])[1 + n % 5]`
  await multiply(db, 'ledger_entries', sql`${soon}, ${kinds}, 'order_id', ${numbered(sql`t.order_id`)}`)
  await recordDispute(shop.deps, shop.bank.name, await noticeOf(shop, sale))
  await multiply(db, 'disputes', sql`${soon}, 'gateway_reference', 'dp_' || n`)
  await createCoupon(shop.ctx, NewCoupon.parse({ code: 'SAVE', discount_cents: 500, max_uses: 5 }))
  await multiply(db, 'coupons', sql`${soon}, 'code', 'SAVE' || n, 'is_active', n % 3 > 0`)
  const license = await buyLicense(shop, await sellLicensed(shop))
  licenseKey = license.key
  // Copies of the licence, without copies of its order.
  await db.transaction(async (tx) => {
    await tx.execute(sql`set local session_replication_role = replica`)
    const unique = sql`'key', 'KEY-' || n, 'order_id', ${numbered(sql`t.order_id`)}`
    await multiply(tx, 'licenses', sql`${soon}, ${unique}, 'is_test', n % 4 > 0`)
  })
  for (const table of [
    'licenses',
    'products',
    'orders',
    'events',
    'deliveries',
    'payment_attempts',
    'ledger_entries',
    'disputes',
    'coupons',
  ])
    await db.execute(sql.raw(`analyze ${table}`))
}

const numbered = (id: SQL) => sql`overlay(${id}::text placing lpad(to_hex(n), 12, '0') from 25)`

async function multiply(db: Db, table: string, changes: SQL): Promise<void> {
  await db.execute(sql`
    insert into ${sql.identifier(table)} overriding system value
    select copy.* from ${sql.identifier(table)} t, generate_series(1, ${sql.raw(String(ROWS))}) n,
    lateral jsonb_populate_record(t, jsonb_build_object('id', ${numbered(sql`t.id`)}, ${changes})) copy`)
}

type Plan = { 'Node Type': string; 'Index Name'?: string; 'Relation Name'?: string; Plans?: Plan[] }

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

/** How the database answers what was sent, with the parameters that were sent. */
async function explain({ text, params }: Sent): Promise<Plan[]> {
  const parts = text.split(/\$(\d+)/)
  const query = sql.join(
    parts.map((part, at) => (at % 2 ? sql`${sql.param(params[Number(part) - 1])}` : sql.raw(part))),
  )
  const [row] = toRows<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
    await world.deps.db.execute(sql`explain (format json) ${query}`),
  )
  if (!row) throw new Error('no plan')
  return nodesOf(row['QUERY PLAN'][0].Plan)
}

/** The plans of every query that `work` sends. */
async function plansOf(work: () => Promise<unknown>): Promise<Plan[][]> {
  sent.length = 0
  await work()
  const queries = sent.filter(({ text }) => /^\(?(select|update)/i.test(text))
  expect(queries.length).toBeGreaterThan(0)
  const plans: Plan[][] = []
  for (const query of queries) plans.push(await explain(query))
  return plans
}

type Page = { rows: unknown[]; nextCursor: string | null }

/** The first page, and one that begins two thousand rows deep. */
async function expectIndexed(list: (page: { limit: number; cursor?: string }) => Promise<Page>): Promise<void> {
  let cursor: string | undefined
  for (let page = 0; page < 20; page++)
    cursor = (await list({ limit: 100, ...(cursor && { cursor }) })).nextCursor ?? cursor
  for (const position of [{}, { cursor: String(cursor) }]) {
    let found: Page | undefined
    const plans = await plansOf(async () => {
      found = await list({ limit: 20, ...position })
    })
    expect(found?.rows).toHaveLength(20)
    for (const plan of plans) expectOrderedByIndex(plan)
  }
}

function expectOrderedByIndex(plan: Plan[]): void {
  const types = plan.map((node) => node['Node Type'])
  expect(
    types.filter((type) => /Sort|Seq Scan|Hash/.test(type)),
    types.join(' → '),
  ).toEqual([])
  expect(
    plan.some((node) => node['Index Name']?.includes('_newest')),
    types.join(' → '),
  ).toBe(true)
}

test(`pages of ${ROWS} products come from an index in order, all and of each status`, async () => {
  await expectIndexed((page) => listProducts(shop.ctx, page))
  for (const status of ['active', 'draft', 'archived'] as const) {
    await expectIndexed((page) => listProducts(shop.ctx, { ...page, status }))
  }
})

test(`pages of ${ROWS} orders come from an index in order, all and of each status`, async () => {
  await expectIndexed((page) => listOrders(shop.ctx, page))
  for (const status of ['pending', 'completed', 'failed', 'refunded'] as const) {
    await expectIndexed((page) => listOrders(shop.ctx, { ...page, status }))
  }
})

test(`the orders of one reference, customer, product or time among ${ROWS} come from an index in order`, async () => {
  const from = new Date(world.clock.now().getTime() + 1_000_000).toISOString()
  const product_id = shop.product.id
  const filters = [{ order_reference: 'INV-3' }, { customer_email: 'buyer3@example.com' }, { product_id }, { from }]
  for (const filter of filters) await expectIndexed((page) => listOrders(shop.ctx, { ...page, ...filter }))
})

test(`pages of ${ROWS} orders of both modes are merged from an index in order, also by an offset`, async () => {
  const seller = { ...shop.ctx, isTest: false }
  const both = { mode: 'any' as const }
  await expectIndexed((page) => listOrders(seller, { ...page, ...both }))
  await expectIndexed((page) => listOrders(seller, { ...page, ...both, status: 'completed' }))
  const plans = await plansOf(() => listOrders(seller, { ...both, limit: 20, offset: 2_000 }))
  const [page = []] = plans
  expectOrderedByIndex(page)
  expect(page.map((node) => node['Node Type'])).toContain('Merge Append')
})

test(`pages of ${ROWS} deliveries and their events come from an index in order`, async () => {
  await expectIndexed((page) => listDeliveries(shop.ctx, page))
})

test(`what is due among ${ROWS} deliveries is found by its index`, async () => {
  const looks = await plansOf(() => linesWithDueWork(shop.deps, 100))
  const claims = await plansOf(() => claimDue(shop.deps, shop.ctx.storeId, 'first', new Map([[endpointId, 8]])))
  for (const plans of [looks, claims]) {
    expect(plans[0]?.map((node) => node['Index Name'])).toContain('deliveries_first')
    const scanned = plans.flat().filter((node) => node['Node Type'] === 'Seq Scan')
    // A handful of endpoints is read as it is.
    expect(scanned.filter((node) => node['Relation Name'] !== 'webhook_endpoints')).toEqual([])
  }
})

test(`pages of ${ROWS} ledger entries come from an index in order, all and of each kind`, async () => {
  await expectIndexed((page) => listEntries(shop.ctx, page))
  for (const kind of ['sale', 'refund', 'dispute_won'] as const) {
    await expectIndexed((page) => listEntries(shop.ctx, { ...page, kind }))
  }
  const plans = await plansOf(() => listEntries(shop.ctx, { order_id: sale.id, limit: 20 }))
  const used = plans.flat().map((node) => node['Index Name'])
  expect(used).toContain('ledger_entries_order')
})

test(`pages of ${ROWS} disputes come from an index in order`, async () => {
  await expectIndexed((page) => listDisputes(shop.ctx, page))
})

test(`pages of ${ROWS} coupons come from an index in order, all and of each state`, async () => {
  for (const isActive of [undefined, true, false]) {
    const plans = await plansOf(() => listCoupons(shop.ctx, { limit: 20, is_active: isActive }))
    // Besides the page, all that fit are counted.
    const pages = plans.filter((plan) => !plan.some((node) => node['Node Type'] === 'Aggregate'))
    expect(pages).toHaveLength(1)
    for (const plan of pages) expectOrderedByIndex(plan)
  }
})

test(`a key among ${ROWS} licences is found by its index, and pages of them come from one in order`, async () => {
  const held = { key: licenseKey, product_id: shop.product.id }
  const plans = await plansOf(() => activateLicense(shop.deps, { ...held, instance: 'laptop' }))
  expect(plans[0]?.map((node) => node['Index Name'])).toContain('licenses_key')
  await expectIndexed((page) => listLicenses(shop.ctx, page))
  await expectIndexed((page) => listLicenses(shop.ctx, { ...page, product_id: shop.product.id }))
})

test('a balance is read without a look at the entries, however many there are', async () => {
  const plans = await plansOf(() => getBalance(shop.ctx))
  const read = plans.flat().map((node) => node['Relation Name'])
  expect(read).toEqual(expect.arrayContaining(['ledger_balances', 'ledger_tail']))
  expect(read).not.toContain('ledger_entries')
})

test(`what is due among ${ROWS} payment attempts and orders is found by their partial indexes`, async () => {
  world.clock.advance(HOUR_MS)
  for (const [job, index] of [
    [recoverAttempts, 'payment_attempts_unsettled'],
    [reconcileAttempts, 'payment_attempts_unsettled'],
    [reconcileFees, 'payment_attempts_fee_unknown'],
  ] as const) {
    const plans = await plansOf(() => job(shop.deps))
    expect(plans[0]?.map((node) => node['Index Name'])).toContain(index)
    expect(plans.flat().filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([])
  }
})
