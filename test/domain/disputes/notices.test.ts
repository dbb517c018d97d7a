import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { disputes } from '../../../server/domain/disputes/table'
import { getBalance } from '../../../server/domain/ledger/service'
import { getOrder } from '../../../server/domain/orders/service'
import type { OrderRow } from '../../../server/domain/orders/table'
import { recoverRefunds } from '../../../server/domain/payments/recovery'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { getRevenue } from '../../../server/domain/revenue/service'
import { stores } from '../../../server/domain/stores/table'
import { events } from '../../../server/domain/webhooks/table'
import { MINUTE_MS } from '../../../server/kernel/clock'
import { noticeOf, report } from '../../support/disputes'
import { entriesOf } from '../../support/ledger'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
})
beforeEach(async () => {
  shop = await openShop(world)
  await shop.ctx.db.update(stores).set({ feeBasisPoints: 250 }).where(eq(stores.storeId, shop.ctx.storeId))
})
afterAll(() => world.close())

const refund = (order: OrderRow, amountCents?: number) => refundOrder(shop.ctx, { id: order.id, amountCents })
const now = (order: OrderRow) => getOrder(shop.ctx, order.id)
const balance = async () => (await getBalance(shop.ctx)).balances[0]
const revenue = async () => (await getRevenue(shop.ctx, '30d')).period_revenue_cents

async function told(type: string) {
  const { db, storeId } = shop.ctx
  const rows = await db
    .select()
    .from(events)
    .where(and(eq(events.storeId, storeId), eq(events.type, type)))
  return rows.map(({ data }) => data)
}

test('a dispute holds the money of its order, tells of it, and leaves revenue and the order’s status alone', async () => {
  const order = await shop.buy()
  const dispute = await report(shop, await noticeOf(shop, order))
  expect(dispute).toMatchObject({ status: 'needs_response', amountMinor: 1_900n, takenMinor: 1_900n })
  expect(await now(order)).toMatchObject({
    status: 'completed',
    disputeStatus: 'needs_response',
    disputedMinor: 1_900n,
    lostMinor: 0n,
  })
  expect(await balance()).toMatchObject({ available_cents: 0, pending_cents: 1_900, gross_cents: 1_900, fees_cents: 0 })
  expect(await revenue()).toBe(1_900)
  expect(await told('payment.disputed')).toMatchObject([
    {
      ...{ transaction_id: order.transactionId, order_id: order.number, status: 'disputed', amount: 19 },
      ...{ fee_amount: 0.48, net_amount: 18.52, currency: 'USD', customer_email: 'buyer@example.com', is_test: true },
      ...{ dispute_id: dispute.id, dispute_amount: 19, dispute_reason: 'fraudulent' },
      dispute_due_by: '2026-03-09T12:00:00.000Z',
    },
  ])
})

test('a dispute that is won gives back exactly what was held; it can be refunded then', async () => {
  const order = await shop.buy()
  const before = await balance()
  const notice = await noticeOf(shop, order)
  await report(shop, notice)
  await report(shop, { ...notice, status: 'under_review' })
  expect(await now(order)).toMatchObject({ disputeStatus: 'under_review', disputedMinor: 1_900n })
  expect(await report(shop, { ...notice, status: 'won' })).toMatchObject({ status: 'won', takenMinor: 0n, dueBy: null })
  expect(await balance()).toEqual(before)
  expect(await revenue()).toBe(1_900)
  expect(await told('dispute.won')).toMatchObject([{ order_id: order.id, status: 'won', taken_cents: 0 }])
  expect((await refund(order)).order).toMatchObject({ status: 'refunded', disputeStatus: 'won' })
})

