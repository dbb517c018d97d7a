import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../server/db/transaction'
import { getBalance } from '../../server/domain/ledger/service'
import { findDiscrepancies } from '../../server/domain/ledger/verify'
import { completeOrder } from '../../server/domain/orders/transitions'
import { findCheckout } from '../../server/domain/payments/checkout'
import { createOrder } from '../../server/domain/payments/creation'
import { openPaymentPage, returnFromPage } from '../../server/domain/payments/redirect'
import { refundOrder } from '../../server/domain/payments/refunds'
import { MINUTE_MS } from '../../server/kernel/clock'
import { runJobs, type StripeShop } from '../support/stripe/shop'
import { MEANS, type Means, type Stage } from '../support/stripe/stage'

/*
 * What buyers, sellers and banks do, through the whole server: the same with Stripe and with the stand-in. Nothing is asserted about Stripe
 * but what its own API answers.
 *
 * What needs a person, or Stripe's own pages, isn't here: 3-D Secure and wallets (buy something with 4000 0027 6000 3184), a seller's
 * answers to Stripe's questions in platform mode (connect_store, in an account that has Connect), and notices that come from Stripe by
 * itself (`stripe listen --forward-to localhost:3000/webhooks/stripe`). Lost answers, 429 and 5xx can't be asked for at Stripe: the tests
 * beside the stand-in have those.
 */

/** Stripe takes its time. */
const LIMIT = { timeout: 180_000 }
const BUYER = { email: 'buyer@example.com', name: null }

