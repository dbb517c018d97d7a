import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { NewTestPayment } from '../../../server/domain/orders/schema'
import { claimAttempt } from '../../../server/domain/payments/attempts'
import { completeFree } from '../../../server/domain/payments/free'
import { recoverAttempts } from '../../../server/domain/payments/recovery'
import { payTestOrder } from '../../../server/domain/payments/rehearsal'
import { finishAuthentication, payWithCard } from '../../../server/domain/payments/service'
import { applyCoupon, removeCoupon } from '../../../server/domain/payments/session-coupon'
import { settleAttempt } from '../../../server/domain/payments/settlement'
import { stores } from '../../../server/domain/stores/table'
import { MINUTE_MS } from '../../../server/kernel/clock'
import { callRest } from '../../support/calls'
import { CARDS } from '../../support/cards'
import { addCoupon, readUses, usesOf } from '../../support/coupons'
import { type Body, times, useBuyers } from './buyers'

const at = useBuyers()
const { endSessions, order, payAs } = at

describe('a use', () => {
  test('is given back when the session ends unpaid, once; the order still says what it had', async () => {
    const id = await addCoupon(at.shop, 'ONE', { max_uses: 1, max_uses_per_customer: 1 })
    const first = await order('one', 'ada@example.com')
    await expect(order('one', 'bob@example.com')).rejects.toMatchObject({ reason: 'used_up' })
    await endSessions()
    await endSessions()
    expect(await usesOf(at.shop, id)).toBe(0)
    expect((await at.shop.ledger(first.id)).order).toMatchObject({
      status: 'failed',
      couponCode: 'ONE',
      discountMinor: 190n,
    })
    expect((await order('one', 'ada@example.com')).amountMinor).toBe(1_710n)
  })

  test('is kept by a payment, a decline before it included', async () => {
    const id = await addCoupon(at.shop, 'ONE', { max_uses: 1 })
    const { sessionId } = await order('one')
    await payAs(sessionId, 'ada@example.com', CARDS.insufficientFunds)
    const { checkout } = await payAs(sessionId, 'ada@example.com')
    expect([checkout.state, checkout.order.amountMinor]).toEqual(['paid', 1_710n])
    await endSessions()
    expect(await usesOf(at.shop, id)).toBe(1)
  })

  test('belongs to whoever pays, not to whom the order was made for', async () => {
    await addCoupon(at.shop, 'ONE', { max_uses_per_customer: 1 })
    const { sessionId } = await order('one', 'ada@example.com')
    expect((await payAs(sessionId, 'bob@example.com')).checkout.state).toBe('paid')
    expect((await order('one', 'ada@example.com')).discountMinor).toBe(190n)
    await expect(order('one', 'bob@example.com')).rejects.toMatchObject({ reason: 'used_by_customer' })
  })

  test('is one an order: another coupon gives the first one back, the same one changes nothing', async () => {
    const [small, big] = [
      await addCoupon(at.shop, 'SMALL', { max_uses: 1 }),
      await addCoupon(at.shop, 'BIG', { discount_basis_points: 5_000, max_uses: 1 }),
    ]
    const { sessionId } = await order('small')
    expect((await applyCoupon(at.shop.deps, sessionId, 'small')).refused).toBeNull()
    const { checkout } = await applyCoupon(at.shop.deps, sessionId, 'big')
    expect(checkout.order).toMatchObject({
      amountMinor: 950n,
      discountMinor: 950n,
      couponCode: 'BIG',
      subtotalMinor: 1_900n,
    })
    expect([await usesOf(at.shop, small), await usesOf(at.shop, big)]).toEqual([0, 1])
    expect((await removeCoupon(at.shop.deps, sessionId)).order).toMatchObject({ amountMinor: 1_900n, couponId: null })
    expect([await usesOf(at.shop, small), await usesOf(at.shop, big)]).toEqual([0, 0])
  })

  test('of a coupon that does not apply leaves the one that the order has', async () => {
    const kept = await addCoupon(at.shop, 'KEPT', { max_uses: 1 })
    await addCoupon(at.shop, 'HUGE', { min_amount_cents: 1_000_000 })
    const { sessionId } = await order('kept')
    for (const [code, reason] of [
      ['huge', 'below_minimum_amount'],
      ['none', 'not_found'],
    ] as const) {
      const { checkout, refused } = await applyCoupon(at.shop.deps, sessionId, code)
      expect([refused, checkout.order.couponCode, checkout.order.amountMinor]).toEqual([reason, 'KEPT', 1_710n])
    }
    expect(await usesOf(at.shop, kept)).toBe(1)
  })

  test('changes the fee with the price', async () => {
    await addCoupon(at.shop, 'HALF', { discount_basis_points: 5_000 })
    await at.shop.ctx.db.update(stores).set({ feeBasisPoints: 250 }).where(eq(stores.storeId, at.shop.ctx.storeId))
    const { sessionId } = await order('half')
    expect((await applyCoupon(at.shop.deps, sessionId, 'half')).checkout.order).toMatchObject({
      amountMinor: 950n,
      feeMinor: 24n,
    })
    expect((await removeCoupon(at.shop.deps, sessionId)).order).toMatchObject({ amountMinor: 1_900n, feeMinor: 48n })
  })
})

