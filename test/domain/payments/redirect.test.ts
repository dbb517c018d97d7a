import { describe, expect, test } from 'vitest'
import { inTransaction } from '../../../server/db/transaction'
import { completeOrder } from '../../../server/domain/orders/transitions'
import { claimAttempt } from '../../../server/domain/payments/attempts'
import { gatewayOf } from '../../../server/domain/payments/gateways'
import { openPaymentPage, returnFromPage } from '../../../server/domain/payments/redirect'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../server/kernel/clock'
import { afflict, expectSoundBooks } from '../../support/stripe/checks'
import { runJobs, stripeShopForEachTest } from '../../support/stripe/shop'
import { FINE } from '../../support/stripe/webhooks'

const bench = stripeShopForEachTest()

const BUYER = { email: 'buyer@example.com', name: null }
const PAID = ['checkout.completed', 'order.completed', 'order.paid', 'payment.completed', 'sale.completed']
const OPENED = ['checkout.created', 'order.created']

describe('a buyer on Stripe’s page', () => {
  test('pays, and Stripe’s notice completes the order: one sale, one set of events, sound books', async () => {
    const { checkout, page } = await bench.shop.begin()
    expect(checkout.state).toBe('redirected')
    bench.world.stripe.account.confirm(page)
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('redirected')
    await bench.arrive()
    const ledger = await bench.shop.ledger(checkout.order.id)
    expect(ledger.order).toMatchObject({ status: 'completed', method: 'card', isTest: false })
    expect(ledger.attempts).toMatchObject([
      { status: 'succeeded', cardBrand: 'visa', cardLast4: '4242', gatewayFeeMinor: 85n, gatewayFeeCurrency: 'usd' },
    ])
    expect(ledger.entries).toHaveLength(1)
    expect(await bench.shop.told(checkout.order.id)).toEqual([...PAID, ...OPENED].sort())
    await expectSoundBooks(bench)
  })

  test('who comes back is asked for at Stripe, so that no notice is needed', async () => {
    const { checkout, page } = await bench.shop.begin()
    bench.world.stripe.account.confirm(page)
    expect((await returnFromPage(bench.shop.deps, checkout.order.sessionId)).state).toBe('paid')
    await bench.arrive()
    expect((await bench.shop.ledger(checkout.order.id)).entries).toHaveLength(1)
  })

  test('pays and closes the tab, and no notice ever comes: reconciliation finds the payment', async () => {
    bench.world.stripe.webhooks.weather = { ...FINE, lost: 1 }
    const { checkout, page } = await bench.shop.begin()
    bench.world.stripe.account.confirm(page)
    await runJobs(bench.shop.deps)
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('redirected')
    bench.world.clock.advance(10 * MINUTE_MS)
    await Promise.all([runJobs(bench.shop.deps), runJobs(bench.shop.deps)])
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('paid')
    expect((await bench.shop.ledger(checkout.order.id)).entries).toHaveLength(1)
  })

  test('pays in the last second, unheard: the session is not over before Stripe was asked', async () => {
    bench.world.stripe.webhooks.weather = { ...FINE, lost: 1 }
    const { checkout, page } = await bench.shop.begin()
    bench.world.clock.advance(HOUR_MS - SECOND_MS)
    bench.world.stripe.account.confirm(page)
    bench.world.clock.advance(2 * SECOND_MS)
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('processing')
    await runJobs(bench.shop.deps)
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('paid')
    expect(await bench.shop.told(checkout.order.id)).toEqual([...PAID, ...OPENED].sort())
  })

  test('leaves: the page is closed with the session, and nobody can pay there any more', async () => {
    const { checkout, page } = await bench.shop.begin()
    bench.world.clock.advance(HOUR_MS)
    await runJobs(bench.shop.deps)
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('expired')
    expect(bench.world.stripe.account.getSession(page).status).toBe('expired')
    expect(() => bench.world.stripe.account.confirm(page)).toThrow()
    expect((await bench.shop.ledger(checkout.order.id)).attempts).toMatchObject([{ status: 'void' }])
  })

  test('while Stripe can’t be asked, a session stays undecided, and is decided when it can', async () => {
    const { checkout, page } = await bench.shop.begin()
    bench.world.stripe.account.confirm(page)
    bench.world.stripe.webhooks.waiting.length = 0
    afflict(bench.world, 'cut_before', /./)
    bench.world.clock.advance(HOUR_MS)
    await runJobs(bench.shop.deps)
    await runJobs(bench.shop.deps)
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('processing')
    bench.world.stripe.trouble = () => undefined
    bench.world.clock.advance(MINUTE_MS)
    await runJobs(bench.shop.deps)
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('paid')
  })

  test('in five tabs at once is led to one page, which can be paid once', async () => {
    const { order } = await bench.shop.open()
    const before = bench.world.stripe.account.sessions.size
    const tabs = await Promise.all(
      Array.from({ length: 5 }, () => openPaymentPage(bench.shop.deps, order.sessionId, BUYER)),
    )
    const again = await openPaymentPage(bench.shop.deps, order.sessionId, BUYER)
    expect(bench.world.stripe.account.sessions.size).toBe(before + 1)
    const urls = new Set([...tabs, again].map(({ url }) => url).filter((url) => url !== null))
    expect([...urls]).toEqual([again.url])
    const page = again.checkout.attempt?.gatewayPage ?? ''
    bench.world.stripe.account.confirm(page)
    expect(() => bench.world.stripe.account.confirm(page)).toThrow()
    await bench.arrive()
    await expectSoundBooks(bench)
  })
})