export function stripeScenarios(set: () => Promise<Stage>): void {
  let stage: Stage
  let shop: StripeShop
  beforeAll(async () => {
    stage = await set()
  })
  beforeEach(async () => {
    shop = await stage.openShop()
  })
  afterAll(() => stage.close())

  const stateOf = (sessionId: string) => shop.stateOf(sessionId)
  const isIn = (sessionId: string, state: string) => async () =>
    (await stateOf(sessionId)) === state ? true : undefined
  const orderOf = async (id: string) => (await shop.ledger(id)).order
  const salesOf = async (id: string) => (await shop.ledger(id)).entries.filter(({ kind }) => kind === 'sale')
  const toldOf = async (id: string, type: string) => (await shop.told(id)).filter((one) => one === type)
  const work = () => runJobs(stage.deps)
  const refundsAt = async (payment_intent: string) => (await stage.stripe.refunds.list({ payment_intent })).data

  async function pass(minutes: number): Promise<void> {
    stage.world.clock.advance(minutes * MINUTE_MS)
    await work()
    // Whatever could not be done at first.
    stage.world.clock.advance(MINUTE_MS)
    await work()
  }

  async function expectSound(): Promise<void> {
    const found: string[] = []
    for await (const line of findDiscrepancies(stage.deps, shop.ctx.storeId)) found.push(line)
    expect(found).toEqual([])
  }

  /** A paid order of $19.00, of which the server has heard. */
  async function sale(means: Means = MEANS.visa) {
    const { checkout, page } = await shop.begin()
    const { id, sessionId } = checkout.order
    await stage.pay(page, means)
    await stage.until('the payment', isIn(sessionId, 'paid'))
    const intent = (await shop.ledger(id)).attempts[0]?.gatewayReference ?? ''
    return { id, sessionId, intent }
  }

  describe('a buyer', () => {
    test(
      'who comes back is a sale before any notice came, with the card and, in the end, what Stripe keeps',
      LIMIT,
      async () => {
        const { checkout, page } = await shop.begin()
        const { id, sessionId } = checkout.order
        await stage.pay(page)
        expect((await returnFromPage(stage.deps, sessionId)).state).toBe('paid')
        const fee = await stage.until('what Stripe keeps', async () => (await orderOf(id)).gatewayFeeMinor ?? undefined)
        const [attempt] = (await shop.ledger(id)).attempts
        const expand = ['latest_charge.balance_transaction']
        const { latest_charge: charge } = await stage.stripe.paymentIntents.retrieve(attempt?.gatewayReference ?? '', {
          expand,
        })
        if (!charge || typeof charge === 'string' || typeof charge.balance_transaction === 'string')
          throw new Error('expanded')
        expect(Number(fee)).toBe(charge.balance_transaction?.fee)
        expect(attempt).toMatchObject({ status: 'succeeded', cardBrand: 'visa', cardLast4: '4242' })
        expect(await salesOf(id)).toHaveLength(1)
        await expectSound()
      },
    )

    test('who closes the tab is a sale by Stripe’s notices: once, twice over and backwards', LIMIT, async () => {
      const { checkout, page } = await shop.begin()
      await stage.pay(page)
      await stage.until('the payment', isIn(checkout.order.sessionId, 'paid'))
      await stage.relay((events) => [...events, ...events].reverse())
      await work()
      expect(await salesOf(checkout.order.id)).toHaveLength(1)
      expect(await toldOf(checkout.order.id, 'sale.completed')).toHaveLength(1)
    })

    test('who closes the tab is a sale without any notice, and after the session’s hour too', LIMIT, async () => {
      for (const minutes of [11, 61]) {
        const { checkout, page } = await shop.begin()
        await stage.pay(page)
        await pass(minutes)
        expect(await stateOf(checkout.order.sessionId)).toBe('paid')
        expect(await salesOf(checkout.order.id)).toHaveLength(1)
      }
    })

    test('who leaves can’t pay any more when the hour is over', LIMIT, async () => {
      const { checkout, page } = await shop.begin()
      await pass(61)
      expect(await stateOf(checkout.order.sessionId)).toBe('expired')
      expect((await stage.stripe.checkout.sessions.retrieve(page)).status).toBe('expired')
      await expect(stage.pay(page)).rejects.toThrow()
    })

    test('whose card is declined is told why, and pays with another one on the same page', LIMIT, async () => {
      const { checkout, page } = await shop.begin()
      const { id, sessionId } = checkout.order
      await expect(stage.pay(page, MEANS.insufficientFunds)).rejects.toMatchObject({ code: 'card_declined' })
      const isTold = async () => ((await orderOf(id)).failureCode === 'insufficient_funds' ? true : undefined)
      await stage.until('the decline', isTold)
      expect(await stateOf(sessionId)).toBe('redirected')
      await stage.pay(page)
      await stage.until('the payment', isIn(sessionId, 'paid'))
      expect(await toldOf(id, 'payment.failed')).toHaveLength(1)
    })

    test('in several tabs is led to one page, which can be paid once', LIMIT, async () => {
      const { order } = await shop.open()
      await Promise.all([1, 2, 3].map(() => openPaymentPage(stage.deps, order.sessionId, BUYER)))
      const { attempt } = await findCheckout(stage.deps, order.sessionId)
      await stage.pay(attempt?.gatewayPage ?? '')
      await expect(stage.pay(attempt?.gatewayPage ?? '')).rejects.toThrow()
      await stage.until('the payment', isIn(order.sessionId, 'paid'))
      expect(await salesOf(order.id)).toHaveLength(1)
    })

    test('who has paid otherwise meanwhile has the surplus back, once, and the seller is told', LIMIT, async () => {
      const { checkout, page } = await shop.begin()
      const { id } = checkout.order
      await inTransaction(shop.ctx, (tx) => completeOrder(tx, id, { method: 'crypto', at: tx.clock.now() }))
      await stage.pay(page)
      const reference = await stage.until('the way back', async () => {
        const [attempt] = (await shop.ledger(id)).attempts
        return attempt?.status === 'returned' ? attempt.gatewayReference : undefined
      })
      expect(await refundsAt(reference ?? '')).toMatchObject([{ amount: 1_900 }])
      expect(await toldOf(id, 'order.surplus_returned')).toHaveLength(1)
    })

    test.each([
      ['jpy', 500, 500],
      ['kwd', 5_120, 5_120],
    ])('in %s pays %s of the smallest unit, which are %s at Stripe', LIMIT, async (currency, amount_cents, units) => {
      const order = await createOrder(shop.ctx, { amount_cents, currency, metadata: {}, customer_email: BUYER.email })
      const { checkout } = await openPaymentPage(stage.deps, order.sessionId, BUYER)
      const page = checkout.attempt?.gatewayPage ?? ''
      expect(await stage.stripe.checkout.sessions.retrieve(page)).toMatchObject({ amount_total: units, currency })
      await stage.pay(page)
      await stage.until('the payment', isIn(order.sessionId, 'paid'))
      const refunded = await refundOrder(shop.ctx, { id: order.id, amountCents: 100 })
      expect(refunded.order).toMatchObject({ refundedMinor: 100n })
    })

    test('below Stripe’s least charge is refused before Stripe is asked', async () => {
      const order = { amount_cents: 49, currency: 'usd', metadata: {}, customer_email: BUYER.email }
      await expect(createOrder(shop.ctx, order)).rejects.toMatchObject({ code: 'amount_too_small' })
    })
  })

  describe('money that takes days', () => {
    /** Stripe has the page offer debits where the account has them and the price is in euros. */
    async function debited(means: Means) {
      const asked = { amount_cents: 1_900, currency: 'eur', metadata: {}, customer_email: BUYER.email }
      const { id, sessionId } = await createOrder(shop.ctx, asked)
      const { checkout } = await openPaymentPage(stage.deps, sessionId, BUYER)
      await stage.pay(checkout.attempt?.gatewayPage ?? '', means)
      return { id, sessionId }
    }

    test('(SEPA, where the account has it switched on) comes, and is a sale then', LIMIT, async () => {
      const { id, sessionId } = await debited(MEANS.debit)
      await stage.until('the debit', isIn(sessionId, 'paid'))
      expect(await salesOf(id)).toHaveLength(1)
    })

    test('(SEPA, where the account has it switched on) does not come, and is told once', LIMIT, async () => {
      const { id } = await debited(MEANS.failingDebit)
      await stage.until('the refusal', async () => ((await orderOf(id)).status === 'failed' ? true : undefined))
      expect(await toldOf(id, 'payment.failed')).toHaveLength(1)
      expect(await salesOf(id)).toEqual([])
    })
  })

  describe('a refund', () => {
    test('in parts and of the rest is Stripe’s, once each, and no more than was paid', LIMIT, async () => {
      const { id, intent } = await sale()
      const refundId = crypto.randomUUID()
      for (let twice = 0; twice < 2; twice++) await refundOrder(shop.ctx, { id, amountCents: 700, refundId })
      await expect(refundOrder(shop.ctx, { id, amountCents: 1_201 })).rejects.toMatchObject({
        code: 'refund_exceeds_payment',
      })
      await refundOrder(shop.ctx, { id })
      expect((await refundsAt(intent)).map(({ amount }) => amount).sort()).toEqual([1_200, 700].sort())
      expect((await orderOf(id)).status).toBe('refunded')
      await expectSound()
    })

    test('in Stripe’s dashboard is the order’s, once', LIMIT, async () => {
      const { id, intent } = await sale()
      await stage.stripe.refunds.create({ payment_intent: intent, amount: 700 })
      await stage.until('the refund', async () => ((await orderOf(id)).refundedMinor === 700n ? true : undefined))
      await pass(3)
      expect(await refundsAt(intent)).toHaveLength(1)
      expect((await getBalance(shop.ctx)).balances[0]).toMatchObject({ available_cents: 1_200, refunds_cents: 700 })
      await expectSound()
    })
  })

  describe('a dispute', () => {
    const disputeOf = async (id: string) => (await shop.ledger(id)).disputes[0]
    const statusOf = (id: string, status: string) => async () => {
      const dispute = await disputeOf(id)
      return dispute?.status === status ? dispute : undefined
    }

    test('holds the money, and is lost; what Stripe keeps for it is in the ledger', LIMIT, async () => {
      const { id } = await sale(MEANS.disputed)
      const { gatewayReference } = await stage.until('the dispute', statusOf(id, 'needs_response'))
      expect((await getBalance(shop.ctx)).balances[0]).toMatchObject({ available_cents: 0, pending_cents: 1_900 })
      await stage.stripe.disputes.close(gatewayReference)
      await stage.until('the decision', statusOf(id, 'lost'))
      const { balance_transactions: moved } = await stage.stripe.disputes.retrieve(gatewayReference)
      const kept = moved.reduce((sum, { fee }) => sum + fee, 0)
      expect(Number((await disputeOf(id))?.gatewayFeeMinor ?? 0n)).toBe(kept)
      expect((await getBalance(shop.ctx)).balances[0]).toMatchObject({ available_cents: 0, disputes_cents: 1_900 })
      await expectSound()
    })

    test('is won by evidence, and then all can be refunded', LIMIT, async () => {
      const { id, intent } = await sale(MEANS.disputed)
      const { gatewayReference } = await stage.until('the dispute', statusOf(id, 'needs_response'))
      const evidence = { uncategorized_text: 'winning_evidence' }
      await stage.stripe.disputes.update(gatewayReference, { evidence, submit: true })
      await stage.until('the decision', statusOf(id, 'won'))
      expect((await getBalance(shop.ctx)).balances[0]).toMatchObject({ available_cents: 1_900, pending_cents: 0 })
      expect((await refundOrder(shop.ctx, { id })).order.status).toBe('refunded')
      expect(await refundsAt(intent)).toHaveLength(1)
      await expectSound()
    })

    test('that is only an inquiry takes nothing', LIMIT, async () => {
      const { id, intent } = await sale(MEANS.inquired)
      const isAsked = async () => (await stage.stripe.disputes.list({ payment_intent: intent })).data[0]?.status
      expect(await stage.until('the inquiry', isAsked)).toMatch(/^warning_/)
      await stage.relay()
      await work()
      expect(await disputeOf(id)).toBeUndefined()
      expect((await getBalance(shop.ctx)).balances[0]).toMatchObject({ available_cents: 1_900, pending_cents: 0 })
    })
  })
}