test('a dispute that is lost lowers revenue and balance as a refund does, fee included, once', async () => {
  const order = await shop.buy()
  const notice = await noticeOf(shop, order, { amountMinor: 1_000n })
  await report(shop, notice)
  await Promise.all(Array.from({ length: 10 }, () => report(shop, { ...notice, status: 'lost' })))
  expect(await now(order)).toMatchObject({
    status: 'completed',
    disputeStatus: 'lost',
    disputedMinor: 0n,
    lostMinor: 1_000n,
  })
  expect(await revenue()).toBe(900)
  expect(await balance()).toEqual({
    ...{ currency: 'usd', available_cents: 877, pending_cents: 0, gross_cents: 1_900 },
    ...{ fees_cents: 23, refunds_cents: 0, disputes_cents: 1_000, gateway_fees_cents: 0 },
  })
  expect(await told('dispute.lost')).toMatchObject([{ order_id: order.id, amount_cents: 1_000, taken_cents: 1_000 }])
  expect(await entriesOf(shop.ctx, order.id)).toEqual([
    'dispute_lost: disputes_held 1000, gateway_clearing -1000',
    'dispute_opened: disputes_held -1000, platform_fees 25, store_balance 975',
    'sale: gateway_clearing 1900, platform_fees -48, store_balance -1852',
  ])
})

test('what is reported twenty times at once is one dispute', async () => {
  const order = await shop.buy()
  const notice = await noticeOf(shop, order, { amountMinor: 700n })
  const reported = await Promise.all(Array.from({ length: 20 }, () => report(shop, notice)))
  expect(new Set(reported.map(({ id }) => id)).size).toBe(1)
  expect(await told('payment.disputed')).toHaveLength(1)
  expect(await now(order)).toMatchObject({ disputedMinor: 700n })
})

test('a decision that is reported first opens and decides; what is reported after it changes nothing', async () => {
  const order = await shop.buy()
  const notice = await noticeOf(shop, order, { status: 'lost' })
  for (const status of ['lost', 'needs_response', 'under_review', 'won', 'lost'] as const) {
    expect(await report(shop, { ...notice, status })).toMatchObject({ status: 'lost', takenMinor: 1_900n })
  }
  expect(await told('payment.disputed')).toHaveLength(1)
  expect(await told('dispute.lost')).toHaveLength(1)
  expect(await told('dispute.won')).toEqual([])
  expect(await revenue()).toBe(0)
})

test('while a dispute is open nothing is refunded; once it is lost, the rest is', async () => {
  const order = await shop.buy()
  const notice = await noticeOf(shop, order, { amountMinor: 1_400n })
  await report(shop, notice)
  await expect(refund(order, 100)).rejects.toMatchObject({ code: 'order_disputed', field: 'id' })
  await report(shop, { ...notice, status: 'lost' })
  await expect(refund(order, 501)).rejects.toMatchObject({ code: 'refund_exceeds_payment' })
  shop.bank.trouble = 'unreachable'
  expect((await refund(order)).order).toMatchObject({ status: 'completed', refundingMinor: 500n })
  shop.bank.trouble = 'none'
  world.clock.advance(MINUTE_MS)
  await recoverRefunds(shop.deps)
  // Not all of it was refunded, so that it isn't an order that was refunded.
  expect(await now(order)).toMatchObject({ status: 'completed', refundedMinor: 500n, refundingMinor: 0n })
  await expect(refund(order)).rejects.toMatchObject({ code: 'order_not_refundable' })
  expect(await balance()).toMatchObject({
    available_cents: 0,
    fees_cents: 0,
    refunds_cents: 500,
    disputes_cents: 1_400,
  })
  expect(await revenue()).toBe(0)
})

test('a dispute of more than is left takes what is left', async () => {
  const order = await shop.buy()
  await refund(order, 1_500)
  const notice = await noticeOf(shop, order)
  expect(await report(shop, notice)).toMatchObject({ amountMinor: 1_900n, takenMinor: 400n })
  const second = await noticeOf(shop, order)
  expect(await report(shop, second)).toMatchObject({ takenMinor: 0n })
  await report(shop, { ...second, status: 'lost' })
  // The other one is still open, and the order shows that.
  expect(await now(order)).toMatchObject({ disputeStatus: 'needs_response', disputedMinor: 400n, lostMinor: 0n })
  await report(shop, { ...notice, status: 'lost' })
  expect(await now(order)).toMatchObject({ disputeStatus: 'lost', disputedMinor: 0n, lostMinor: 400n })
  expect(await revenue()).toBe(0)
  expect(await balance()).toMatchObject({ available_cents: 0, refunds_cents: 1_500, disputes_cents: 400 })
})

