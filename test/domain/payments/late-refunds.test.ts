import { describe, expect, test } from 'vitest'
import { inTransaction } from '../../../server/db/transaction'
import { foldLedger } from '../../../server/domain/ledger/roller'
import { getBalance } from '../../../server/domain/ledger/service'
import { findDiscrepancies } from '../../../server/domain/ledger/verify'
import { licenseOf } from '../../../server/domain/licenses/service'
import { completeOrder } from '../../../server/domain/orders/transitions'
import { createOrder } from '../../../server/domain/payments/creation'
import { openPaymentPage } from '../../../server/domain/payments/redirect'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { createVariant } from '../../../server/domain/products/variants'
import { foldTails } from '../../../server/domain/revenue/roller'
import { getRevenue } from '../../../server/domain/revenue/service'
import { HOUR_MS } from '../../../server/kernel/clock'
import { formatRowId } from '../../../server/kernel/ids'
import { runJobs, stripeShopForEachTest } from '../../support/stripe/shop'

const bench = stripeShopForEachTest()

async function buy() {
  const { checkout, page } = await bench.shop.begin()
  const { id: intent } = bench.world.stripe.account.confirm(page)
  await bench.arrive()
  return { id: checkout.order.id, intent }
}

const refundsOf = (intent: string) =>
  [...bench.world.stripe.account.refunds.values()].filter((one) => one.payment_intent === intent)

/** The bank of the buyer sends it back, days after it went through. */
const comesBack = (intent: string, which = 0) =>
  bench.world.stripe.account.endRefund(refundsOf(intent)[which]?.id ?? '', 'failed')

async function booksOf() {
  const found: string[] = []
  for await (const line of findDiscrepancies(bench.shop.deps, bench.shop.ctx.storeId)) found.push(line)
  expect(found).toEqual([])
  const [balance] = (await getBalance(bench.shop.ctx)).balances
  const { all_time_revenue_cents: revenue } = await getRevenue(bench.shop.ctx, '7d')
  return { revenue, available: balance?.available_cents, refunds: balance?.refunds_cents }
}

const failuresOf = async (id: string) => (await bench.shop.told(id)).filter((type) => type === 'order.refund_failed')

describe('a refund that had gone through and comes back', () => {
  test.each([
    ['of everything', undefined, 'refunded'],
    ['of a part', 700, 'completed'],
  ])(
    '%s: the order, the ledger and revenue are as before it, and the seller is told once',
    async (_of, amountCents, before) => {
      const { id, intent } = await buy()
      expect((await refundOrder(bench.shop.ctx, { id, amountCents })).order.status).toBe(before)
      await bench.arrive()
      comesBack(intent)
      const { waiting } = bench.world.stripe.webhooks
      waiting.push(...waiting)
      await bench.world.stripe.webhooks.drain()
      await Promise.all([runJobs(bench.shop.deps), runJobs(bench.shop.deps)])
      const { order, refunds } = await bench.shop.ledger(id)
      expect(order).toMatchObject({ status: 'completed', refundedMinor: 0n, refundingMinor: 0n })
      expect(refunds).toMatchObject([{ status: 'failed', failureCode: 'returned' }])
      for (const fold of [async () => undefined, () => foldLedger(bench.shop.deps), () => foldTails(bench.shop.deps)]) {
        await fold()
        expect(await booksOf()).toEqual({ revenue: 1_900, available: 1_900, refunds: 0 })
      }
      expect(await failuresOf(id)).toHaveLength(1)
    },
  )

  test('can be made anew, which pays back once', async () => {
    const { id, intent } = await buy()
    await refundOrder(bench.shop.ctx, { id })
    await bench.arrive()
    comesBack(intent)
    await bench.arrive()
    expect((await refundOrder(bench.shop.ctx, { id })).order.status).toBe('refunded')
    await bench.arrive()
    expect(refundsOf(intent).map(({ status }) => status)).toEqual(['failed', 'succeeded'])
    expect(await booksOf()).toEqual({ revenue: 0, available: 0, refunds: 1_900 })
  })

  test('makes the licence valid again that its success had revoked', async () => {
    const { ctx, product } = bench.shop
    const license = { activation_limit: null, duration_days: null }
    const facts = { product_id: product.id, name: 'Team', price_cents: 4_900, status: 'active' as const, license }
    const variant = await createVariant(ctx, facts)
    const made = await createOrder(ctx, { variant_id: formatRowId('var', variant.id), metadata: {} })
    const { checkout } = await openPaymentPage(bench.shop.deps, made.sessionId, {
      email: 'buyer@example.com',
      name: null,
    })
    const { id: intent } = bench.world.stripe.account.confirm(checkout.attempt?.gatewayPage ?? '')
    await bench.arrive()
    await refundOrder(ctx, { id: made.id })
    const { order } = await bench.shop.ledger(made.id)
    expect(await licenseOf(ctx, order)).toMatchObject({ revokedReason: 'order_refunded' })
    comesBack(intent)
    await bench.arrive()
    expect(await licenseOf(ctx, order)).toMatchObject({ revokedAt: null, revokedReason: null })
  })

  test('beside another one that stays, takes back its own part alone', async () => {
    const { id, intent } = await buy()
    for (const amountCents of [700, 1_200]) await refundOrder(bench.shop.ctx, { id, amountCents })
    await bench.arrive()
    comesBack(intent, 1)
    await bench.arrive()
    expect((await bench.shop.ledger(id)).order).toMatchObject({ status: 'completed', refundedMinor: 700n })
    expect(await booksOf()).toEqual({ revenue: 1_200, available: 1_200, refunds: 700 })
  })

  test('that was made in the dashboard is undone too, and one that had failed before it was heard of is none', async () => {
    const { id, intent } = await buy()
    bench.world.stripe.account.refund({ payment_intent: intent, amount: 400 })
    await bench.arrive()
    comesBack(intent)
    bench.world.stripe.account.refund({ payment_intent: intent, amount: 300 })
    comesBack(intent, 1)
    await bench.arrive()
    expect((await bench.shop.ledger(id)).order).toMatchObject({ status: 'completed', refundedMinor: 0n })
    expect(await failuresOf(id)).toHaveLength(1)
    expect(await booksOf()).toEqual({ revenue: 1_900, available: 1_900, refunds: 0 })
  })
})

