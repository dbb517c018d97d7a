import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { deleteCoupon, updateCoupon } from '../../../server/domain/coupons/service'
import { NewTestPayment } from '../../../server/domain/orders/schema'
import { claimAttempt } from '../../../server/domain/payments/attempts'
import { createOrder } from '../../../server/domain/payments/creation'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { completeFree } from '../../../server/domain/payments/free'
import { recoverAttempts } from '../../../server/domain/payments/recovery'
import { payTestOrder } from '../../../server/domain/payments/rehearsal'
import { finishAuthentication, payWithCard } from '../../../server/domain/payments/service'
import { applyCoupon, removeCoupon } from '../../../server/domain/payments/session-coupon'
import { settleAttempt } from '../../../server/domain/payments/settlement'
import { stores } from '../../../server/domain/stores/table'
import { HOUR_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { callRest } from '../../support/calls'
import { CARDS } from '../../support/cards'
import { addCoupon, readUses, usesOf } from '../../support/coupons'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

const BUYERS = 200

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
})
beforeEach(async () => {
  shop = await openShop(world)
})
afterAll(() => world.close())

type Body = Record<string, unknown>
const post = (path: string, body: Body) => callRest<Body>(world.url, 'POST', path, { key: shop.opened.testKey, body })

const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

/** An order with this coupon, whose session the buyer may pay. */
const order = (code?: string, email?: string) =>
  createOrder(shop.ctx, {
    product_id: shop.product.id,
    metadata: {},
    ...(code === undefined ? {} : { coupon_code: code }),
    ...(email === undefined ? {} : { customer_email: email }),
  })

const payAs = (sessionId: string, email: string, card = CARDS.succeeds) =>
  payWithCard(shop.deps, sessionId, { email, name: null, card })

async function endSessions(): Promise<void> {
  world.clock.advance(HOUR_MS)
  while (await expireSessions(shop.deps));
}

