import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createMissedNotices } from '../../../server/domain/notices/missed'
import { gatewayNotices } from '../../../server/domain/notices/table'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { newRowId } from '../../../server/kernel/ids'
import {
  createStripeWorld,
  openStripeShop,
  runJobs,
  type StripeShop,
  type StripeWorld,
} from '../../support/stripe/shop'
import { FINE } from '../../support/stripe/webhooks'

let world: StripeWorld
let shop: StripeShop
beforeAll(async () => {
  world = await createStripeWorld()
})
beforeEach(async () => {
  shop = await openStripeShop(world)
  world.stripe.webhooks.weather = FINE
})
afterAll(() => world.close())

/** A paid order, of which nothing is heard any more from then on. */
async function buyAndFallSilent() {
  const { checkout, page } = await shop.begin()
  const { id: intent } = world.stripe.account.confirm(page)
  await world.stripe.webhooks.drain()
  await runJobs(shop.deps)
  world.stripe.webhooks.weather = { ...FINE, lost: 1 }
  return { id: checkout.order.id, intent }
}

async function ask(): Promise<void> {
  await Promise.all([createMissedNotices()(shop.deps), createMissedNotices()(shop.deps)])
  await createMissedNotices()(shop.deps)
  await runJobs(shop.deps)
}

test('a refund in the dashboard of which every notice was lost is the order’s after Stripe was asked, once', async () => {
  const { id, intent } = await buyAndFallSilent()
  world.stripe.account.refund({ payment_intent: intent, amount: 700 })
  world.clock.advance(7 * DAY_MS)
  await runJobs(shop.deps)
  expect((await shop.ledger(id)).refunds).toEqual([])
  await ask()
  const { order, refunds } = await shop.ledger(id)
  expect([order.refundedMinor, refunds.length]).toEqual([700n, 1])
  expect((await shop.told(id)).filter((type) => type === 'sale.refunded')).toHaveLength(1)
})

test('a dispute of which every notice was lost is known after Stripe was asked', async () => {
  const { id, intent } = await buyAndFallSilent()
  world.stripe.account.openDispute(intent)
  await ask()
  expect((await shop.ledger(id)).disputes).toMatchObject([{ status: 'needs_response' }])
})

/** As many events as there are payments in a day or two, all of them lost. */
function expireSessions(count: number): void {
  for (let made = 0; made < count; made++) {
    const metadata = { payhook_attempt: newRowId(shop.ctx.storeId) }
    const session = { amount: 500, currency: 'usd', metadata, intentMetadata: {}, successUrl: 'https://example.com' }
    world.stripe.account.expireSession(world.stripe.account.openSession(session).id)
  }
}

const keptStatuses = async () => {
  const kept = await shop.deps.db.select().from(gatewayNotices).where(eq(gatewayNotices.storeId, shop.ctx.storeId))
  return kept.map(({ status }) => status)
}

test('hundreds of notices that nobody took are all kept, once', async () => {
  world.stripe.webhooks.weather = { ...FINE, lost: 1 }
  expireSessions(230)
  await ask()
  expect(await keptStatuses()).toEqual(Array.from({ length: 230 }, () => 'done'))
})

test('more than a thousand are kept in one turn; later turns ask for what is new', async () => {
  world.stripe.webhooks.weather = { ...FINE, lost: 1 }
  expireSessions(1_130)
  const job = createMissedNotices()
  await job(shop.deps)
  expect(await keptStatuses()).toHaveLength(1_130)
  world.clock.advance(2 * HOUR_MS)
  await job(shop.deps)
  expireSessions(1)
  world.clock.advance(10 * MINUTE_MS)
  const before = world.stripe.requests.length
  await job(shop.deps)
  expect(await keptStatuses()).toHaveLength(1_131)
  expect(world.stripe.requests.length - before).toBe(1)
})

test('a turn that is stopped half-way is done again from the start', async () => {
  world.stripe.webhooks.weather = { ...FINE, lost: 1 }
  expireSessions(120)
  const job = createMissedNotices()
  await job(shop.deps, { stopping: AbortSignal.abort() })
  expect(await keptStatuses()).toEqual([])
  await job(shop.deps)
  expect(await keptStatuses()).toHaveLength(120)
})
