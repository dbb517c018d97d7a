import { afterAll, beforeAll, expect, test } from 'vitest'
import { legsOf } from '../../../server/domain/ledger/entries'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { newRowId } from '../../../server/kernel/ids'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

const refund = (id: string, amountCents?: number, refundId?: string) =>
  refundOrder(shop.ctx, { id, amountCents, refundId })

const codeOf = (result: PromiseSettledResult<unknown>) =>
  result.status === 'rejected' ? (result.reason as { code: string }).code : 'refunded'

test('a full refund leads to refunded, one entry and one event', async () => {
  const order = await shop.buy()
  expect((await refund(order.id)).order).toMatchObject({
    status: 'refunded',
    refundedMinor: 1_900n,
    refundingMinor: 0n,
  })
  const { entries, events } = await shop.ledger(order.id)
  expect(entries.map(({ kind, amountMinor }) => `${kind} ${amountMinor}`).sort()).toEqual(['refund 1900', 'sale 1900'])
  expect(events.find(({ type }) => type === 'sale.refunded')?.data).toEqual({
    purchase_id: order.id,
    product_id: shop.product.id,
    buyer_email: 'buyer@example.com',
    currency: 'usd',
    stripe_session_id: order.sessionId,
    amount_cents: 1_900,
    sale_amount_cents: 1_900,
    total_refunded_cents: 1_900,
  })
  await expect(refund(order.id)).rejects.toMatchObject({ code: 'order_not_refundable' })
})

test('a partial refund leaves the order completed; the rest can follow, and no more than the rest', async () => {
  const order = await shop.buy()
  expect((await refund(order.id, 500)).order).toMatchObject({ status: 'completed', refundedMinor: 500n })
  await expect(refund(order.id, 1_401)).rejects.toMatchObject({
    code: 'refund_exceeds_payment',
    field: 'amount_cents',
    message: 'At most $14.00 can be refunded.',
  })
  const rest = await refund(order.id)
  expect(rest).toMatchObject({ order: { status: 'refunded' }, refund: { amountMinor: 1_400n } })
  const totals = (await shop.ledger(order.id)).events.map(({ data }) => data.total_refunded_cents)
  expect(totals).toEqual(expect.arrayContaining([500, 1_900]))
})

test('an unpaid order has nothing to refund', async () => {
  const { order } = await shop.open()
  await expect(refund(order.id)).rejects.toMatchObject({ code: 'order_not_refundable' })
})

test('fifty parallel refunds of a part never pay back more than was paid', async () => {
  const order = await shop.buy()
  const results = await Promise.allSettled(Array.from({ length: 50 }, () => refund(order.id, 300)))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(6)
  const refused = new Set(results.map(codeOf))
  refused.delete('refunded')
  expect([...refused]).toEqual(['refund_exceeds_payment'])
  const ledger = await shop.ledger(order.id)
  expect(ledger.order).toMatchObject({ status: 'completed', refundedMinor: 1_800n, refundingMinor: 0n })
  // What the ledger gave back is what was paid back, once each.
  const entered = ledger.posted.filter(({ kind }) => kind === 'refund').flatMap(legsOf)
  const fromGateway = entered.filter(({ account }) => account === 'gateway_clearing')
  expect(fromGateway.map(({ amountMinor }) => amountMinor)).toEqual(Array.from({ length: 6 }, () => -300n))
  expect([...shop.bank.refunded.keys()].filter((id) => ledger.refunds.some((row) => row.id === id))).toHaveLength(6)
})

test('parallel calls with one refund id are one refund', async () => {
  const order = await shop.buy()
  const refundId = newRowId(shop.ctx.storeId)
  const results = await Promise.all(Array.from({ length: 20 }, () => refund(order.id, 400, refundId)))
  expect(new Set(results.map((result) => result.refund.id))).toEqual(new Set([refundId]))
  const ledger = await shop.ledger(order.id)
  expect(ledger.order).toMatchObject({ status: 'completed', refundedMinor: 400n })
  expect(ledger.events.filter(({ type }) => type === 'sale.refunded')).toHaveLength(1)
})

test("a refund id of another order doesn't answer with that order's refund", async () => {
  const [first, second] = [await shop.buy(), await shop.buy()]
  const refundId = newRowId(shop.ctx.storeId)
  await refund(first.id, 100, refundId)
  await expect(refund(second.id, 100, refundId)).rejects.toMatchObject({ code: 'idempotency_conflict' })
})

test('a refund that the gateway refuses gives back what it set aside', async () => {
  const order = await shop.buy()
  shop.bank.trouble = 'refuses_refunds'
  await expect(refund(order.id)).rejects.toMatchObject({ code: 'gateway_failed' })
  shop.bank.trouble = 'none'
  const failed = await shop.ledger(order.id)
  expect(failed.order).toMatchObject({ status: 'completed', refundedMinor: 0n, refundingMinor: 0n })
  expect(failed.refunds).toMatchObject([{ status: 'failed', failureCode: 'gateway_refused' }])
  expect((await refund(order.id)).order.status).toBe('refunded')
})
