import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeContext } from '../../../server/context'
import { findCheckout, findProductForSale, openSession } from '../../../server/domain/payments/checkout'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { finishAuthentication } from '../../../server/domain/payments/service'
import { archiveProduct, createProduct, updateProduct } from '../../../server/domain/products/service'
import { setStoreStatus } from '../../../server/domain/stores/service'
import { HOUR_MS } from '../../../server/kernel/clock'
import { formatStoreId, newSessionId } from '../../../server/kernel/ids'
import { CARDS, testCard } from '../../support/cards'
import { dumpDatabase, openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

const times = <T>(count: number, work: () => Promise<T>) => Promise.all(Array.from({ length: count }, work))

describe('opening a session', () => {
  test('parallel calls with one session id make one order', async () => {
    const sessionId = newSessionId(shop.ctx.storeId, true)
    const opened = await times(10, () => shop.open(sessionId))
    expect(new Set(opened.map(({ order }) => order.id)).size).toBe(1)
    expect(opened[0]).toMatchObject({ state: 'open', attempt: null, order: { status: 'pending', amountMinor: 1_900n } })
  })

  test("a session of another product, store or mode is not found, and a malformed one isn't either", async () => {
    const { order } = await shop.open()
    const other = await shop.sell(500)
    const strangers = [newSessionId(shop.ctx.storeId, false), newSessionId(7n, true), 'cs_test_x', "'; --"]
    const productId = shop.product.id
    await expect(openSession(shop.deps, { productId: other.id, sessionId: order.sessionId })).rejects.toMatchObject({
      code: 'session_not_found',
    })
    for (const sessionId of strangers) {
      const refused = { code: 'session_not_found' }
      await expect(openSession(shop.deps, { productId, sessionId })).rejects.toMatchObject(refused)
      await expect(findCheckout(shop.deps, sessionId)).rejects.toMatchObject(refused)
    }
  })

  test('the price is frozen when the session opens', async () => {
    const { order } = await shop.open()
    await updateProduct(shop.ctx, { id: shop.product.id, price_cents: 9_900 })
    const { checkout } = await shop.pay(order.sessionId)
    await updateProduct(shop.ctx, { id: shop.product.id, price_cents: 1_900 })
    expect(checkout).toMatchObject({ state: 'paid', order: { amountMinor: 1_900n } })
  })

  test('an archived product is sold neither anew nor in an open session, and its receipts stay', async () => {
    const product = await shop.sell(700)
    const session = () => ({ productId: product.id, sessionId: newSessionId(shop.ctx.storeId, true) })
    const [paid, open] = [session(), session()]
    await openSession(shop.deps, paid)
    await shop.pay(paid.sessionId)
    await openSession(shop.deps, open)
    await archiveProduct(shop.ctx, product.id)
    const refused = { code: 'product_not_available' }
    await expect(openSession(shop.deps, session())).rejects.toMatchObject(refused)
    await expect(shop.pay(open.sessionId)).rejects.toMatchObject(refused)
    expect((await openSession(shop.deps, paid)).state).toBe('paid')
    expect((await findProductForSale(shop.deps, product.id)).obstacle).toBe('archived')
  })

  test('a live product without a gateway, and a suspended store, say what stands in the way', async () => {
    const live = storeContext(shop.deps, shop.ctx.storeId, false)
    const product = await createProduct(live, { name: 'Kit', price_cents: 900, currency: 'usd', status: 'active' })
    const found = await findProductForSale(shop.deps, product.id)
    expect(found).toMatchObject({ obstacle: 'no_gateway', ctx: { isTest: false } })
    const session = { productId: product.id, sessionId: newSessionId(live.storeId, false) }
    await expect(openSession(shop.deps, session)).rejects.toMatchObject({ code: 'gateway_not_configured' })
    const other = await openShop(world)
    const { order } = await other.open()
    await setStoreStatus(other.deps, formatStoreId(other.ctx.storeId), 'suspended')
    await expect(other.open()).rejects.toMatchObject({ code: 'account_not_approved' })
    await expect(other.pay(order.sessionId)).rejects.toMatchObject({ code: 'account_not_approved' })
    expect(other.bank.charged.size).toBe(0)
  })

  test('an unknown product is not found', async () => {
    for (const id of ['nonsense', '00000000-0000-8000-8000-000000000000']) {
      await expect(findProductForSale(shop.deps, id)).rejects.toMatchObject({ code: 'product_not_found' })
    }
  })
})

describe('paying', () => {
  test('a hundred parallel submits of one session are one charge, one sale and one event', async () => {
    const { order } = await shop.open()
    const before = shop.bank.charged.size
    const results = await times(100, () => shop.pay(order.sessionId))
    const states = new Set(results.map(({ checkout }) => checkout.state))
    expect([...states].every((state) => state === 'paid' || state === 'processing')).toBe(true)
    expect(shop.bank.charged.size).toBe(before + 1)
    const ledger = await shop.ledger(order.id)
    expect(ledger.order).toMatchObject({ status: 'completed', method: 'card', customerEmail: 'buyer@example.com' })
    expect(ledger.attempts.map(({ status }) => status)).toEqual(['succeeded'])
    expect(ledger.entries).toMatchObject([{ kind: 'sale', amountMinor: 1_900n, method: 'card', isTest: true }])
    expect(ledger.events).toMatchObject([{ type: 'sale.completed', isTest: true }])
    expect(ledger.events[0]?.data).toEqual({
      purchase_id: order.id,
      product_id: shop.product.id,
      buyer_email: 'buyer@example.com',
      amount_cents: 1_900,
      currency: 'usd',
      stripe_session_id: order.sessionId,
    })
  })

  test.each([
    [CARDS.succeeds, 'visa'],
    [CARDS.mastercard, 'mastercard'],
  ])('card %#: pays at once', async (card, brand) => {
    const { order } = await shop.open()
    const { checkout, declined } = await shop.pay(order.sessionId, card)
    expect(declined).toBeNull()
    expect(checkout).toMatchObject({ state: 'paid', attempt: { cardBrand: brand, cardLast4: card.number.slice(-4) } })
    expect((await shop.pay(order.sessionId, card)).checkout.state).toBe('paid')
  })

  test.each([
    [CARDS.succeedsWith3ds, true, null],
    [CARDS.mastercardWith3ds, true, null],
    [CARDS.succeedsWith3ds, false, 'authentication_failed'],
    [CARDS.fails3ds, true, 'authentication_failed'],
  ])('3-D Secure %#: asks first, then follows the bank', async (card, approved, code) => {
    const { order } = await shop.open()
    const asked = await shop.pay(order.sessionId, card)
    expect(asked).toMatchObject({
      declined: null,
      checkout: { state: 'requires_action', order: { status: 'pending' } },
    })
    // Back and submit again: still the same question, no second attempt.
    expect((await shop.pay(order.sessionId)).checkout.state).toBe('requires_action')
    const { checkout, declined } = await finishAuthentication(shop.deps, order.sessionId, approved)
    expect(declined).toBe(code)
    expect(checkout).toMatchObject({ state: code ? 'open' : 'paid', order: { failureCode: code } })
    expect((await shop.ledger(order.id)).events).toHaveLength(code ? 0 : 1)
  })

  test('approving and refusing at once has one outcome', async () => {
    const { order } = await shop.open()
    await shop.pay(order.sessionId, CARDS.succeedsWith3ds)
    await Promise.all([true, false, true, false].map((yes) => finishAuthentication(shop.deps, order.sessionId, yes)))
    const { order: after, attempts, entries } = await shop.ledger(order.id)
    const isPaid = after.status === 'completed'
    expect(attempts.map(({ status }) => status)).toEqual([isPaid ? 'succeeded' : 'declined'])
    expect(entries).toHaveLength(isPaid ? 1 : 0)
    expect(shop.bank.charged.has(attempts[0]?.id ?? '')).toBe(isPaid)
  })

  test.each([
    [CARDS.expired, 'expired_card'],
    [CARDS.insufficientFunds, 'insufficient_funds'],
    [testCard('4242424242424242'), 'not_a_test_card'],
    [{ ...CARDS.succeeds, expYear: 2020 }, 'invalid_expiry'],
  ])('decline %#: is told, and the buyer may try again in the same session', async (card, code) => {
    const { order } = await shop.open()
    const { checkout, declined } = await shop.pay(order.sessionId, card)
    expect(declined).toBe(code)
    expect(checkout).toMatchObject({ state: 'open', order: { status: 'failed', failureCode: code } })
    const again = await shop.pay(order.sessionId)
    expect(again.checkout).toMatchObject({ state: 'paid', order: { status: 'completed', failureCode: null } })
    const { attempts, events } = await shop.ledger(order.id)
    expect(attempts.map(({ status }) => status).sort()).toEqual(['declined', 'succeeded'])
    expect(events).toHaveLength(1)
  })

  test('an expired session takes no money, and expiry fails its order', async () => {
    const [open, declined, asked, paid] = await times(4, () => shop.open())
    if (!open || !declined || !asked || !paid) throw new Error('four were opened')
    await shop.pay(declined.order.sessionId, CARDS.expired)
    await shop.pay(asked.order.sessionId, CARDS.succeedsWith3ds)
    await shop.pay(paid.order.sessionId)
    const before = shop.bank.charged.size
    world.clock.advance(HOUR_MS)
    for (const { order } of [open, declined, asked]) {
      expect((await shop.pay(order.sessionId)).checkout.state).toBe('expired')
      expect((await finishAuthentication(shop.deps, order.sessionId, true)).checkout.state).toBe('expired')
    }
    expect(await expireSessions(shop.deps)).toBe(false)
    expect(shop.bank.charged.size).toBe(before)
    for (const { order } of [open, declined, asked]) {
      const ledger = await shop.ledger(order.id)
      expect(ledger.order).toMatchObject({ status: 'failed', failureCode: 'session_expired' })
      expect(ledger.attempts.every(({ status }) => status === 'void' || status === 'declined')).toBe(true)
    }
    expect((await findCheckout(shop.deps, paid.order.sessionId)).state).toBe('paid')
  })

  test('no card number is in any row or log line', async () => {
    const secret = testCard('4111111111111111')
    const cards = [...Object.values(CARDS), secret]
    shop.bank.trouble = 'unreachable'
    await shop.buy(secret)
    shop.bank.trouble = 'none'
    for (const card of cards) await shop.buy(card)
    const kept = (await dumpDatabase(shop.deps)) + JSON.stringify(world.log)
    expect(kept).toContain('buyer@example.com')
    for (const { number } of cards) expect(kept).not.toContain(number)
  })
})