describe('money that takes days', () => {
  test('comes: the order waits for it past its hour, nobody pays twice, and it is completed', async () => {
    const { checkout, page } = await bench.shop.begin()
    bench.world.stripe.account.confirm(page, 'delayed')
    await bench.arrive()
    const { sessionId, id } = checkout.order
    expect(await bench.shop.stateOf(sessionId)).toBe('settling')
    bench.world.clock.advance(DAY_MS)
    await runJobs(bench.shop.deps)
    expect(await openPaymentPage(bench.shop.deps, sessionId, BUYER)).toMatchObject({ url: null })
    expect(await bench.shop.stateOf(sessionId)).toBe('settling')
    expect((await bench.shop.ledger(id)).entries).toEqual([])
    bench.world.clock.advance(2 * DAY_MS)
    bench.world.stripe.account.settle(page, true)
    await bench.arrive()
    expect(await bench.shop.stateOf(sessionId)).toBe('paid')
    expect((await bench.shop.ledger(id)).entries).toHaveLength(1)
    await expectSoundBooks(bench)
  })

  test('comes unheard: reconciliation asks', async () => {
    const { checkout, page } = await bench.shop.begin()
    bench.world.stripe.account.confirm(page, 'delayed')
    await bench.arrive()
    bench.world.stripe.webhooks.weather = { ...FINE, lost: 1 }
    bench.world.stripe.account.settle(page, true)
    bench.world.clock.advance(HOUR_MS)
    await bench.arrive()
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('paid')
  })

  test('does not come: the order failed, says so once, and is over', async () => {
    const { checkout, page } = await bench.shop.begin()
    bench.world.stripe.account.confirm(page, 'delayed')
    await bench.arrive()
    bench.world.clock.advance(3 * DAY_MS)
    bench.world.stripe.account.settle(page, false)
    await bench.arrive()
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('expired')
    const told = await bench.shop.told(checkout.order.id)
    expect(told).toEqual([...OPENED, 'checkout.expired', 'order.expired', 'payment.failed'].sort())
  })
})

