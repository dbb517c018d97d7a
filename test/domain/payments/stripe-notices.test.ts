import { describe, expect, test } from 'vitest'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { getRevenue } from '../../../server/domain/revenue/service'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { afflict, expectSoundBooks } from '../../support/stripe/checks'
import { runJobs, stripeShopForEachTest } from '../../support/stripe/shop'

const bench = stripeShopForEachTest()

describe('notices', () => {
  test('late, twice and in any order lead to the same state as one by one', async () => {
    const results = new Set<string>()
    for (let round = 0; round < 6; round++) {
      const { checkout, page } = await bench.shop.begin()
      const { id: intent } = bench.world.stripe.account.confirm(page)
      bench.world.stripe.account.refund({ payment_intent: intent, amount: 400 })
      const dispute = bench.world.stripe.account.openDispute(intent, { amount: 1_500 })
      bench.world.stripe.account.moveDispute(dispute.id, round % 2 ? 'lost' : 'won')
      const { waiting } = bench.world.stripe.webhooks
      waiting.push(...waiting)
      if (round === 1) waiting.reverse()
      if (round > 1) waiting.sort(() => Math.random() - 0.5)
      await bench.world.stripe.webhooks.drain()
      await Promise.all([runJobs(bench.shop.deps), runJobs(bench.shop.deps)])
      bench.world.clock.advance(HOUR_MS)
      await runJobs(bench.shop.deps)
      const { order, refunds, disputes, entries } = await bench.shop.ledger(checkout.order.id)
      const decided = round % 2 ? order.lostMinor === 1_500n : order.lostMinor === 0n && order.disputedMinor === 0n
      results.add(
        JSON.stringify({
          ...{ status: order.status, refunded: String(order.refundedMinor), decided },
          ...{ refunds: refunds.map(({ status }) => status), disputes: disputes.length },
          sales: entries.filter(({ kind }) => kind === 'sale').length,
        }),
      )
    }
    expect([...results].map((text) => JSON.parse(text))).toEqual([
      { status: 'completed', refunded: '400', decided: true, refunds: ['succeeded'], disputes: 1, sales: 1 },
    ])
  })

  test('that Stripe did not sign change nothing and are refused with 400', async () => {
    const { checkout, page } = await bench.shop.begin()
    bench.world.stripe.account.confirm(page)
    const event = bench.world.stripe.webhooks.waiting.find(({ type }) => type === 'checkout.session.completed')
    const body = JSON.stringify(event)
    const post = (headers: Record<string, string>) =>
      fetch(`${bench.world.url}/webhooks/stripe`, { method: 'POST', body, headers })
    expect((await post({})).status).toBe(400)
    expect((await post({ 'Stripe-Signature': `t=1,v1=${'0'.repeat(64)}` })).status).toBe(400)
    await runJobs(bench.shop.deps)
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('redirected')
  })

  test('about things of other programs on the same account are taken and followed by nothing', async () => {
    const { account, webhooks } = bench.world.stripe
    const foreign = account.openSession({
      ...{ amount: 500, currency: 'usd', metadata: {}, intentMetadata: {}, successUrl: 'https://example.com' },
    })
    const intent = account.confirm(foreign.id)
    account.refund({ payment_intent: intent.id, amount: 100 })
    account.openDispute(intent.id)
    await bench.arrive()
    expect(webhooks.log.slice(-3).map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await getRevenue(bench.shop.ctx, '7d')).period_sales).toBe(0)
  })

  test('are kept before they are answered, and followed when Stripe can be asked again', async () => {
    const { checkout, page } = await bench.shop.begin()
    bench.world.stripe.account.confirm(page)
    afflict(bench.world, 'cut_before', /./)
    await bench.arrive()
    expect(bench.world.stripe.webhooks.waiting).toEqual([])
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('redirected')
    bench.world.stripe.trouble = () => undefined
    bench.world.clock.advance(2 * MINUTE_MS)
    await runJobs(bench.shop.deps)
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('paid')
  })
})

describe('refunds', () => {
  const buy = async () => {
    const { checkout, page } = await bench.shop.begin()
    const { id: intent } = bench.world.stripe.account.confirm(page)
    await bench.arrive()
    return { order: checkout.order, intent }
  }

  test('by the API, in parts and in whole, are Stripe’s once each', async () => {
    const { order, intent } = await buy()
    expect(await refundOrder(bench.shop.ctx, { id: order.id, amountCents: 700 })).toMatchObject({
      refund: { status: 'succeeded' },
    })
    await bench.arrive()
    expect((await refundOrder(bench.shop.ctx, { id: order.id })).order.status).toBe('refunded')
    await bench.arrive()
    const amounts = [...bench.world.stripe.account.refunds.values()].filter((one) => one.payment_intent === intent)
    expect(amounts.map(({ amount }) => amount).sort()).toEqual([1_200, 700])
    expect((await bench.shop.ledger(order.id)).refunds).toHaveLength(2)
    await expectSoundBooks(bench)
  })

  test('in the dashboard are the order’s too, once, with their events', async () => {
    const { order, intent } = await buy()
    bench.world.stripe.account.refund({ payment_intent: intent, amount: 700 })
    await bench.arrive()
    bench.world.stripe.account.refund({ payment_intent: intent })
    await bench.arrive()
    expect((await bench.shop.ledger(order.id)).order).toMatchObject({ status: 'refunded', refundedMinor: 1_900n })
    const told = (await bench.shop.told(order.id)).filter((type) => type === 'sale.refunded')
    expect(told).toHaveLength(2)
    await expectSoundBooks(bench)
  })

  test.each(['succeeded', 'failed'] as const)('that take a while and then %s end once', async (status) => {
    const { order, intent } = await buy()
    bench.world.stripe.account.settings.refunds = 'pending'
    const { refund } = await refundOrder(bench.shop.ctx, { id: order.id, amountCents: 700 })
    expect(refund.status).toBe('pending')
    await bench.arrive()
    bench.world.clock.advance(2 * DAY_MS)
    await runJobs(bench.shop.deps)
    expect((await bench.shop.ledger(order.id)).order).toMatchObject({ refundingMinor: 700n, refundedMinor: 0n })
    const made = [...bench.world.stripe.account.refunds.values()].filter((one) => one.payment_intent === intent)
    expect(made).toHaveLength(1)
    bench.world.stripe.account.endRefund(made[0]?.id ?? '', status)
    await bench.arrive()
    const refundedMinor = status === 'succeeded' ? 700n : 0n
    expect((await bench.shop.ledger(order.id)).order).toMatchObject({ refundingMinor: 0n, refundedMinor })
    await expectSoundBooks(bench)
  })

  test.each(['cut_after', 'broken', 'broken_after'] as const)(
    'without an answer (%s) are sent again and pay back once',
    async (trouble) => {
      const { order, intent } = await buy()
      afflict(bench.world, trouble, /^\/v1\/refunds$/)
      expect((await refundOrder(bench.shop.ctx, { id: order.id })).refund.status).toBe('pending')
      bench.world.stripe.trouble = () => undefined
      bench.world.clock.advance(MINUTE_MS)
      await runJobs(bench.shop.deps)
      expect((await bench.shop.ledger(order.id)).order.status).toBe('refunded')
      expect(
        [...bench.world.stripe.account.refunds.values()].filter((one) => one.payment_intent === intent),
      ).toHaveLength(1)
    },
    60_000,
  )
})
