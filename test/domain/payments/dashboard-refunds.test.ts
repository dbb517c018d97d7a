import { expect, test } from 'vitest'
import { getBalance } from '../../../server/domain/ledger/service'
import { MINUTE_MS } from '../../../server/kernel/clock'
import { runJobs, stripeShopForEachTest } from '../../support/stripe/shop'

const bench = stripeShopForEachTest()

/** A sale of $19.00, and a refund in the dashboard that the bank takes days for; we have heard of both. */
async function refundSlowly(amount?: number) {
  const { checkout, page } = await bench.shop.begin()
  const { id: payment_intent } = bench.world.stripe.account.confirm(page)
  await bench.arrive()
  bench.world.stripe.account.settings.refunds = 'pending'
  const { id: refund } = bench.world.stripe.account.refund({ payment_intent, amount })
  bench.world.stripe.account.settings.refunds = 'succeeded'
  await bench.arrive()
  const atStripe = () =>
    [...bench.world.stripe.account.refunds.values()].filter((one) => one.payment_intent === payment_intent)
  return { id: checkout.order.id, refund, atStripe }
}

/** Minutes without a word from Stripe, in which all background work is done. */
async function waitInSilence(): Promise<void> {
  for (let minutes = 0; minutes < 3; minutes++) {
    bench.world.clock.advance(MINUTE_MS + 1)
    await runJobs(bench.shop.deps)
  }
}

const refundsCents = async () => (await getBalance(bench.shop.ctx)).balances[0]?.refunds_cents

test.each([400, undefined])(
  'a refund in the dashboard that takes its time is never made a second time (%s)',
  async (amount) => {
    const { id, refund, atStripe } = await refundSlowly(amount)
    await waitInSilence()
    expect(atStripe()).toMatchObject([{ id: refund, amount: amount ?? 1_900 }])
    const { order } = await bench.shop.ledger(id)
    expect(order).toMatchObject({ refundedMinor: 0n, refundingMinor: BigInt(amount ?? 1_900) })
    bench.world.stripe.account.endRefund(refund, 'succeeded')
    await bench.arrive()
    expect((await bench.shop.ledger(id)).order).toMatchObject({
      ...{ status: amount ? 'completed' : 'refunded', refundedMinor: BigInt(amount ?? 1_900), refundingMinor: 0n },
    })
    expect(await refundsCents()).toBe(amount ?? 1_900)
  },
)

test('a refund in the dashboard whose end nobody told is asked about, and counts once', async () => {
  const { id, refund, atStripe } = await refundSlowly()
  bench.world.stripe.account.endRefund(refund, 'succeeded')
  const { waiting } = bench.world.stripe.webhooks
  const late = waiting.splice(0)
  await waitInSilence()
  expect((await bench.shop.ledger(id)).order).toMatchObject({
    status: 'refunded',
    refundedMinor: 1_900n,
    refundingMinor: 0n,
  })
  waiting.push(...late)
  await bench.arrive()
  expect(atStripe()).toHaveLength(1)
  expect((await bench.shop.ledger(id)).refunds).toMatchObject([{ status: 'succeeded', gatewayReference: refund }])
  expect(await refundsCents()).toBe(1_900)
})

test('a refund in the dashboard that fails unheard gives back what was set aside for it', async () => {
  const { id, refund, atStripe } = await refundSlowly(700)
  bench.world.stripe.account.endRefund(refund, 'failed')
  bench.world.stripe.webhooks.waiting.length = 0
  await waitInSilence()
  expect(atStripe()).toHaveLength(1)
  expect((await bench.shop.ledger(id)).order).toMatchObject({
    status: 'completed',
    refundedMinor: 0n,
    refundingMinor: 0n,
  })
  expect((await bench.shop.told(id)).filter((type) => type === 'order.refund_failed')).toHaveLength(1)
})
