import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../server/db/transaction'
import { getBalance } from '../../../server/domain/ledger/service'
import { findDiscrepancies } from '../../../server/domain/ledger/verify'
import { completeOrder } from '../../../server/domain/orders/transitions'
import { claimAttempt } from '../../../server/domain/payments/attempts'
import { gatewayOf } from '../../../server/domain/payments/gateways'
import { openPaymentPage, returnFromPage } from '../../../server/domain/payments/redirect'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { getRevenue } from '../../../server/domain/revenue/service'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../server/kernel/clock'
import type { Trouble } from '../../support/stripe/server'
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
  world.stripe.trouble = () => undefined
  world.stripe.webhooks.weather = FINE
  world.stripe.webhooks.waiting.length = 0
  world.stripe.account.settings.refunds = 'succeeded'
})
afterAll(() => world.close())

const BUYER = { email: 'buyer@example.com', name: null }
const PAID = ['checkout.completed', 'order.completed', 'order.paid', 'payment.completed', 'sale.completed']
const OPENED = ['checkout.created', 'order.created']

/** What Stripe tells arrives, and the background work is done. */
async function arrive(): Promise<void> {
  await world.stripe.webhooks.drain()
  await runJobs(shop.deps)
}

function afflict(trouble: Trouble, path: RegExp): void {
  world.stripe.trouble = (request) => (path.test(request.path) ? trouble : undefined)
}

/** Every invariant of a store's money, against what Stripe has. */
async function expectSoundBooks(): Promise<void> {
  const found: string[] = []
  for await (const line of findDiscrepancies(shop.deps, shop.ctx.storeId)) found.push(line)
  expect(found).toEqual([])
  const { charges, intents } = world.stripe.account
  const ours = [...charges.values()].filter(({ payment_intent: id }) => {
    return intents.get(id)?.metadata.payhook_attempt?.startsWith(prefixOf(shop.ctx.storeId))
  })
  const kept = ours.reduce((sum, charge) => sum + charge.amount - charge.amount_refunded, 0)
  const [balance] = (await getBalance(shop.ctx)).balances
  expect(Number(balance?.gross_cents) - Number(balance?.refunds_cents)).toBe(kept)
}

