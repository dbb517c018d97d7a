import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { createMissedNotices } from '../../../server/domain/notices/missed'
import { gatewayNotices } from '../../../server/domain/notices/table'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { newRowId } from '../../../server/kernel/ids'
import { runJobs, stripeShopForEachTest } from '../../support/stripe/shop'
import { FINE } from '../../support/stripe/webhooks'

const bench = stripeShopForEachTest()

/** A paid order, of which nothing is heard any more from then on. */
async function buyAndFallSilent() {
  const { checkout, page } = await bench.shop.begin()
  const { id: intent } = bench.world.stripe.account.confirm(page)
  await bench.world.stripe.webhooks.drain()
  await runJobs(bench.shop.deps)
  bench.world.stripe.webhooks.weather = { ...FINE, lost: 1 }
  return { id: checkout.order.id, intent }
}

async function ask(): Promise<void> {
  await Promise.all([createMissedNotices()(bench.shop.deps), createMissedNotices()(bench.shop.deps)])
  await createMissedNotices()(bench.shop.deps)
  await runJobs(bench.shop.deps)
}

test('a refund in the dashboard of which every notice was lost is the order’s after Stripe was asked, once', async () => {
  const { id, intent } = await buyAndFallSilent()
  bench.world.stripe.account.refund({ payment_intent: intent, amount: 700 })
  bench.world.clock.advance(7 * DAY_MS)
  await runJobs(bench.shop.deps)
  expect((await bench.shop.ledger(id)).refunds).toEqual([])
  await ask()
  const { order, refunds } = await bench.shop.ledger(id)
  expect([order.refundedMinor, refunds.length]).toEqual([700n, 1])
  expect((await bench.shop.told(id)).filter((type) => type === 'sale.refunded')).toHaveLength(1)
})

test('a dispute of which every notice was lost is known after Stripe was asked', async () => {
  const { id, intent } = await buyAndFallSilent()
  bench.world.stripe.account.openDispute(intent)
  await ask()
  expect((await bench.shop.ledger(id)).disputes).toMatchObject([{ status: 'needs_response' }])
})

/** As many events as there are payments in a day or two, all of them lost. */
function expireSessions(count: number): void {
  for (let made = 0; made < count; made++) {
    const metadata = { payhook_attempt: newRowId(bench.shop.ctx.storeId) }
    const session = { amount: 500, currency: 'usd', metadata, intentMetadata: {}, successUrl: 'https://example.com' }
    bench.world.stripe.account.expireSession(bench.world.stripe.account.openSession(session).id)
  }
}

const keptStatuses = async () => {
  const kept = await bench.shop.deps.db
    .select()
    .from(gatewayNotices)
    .where(eq(gatewayNotices.storeId, bench.shop.ctx.storeId))
  return kept.map(({ status }) => status)
}

test('hundreds of notices that nobody took are all kept, once', async () => {
  bench.world.stripe.webhooks.weather = { ...FINE, lost: 1 }
  expireSessions(230)
  await ask()
  expect(await keptStatuses()).toEqual(Array.from({ length: 230 }, () => 'done'))
})

test('more than a thousand are kept in one turn; later turns ask for what is new', async () => {
  bench.world.stripe.webhooks.weather = { ...FINE, lost: 1 }
  expireSessions(1_130)
  const job = createMissedNotices()
  await job(bench.shop.deps)
  expect(await keptStatuses()).toHaveLength(1_130)
  bench.world.clock.advance(2 * HOUR_MS)
  await job(bench.shop.deps)
  expireSessions(1)
  bench.world.clock.advance(10 * MINUTE_MS)
  const before = bench.world.stripe.requests.length
  await job(bench.shop.deps)
  expect(await keptStatuses()).toHaveLength(1_131)
  expect(bench.world.stripe.requests.length - before).toBe(1)
})

test('a turn that is stopped half-way is done again from the start', async () => {
  bench.world.stripe.webhooks.weather = { ...FINE, lost: 1 }
  expireSessions(120)
  const job = createMissedNotices()
  await job(bench.shop.deps, { stopping: AbortSignal.abort() })
  expect(await keptStatuses()).toEqual([])
  await job(bench.shop.deps)
  expect(await keptStatuses()).toHaveLength(120)
})
