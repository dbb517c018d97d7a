import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { stores } from '../../../server/domain/stores/table'
import { isEventType } from '../../../server/domain/webhooks/catalogue'
import { bodySchemaOf, signRequest } from '../../../server/domain/webhooks/formats'
import { events } from '../../../server/domain/webhooks/table'
import { newSigningSecret } from '../../../server/kernel/ids'
import { CARDS } from '../../support/cards'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: Shop
beforeEach(async () => {
  world = await createWorld()
  shop = await openShop(world)
  await world.deps.db.update(stores).set({ feeBasisPoints: 500 }).where(eq(stores.storeId, shop.ctx.storeId))
})
afterEach(() => world.close())

/** What was recorded, by type; each as it would be sent, and proven to be what the catalogue publishes. */
async function recorded(): Promise<Record<string, Record<string, unknown>>> {
  const rows = await world.deps.db.select().from(events).where(eq(events.storeId, shop.ctx.storeId))
  const bodies = rows.map((event) => {
    if (!isEventType(event.type)) throw new Error(`${event.type} is not in the catalogue`)
    const signing = { secrets: [newSigningSecret()] as const, deliveryNumber: 1, at: world.clock.now() }
    const body = JSON.parse(signRequest(event, signing).body) as Record<string, unknown>
    expect(bodySchemaOf(event.type).strict().safeParse(body).error).toBeUndefined()
    return [event.type, body] as const
  })
  expect(new Set(bodies.map(([type]) => type)).size).toBe(bodies.length)
  return Object.fromEntries(bodies)
}

const toldBy = async (work: () => Promise<unknown>) => {
  await world.deps.db.delete(events).where(eq(events.storeId, shop.ctx.storeId))
  await work()
  return recorded()
}

test('opening a checkout makes an order and a checkout, once for one session', async () => {
  const { order } = await shop.open()
  await shop.open(order.sessionId)
  const told = await recorded()
  expect(Object.keys(told).sort()).toEqual(['checkout.created', 'order.created'])
  expect(told['checkout.created']).toEqual({
    event: 'checkout.created',
    created_at: '2026-03-02T09:00:00.000Z',
    data: expect.objectContaining({ session_id: order.sessionId, status: 'open', order_id: order.id, is_test: true }),
  })
  expect(told['order.created']).toMatchObject({ data: { id: order.id, status: 'pending', amount_cents: 1_900 } })
})

test('a payment tells of the sale, the payment with document D’s whole payload, the order and the checkout', async () => {
  const { order } = await shop.open()
  const told = await toldBy(() => shop.pay(order.sessionId))
  expect(Object.keys(told).sort()).toEqual([
    'checkout.completed',
    'order.completed',
    'order.paid',
    'payment.completed',
    'sale.completed',
  ])
  expect(told['payment.completed']).toEqual({
    event: 'payment.completed',
    transaction_id: order.transactionId,
    order_id: order.number,
    status: 'completed',
    amount: 19,
    fee_amount: 0.95,
    net_amount: 18.05,
    currency: 'USD',
    customer_email: 'buyer@example.com',
    customer_name: 'Ada Buyer',
    product_name: 'Kit',
    order_reference: null,
    metadata: {},
    is_test: true,
    timestamp: '2026-03-02T09:00:00.000Z',
  })
  expect(told['order.paid']).toMatchObject({ data: { status: 'completed', payment_method: 'card' } })
  expect(told['checkout.completed']).toMatchObject({ data: { status: 'completed', session_id: order.sessionId } })
})

test('a declined attempt tells why, and says nothing of the order', async () => {
  const { order } = await shop.open()
  const told = await toldBy(() => shop.pay(order.sessionId, CARDS.insufficientFunds))
  expect(Object.keys(told)).toEqual(['payment.failed'])
  expect(told['payment.failed']).toMatchObject({ status: 'failed', failure_code: 'insufficient_funds', amount: 19 })
})

test('a session that nobody paid expires as order and checkout, and is no failed payment', async () => {
  await shop.open()
  const told = await toldBy(async () => {
    world.clock.advance(3_600_000)
    await expireSessions(shop.deps)
  })
  expect(Object.keys(told).sort()).toEqual(['checkout.expired', 'order.expired'])
  expect(told['order.expired']).toMatchObject({ data: { status: 'failed', failure_code: 'session_expired' } })
})

describe('refunds', () => {
  test('a part says what it gave back and how much in all', async () => {
    const order = await shop.buy()
    await refundOrder(shop.ctx, { id: order.id, amountCents: 500 })
    const told = await toldBy(() => refundOrder(shop.ctx, { id: order.id, amountCents: 333, reason: 'Too small' }))
    expect(Object.keys(told).sort()).toEqual(['order.refunded', 'payment.refunded', 'sale.refunded'])
    expect(told['payment.refunded']).toMatchObject({ status: 'completed', refund_amount: 3.33, refunded_amount: 8.33 })
    expect(told['order.refunded']).toMatchObject({
      data: { status: 'completed', refunded_cents: 833, refund: { amount_cents: 333, reason: 'Too small' } },
    })
    expect(told['sale.refunded']).toMatchObject({
      data: { amount_cents: 333, sale_amount_cents: 1_900, total_refunded_cents: 833 },
    })
  })

  test('all of it makes the order refunded, under the transaction’s id', async () => {
    const order = await shop.buy()
    const told = await toldBy(() => refundOrder(shop.ctx, { id: order.id }))
    expect(told['payment.refunded']).toMatchObject({
      transaction_id: order.transactionId,
      status: 'refunded',
      refund_amount: 19,
      refunded_amount: 19,
    })
  })
})