test('a lost dispute also takes what a refund has set free that failed meanwhile', async () => {
  const order = await shop.buy()
  shop.bank.trouble = 'unreachable'
  expect((await refund(order, 1_500)).refund.status).toBe('pending')
  const notice = await noticeOf(shop, order)
  expect(await report(shop, notice)).toMatchObject({ takenMinor: 400n })
  shop.bank.trouble = 'refuses_refunds'
  world.clock.advance(MINUTE_MS)
  await recoverRefunds(shop.deps)
  expect(await now(order)).toMatchObject({ refundingMinor: 0n, disputedMinor: 400n })
  expect(await report(shop, { ...notice, status: 'lost' })).toMatchObject({ takenMinor: 1_900n })
  expect(await balance()).toMatchObject({ available_cents: 0, pending_cents: 0, disputes_cents: 1_900 })
  expect(await revenue()).toBe(0)
})

test.each(['won', 'lost'] as const)(
  'a full refund on its way is paid although a dispute comes, which is %s',
  async (status) => {
    const order = await shop.buy()
    shop.bank.trouble = 'unreachable'
    expect((await refund(order)).order.status).toBe('refund_pending')
    const notice = await noticeOf(shop, order)
    expect(await report(shop, notice)).toMatchObject({ takenMinor: 0n })
    shop.bank.trouble = 'none'
    world.clock.advance(MINUTE_MS)
    await recoverRefunds(shop.deps)
    await report(shop, { ...notice, status })
    expect(await now(order)).toMatchObject({ status: 'refunded', refundedMinor: 1_900n, lostMinor: 0n })
    expect(await revenue()).toBe(0)
  },
)

test('refunds and disputes that come at once never take more than was paid', async () => {
  for (let round = 0; round < 5; round++) {
    const order = await shop.buy()
    const notices = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        noticeOf(shop, order, { amountMinor: 300n, status: (['needs_response', 'won', 'lost'] as const)[index % 3] }),
      ),
    )
    await Promise.all([
      ...Array.from({ length: 10 }, () => refund(order, 300).catch(() => undefined)),
      ...notices.map((notice) => report(shop, notice)),
    ])
    await Promise.all(notices.map((notice) => report(shop, { ...notice, status: 'lost' })))
    const { refundedMinor, refundingMinor, disputedMinor, lostMinor, amountMinor } = await now(order)
    expect(refundingMinor + disputedMinor).toBe(0n)
    expect(refundedMinor + lostMinor).toBeLessThanOrEqual(amountMinor)
    const taken = await shop.ctx.db.select().from(disputes).where(eq(disputes.orderId, order.id))
    expect(taken).toHaveLength(10)
    expect(taken.reduce((sum, { takenMinor }) => sum + takenMinor, 0n)).toBe(lostMinor)
    const { entries } = await shop.ledger(order.id)
    const paidBack = entries.filter(({ kind }) => kind === 'refund')
    expect(paidBack.reduce((sum, entry) => sum + entry.amountMinor, 0n)).toBe(refundedMinor + lostMinor)
  }
})

test('a charge that is none of ours, of another gateway or of another attempt disputes nothing', async () => {
  const [order, other] = [await shop.buy(), await shop.buy()]
  const notice = await noticeOf(shop, order)
  const { chargeReference } = await noticeOf(shop, other)
  for (const wrong of [{ attemptId: 'pi_123' }, { attemptId: order.id }, { chargeReference }]) {
    await expect(report(shop, { ...notice, ...wrong })).rejects.toMatchObject({ code: 'order_not_found' })
  }
  const elsewhere = { ...shop, bank: { ...shop.bank, name: 'another' } }
  await expect(report(elsewhere, notice)).rejects.toMatchObject({ code: 'order_not_found' })
  expect(await now(order)).toMatchObject({ disputeStatus: null, disputedMinor: 0n })
})