test('notices of a refund’s success and failure lead to the same state in any order', async () => {
  for (let round = 0; round < 4; round++) {
    const { id, intent } = await buy()
    bench.world.stripe.account.settings.refunds = 'pending'
    await refundOrder(bench.shop.ctx, { id, amountCents: 700 })
    const [{ id: refund = '' } = {}] = refundsOf(intent)
    const { waiting } = bench.world.stripe.webhooks
    if (round % 2) await bench.arrive()
    bench.world.stripe.account.endRefund(refund, 'succeeded')
    if (round > 1) await bench.arrive()
    bench.world.stripe.account.endRefund(refund, 'failed')
    waiting.push(...waiting)
    waiting.reverse()
    await bench.arrive()
    bench.world.clock.advance(HOUR_MS)
    await runJobs(bench.shop.deps)
    const { order, refunds } = await bench.shop.ledger(id)
    expect(order).toMatchObject({ status: 'completed', refundedMinor: 0n, refundingMinor: 0n })
    expect(refunds).toMatchObject([{ status: 'failed' }])
    expect(await failuresOf(id)).toHaveLength(1)
  }
  expect(await booksOf()).toEqual({ revenue: 4 * 1_900, available: 4 * 1_900, refunds: 0 })
})

test('a refund that never goes through is told too', async () => {
  const { id, intent } = await buy()
  bench.world.stripe.account.settings.refunds = 'pending'
  await refundOrder(bench.shop.ctx, { id })
  expect((await bench.shop.ledger(id)).order.status).toBe('refund_pending')
  comesBack(intent)
  await bench.arrive()
  expect((await bench.shop.ledger(id)).order.status).toBe('completed')
  expect(await failuresOf(id)).toHaveLength(1)
})

describe('surplus money that can’t go back', () => {
  /** As a payment by crypto would, while the buyer still has Stripe's page open. */
  async function payTwice(refunds: 'pending' | 'succeeded') {
    bench.world.stripe.account.settings.refunds = refunds
    const { checkout, page } = await bench.shop.begin()
    const { id } = checkout.order
    await inTransaction(bench.shop.ctx, (tx) => completeOrder(tx, id, { method: 'crypto', at: tx.clock.now() }))
    const { id: intent } = bench.world.stripe.account.confirm(page)
    await bench.arrive()
    return { id, intent }
  }

  test.each(['pending', 'succeeded'] as const)(
    '(%s at first) is told once, and not tried for ever',
    async (refunds) => {
      const { id, intent } = await payTwice(refunds)
      comesBack(intent)
      await bench.arrive()
      bench.world.clock.advance(HOUR_MS)
      const asked = bench.world.stripe.requests.length
      await runJobs(bench.shop.deps)
      expect(bench.world.stripe.requests.length).toBe(asked)
      expect((await bench.shop.ledger(id)).attempts).toMatchObject([{ status: 'unreturned' }])
      expect(await failuresOf(id)).toHaveLength(1)
      // The seller sends it back in the dashboard.
      bench.world.stripe.account.settings.refunds = 'succeeded'
      bench.world.stripe.account.refund({ payment_intent: intent })
      await bench.arrive()
      expect((await bench.shop.ledger(id)).attempts).toMatchObject([{ status: 'returned' }])
    },
  )
})
