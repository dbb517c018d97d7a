import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getPayment } from '../../../server/domain/crypto/service'
import { growSimulatedChains } from '../../../server/domain/crypto/simulation'
import { getBalance } from '../../../server/domain/ledger/service'
import { NewOrder } from '../../../server/domain/orders/schema'
import { findCheckout } from '../../../server/domain/payments/checkout'
import { createOrder } from '../../../server/domain/payments/creation'
import { leaveCrypto } from '../../../server/domain/payments/crypto-checkout'
import { settleCryptoOrders, settleOrderOf } from '../../../server/domain/payments/crypto-orders'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { applyCoupon, removeCoupon } from '../../../server/domain/payments/session-coupon'
import { getRevenue } from '../../../server/domain/revenue/service'
import { HOUR_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { addCoupon, usesOf } from '../../support/coupons'
import { type CryptoShop, openCryptoShop } from '../../support/crypto-shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: CryptoShop
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const OPENED = ['checkout.created', 'order.created']
const SOLD = ['checkout.completed', 'order.completed', 'order.paid', 'payment.completed', 'sale.completed']
const CONFIRMED = ['payment.confirmed', 'payment.detected']

const fresh = async (addresses?: number) => {
  shop = await openCryptoShop(world, addresses)
  return shop
}

describe('a confirmed payment completes the order', () => {
  test('once: one sale, one of each event, crypto in revenue, and nothing in the balance', async () => {
    const { begin, play, ctx, ledger, told } = await fresh()
    const { order, payment } = await begin()
    expect(payment).toMatchObject({ amountUsdCents: 1_900n, externalOrderId: order.number, orderUse: 'awaited' })
    await play(payment.number, 'detect')
    expect((await findCheckout(ctx, order.sessionId)).state).toBe('awaiting')
    await play(payment.number, 'confirm')
    // However often, and from wherever, it is looked at again.
    await Promise.all([settleOrderOf(ctx, payment.id), settleOrderOf(ctx, payment.id), settleCryptoOrders(ctx)])
    const { state, order: paid } = await findCheckout(ctx, order.sessionId)
    expect(state).toBe('paid')
    expect(paid).toMatchObject({ status: 'completed', method: 'crypto', customerEmail: 'buyer@example.com' })
    expect((await ledger(order.id)).entries).toHaveLength(1)
    expect(await told(order.id)).toEqual([...CONFIRMED, ...OPENED, ...SOLD].sort())
    const revenue = await getRevenue(ctx, '7d')
    expect(JSON.stringify(revenue.by_method)).toContain('crypto')
    expect((await ledger(order.id)).posted).toEqual([])
    expect((await getBalance(ctx)).balances[0]).toMatchObject({ available_cents: 0, gross_cents: 0 })
  })

  test('with whatever the chain does in parallel with the buyer', async () => {
    const { begin, play, ledger, ctx } = await fresh()
    const { order, payment } = await begin()
    await play(payment.number, 'detect')
    await Promise.all([
      play(payment.number, 'confirm', { blocks: 15 }),
      play(payment.number, 'confirm', { blocks: 15 }),
      leaveCrypto(ctx, order.sessionId),
      settleCryptoOrders(ctx),
    ])
    expect(await ledger(order.id)).toMatchObject({ order: { status: 'completed' }, entries: [{}] })
  })

  test('where its process dies between the confirmation and the sale', async () => {
    const { begin, ctx, ledger, paymentsOf, findInTime, play } = await fresh()
    const other = await begin()
    await play(other.payment.number, 'detect')
    const { order, payment } = await begin()
    await findInTime(payment)
    // The other one's blocks confirm both, and only the other's order is looked at.
    await play(other.payment.number, 'confirm', { blocks: 20 })
    expect(await paymentsOf(order.id)).toMatchObject([{ status: 'confirmed', orderUse: 'awaited' }])
    expect((await findCheckout(ctx, order.sessionId)).state).toBe('awaiting')
    expect(await settleCryptoOrders(ctx)).toBe(false)
    expect((await ledger(order.id)).order.status).toBe('completed')
    expect(await settleCryptoOrders(ctx)).toBe(false)
    expect((await ledger(order.id)).entries).toHaveLength(1)
  })

  test('at the price of its coupon, which it keeps', async () => {
    const { begin, play, ctx, open, choose, ledger } = await fresh()
    const coupon = await addCoupon(shop, 'TENTH', { max_uses: 1, max_uses_per_customer: 1 })
    const { order } = await open()
    await applyCoupon(ctx, order.sessionId, 'TENTH')
    const { checkout } = await choose(order.sessionId, { shownMinor: 1_710n })
    expect(checkout.crypto?.amountUsdCents).toBe(1_710n)
    await play(checkout.crypto?.number ?? '', 'confirm')
    expect((await ledger(order.id)).order).toMatchObject({ status: 'completed', amountMinor: 1_710n })
    expect(await usesOf(shop, coupon)).toBe(1)
    await begin()
  })
})

describe('while it is open', () => {
  test('the price stays, no card is charged, and no second payment is begun', async () => {
    const { begin, ctx, pay, choose, paymentsOf } = await fresh()
    await addCoupon(shop, 'LATER')
    const { order } = await begin()
    await expect(applyCoupon(ctx, order.sessionId, 'LATER')).rejects.toMatchObject({ code: 'payment_in_progress' })
    expect((await pay(order.sessionId)).checkout.state).toBe('awaiting')
    expect((await choose(order.sessionId, { coin: 'usdc' })).checkout.crypto?.coin).toBe('usdt')
    expect(await paymentsOf(order.id)).toHaveLength(1)
  })

  test('ten tabs that choose at once, and cards beside them, begin one payment', async () => {
    const { open, choose, pay, ledger, paymentsOf } = await fresh(20)
    const { order } = await open()
    const coins = ['usdt', 'usdc', 'native'] as const
    const tabs = Array.from({ length: 12 }, (_, n) => {
      const coin = coins[n % 4]
      return coin ? choose(order.sessionId, { coin }) : pay(order.sessionId)
    })
    await Promise.all(tabs)
    const { attempts } = await ledger(order.id)
    expect(attempts.length + (await paymentsOf(order.id)).length).toBe(1)
  })

  test('the session does not end', async () => {
    const { open, choose, play, ctx, ledger, told } = await fresh()
    const { order } = await open()
    world.clock.advance(HOUR_MS - MINUTE_MS)
    const { checkout } = await choose(order.sessionId)
    const number = checkout.crypto?.number ?? ''
    world.clock.advance(10 * MINUTE_MS)
    await expireSessions(ctx)
    await play(number, 'detect')
    world.clock.advance(HOUR_MS)
    await expireSessions(ctx)
    expect((await ledger(order.id)).order.status).toBe('pending')
    await play(number, 'confirm')
    await expireSessions(ctx)
    expect((await ledger(order.id)).order.status).toBe('completed')
    expect(await told(order.id)).toEqual([...CONFIRMED, ...OPENED, ...SOLD].sort())
  })

  test('a buyer who sent nothing may go back to the card; who sent something may not', async () => {
    const { begin, ctx, pay, play } = await fresh()
    const first = await begin()
    expect((await leaveCrypto(ctx, first.order.sessionId)).state).toBe('open')
    expect((await pay(first.order.sessionId)).checkout.state).toBe('paid')
    const second = await begin()
    await play(second.payment.number, 'underpay')
    expect((await leaveCrypto(ctx, second.order.sessionId)).state).toBe('awaiting')
  })
})

/** The payment's time goes by, and nothing came that anybody saw. */
async function runOut(payment: { number: string }) {
  world.clock.advance(31 * MINUTE_MS)
  while (await growSimulatedChains(shop.ctx));
  expect(await getPayment(shop.ctx, payment.number)).toMatchObject({ status: 'expired' })
}

describe('money that was on time, and is found when the payment had expired', () => {
  test('completes an order that nobody has paid', async () => {
    const { begin, findInTime, play, ledger } = await fresh()
    const { order, payment } = await begin()
    await runOut(payment)
    await findInTime(payment)
    await play(payment.number, 'confirm')
    expect(await ledger(order.id)).toMatchObject({ order: { status: 'completed', method: 'crypto' }, entries: [{}] })
  })

  test('completes one whose session has ended, and its coupon is used after all', async () => {
    const { open, choose, ctx, findInTime, play, ledger, told } = await fresh()
    const coupon = await addCoupon(shop, 'ONCE', { max_uses: 1 })
    const { order } = await open()
    await applyCoupon(ctx, order.sessionId, 'ONCE')
    const { crypto } = (await choose(order.sessionId, { shownMinor: 1_710n })).checkout
    if (!crypto) throw new Error('no payment was begun')
    await runOut(crypto)
    world.clock.advance(HOUR_MS)
    await expireSessions(ctx)
    expect([(await ledger(order.id)).order.failureCode, await usesOf(shop, coupon)]).toEqual(['session_expired', 0])
    await findInTime(crypto)
    await play(crypto.number, 'confirm')
    expect((await ledger(order.id)).order).toMatchObject({ status: 'completed', failureCode: null })
    expect(await usesOf(shop, coupon)).toBe(1)
    expect((await told(order.id)).filter((type) => type === 'sale.completed')).toHaveLength(1)
  })

  test('is a surplus where a card had paid: recorded, told once, and never a second sale', async () => {
    const { begin, ctx, pay, ledger, told, findInTime, play, paymentsOf } = await fresh()
    const { order, payment } = await begin()
    await runOut(payment)
    expect((await pay(order.sessionId)).checkout.state).toBe('paid')
    await findInTime(payment)
    await play(payment.number, 'confirm')
    expect(await paymentsOf(order.id)).toMatchObject([{ status: 'confirmed', orderUse: 'surplus' }])
    const { order: sold, entries } = await ledger(order.id)
    expect([sold.method, entries.length]).toEqual(['card', 1])
    const events = await told(order.id)
    expect(events.filter((type) => type === 'order.surplus_received')).toHaveLength(1)
    expect(events.filter((type) => type === 'sale.completed')).toHaveLength(1)
    await settleCryptoOrders(ctx)
    expect(await told(order.id)).toEqual(events)
  })

  test('is a surplus where another crypto payment had paid', async () => {
    const { begin, choose, play, findInTime, paymentsOf, ledger } = await fresh()
    const { order, payment } = await begin()
    await runOut(payment)
    const { checkout } = await choose(order.sessionId)
    await play(checkout.crypto?.number ?? '', 'confirm')
    await findInTime(payment)
    await play(payment.number, 'confirm')
    expect((await paymentsOf(order.id)).map(({ orderUse }) => orderUse).sort()).toEqual(['paid', 'surplus'])
    expect((await ledger(order.id)).entries).toHaveLength(1)
  })

  test('does not pay an order that costs more by then', async () => {
    const { open, choose, ctx, findInTime, play, ledger, paymentsOf } = await fresh()
    await addCoupon(shop, 'GONE')
    const { order } = await open()
    await applyCoupon(ctx, order.sessionId, 'GONE')
    const { crypto } = (await choose(order.sessionId, { shownMinor: 1_710n })).checkout
    if (!crypto) throw new Error('no payment was begun')
    await runOut(crypto)
    await removeCoupon(ctx, order.sessionId)
    await findInTime(crypto)
    await play(crypto.number, 'confirm')
    expect((await ledger(order.id)).order.status).toBe('pending')
    expect(await paymentsOf(order.id)).toMatchObject([{ orderUse: 'surplus' }])
  })
})

describe('what is not as it should be', () => {
  test('too little completes nothing until the rest has come; too much completes it and is told', async () => {
    const { begin, play, ledger, told } = await fresh()
    const { order, payment } = await begin()
    await play(payment.number, 'underpay')
    await play(payment.number, 'confirm', { blocks: 20 })
    expect((await ledger(order.id)).order.status).toBe('completed')
    const more = await begin()
    await play(more.payment.number, 'overpay')
    await play(more.payment.number, 'confirm')
    expect((await ledger(more.order.id)).order.status).toBe('completed')
    expect(await told(more.order.id)).toContain('payment.overpaid')
  })

  test('what came too late leaves the order to be paid otherwise', async () => {
    const { begin, play, ledger, told, pay } = await fresh()
    const { order, payment } = await begin()
    await play(payment.number, 'late')
    expect((await ledger(order.id)).order.status).toBe('pending')
    expect(await told(order.id)).toContain('payment.late')
    expect((await pay(order.sessionId)).checkout.state).toBe('paid')
  })

  test('a confirmation that the chain takes back is told, and the sale stays the seller’s to decide about', async () => {
    const { begin, play, ledger, told } = await fresh()
    const { order, payment } = await begin()
    await play(payment.number, 'confirm')
    await play(payment.number, 'reorg')
    expect(await told(order.id)).toContain('payment.reversed')
    await play(payment.number, 'confirm')
    expect(await ledger(order.id)).toMatchObject({ order: { status: 'completed' }, entries: [{}] })
  })

  test('a crypto order is not refunded by us, who never had its money', async () => {
    const { begin, play, ctx } = await fresh()
    const { order, payment } = await begin()
    await play(payment.number, 'confirm')
    await expect(refundOrder(ctx, { id: order.id })).rejects.toMatchObject({
      code: 'order_not_refundable',
      message: expect.stringContaining('wallet'),
    })
  })

  test('a pool that is all held, and a currency that is not converted, are refused in words', async () => {
    const { begin, open, choose, ctx } = await fresh(1)
    await begin()
    const { order } = await open()
    expect(await choose(order.sessionId)).toMatchObject({ refused: 'all_addresses_held', checkout: { state: 'open' } })
    await expect(choose(order.sessionId, { network: 'tron' })).rejects.toMatchObject({ code: 'crypto_not_offered' })
    const euros = await createOrder(ctx, NewOrder.parse({ amount_cents: 1_900, currency: 'eur' }))
    await expect(choose(euros.sessionId)).rejects.toMatchObject({
      code: 'crypto_not_offered',
      message: expect.stringContaining('EUR'),
    })
  })
})