describe('at once', () => {
  test(`${BUYERS} buyers on a coupon for 10 are exactly 10, and the others have no order`, async () => {
    const id = await addCoupon(shop, 'TEN', { max_uses: 10 })
    const answers = await times(BUYERS, () => post('/v1/orders', { product_id: shop.product.id, coupon_code: 'ten' }))
    const made = answers.filter(({ status }) => status === 201)
    expect(made).toHaveLength(10)
    for (const { body } of made) expect(body).toMatchObject({ amount_cents: 1_710, coupon_code: 'TEN' })
    for (const { status, body } of answers.filter((answer) => answer.status !== 201)) {
      expect([status, body.code, body.field]).toEqual([422, 'coupon_not_applicable', 'coupon_code'])
    }
    const { sold, uses } = await readUses(shop)
    expect([sold.length, uses.length, await usesOf(shop, id)]).toEqual([10, 10, 10])
    expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  test(`${BUYERS} sessions that are given one of 10 coupons on their page are exactly 10 cheaper ones`, async () => {
    await addCoupon(shop, 'TEN', { max_uses: 10 })
    const sessions = await times(BUYERS, async () => (await shop.open()).order.sessionId)
    const results = await Promise.all(sessions.map((sessionId) => applyCoupon(shop.deps, sessionId, 'ten')))
    expect(results.filter(({ refused }) => refused === null)).toHaveLength(10)
    expect(results.filter(({ refused }) => refused === 'used_up')).toHaveLength(BUYERS - 10)
    const { sold } = await readUses(shop)
    expect(sold.filter(({ amountMinor }) => amountMinor === 1_710n)).toHaveLength(10)
    expect(sold.filter(({ amountMinor }) => amountMinor === 1_900n)).toHaveLength(BUYERS - 10)
  })

  test('one customer gets a coupon as often as one may, however the e-mail is written', async () => {
    await addCoupon(shop, 'THRICE', { max_uses_per_customer: 3 })
    const spelled = ['ada@example.com', 'Ada@Example.com', ' ADA@EXAMPLE.COM']
    const answers = await times(60, (index) =>
      post('/v1/orders', {
        product_id: shop.product.id,
        coupon_code: 'thrice',
        customer_email: spelled[index % spelled.length],
      }),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(57)
    expect((await order('thrice', 'bob@example.com')).discountMinor).toBe(190n)
  })

  test('one customer who pays many sessions pays one at the price of a coupon for one, and is charged no other price unasked', async () => {
    const id = await addCoupon(shop, 'ONCE', { max_uses_per_customer: 1, max_uses: 50 })
    const sessions = await times(20, async () => (await order('once')).sessionId)
    const results = await Promise.all(sessions.map((sessionId) => payAs(sessionId, 'ada@example.com')))
    expect(results.filter(({ checkout }) => checkout.state === 'paid')).toHaveLength(1)
    const refused = results.filter(({ obstacle }) => obstacle === 'coupon_used')
    expect(refused).toHaveLength(19)
    expect(shop.bank.charged.size).toBe(1)
    for (const { checkout } of refused) {
      expect(checkout.order).toMatchObject({ amountMinor: 1_900n, discountMinor: 0n, couponId: null, couponCode: null })
    }
    // Their uses are free for others again; and whoever agrees to the full price pays it.
    expect(await usesOf(shop, id)).toBe(1)
    const { checkout } = await payAs(refused[0]?.checkout.order.sessionId ?? '', 'ada@example.com')
    expect([checkout.state, checkout.order.amountMinor]).toEqual(['paid', 1_900n])
  })

  test('sessions that swap two coupons for each other end, and hold one each', async () => {
    const limits = { max_uses: 100, max_uses_per_customer: 100 }
    const ids = [await addCoupon(shop, 'LEFT', limits), await addCoupon(shop, 'RIGHT', limits)]
    const sessions = await times(
      8,
      async (index) => (await order(index % 2 ? 'LEFT' : 'RIGHT', 'a@example.com')).sessionId,
    )
    for (let round = 0; round < 10; round++) {
      await times(8, (index) => applyCoupon(shop.deps, sessions[index] ?? '', (index + round) % 2 ? 'RIGHT' : 'LEFT'))
    }
    const uses = await Promise.all(ids.map((id) => usesOf(shop, id)))
    expect(uses[0] ?? 0).toBe(4)
    expect(uses[1] ?? 0).toBe(4)
  })

  test('a coupon that is limited while it is used counts everybody who got it', async () => {
    const id = await addCoupon(shop, 'OPEN')
    const limit = updateCoupon(shop.ctx, { id, max_uses: 5 })
    const tries = times(40, () =>
      order('open').then(
        () => true,
        () => false,
      ),
    )
    await limit
    const made = (await tries).filter(Boolean).length
    expect(made).toBeGreaterThanOrEqual(5)
    expect(await usesOf(shop, id)).toBe(made)
    await expect(order('open')).rejects.toMatchObject({ reason: 'used_up' })
  })
})

describe('a use', () => {
  test('is given back when the session ends unpaid, once; the order still says what it had', async () => {
    const id = await addCoupon(shop, 'ONE', { max_uses: 1, max_uses_per_customer: 1 })
    const first = await order('one', 'ada@example.com')
    await expect(order('one', 'bob@example.com')).rejects.toMatchObject({ reason: 'used_up' })
    await endSessions()
    await endSessions()
    expect(await usesOf(shop, id)).toBe(0)
    expect((await shop.ledger(first.id)).order).toMatchObject({
      status: 'failed',
      couponCode: 'ONE',
      discountMinor: 190n,
    })
    expect((await order('one', 'ada@example.com')).amountMinor).toBe(1_710n)
  })

  test('is kept by a payment, a decline before it included', async () => {
    const id = await addCoupon(shop, 'ONE', { max_uses: 1 })
    const { sessionId } = await order('one')
    await payAs(sessionId, 'ada@example.com', CARDS.insufficientFunds)
    const { checkout } = await payAs(sessionId, 'ada@example.com')
    expect([checkout.state, checkout.order.amountMinor]).toEqual(['paid', 1_710n])
    await endSessions()
    expect(await usesOf(shop, id)).toBe(1)
  })

  test('belongs to whoever pays, not to whom the order was made for', async () => {
    await addCoupon(shop, 'ONE', { max_uses_per_customer: 1 })
    const { sessionId } = await order('one', 'ada@example.com')
    expect((await payAs(sessionId, 'bob@example.com')).checkout.state).toBe('paid')
    expect((await order('one', 'ada@example.com')).discountMinor).toBe(190n)
    await expect(order('one', 'bob@example.com')).rejects.toMatchObject({ reason: 'used_by_customer' })
  })

  test('is one an order: another coupon gives the first one back, the same one changes nothing', async () => {
    const [small, big] = [
      await addCoupon(shop, 'SMALL', { max_uses: 1 }),
      await addCoupon(shop, 'BIG', { discount_basis_points: 5_000, max_uses: 1 }),
    ]
    const { sessionId } = await order('small')
    expect((await applyCoupon(shop.deps, sessionId, 'small')).refused).toBeNull()
    const { checkout } = await applyCoupon(shop.deps, sessionId, 'big')
    expect(checkout.order).toMatchObject({
      amountMinor: 950n,
      discountMinor: 950n,
      couponCode: 'BIG',
      subtotalMinor: 1_900n,
    })
    expect([await usesOf(shop, small), await usesOf(shop, big)]).toEqual([0, 1])
    expect((await removeCoupon(shop.deps, sessionId)).order).toMatchObject({ amountMinor: 1_900n, couponId: null })
    expect([await usesOf(shop, small), await usesOf(shop, big)]).toEqual([0, 0])
  })

  test('of a coupon that does not apply leaves the one that the order has', async () => {
    const kept = await addCoupon(shop, 'KEPT', { max_uses: 1 })
    await addCoupon(shop, 'HUGE', { min_amount_cents: 1_000_000 })
    const { sessionId } = await order('kept')
    for (const [code, reason] of [
      ['huge', 'below_minimum_amount'],
      ['none', 'not_found'],
    ] as const) {
      const { checkout, refused } = await applyCoupon(shop.deps, sessionId, code)
      expect([refused, checkout.order.couponCode, checkout.order.amountMinor]).toEqual([reason, 'KEPT', 1_710n])
    }
    expect(await usesOf(shop, kept)).toBe(1)
  })

  test('changes the fee with the price', async () => {
    await addCoupon(shop, 'HALF', { discount_basis_points: 5_000 })
    await shop.ctx.db.update(stores).set({ feeBasisPoints: 250 }).where(eq(stores.storeId, shop.ctx.storeId))
    const { sessionId } = await order('half')
    expect((await applyCoupon(shop.deps, sessionId, 'half')).checkout.order).toMatchObject({
      amountMinor: 950n,
      feeMinor: 24n,
    })
    expect((await removeCoupon(shop.deps, sessionId)).order).toMatchObject({ amountMinor: 1_900n, feeMinor: 48n })
  })
})

describe('the price stays', () => {
  test('while the bank asks the buyer, and after the order is paid or over', async () => {
    await addCoupon(shop, 'LATE')
    const { sessionId } = await order()
    const both = [() => applyCoupon(shop.deps, sessionId, 'late'), () => removeCoupon(shop.deps, sessionId)]
    await payAs(sessionId, 'ada@example.com', CARDS.succeedsWith3ds)
    for (const change of both) await expect(change()).rejects.toMatchObject({ code: 'payment_in_progress' })
    await finishAuthentication(shop.deps, sessionId, true)
    for (const change of both) await expect(change()).rejects.toMatchObject({ code: 'order_already_paid' })
    const { sessionId: over } = await order()
    await endSessions()
    await expect(applyCoupon(shop.deps, over, 'late')).rejects.toMatchObject({ code: 'session_expired' })
    const { uses } = await readUses(shop)
    expect(uses).toEqual([])
  })

  test('while the gateway has not answered', async () => {
    await addCoupon(shop, 'LATE')
    const { sessionId } = await order()
    shop.bank.trouble = 'answer_lost'
    await payAs(sessionId, 'ada@example.com')
    await expect(applyCoupon(shop.deps, sessionId, 'late')).rejects.toMatchObject({ code: 'payment_in_progress' })
  })

  test('what it was shown as, or nothing is charged', async () => {
    await addCoupon(shop, 'LESS')
    const { sessionId } = await order()
    await applyCoupon(shop.deps, sessionId, 'less')
    const payment = { email: 'ada@example.com', name: null, card: CARDS.succeeds }
    const tried = await payWithCard(shop.deps, sessionId, { ...payment, shownMinor: 1_900n })
    expect([tried.obstacle, tried.checkout.state, shop.bank.charged.size]).toEqual(['price_changed', 'open', 0])
    const paid = await payWithCard(shop.deps, sessionId, { ...payment, shownMinor: 1_710n })
    expect([paid.obstacle, paid.checkout.state]).toEqual([null, 'paid'])
  })

  test('for whoever was charged: a charge that came too late goes back as it was, whatever the order costs now', async () => {
    await addCoupon(shop, 'LESS')
    const { id, sessionId } = await order()
    const claimed = await claimAttempt(shop.ctx, id, shop.bank, { email: 'ada@example.com', name: null })
    if (typeof claimed !== 'object') throw new Error('nobody else pays')
    world.clock.advance(MINUTE_MS)
    await recoverAttempts(shop.deps)
    await applyCoupon(shop.deps, sessionId, 'less')
    const charge = { attemptId: claimed.attempt.id, amountMinor: 1_900n, currency: 'usd', description: 'Kit' }
    await settleAttempt(
      shop.ctx,
      shop.bank,
      claimed.attempt,
      await shop.bank.charge({ ...charge, card: CARDS.succeeds }),
    )
    expect([...shop.bank.refunded.values()]).toMatchObject([{ amountMinor: 1_900n }])
  })
})

describe('an order that a coupon makes free', () => {
  test('is completed without a charge, and its coupon used', async () => {
    const id = await addCoupon(shop, 'FREE', { discount_basis_points: 10_000, max_uses_per_customer: 1 })
    const free = await order('free')
    expect(free).toMatchObject({ amountMinor: 0n, discountMinor: 1_900n, feeMinor: 0n })
    await payTestOrder(shop.ctx, NewTestPayment.parse({ id: free.id, email: 'ada@example.com' }))
    await endSessions()
    expect([await usesOf(shop, id), shop.bank.charged.size]).toEqual([1, 0])
    expect((await shop.ledger(free.id)).order.status).toBe('completed')
  })

  test('is not free for a customer who has used the coupon, however many sessions are confirmed at once', async () => {
    await addCoupon(shop, 'FREE', { discount_basis_points: 10_000, max_uses_per_customer: 1 })
    const sessions = await times(10, async () => (await order('free')).sessionId)
    const buyer = { email: 'ada@example.com', name: null }
    const results = await Promise.all(sessions.map((sessionId) => completeFree(shop.deps, sessionId, buyer)))
    expect(results.filter(({ state }) => state === 'paid')).toHaveLength(1)
    const others = results.filter(({ state }) => state === 'open')
    expect(others).toHaveLength(9)
    for (const { order: dear } of others) expect(dear).toMatchObject({ amountMinor: 1_900n, couponId: null })
    const [first] = others
    const call = payTestOrder(shop.ctx, NewTestPayment.parse({ id: first?.order.id, email: 'ada@example.com' }))
    expect((await call).order).toMatchObject({ status: 'completed', amountMinor: 1_900n })
  })
})

describe('a test order', () => {
  const liveKey = () => shop.opened.liveKey
  const sell = (body: Body, key: string) =>
    callRest<Body>(world.url, 'POST', '/v1/orders', { key, body: { coupon_code: 'real', ...body } })
  const addLive = async () => {
    const body = { code: 'real', discount_basis_points: 5_000, max_uses: 1, max_uses_per_customer: 1 }
    const { body: made } = await callRest<Body>(world.url, 'POST', '/v1/coupons', { key: liveKey(), body })
    return async () => {
      const { body: now } = await callRest<Body>(world.url, 'GET', `/v1/coupons/${made.id}`, { key: liveKey() })
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
    await addCoupon(shop, 'REAL', { max_uses: 1 })
    expect((await sell(goods, liveKey())).body).toMatchObject({ amount_cents: 1_710 })
    expect((await sell(goods, liveKey())).status).toBe(422)
  })

  test('of a test key knows no live coupon', async () => {
    await addLive()
    const { status, body } = await sell({ amount_cents: 1_900 }, shop.opened.testKey)
    expect([status, body.error]).toEqual([422, 'There is no coupon REAL.'])
    const path = '/v1/coupon_preview?code=real&amount_cents=1900'
    const previewed = await callRest<Body>(world.url, 'GET', path, { key: shop.opened.testKey })
    expect(previewed.body).toMatchObject({ reason: 'not_found', coupon: null })
  })

  test('gives its own coupon back for a live one on its page, and ends like every order', async () => {
    const uses = await addLive()
    const own = await addCoupon(shop, 'OWN', { max_uses: 1 })
    const { id, sessionId } = await order('own')
    expect((await applyCoupon(shop.deps, sessionId, 'real')).checkout.order).toMatchObject({ amountMinor: 950n })
    expect([await usesOf(shop, own), await uses()]).toEqual([0, 0])
    expect((await applyCoupon(shop.deps, sessionId, 'own')).checkout.order).toMatchObject({ amountMinor: 1_710n })
    await applyCoupon(shop.deps, sessionId, 'real')
    await endSessions()
    expect([(await shop.ledger(id)).order.status, await uses()]).toEqual(['failed', 0])
  })
})

describe('a limit', () => {
  test('below what was used takes no more, until enough was given back', async () => {
    const id = await addCoupon(shop, 'MANY')
    const sessions = await times(5, async () => (await order('many')).sessionId)
    await updateCoupon(shop.ctx, { id, max_uses: 3 })
    expect(await usesOf(shop, id)).toBe(5)
    for (const sessionId of sessions.slice(0, 2)) {
      await expect(order('many')).rejects.toMatchObject({ reason: 'used_up' })
      await removeCoupon(shop.deps, sessionId)
    }
    await expect(order('many')).rejects.toMatchObject({ reason: 'used_up' })
    await removeCoupon(shop.deps, sessions[2] ?? '')
    expect((await order('many')).couponCode).toBe('MANY')
    await updateCoupon(shop.ctx, { id, max_uses: null })
    await order('many')
    expect(await usesOf(shop, id)).toBe(4)
  })

  test('per customer counts what was used before it was set', async () => {
    const id = await addCoupon(shop, 'MANY')
    await order('many', 'ada@example.com')
    await updateCoupon(shop.ctx, { id, max_uses_per_customer: 1 })
    await expect(order('many', 'ada@example.com')).rejects.toMatchObject({ reason: 'used_by_customer' })
  })

  test('per customer that is set after many uses at once counts them all, and lets no more than are left', async () => {
    const id = await addCoupon(shop, 'LOYAL')
    await times(20, () => order('LOYAL', 'kiosk@example.com'))
    // Without a limit, no use has a number that another could wait for.
    expect((await readUses(shop)).uses.map(({ useNumber }) => useNumber)).toEqual(Array(20).fill(null))
    await updateCoupon(shop.ctx, { id, max_uses_per_customer: 23 })
    const more = await Promise.allSettled(Array.from({ length: 12 }, () => order('LOYAL', 'KIOSK@example.com')))
    expect(more.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect((await readUses(shop)).uses).toHaveLength(23)
  })

  test('of a deleted coupon binds nobody; its orders end like the others', async () => {
    const id = await addCoupon(shop, 'GONE', { max_uses: 1, max_uses_per_customer: 1 })
    const { sessionId } = await order('gone')
    const over = await order()
    await deleteCoupon(shop.ctx, id)
    expect((await payAs(sessionId, 'ada@example.com')).checkout.order).toMatchObject({
      status: 'completed',
      amountMinor: 1_710n,
    })
    expect((await applyCoupon(shop.deps, over.sessionId, 'gone')).refused).toBe('not_found')
    await endSessions()
    expect((await shop.ledger(over.id)).order.status).toBe('failed')
  })
})
