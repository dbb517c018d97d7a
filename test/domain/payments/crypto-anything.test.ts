import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NewSimulation } from '../../../server/domain/crypto/schema'
import { growSimulatedChains } from '../../../server/domain/crypto/simulation'
import type { OrderRow } from '../../../server/domain/orders/table'
import { leaveCrypto } from '../../../server/domain/payments/crypto-checkout'
import { settleCryptoOrders } from '../../../server/domain/payments/crypto-orders'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { recoverAttempts } from '../../../server/domain/payments/recovery'
import { finishAuthentication } from '../../../server/domain/payments/service'
import { applyCoupon, removeCoupon } from '../../../server/domain/payments/session-coupon'
import { HOUR_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { AppError } from '../../../server/kernel/errors'
import { CARDS } from '../../support/cards'
import { addCoupon } from '../../support/coupons'
import { type CryptoShop, openCryptoShop } from '../../support/crypto-shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: CryptoShop
beforeAll(async () => {
  world = await createWorld()
  shop = await openCryptoShop(world, 30)
  await addCoupon(shop, 'TENTH')
})
afterAll(() => world.close())

/** As many lives of an order: PAYHOOK_TEST_ORDERS=150 takes minutes. */
const ORDERS = Number(process.env.PAYHOOK_TEST_ORDERS ?? 12)

const ACTIONS = ['detect', 'underpay', 'overpay', 'confirm', 'expire', 'late', 'reorg'] as const

type Step =
  | { do: 'choose'; coin: 'usdt' | 'native' }
  | { do: 'play'; action: NewSimulation['action'] }
  | { do: 'leave' | 'find' | 'recover' | 'authenticate' | 'coupon' | 'full price' }
  | { do: 'pay'; card: keyof typeof CARDS }
  | { do: 'wait'; minutes: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('choose' as const), coin: fc.constantFrom('usdt', 'native') }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('play' as const), action: fc.constantFrom(...ACTIONS) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('leave', 'find', 'recover', 'authenticate', 'coupon', 'full price'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pay' as const),
      card: fc.constantFrom('succeeds', 'insufficientFunds', 'succeedsWith3ds'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(5, 31, 70) }) },
) as fc.Arbitrary<Step>

async function take({ id, sessionId, amountMinor }: OrderRow, what: Step): Promise<void> {
  const [payment] = (await shop.paymentsOf(id)).sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
  if (what.do === 'choose') {
    const { order } = await shop.ledger(id)
    await shop.choose(sessionId, { coin: what.coin, shownMinor: order.amountMinor ?? amountMinor })
  }
  if (what.do === 'play' && payment) await shop.play(payment.number, what.action)
  if (what.do === 'find' && payment?.status === 'expired') await shop.findInTime(payment)
  if (what.do === 'leave') await leaveCrypto(shop.ctx, sessionId)
  if (what.do === 'pay') await shop.pay(sessionId, CARDS[what.card])
  if (what.do === 'authenticate') await finishAuthentication(shop.ctx, sessionId, true)
  if (what.do === 'coupon') await applyCoupon(shop.ctx, sessionId, 'TENTH')
  if (what.do === 'full price') await removeCoupon(shop.ctx, sessionId)
  if (what.do === 'wait') world.clock.advance(what.minutes * MINUTE_MS)
  if (what.do === 'recover') await recover()
}

/** What comes too late, or was refused, is as it should be; anything else is a finding. */
function refusal(error: unknown): void {
  if (error instanceof AppError) return
  // Two blocks of one parent: a chain takes one of them.
  if (error instanceof Error && error.message === 'the block was not taken') return
  throw error
}

async function recover(): Promise<void> {
  await recoverAttempts(shop.ctx)
  while (await growSimulatedChains(shop.ctx));
  await settleCryptoOrders(shop.ctx)
  await expireSessions(shop.ctx)
}

async function check(orderId: string): Promise<void> {
  const { order, attempts, entries, events } = await shop.ledger(orderId)
  const payments = await shop.paymentsOf(orderId)
  const sales = entries.filter(({ kind }) => kind === 'sale')
  const paying = payments.filter(({ orderUse }) => orderUse === 'paid')
  const charged = attempts.filter(({ status }) => status === 'succeeded')
  expect(sales).toHaveLength(order.status === 'completed' ? 1 : 0)
  expect(events.filter(({ type }) => type === 'sale.completed')).toHaveLength(sales.length)
  // By one way, at no less than its price.
  expect([charged.length, paying.length]).toEqual([order.method === 'card' ? 1 : 0, order.method === 'crypto' ? 1 : 0])
  for (const { amountUsdCents } of paying) expect(amountUsdCents).toBeGreaterThanOrEqual(order.amountMinor)
  // Only an order that can be paid has more than one way open: never.
  const waiting = payments.filter(({ status }) => status === 'pending')
  const trying = attempts.filter(({ status }) => status === 'processing' || status === 'requires_action')
  if (waiting.every(({ reversedAt, creditedUnits }) => reversedAt === null && creditedUnits === null)) {
    expect(waiting.length + trying.length).toBeLessThanOrEqual(1)
  }
  const surplus = payments.filter(({ orderUse }) => orderUse === 'surplus')
  const told = (await shop.told(orderId)).filter((type) => type === 'order.surplus_received')
  expect(told).toHaveLength(surplus.length)
}

test('whatever a buyer does with card and crypto, in whatever order and at once, an order is sold once', async () => {
  const round = fc.array(step, { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 8 }), async (rounds) => {
      const { order } = await shop.open()
      for (const steps of rounds) {
        await Promise.all(steps.map((what) => take(order, what).catch(refusal)))
        await check(order.id)
      }
      // In the end nothing is left open: simulated chains grow only where somebody asks for it.
      for (const { number, status, creditedUnits } of await shop.paymentsOf(order.id)) {
        if (status === 'pending' && creditedUnits !== null) await shop.play(number, 'confirm')
      }
      for (let hours = 0; hours < 4; hours++) {
        world.clock.advance(HOUR_MS)
        await recover()
      }
      await check(order.id)
      const { order: after } = await shop.ledger(order.id)
      expect(['completed', 'failed']).toContain(after.status)
      for (const { status, orderUse } of await shop.paymentsOf(order.id)) {
        expect(status === 'pending' || (status === 'confirmed' && orderUse === 'awaited')).toBe(false)
      }
    }),
    { numRuns: ORDERS },
  )
}, 600_000)
