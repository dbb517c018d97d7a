import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { follow } from '../../../server/domain/notices/following'
import { gatewayNotices } from '../../../server/domain/notices/table'
import { events } from '../../../server/domain/webhooks/table'
import { HOUR_MS } from '../../../server/kernel/clock'
import {
  createStripeWorld,
  openStripeShop,
  runJobs,
  type StripeShop,
  type StripeWorld,
} from '../../support/stripe/shop'

let world: StripeWorld
let shop: StripeShop
beforeAll(async () => {
  world = await createStripeWorld()
})
beforeEach(async () => {
  shop = await openStripeShop(world)
  world.stripe.webhooks.waiting.length = 0
})
afterAll(() => world.close())

async function arrive(): Promise<void> {
  await world.stripe.webhooks.drain()
  await runJobs(shop.deps)
}

/** The codes of the declines that were told, oldest first. */
async function declinesOf(number: string) {
  const rows = await shop.deps.db
    .select()
    .from(events)
    .where(eq(events.type, 'payment.failed'))
    .orderBy(events.createdAt)
  return rows.filter(({ data }) => data.order_id === number).map(({ data }) => data.failure_code)
}

test('each decline on Stripe’s page is told once, and the page can still be paid', async () => {
  const { checkout, page } = await shop.begin()
  const { number, sessionId } = checkout.order
  world.stripe.account.declineOn(page, 'insufficient_funds')
  await arrive()
  expect(await shop.stateOf(sessionId)).toBe('redirected')
  world.stripe.account.declineOn(page)
  const { waiting } = world.stripe.webhooks
  waiting.push(...waiting)
  await world.stripe.webhooks.drain()
  await Promise.all([runJobs(shop.deps), runJobs(shop.deps)])
  expect(await declinesOf(number)).toEqual(['insufficient_funds', 'card_declined'])
  expect((await shop.ledger(checkout.order.id)).order).toMatchObject({ status: 'failed', failureCode: 'card_declined' })
  world.stripe.account.confirm(page)
  await arrive()
  expect(await shop.stateOf(sessionId)).toBe('paid')
  expect((await shop.ledger(checkout.order.id)).order).toMatchObject({ status: 'completed', failureCode: null })
  expect(await declinesOf(number)).toHaveLength(2)
})

test('declines that are heard of at once are told with the reason of each, in any order, and the order has the latest', async () => {
  for (const isReversed of [false, true]) {
    const { checkout, page } = await shop.begin()
    for (const code of ['insufficient_funds', 'expired_card', 'generic_decline'])
      world.stripe.account.declineOn(page, code)
    if (isReversed) world.stripe.webhooks.waiting.reverse()
    await arrive()
    const told = await declinesOf(checkout.order.number)
    expect([...told].sort()).toEqual(['card_declined', 'expired_card', 'insufficient_funds'])
    expect((await shop.ledger(checkout.order.id)).order).toMatchObject({ failureCode: 'card_declined' })
  }
})

test('a decline that is heard of after the payment, or after the session, is not told', async () => {
  const paid = await shop.begin()
  world.stripe.account.declineOn(paid.page)
  const late = world.stripe.webhooks.waiting.splice(0)
  world.stripe.account.confirm(paid.page)
  await arrive()
  const left = await shop.begin()
  world.stripe.account.declineOn(left.page)
  late.push(...world.stripe.webhooks.waiting.splice(0))
  world.clock.advance(HOUR_MS)
  await arrive()
  world.stripe.webhooks.waiting.push(...late)
  await arrive()
  for (const { checkout } of [paid, left]) expect(await declinesOf(checkout.order.number)).toEqual([])
  expect(await shop.stateOf(paid.checkout.order.sessionId)).toBe('paid')
  expect((await shop.ledger(left.checkout.order.id)).order.failureCode).toBe('session_expired')
})

test('a bank that refuses after days is told once, by whichever of Stripe’s notices comes first', async () => {
  for (const isReversed of [false, true]) {
    const { checkout, page } = await shop.begin()
    world.stripe.account.confirm(page, 'delayed')
    await arrive()
    world.stripe.account.settle(page, false)
    if (isReversed) world.stripe.webhooks.waiting.reverse()
    await arrive()
    expect(await declinesOf(checkout.order.number)).toHaveLength(1)
  }
})

test('a decline whose notice two processes follow at once, or again after one of them died, is told once', async () => {
  const { checkout, page } = await shop.begin()
  world.stripe.account.declineOn(page)
  await world.stripe.webhooks.drain()
  const [notice] = await shop.deps.db
    .select()
    .from(gatewayNotices)
    .where(and(eq(gatewayNotices.storeId, shop.ctx.storeId), eq(gatewayNotices.status, 'pending')))
  if (!notice) throw new Error('nothing was kept')
  await Promise.all([follow(shop.ctx, notice), follow(shop.ctx, notice)])
  await follow(shop.ctx, notice)
  await runJobs(shop.deps)
  expect(await declinesOf(checkout.order.number)).toHaveLength(1)
})
