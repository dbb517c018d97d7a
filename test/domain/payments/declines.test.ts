import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { follow } from '../../../server/domain/notices/following'
import { gatewayNotices } from '../../../server/domain/notices/table'
import { events } from '../../../server/domain/webhooks/table'
import { HOUR_MS } from '../../../server/kernel/clock'
import { runJobs, stripeShopForEachTest } from '../../support/stripe/shop'

const bench = stripeShopForEachTest()

/** The codes of the declines that were told, oldest first. */
async function declinesOf(number: string) {
  const rows = await bench.shop.deps.db
    .select()
    .from(events)
    .where(eq(events.type, 'payment.failed'))
    .orderBy(events.createdAt)
  return rows.filter(({ data }) => data.order_id === number).map(({ data }) => data.failure_code)
}

test('each decline on Stripe’s page is told once, and the page can still be paid', async () => {
  const { checkout, page } = await bench.shop.begin()
  const { number, sessionId } = checkout.order
  bench.world.stripe.account.declineOn(page, 'insufficient_funds')
  await bench.arrive()
  expect(await bench.shop.stateOf(sessionId)).toBe('redirected')
  bench.world.stripe.account.declineOn(page)
  const { waiting } = bench.world.stripe.webhooks
  waiting.push(...waiting)
  await bench.world.stripe.webhooks.drain()
  await Promise.all([runJobs(bench.shop.deps), runJobs(bench.shop.deps)])
  expect(await declinesOf(number)).toEqual(['insufficient_funds', 'card_declined'])
  expect((await bench.shop.ledger(checkout.order.id)).order).toMatchObject({
    status: 'failed',
    failureCode: 'card_declined',
  })
  bench.world.stripe.account.confirm(page)
  await bench.arrive()
  expect(await bench.shop.stateOf(sessionId)).toBe('paid')
  expect((await bench.shop.ledger(checkout.order.id)).order).toMatchObject({ status: 'completed', failureCode: null })
  expect(await declinesOf(number)).toHaveLength(2)
})

test('declines that are heard of at once are told with the reason of each, in any order, and the order has the latest', async () => {
  for (const isReversed of [false, true]) {
    const { checkout, page } = await bench.shop.begin()
    for (const code of ['insufficient_funds', 'expired_card', 'generic_decline'])
      bench.world.stripe.account.declineOn(page, code)
    if (isReversed) bench.world.stripe.webhooks.waiting.reverse()
    await bench.arrive()
    const told = await declinesOf(checkout.order.number)
    expect([...told].sort()).toEqual(['card_declined', 'expired_card', 'insufficient_funds'])
    expect((await bench.shop.ledger(checkout.order.id)).order).toMatchObject({ failureCode: 'card_declined' })
  }
})

test('a decline that is heard of after the payment, or after the session, is not told', async () => {
  const paid = await bench.shop.begin()
  bench.world.stripe.account.declineOn(paid.page)
  const late = bench.world.stripe.webhooks.waiting.splice(0)
  bench.world.stripe.account.confirm(paid.page)
  await bench.arrive()
  const left = await bench.shop.begin()
  bench.world.stripe.account.declineOn(left.page)
  late.push(...bench.world.stripe.webhooks.waiting.splice(0))
  bench.world.clock.advance(HOUR_MS)
  await bench.arrive()
  bench.world.stripe.webhooks.waiting.push(...late)
  await bench.arrive()
  for (const { checkout } of [paid, left]) expect(await declinesOf(checkout.order.number)).toEqual([])
  expect(await bench.shop.stateOf(paid.checkout.order.sessionId)).toBe('paid')
  expect((await bench.shop.ledger(left.checkout.order.id)).order.failureCode).toBe('session_expired')
})

test('a bank that refuses after days is told once, by whichever of Stripe’s notices comes first', async () => {
  for (const isReversed of [false, true]) {
    const { checkout, page } = await bench.shop.begin()
    bench.world.stripe.account.confirm(page, 'delayed')
    await bench.arrive()
    bench.world.stripe.account.settle(page, false)
    if (isReversed) bench.world.stripe.webhooks.waiting.reverse()
    await bench.arrive()
    expect(await declinesOf(checkout.order.number)).toHaveLength(1)
  }
})

test('a decline whose notice two processes follow at once, or again after one of them died, is told once', async () => {
  const { checkout, page } = await bench.shop.begin()
  bench.world.stripe.account.declineOn(page)
  await bench.world.stripe.webhooks.drain()
  const [notice] = await bench.shop.deps.db
    .select()
    .from(gatewayNotices)
    .where(and(eq(gatewayNotices.storeId, bench.shop.ctx.storeId), eq(gatewayNotices.status, 'pending')))
  if (!notice) throw new Error('nothing was kept')
  await Promise.all([follow(bench.shop.ctx, notice), follow(bench.shop.ctx, notice)])
  await follow(bench.shop.ctx, notice)
  await runJobs(bench.shop.deps)
  expect(await declinesOf(checkout.order.number)).toHaveLength(1)
})