describe('the price stays', () => {
  test('while the bank asks the buyer, and after the order is paid or over', async () => {
    await addCoupon(at.shop, 'LATE')
    const { sessionId } = await order()
    const both = [() => applyCoupon(at.shop.deps, sessionId, 'late'), () => removeCoupon(at.shop.deps, sessionId)]
    await payAs(sessionId, 'ada@example.com', CARDS.succeedsWith3ds)
    for (const change of both) await expect(change()).rejects.toMatchObject({ code: 'payment_in_progress' })
    await finishAuthentication(at.shop.deps, sessionId, true)
    for (const change of both) await expect(change()).rejects.toMatchObject({ code: 'order_already_paid' })
    const { sessionId: over } = await order()
    await endSessions()
    await expect(applyCoupon(at.shop.deps, over, 'late')).rejects.toMatchObject({ code: 'session_expired' })
    const { uses } = await readUses(at.shop)
    expect(uses).toEqual([])
  })

  test('while the gateway has not answered', async () => {
    await addCoupon(at.shop, 'LATE')
    const { sessionId } = await order()
    at.shop.bank.trouble = 'answer_lost'
    await payAs(sessionId, 'ada@example.com')
    await expect(applyCoupon(at.shop.deps, sessionId, 'late')).rejects.toMatchObject({ code: 'payment_in_progress' })
  })

  test('what it was shown as, or nothing is charged', async () => {
    await addCoupon(at.shop, 'LESS')
    const { sessionId } = await order()
    await applyCoupon(at.shop.deps, sessionId, 'less')
    const payment = { email: 'ada@example.com', name: null, card: CARDS.succeeds }
    const tried = await payWithCard(at.shop.deps, sessionId, { ...payment, shownMinor: 1_900n })
    expect([tried.obstacle, tried.checkout.state, at.shop.bank.charged.size]).toEqual(['price_changed', 'open', 0])
    const paid = await payWithCard(at.shop.deps, sessionId, { ...payment, shownMinor: 1_710n })
    expect([paid.obstacle, paid.checkout.state]).toEqual([null, 'paid'])
  })

  test('for whoever was charged: a charge that came too late goes back as it was, whatever the order costs now', async () => {
    await addCoupon(at.shop, 'LESS')
    const { id, sessionId } = await order()
    const claimed = await claimAttempt(at.shop.ctx, id, at.shop.bank, { email: 'ada@example.com', name: null })
    if (typeof claimed !== 'object') throw new Error('nobody else pays')
    at.world.clock.advance(MINUTE_MS)
    await recoverAttempts(at.shop.deps)
    await applyCoupon(at.shop.deps, sessionId, 'less')
    const charge = { attemptId: claimed.attempt.id, amountMinor: 1_900n, currency: 'usd', description: 'Kit' }
    await settleAttempt(
      at.shop.ctx,
      at.shop.bank,
      claimed.attempt,
      await at.shop.bank.charge({ ...charge, card: CARDS.succeeds }),
    )
    expect([...at.shop.bank.refunded.values()]).toMatchObject([{ amountMinor: 1_900n }])
  })
})