describe('surplus money', () => {
  /** As a payment by crypto would, while the buyer still has Stripe's page open. */
  const payOtherwise = (orderId: string) =>
    inTransaction(bench.shop.ctx, (tx) => completeOrder(tx, orderId, { method: 'crypto', at: tx.clock.now() }))

  test('of an order that was paid otherwise goes back by itself, once, and is told', async () => {
    const { checkout, page } = await bench.shop.begin()
    const { id } = checkout.order
    await payOtherwise(id)
    const { id: intent } = bench.world.stripe.account.confirm(page)
    await bench.arrive()
    await bench.arrive()
    const refunds = [...bench.world.stripe.account.refunds.values()].filter((one) => one.payment_intent === intent)
    expect(refunds).toMatchObject([{ amount: 1_900 }])
    expect((await bench.shop.ledger(id)).attempts).toMatchObject([{ status: 'returned' }])
    expect(await bench.shop.told(id)).toEqual([...OPENED, 'order.surplus_returned'].sort())
    expect((await bench.shop.ledger(id)).order).toMatchObject({ status: 'completed', refundedMinor: 0n })
  })

  test.each(['cut_before', 'cut_after', 'broken'] as const)(
    'goes back once when Stripe’s answer to the refund is lost at first (%s)',
    async (trouble) => {
      const { checkout, page } = await bench.shop.begin()
      await payOtherwise(checkout.order.id)
      const { id: intent } = bench.world.stripe.account.confirm(page)
      afflict(bench.world, trouble, /^\/v1\/refunds$/)
      await bench.arrive()
      expect((await bench.shop.ledger(checkout.order.id)).attempts).toMatchObject([{ status: 'unwanted' }])
      bench.world.stripe.trouble = () => undefined
      bench.world.clock.advance(2 * DAY_MS)
      await runJobs(bench.shop.deps)
      expect((await bench.shop.ledger(checkout.order.id)).attempts).toMatchObject([{ status: 'returned' }])
      expect(
        [...bench.world.stripe.account.refunds.values()].filter((one) => one.payment_intent === intent),
      ).toHaveLength(1)
    },
    60_000,
  )

  test('of which the seller has refunded in the dashboard counts as returned', async () => {
    const { checkout, page } = await bench.shop.begin()
    await payOtherwise(checkout.order.id)
    const { id: intent } = bench.world.stripe.account.confirm(page)
    afflict(bench.world, 'cut_before', /^\/v1\/refunds$/)
    await bench.arrive()
    bench.world.stripe.trouble = () => undefined
    bench.world.stripe.account.refund({ payment_intent: intent })
    await bench.arrive()
    expect((await bench.shop.ledger(checkout.order.id)).attempts).toMatchObject([{ status: 'returned' }])
  })
})

describe('trouble while the page is opened', () => {
  test.each(['cut_before', 'busy', 'broken'] as const)(
    '(%s) charges nothing, says so, and can be tried again',
    async (trouble) => {
      const { order } = await bench.shop.open()
      afflict(bench.world, trouble, /sessions/)
      await expect(openPaymentPage(bench.shop.deps, order.sessionId, BUYER)).rejects.toMatchObject({
        code: 'gateway_failed',
      })
      expect(await bench.shop.stateOf(order.sessionId)).toBe('open')
      bench.world.stripe.trouble = () => undefined
      const { checkout } = await openPaymentPage(bench.shop.deps, order.sessionId, BUYER)
      bench.world.stripe.account.confirm(checkout.attempt?.gatewayPage ?? '')
      await bench.arrive()
      expect(await bench.shop.stateOf(order.sessionId)).toBe('paid')
    },
    60_000,
  )

  test('a process that dies while it asks leaves a session that can be paid', async () => {
    const { order, ctx } = await bench.shop.open()
    const gateway = gatewayOf(ctx)
    if (!gateway) throw new Error('stripe is configured')
    await claimAttempt(ctx, order.id, gateway, BUYER)
    expect(await bench.shop.stateOf(order.sessionId)).toBe('processing')
    bench.world.clock.advance(MINUTE_MS)
    await runJobs(bench.shop.deps)
    expect(await bench.shop.stateOf(order.sessionId)).toBe('open')
  })

  test('an amount that isn’t the one that was asked for completes nothing', async () => {
    const { checkout, page } = await bench.shop.begin()
    const intent = bench.world.stripe.account.confirm(page)
    intent.amount_received = 19
    await bench.arrive()
    expect(await bench.shop.stateOf(checkout.order.sessionId)).toBe('redirected')
    expect((await bench.shop.ledger(checkout.order.id)).entries).toEqual([])
  })
})