function prefixOf(storeId: bigint): string {
  const hex = storeId.toString(16).padStart(10, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}`
}

describe('a buyer on Stripe’s page', () => {
  test('pays, and Stripe’s notice completes the order: one sale, one set of events, sound books', async () => {
    const { checkout, page } = await shop.begin()
    expect(checkout.state).toBe('redirected')
    world.stripe.account.confirm(page)
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('redirected')
    await arrive()
    const ledger = await shop.ledger(checkout.order.id)
    expect(ledger.order).toMatchObject({ status: 'completed', method: 'card', isTest: false })
    expect(ledger.attempts).toMatchObject([
      { status: 'succeeded', cardBrand: 'visa', cardLast4: '4242', gatewayFeeMinor: 85n, gatewayFeeCurrency: 'usd' },
    ])
    expect(ledger.entries).toHaveLength(1)
    expect(await shop.told(checkout.order.id)).toEqual([...PAID, ...OPENED].sort())
    await expectSoundBooks()
  })

  test('who comes back is asked for at Stripe, so that no notice is needed', async () => {
    const { checkout, page } = await shop.begin()
    world.stripe.account.confirm(page)
    expect((await returnFromPage(shop.deps, checkout.order.sessionId)).state).toBe('paid')
    await arrive()
    expect((await shop.ledger(checkout.order.id)).entries).toHaveLength(1)
  })

  test('pays and closes the tab, and no notice ever comes: reconciliation finds the payment', async () => {
    world.stripe.webhooks.weather = { ...FINE, lost: 1 }
    const { checkout, page } = await shop.begin()
    world.stripe.account.confirm(page)
    await runJobs(shop.deps)
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('redirected')
    world.clock.advance(10 * MINUTE_MS)
    await Promise.all([runJobs(shop.deps), runJobs(shop.deps)])
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('paid')
    expect((await shop.ledger(checkout.order.id)).entries).toHaveLength(1)
  })

  test('pays in the last second, unheard: the session is not over before Stripe was asked', async () => {
    world.stripe.webhooks.weather = { ...FINE, lost: 1 }
    const { checkout, page } = await shop.begin()
    world.clock.advance(HOUR_MS - SECOND_MS)
    world.stripe.account.confirm(page)
    world.clock.advance(2 * SECOND_MS)
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('processing')
    await runJobs(shop.deps)
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('paid')
    expect(await shop.told(checkout.order.id)).toEqual([...PAID, ...OPENED].sort())
  })

  test('leaves: the page is closed with the session, and nobody can pay there any more', async () => {
    const { checkout, page } = await shop.begin()
    world.clock.advance(HOUR_MS)
    await runJobs(shop.deps)
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('expired')
    expect(world.stripe.account.getSession(page).status).toBe('expired')
    expect(() => world.stripe.account.confirm(page)).toThrow()
    expect((await shop.ledger(checkout.order.id)).attempts).toMatchObject([{ status: 'void' }])
  })

  test('while Stripe can’t be asked, a session stays undecided, and is decided when it can', async () => {
    const { checkout, page } = await shop.begin()
    world.stripe.account.confirm(page)
    world.stripe.webhooks.waiting.length = 0
    afflict('cut_before', /./)
    world.clock.advance(HOUR_MS)
    await runJobs(shop.deps)
    await runJobs(shop.deps)
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('processing')
    world.stripe.trouble = () => undefined
    world.clock.advance(MINUTE_MS)
    await runJobs(shop.deps)
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('paid')
  })

  test('in five tabs at once is led to one page, which can be paid once', async () => {
    const { order } = await shop.open()
    const before = world.stripe.account.sessions.size
    const tabs = await Promise.all(Array.from({ length: 5 }, () => openPaymentPage(shop.deps, order.sessionId, BUYER)))
    const again = await openPaymentPage(shop.deps, order.sessionId, BUYER)
    expect(world.stripe.account.sessions.size).toBe(before + 1)
    const urls = new Set([...tabs, again].map(({ url }) => url).filter((url) => url !== null))
    expect([...urls]).toEqual([again.url])
    const page = again.checkout.attempt?.gatewayPage ?? ''
    world.stripe.account.confirm(page)
    expect(() => world.stripe.account.confirm(page)).toThrow()
    await arrive()
    await expectSoundBooks()
  })
})

describe('money that takes days', () => {
  test('comes: the order waits for it past its hour, nobody pays twice, and it is completed', async () => {
    const { checkout, page } = await shop.begin()
    world.stripe.account.confirm(page, 'delayed')
    await arrive()
    const { sessionId, id } = checkout.order
    expect(await shop.stateOf(sessionId)).toBe('settling')
    world.clock.advance(DAY_MS)
    await runJobs(shop.deps)
    expect(await openPaymentPage(shop.deps, sessionId, BUYER)).toMatchObject({ url: null })
    expect(await shop.stateOf(sessionId)).toBe('settling')
    expect((await shop.ledger(id)).entries).toEqual([])
    world.clock.advance(2 * DAY_MS)
    world.stripe.account.settle(page, true)
    await arrive()
    expect(await shop.stateOf(sessionId)).toBe('paid')
    expect((await shop.ledger(id)).entries).toHaveLength(1)
    await expectSoundBooks()
  })

  test('comes unheard: reconciliation asks', async () => {
    const { checkout, page } = await shop.begin()
    world.stripe.account.confirm(page, 'delayed')
    await arrive()
    world.stripe.webhooks.weather = { ...FINE, lost: 1 }
    world.stripe.account.settle(page, true)
    world.clock.advance(HOUR_MS)
    await arrive()
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('paid')
  })

  test('does not come: the order failed, says so once, and is over', async () => {
    const { checkout, page } = await shop.begin()
    world.stripe.account.confirm(page, 'delayed')
    await arrive()
    world.clock.advance(3 * DAY_MS)
    world.stripe.account.settle(page, false)
    await arrive()
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('expired')
    const told = await shop.told(checkout.order.id)
    expect(told).toEqual([...OPENED, 'checkout.expired', 'order.expired', 'payment.failed'].sort())
  })
})

describe('surplus money', () => {
  /** As a payment by crypto would, while the buyer still has Stripe's page open. */
  const payOtherwise = (orderId: string) =>
    inTransaction(shop.ctx, (tx) => completeOrder(tx, orderId, { method: 'crypto', at: tx.clock.now() }))

  test('of an order that was paid otherwise goes back by itself, once, and is told', async () => {
    const { checkout, page } = await shop.begin()
    const { id } = checkout.order
    await payOtherwise(id)
    const { id: intent } = world.stripe.account.confirm(page)
    await arrive()
    await arrive()
    const refunds = [...world.stripe.account.refunds.values()].filter((one) => one.payment_intent === intent)
    expect(refunds).toMatchObject([{ amount: 1_900 }])
    expect((await shop.ledger(id)).attempts).toMatchObject([{ status: 'returned' }])
    expect(await shop.told(id)).toEqual([...OPENED, 'order.surplus_returned'].sort())
    expect((await shop.ledger(id)).order).toMatchObject({ status: 'completed', refundedMinor: 0n })
  })

  test.each(['cut_before', 'cut_after', 'broken'] as const)(
    'goes back once when Stripe’s answer to the refund is lost at first (%s)',
    async (trouble) => {
      const { checkout, page } = await shop.begin()
      await payOtherwise(checkout.order.id)
      const { id: intent } = world.stripe.account.confirm(page)
      afflict(trouble, /^\/v1\/refunds$/)
      await arrive()
      expect((await shop.ledger(checkout.order.id)).attempts).toMatchObject([{ status: 'unwanted' }])
      world.stripe.trouble = () => undefined
      world.clock.advance(2 * DAY_MS)
      await runJobs(shop.deps)
      expect((await shop.ledger(checkout.order.id)).attempts).toMatchObject([{ status: 'returned' }])
      expect([...world.stripe.account.refunds.values()].filter((one) => one.payment_intent === intent)).toHaveLength(1)
    },
    60_000,
  )

  test('of which the seller has refunded in the dashboard counts as returned', async () => {
    const { checkout, page } = await shop.begin()
    await payOtherwise(checkout.order.id)
    const { id: intent } = world.stripe.account.confirm(page)
    afflict('cut_before', /^\/v1\/refunds$/)
    await arrive()
    world.stripe.trouble = () => undefined
    world.stripe.account.refund({ payment_intent: intent })
    await arrive()
    expect((await shop.ledger(checkout.order.id)).attempts).toMatchObject([{ status: 'returned' }])
  })
})

describe('notices', () => {
  test('late, twice and in any order lead to the same state as one by one', async () => {
    const results = new Set<string>()
    for (let round = 0; round < 6; round++) {
      const { checkout, page } = await shop.begin()
      const { id: intent } = world.stripe.account.confirm(page)
      world.stripe.account.refund({ payment_intent: intent, amount: 400 })
      const dispute = world.stripe.account.openDispute(intent, { amount: 1_500 })
      world.stripe.account.moveDispute(dispute.id, round % 2 ? 'lost' : 'won')
      const { waiting } = world.stripe.webhooks
      waiting.push(...waiting)
      if (round === 1) waiting.reverse()
      if (round > 1) waiting.sort(() => Math.random() - 0.5)
      await world.stripe.webhooks.drain()
      await Promise.all([runJobs(shop.deps), runJobs(shop.deps)])
      world.clock.advance(HOUR_MS)
      await runJobs(shop.deps)
      const { order, refunds, disputes, entries } = await shop.ledger(checkout.order.id)
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
    const { checkout, page } = await shop.begin()
    world.stripe.account.confirm(page)
    const event = world.stripe.webhooks.waiting.find(({ type }) => type === 'checkout.session.completed')
    const body = JSON.stringify(event)
    const post = (headers: Record<string, string>) =>
      fetch(`${world.url}/webhooks/stripe`, { method: 'POST', body, headers })
    expect((await post({})).status).toBe(400)
    expect((await post({ 'Stripe-Signature': `t=1,v1=${'0'.repeat(64)}` })).status).toBe(400)
    await runJobs(shop.deps)
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('redirected')
  })

  test('about things of other programs on the same account are taken and followed by nothing', async () => {
    const { account, webhooks } = world.stripe
    const foreign = account.openSession({
      ...{ amount: 500, currency: 'usd', metadata: {}, intentMetadata: {}, successUrl: 'https://example.com' },
    })
    const intent = account.confirm(foreign.id)
    account.refund({ payment_intent: intent.id, amount: 100 })
    account.openDispute(intent.id)
    await arrive()
    expect(webhooks.log.slice(-3).map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await getRevenue(shop.ctx, '7d')).period_sales).toBe(0)
  })

  test('are kept before they are answered, and followed when Stripe can be asked again', async () => {
    const { checkout, page } = await shop.begin()
    world.stripe.account.confirm(page)
    afflict('cut_before', /./)
    await arrive()
    expect(world.stripe.webhooks.waiting).toEqual([])
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('redirected')
    world.stripe.trouble = () => undefined
    world.clock.advance(2 * MINUTE_MS)
    await runJobs(shop.deps)
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('paid')
  })
})

describe('refunds', () => {
  const buy = async () => {
    const { checkout, page } = await shop.begin()
    const { id: intent } = world.stripe.account.confirm(page)
    await arrive()
    return { order: checkout.order, intent }
  }

  test('by the API, in parts and in whole, are Stripe’s once each', async () => {
    const { order, intent } = await buy()
    expect(await refundOrder(shop.ctx, { id: order.id, amountCents: 700 })).toMatchObject({
      refund: { status: 'succeeded' },
    })
    await arrive()
    expect((await refundOrder(shop.ctx, { id: order.id })).order.status).toBe('refunded')
    await arrive()
    const amounts = [...world.stripe.account.refunds.values()].filter((one) => one.payment_intent === intent)
    expect(amounts.map(({ amount }) => amount).sort()).toEqual([1_200, 700])
    expect((await shop.ledger(order.id)).refunds).toHaveLength(2)
    await expectSoundBooks()
  })

  test('in the dashboard are the order’s too, once, with their events', async () => {
    const { order, intent } = await buy()
    world.stripe.account.refund({ payment_intent: intent, amount: 700 })
    await arrive()
    world.stripe.account.refund({ payment_intent: intent })
    await arrive()
    expect((await shop.ledger(order.id)).order).toMatchObject({ status: 'refunded', refundedMinor: 1_900n })
    const told = (await shop.told(order.id)).filter((type) => type === 'sale.refunded')
    expect(told).toHaveLength(2)
    await expectSoundBooks()
  })

  test.each(['succeeded', 'failed'] as const)('that take a while and then %s end once', async (status) => {
    const { order, intent } = await buy()
    world.stripe.account.settings.refunds = 'pending'
    const { refund } = await refundOrder(shop.ctx, { id: order.id, amountCents: 700 })
    expect(refund.status).toBe('pending')
    await arrive()
    world.clock.advance(2 * DAY_MS)
    await runJobs(shop.deps)
    expect((await shop.ledger(order.id)).order).toMatchObject({ refundingMinor: 700n, refundedMinor: 0n })
    const made = [...world.stripe.account.refunds.values()].filter((one) => one.payment_intent === intent)
    expect(made).toHaveLength(1)
    world.stripe.account.endRefund(made[0]?.id ?? '', status)
    await arrive()
    const refundedMinor = status === 'succeeded' ? 700n : 0n
    expect((await shop.ledger(order.id)).order).toMatchObject({ refundingMinor: 0n, refundedMinor })
    await expectSoundBooks()
  })

  test.each(['cut_after', 'broken', 'broken_after'] as const)(
    'without an answer (%s) are sent again and pay back once',
    async (trouble) => {
      const { order, intent } = await buy()
      afflict(trouble, /^\/v1\/refunds$/)
      expect((await refundOrder(shop.ctx, { id: order.id })).refund.status).toBe('pending')
      world.stripe.trouble = () => undefined
      world.clock.advance(MINUTE_MS)
      await runJobs(shop.deps)
      expect((await shop.ledger(order.id)).order.status).toBe('refunded')
      expect([...world.stripe.account.refunds.values()].filter((one) => one.payment_intent === intent)).toHaveLength(1)
    },
    60_000,
  )
})

describe('trouble while the page is opened', () => {
  test.each(['cut_before', 'busy', 'broken'] as const)(
    '(%s) charges nothing, says so, and can be tried again',
    async (trouble) => {
      const { order } = await shop.open()
      afflict(trouble, /sessions/)
      await expect(openPaymentPage(shop.deps, order.sessionId, BUYER)).rejects.toMatchObject({ code: 'gateway_failed' })
      expect(await shop.stateOf(order.sessionId)).toBe('open')
      world.stripe.trouble = () => undefined
      const { checkout } = await openPaymentPage(shop.deps, order.sessionId, BUYER)
      world.stripe.account.confirm(checkout.attempt?.gatewayPage ?? '')
      await arrive()
      expect(await shop.stateOf(order.sessionId)).toBe('paid')
    },
    60_000,
  )

  test('a process that dies while it asks leaves a session that can be paid', async () => {
    const { order, ctx } = await shop.open()
    const gateway = gatewayOf(ctx)
    if (!gateway) throw new Error('stripe is configured')
    await claimAttempt(ctx, order.id, gateway, BUYER)
    expect(await shop.stateOf(order.sessionId)).toBe('processing')
    world.clock.advance(MINUTE_MS)
    await runJobs(shop.deps)
    expect(await shop.stateOf(order.sessionId)).toBe('open')
  })

  test('an amount that isn’t the one that was asked for completes nothing', async () => {
    const { checkout, page } = await shop.begin()
    const intent = world.stripe.account.confirm(page)
    intent.amount_received = 19
    await arrive()
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('redirected')
    expect((await shop.ledger(checkout.order.id)).entries).toEqual([])
  })
})