describe('an order that a coupon makes free', () => {
  test('is completed without a charge, and its coupon used', async () => {
    const id = await addCoupon(at.shop, 'FREE', { discount_basis_points: 10_000, max_uses_per_customer: 1 })
    const free = await order('free')
    expect(free).toMatchObject({ amountMinor: 0n, discountMinor: 1_900n, feeMinor: 0n })
    await payTestOrder(at.shop.ctx, NewTestPayment.parse({ id: free.id, email: 'ada@example.com' }))
    await endSessions()
    expect([await usesOf(at.shop, id), at.shop.bank.charged.size]).toEqual([1, 0])
    expect((await at.shop.ledger(free.id)).order.status).toBe('completed')
  })

  test('is not free for a customer who has used the coupon, however many sessions are confirmed at once', async () => {
    await addCoupon(at.shop, 'FREE', { discount_basis_points: 10_000, max_uses_per_customer: 1 })
    const sessions = await times(10, async () => (await order('free')).sessionId)
    const buyer = { email: 'ada@example.com', name: null }
    const results = await Promise.all(sessions.map((sessionId) => completeFree(at.shop.deps, sessionId, buyer)))
    expect(results.filter(({ state }) => state === 'paid')).toHaveLength(1)
    const others = results.filter(({ state }) => state === 'open')
    expect(others).toHaveLength(9)
    for (const { order: dear } of others) expect(dear).toMatchObject({ amountMinor: 1_900n, couponId: null })
    const [first] = others
    const call = payTestOrder(at.shop.ctx, NewTestPayment.parse({ id: first?.order.id, email: 'ada@example.com' }))
    expect((await call).order).toMatchObject({ status: 'completed', amountMinor: 1_900n })
  })
})

describe('a test order', () => {
  const liveKey = () => at.shop.opened.liveKey
  const sell = (body: Body, key: string) =>
    callRest<Body>(at.world.url, 'POST', '/v1/orders', { key, body: { coupon_code: 'real', ...body } })
  const addLive = async () => {
    const body = { code: 'real', discount_basis_points: 5_000, max_uses: 1, max_uses_per_customer: 1 }
    const { body: made } = await callRest<Body>(at.world.url, 'POST', '/v1/coupons', { key: liveKey(), body })
    return async () => {
      const { body: now } = await callRest<Body>(at.world.url, 'GET', `/v1/coupons/${made.id}`, { key: liveKey() })
      return now.uses
    }
  }

  test('of a live key rehearses a live coupon, and no use is counted', async () => {
    const uses = await addLive()
    const goods = { amount_cents: 1_900, mode: 'test', customer_email: 'ada@example.com' }
    for (let time = 0; time < 3; time++) {
      const { status, body } = await sell(goods, liveKey())
      expect([status, body.amount_cents, body.is_test]).toEqual([201, 950, true])
      const { checkout } = await payAs(String(body.session_id), 'ada@example.com')
      expect([checkout.state, checkout.order.amountMinor]).toEqual(['paid', 950n])
    }
    expect(await uses()).toBe(0)
    // A test coupon of the same code is the one that counts.
    await addCoupon(at.shop, 'REAL', { max_uses: 1 })
    expect((await sell(goods, liveKey())).body).toMatchObject({ amount_cents: 1_710 })
    expect((await sell(goods, liveKey())).status).toBe(422)
  })

  test('of a test key knows no live coupon', async () => {
    await addLive()
    const { status, body } = await sell({ amount_cents: 1_900 }, at.shop.opened.testKey)
    expect([status, body.error]).toEqual([422, 'There is no coupon REAL.'])
    const path = '/v1/coupon_preview?code=real&amount_cents=1900'
    const previewed = await callRest<Body>(at.world.url, 'GET', path, { key: at.shop.opened.testKey })
    expect(previewed.body).toMatchObject({ reason: 'not_found', coupon: null })
  })

  test('gives its own coupon back for a live one on its page, and ends like every order', async () => {
    const uses = await addLive()
    const own = await addCoupon(at.shop, 'OWN', { max_uses: 1 })
    const { id, sessionId } = await order('own')
    expect((await applyCoupon(at.shop.deps, sessionId, 'real')).checkout.order).toMatchObject({ amountMinor: 950n })
    expect([await usesOf(at.shop, own), await uses()]).toEqual([0, 0])
    expect((await applyCoupon(at.shop.deps, sessionId, 'own')).checkout.order).toMatchObject({ amountMinor: 1_710n })
    await applyCoupon(at.shop.deps, sessionId, 'real')
    await endSessions()
    expect([(await at.shop.ledger(id)).order.status, await uses()]).toEqual(['failed', 0])
  })
})
