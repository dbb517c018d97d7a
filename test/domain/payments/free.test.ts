import { afterAll, beforeAll, expect, test } from 'vitest'
import { inTransaction } from '../../../server/db/transaction'
import type { OrderRow } from '../../../server/domain/orders/table'
import { openOrder } from '../../../server/domain/payments/checkout'
import { completeFree } from '../../../server/domain/payments/free'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { archiveProduct } from '../../../server/domain/products/service'
import { getRevenue } from '../../../server/domain/revenue/service'
import { listEvents } from '../../../server/domain/webhooks/event-log'
import { HOUR_MS } from '../../../server/kernel/clock'
import { newSessionId } from '../../../server/kernel/ids'
import { CARDS } from '../../support/cards'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

const ada = { email: 'ada@example.com', name: 'Ada Buyer' }

/** What a coupon of 100 % leaves of a price. */
async function openFree(priceMinor = 0n, productId: string | null = null): Promise<OrderRow> {
  const { store } = shop.opened
  const item = { productId, variantId: null, name: 'Gift', priceMinor, currency: 'usd' }
  const sessionId = newSessionId(shop.ctx.storeId, true)
  const order = await inTransaction(shop.ctx, (tx) => openOrder(tx, { store, item, sessionId }, {}))
  if (!order) throw new Error('no order')
  return order
}

test('100 buyers’ confirmations of a free order complete it once, without the bank', async () => {
  const order = await openFree()
  const answers = await Promise.all(Array.from({ length: 100 }, () => completeFree(shop.deps, order.sessionId, ada)))
  expect(new Set(answers.map(({ state }) => state))).toEqual(new Set(['paid']))
  const ledger = await shop.ledger(order.id)
  expect(ledger.order).toMatchObject({
    status: 'completed',
    method: null,
    customerEmail: 'ada@example.com',
    customerName: 'Ada Buyer',
    completedAt: world.clock.now(),
  })
  expect(ledger.attempts).toEqual([])
  expect(ledger.entries).toHaveLength(1)
  expect(ledger.entries[0]).toMatchObject({ kind: 'sale', amountMinor: 0n })
  expect(ledger.events.map(({ type }) => type)).toEqual(['sale.completed'])
  const told = await listEvents(shop.ctx, { limit: 100, type: 'payment.completed' })
  expect(told.rows.filter(({ data }) => data.order_id === order.number)).toHaveLength(1)
})

test('a free sale counts as free, neither as card nor as crypto', async () => {
  const before = await getRevenue(shop.ctx, '7d')
  await completeFree(shop.deps, (await openFree()).sessionId, ada)
  const after = await getRevenue(shop.ctx, '7d')
  expect(after.by_method).toEqual({
    ...before.by_method,
    free: { sales: before.by_method.free.sales + 1, revenue_cents: 0 },
  })
  expect(after.period_sales).toBe(before.period_sales + 1)
})

test('an order that costs something is not given away, and a free one is not charged', async () => {
  const dear = await openFree(50n)
  expect(await completeFree(shop.deps, dear.sessionId, ada)).toMatchObject({ state: 'open' })
  const free = await openFree()
  expect(await shop.pay(free.sessionId, CARDS.succeeds)).toMatchObject({ checkout: { state: 'open' }, declined: null })
  for (const { id } of [dear, free]) {
    expect(await shop.ledger(id)).toMatchObject({ order: { status: 'pending' }, attempts: [], entries: [] })
  }
})

test('a free order of an archived product, or of a session that is over, is not completed', async () => {
  const product = await shop.sell(1_900)
  const order = await openFree(0n, product.id)
  await archiveProduct(shop.ctx, product.id)
  await expect(completeFree(shop.deps, order.sessionId, ada)).rejects.toMatchObject({ code: 'product_not_available' })
  const late = await openFree()
  world.clock.advance(HOUR_MS)
  expect(await completeFree(shop.deps, late.sessionId, ada)).toMatchObject({ state: 'expired' })
  expect((await shop.ledger(late.id)).order.status).toBe('pending')
})

test('a completed free order has nothing to refund', async () => {
  const order = await openFree()
  await completeFree(shop.deps, order.sessionId, ada)
  await expect(refundOrder(shop.ctx, { id: order.id })).rejects.toMatchObject({ code: 'order_not_refundable' })
})

test.each([1n, 49n])('a total of %s cents, which no card can be charged with, opens no order', async (price) => {
  await expect(openFree(price)).rejects.toMatchObject({
    code: 'amount_too_small',
    field: 'amount_cents',
    message: expect.stringContaining('$0.50'),
  })
})
