import { describe, expect, test } from 'vitest'
import { deleteCoupon, updateCoupon } from '../../../server/domain/coupons/service'
import { applyCoupon, removeCoupon } from '../../../server/domain/payments/session-coupon'
import { addCoupon, readUses, usesOf } from '../../support/coupons'
import { times, useBuyers } from './buyers'

const BUYERS = 200

const at = useBuyers()
const { endSessions, order, payAs, post } = at

describe('at once', () => {
  test(`${BUYERS} buyers on a coupon for 10 are exactly 10, and the others have no order`, async () => {
    const id = await addCoupon(at.shop, 'TEN', { max_uses: 10 })
    const answers = await times(BUYERS, () =>
      post('/v1/orders', { product_id: at.shop.product.id, coupon_code: 'ten' }),
    )
    const made = answers.filter(({ status }) => status === 201)
    expect(made).toHaveLength(10)
    for (const { body } of made) expect(body).toMatchObject({ amount_cents: 1_710, coupon_code: 'TEN' })
    for (const { status, body } of answers.filter((answer) => answer.status !== 201)) {
      expect([status, body.code, body.field]).toEqual([422, 'coupon_not_applicable', 'coupon_code'])
    }
    const { sold, uses } = await readUses(at.shop)
    expect([sold.length, uses.length, await usesOf(at.shop, id)]).toEqual([10, 10, 10])
    expect(at.world.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  test(`${BUYERS} sessions that are given one of 10 coupons on their page are exactly 10 cheaper ones`, async () => {
    await addCoupon(at.shop, 'TEN', { max_uses: 10 })
    const sessions = await times(BUYERS, async () => (await at.shop.open()).order.sessionId)
    const results = await Promise.all(sessions.map((sessionId) => applyCoupon(at.shop.deps, sessionId, 'ten')))
    expect(results.filter(({ refused }) => refused === null)).toHaveLength(10)
    expect(results.filter(({ refused }) => refused === 'used_up')).toHaveLength(BUYERS - 10)
    const { sold } = await readUses(at.shop)
    expect(sold.filter(({ amountMinor }) => amountMinor === 1_710n)).toHaveLength(10)
    expect(sold.filter(({ amountMinor }) => amountMinor === 1_900n)).toHaveLength(BUYERS - 10)
  })

  test('one customer gets a coupon as often as one may, however the e-mail is written', async () => {
    await addCoupon(at.shop, 'THRICE', { max_uses_per_customer: 3 })
    const spelled = ['ada@example.com', 'Ada@Example.com', ' ADA@EXAMPLE.COM']
    const answers = await times(60, (index) =>
      post('/v1/orders', {
        product_id: at.shop.product.id,
        coupon_code: 'thrice',
        customer_email: spelled[index % spelled.length],
      }),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(57)
    expect((await order('thrice', 'bob@example.com')).discountMinor).toBe(190n)
  })

  test('one customer who pays many sessions pays one at the price of a coupon for one, and is charged no other price unasked', async () => {
    const id = await addCoupon(at.shop, 'ONCE', { max_uses_per_customer: 1, max_uses: 50 })
    const sessions = await times(20, async () => (await order('once')).sessionId)
    const results = await Promise.all(sessions.map((sessionId) => payAs(sessionId, 'ada@example.com')))
    expect(results.filter(({ checkout }) => checkout.state === 'paid')).toHaveLength(1)
    const refused = results.filter(({ obstacle }) => obstacle === 'coupon_used')
    expect(refused).toHaveLength(19)
    expect(at.shop.bank.charged.size).toBe(1)
    for (const { checkout } of refused) {
      expect(checkout.order).toMatchObject({ amountMinor: 1_900n, discountMinor: 0n, couponId: null, couponCode: null })
    }
    // Their uses are free for others again; and whoever agrees to the full price pays it.
    expect(await usesOf(at.shop, id)).toBe(1)
    const { checkout } = await payAs(refused[0]?.checkout.order.sessionId ?? '', 'ada@example.com')
    expect([checkout.state, checkout.order.amountMinor]).toEqual(['paid', 1_900n])
  })

  test('sessions that swap two coupons for each other end, and hold one each', async () => {
    const limits = { max_uses: 100, max_uses_per_customer: 100 }
    const ids = [await addCoupon(at.shop, 'LEFT', limits), await addCoupon(at.shop, 'RIGHT', limits)]
    const sessions = await times(
      8,
      async (index) => (await order(index % 2 ? 'LEFT' : 'RIGHT', 'a@example.com')).sessionId,
    )
    for (let round = 0; round < 10; round++) {
      await times(8, (index) =>
        applyCoupon(at.shop.deps, sessions[index] ?? '', (index + round) % 2 ? 'RIGHT' : 'LEFT'),
      )
    }
    const uses = await Promise.all(ids.map((id) => usesOf(at.shop, id)))
    expect(uses[0] ?? 0).toBe(4)
    expect(uses[1] ?? 0).toBe(4)
  })

  test('a coupon that is limited while it is used counts everybody who got it', async () => {
    const id = await addCoupon(at.shop, 'OPEN')
    const limit = updateCoupon(at.shop.ctx, { id, max_uses: 5 })
    const tries = times(40, () =>
      order('open').then(
        () => true,
        () => false,
      ),
    )
    await limit
    const made = (await tries).filter(Boolean).length
    expect(made).toBeGreaterThanOrEqual(5)
    expect(await usesOf(at.shop, id)).toBe(made)
    await expect(order('open')).rejects.toMatchObject({ reason: 'used_up' })
  })
})

describe('a limit', () => {
  test('below what was used takes no more, until enough was given back', async () => {
    const id = await addCoupon(at.shop, 'MANY')
    const sessions = await times(5, async () => (await order('many')).sessionId)
    await updateCoupon(at.shop.ctx, { id, max_uses: 3 })
    expect(await usesOf(at.shop, id)).toBe(5)
    for (const sessionId of sessions.slice(0, 2)) {
      await expect(order('many')).rejects.toMatchObject({ reason: 'used_up' })
      await removeCoupon(at.shop.deps, sessionId)
    }
    await expect(order('many')).rejects.toMatchObject({ reason: 'used_up' })
    await removeCoupon(at.shop.deps, sessions[2] ?? '')
    expect((await order('many')).couponCode).toBe('MANY')
    await updateCoupon(at.shop.ctx, { id, max_uses: null })
    await order('many')
    expect(await usesOf(at.shop, id)).toBe(4)
  })

  test('per customer counts what was used before it was set', async () => {
    const id = await addCoupon(at.shop, 'MANY')
    await order('many', 'ada@example.com')
    await updateCoupon(at.shop.ctx, { id, max_uses_per_customer: 1 })
    await expect(order('many', 'ada@example.com')).rejects.toMatchObject({ reason: 'used_by_customer' })
  })

  test('per customer that is set after many uses at once counts them all, and lets no more than are left', async () => {
    const id = await addCoupon(at.shop, 'LOYAL')
    await times(20, () => order('LOYAL', 'kiosk@example.com'))
    // Without a limit, no use has a number that another could wait for.
    expect((await readUses(at.shop)).uses.map(({ useNumber }) => useNumber)).toEqual(Array(20).fill(null))
    await updateCoupon(at.shop.ctx, { id, max_uses_per_customer: 23 })
    const more = await Promise.allSettled(Array.from({ length: 12 }, () => order('LOYAL', 'KIOSK@example.com')))
    expect(more.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect((await readUses(at.shop)).uses).toHaveLength(23)
  })

  test('of a deleted coupon binds nobody; its orders end like the others', async () => {
    const id = await addCoupon(at.shop, 'GONE', { max_uses: 1, max_uses_per_customer: 1 })
    const { sessionId } = await order('gone')
    const over = await order()
    await deleteCoupon(at.shop.ctx, id)
    expect((await payAs(sessionId, 'ada@example.com')).checkout.order).toMatchObject({
      status: 'completed',
      amountMinor: 1_710n,
    })
    expect((await applyCoupon(at.shop.deps, over.sessionId, 'gone')).refused).toBe('not_found')
    await endSessions()
    expect((await at.shop.ledger(over.id)).order.status).toBe('failed')
  })
})
