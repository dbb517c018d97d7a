import { and, eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgres } from '../../../server/db/client'
import { createDeps } from '../../../server/deps'
import { billDue } from '../../../server/domain/billing/periods'
import { subscribe } from '../../../server/domain/billing/service'
import { billingInvoices } from '../../../server/domain/billing/table'
import { DAY_MS } from '../../../server/kernel/clock'
import { confirmAtOnce, createBilledWorld, openMerchant, topUpAtOnce } from '../../support/billing'
import { checkBooks } from '../../support/billing-books'
import { createWorld, type World } from '../../support/world'

const QUOTA = 20

let world: World
beforeAll(async () => {
  world = await createBilledWorld({
    plans: {
      free: { included_payments: QUOTA, overage_usdt: '0.10' },
      pro: { monthly: { price_usdt: '29', included_payments: 3 }, overage_usdt: '0.04' },
    },
  })
})
afterAll(() => world.close())

/** What another process has: a pool of its own where the database allows it. */
async function secondProcess() {
  const { config, publicUrl, clock, log } = world.deps
  const { url } = world.database
  const database = url === undefined ? world.database : await openPostgres(url, 4)
  return {
    deps: createDeps({ config, publicUrl, clock, log, database }),
    close: async () => (url === undefined ? undefined : database.close()),
  }
}

test('the 402 comes exactly at the limit while payments are created and confirmed in parallel', async () => {
  const shop = await openMerchant(world, 80)
  let begun = 0
  let ended = 0
  const confirm = async () => {
    begun++
    await confirmAtOnce(shop.ctx)
    ended++
  }
  const create = async () => {
    const endedBefore = ended
    const { status } = await shop.create()
    return { status, endedBefore, begunAfter: begun }
  }
  const seen: Awaited<ReturnType<typeof create>>[] = []
  const creating = async () => {
    for (let n = 0; n < 6; n++) seen.push(await create())
  }
  const confirming = async () => {
    for (let n = 0; n < 8; n++) {
      // As slow as what it runs beside.
      await shop.call('GET', '/payments?limit=1')
      await confirm()
    }
  }
  await Promise.all([...Array.from({ length: 8 }, creating), ...Array.from({ length: 5 }, confirming)])
  for (const { status, endedBefore, begunAfter } of seen) {
    if (status === 201) expect(endedBefore).toBeLessThan(QUOTA)
    else expect([status, begunAfter >= QUOTA]).toEqual([402, true])
  }
  expect(await shop.billing()).toMatchObject({ used_payments: 40, overage_payments: 0, can_create_payments: false })
  expect((await shop.create()).status).toBe(402)
  expect(new Set(seen.map(({ status }) => status))).toContain(201)
})

test('of merchants who create payments at the same moment, those at their limit are refused and no other', async () => {
  const shops = await Promise.all(Array.from({ length: 4 }, () => openMerchant(world)))
  await Promise.all(shops.map(({ confirm }, n) => confirm(n % 2 ? QUOTA : QUOTA - 1)))
  const answers = await Promise.all(Array.from({ length: 24 }, (_, n) => shops[n % 4]?.create()))
  expect(answers.map((answer) => answer?.status)).toEqual(Array.from({ length: 24 }, (_, n) => (n % 2 ? 402 : 201)))
})

test('of many parallel plan changes with the money for one, one is charged', async () => {
  const shop = await openMerchant(world, 1)
  await topUpAtOnce(shop.ctx, 30_000_000n)
  const calls = Array.from({ length: 12 }, () => subscribe(shop.ctx, { plan: 'pro', interval: 'monthly' }))
  await Promise.all(calls)
  expect(await shop.billing()).toMatchObject({ plan: 'pro', balance_usdt: '1.000000' })
  await checkBooks(shop.ctx)
})

test('three job runners in two processes renew, downgrade and settle each account once', async () => {
  const other = await secondProcess()
  const shops = await Promise.all(Array.from({ length: 10 }, () => openMerchant(world, 1)))
  for (const [n, { ctx }] of shops.entries()) {
    await topUpAtOnce(ctx, n % 2 ? 90_000_000n : 30_000_000n)
    await subscribe(ctx, { plan: 'pro', interval: 'monthly' })
    for (let payments = 0; payments < 5; payments++) await confirmAtOnce(ctx)
  }
  const everybody = (work: (n: number) => unknown) => Promise.all([0, 1, 2, 3].map(work))
  for (const days of [1, 29, 1]) {
    world.clock.advance(days * DAY_MS)
    await everybody((n) => billDue(n % 2 ? world.deps : other.deps))
  }
  while (await billDue(world.deps)) {
    // Until nothing is due.
  }
  for (const [n, { ctx }] of shops.entries()) {
    await checkBooks(ctx)
    const invoices = await ctx.db
      .select({ kind: billingInvoices.kind, amount: billingInvoices.amountMinor })
      .from(billingInvoices)
      .where(and(eq(billingInvoices.storeId, ctx.storeId), eq(billingInvoices.isTest, true)))
    const lines = invoices.map(({ kind, amount }) => `${kind} ${amount}`).sort()
    const once = ['overage 80000', 'subscription 29000000']
    expect(lines).toEqual(n % 2 ? [...once, 'subscription 29000000'] : once)
  }
  await other.close()
})

test('a server that bills nobody asks the database nothing of billing', async () => {
  const free = await createWorld()
  const shop = await openMerchant(free)
  for (const table of ['accounts', 'usage', 'invoices', 'topups']) {
    await free.deps.db.execute(sql.raw(`drop table billing_${table}`))
  }
  const { status, body } = await shop.create()
  expect(status).toBe(201)
  expect((await shop.simulate(body.payment_number, 'confirm')).body.status).toBe('confirmed')
  expect(await billDue(free.deps)).toBe(false)
  await free.close()
})
