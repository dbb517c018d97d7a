import { and, eq, isNotNull } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { legsOf } from '../../../server/domain/ledger/entries'
import { balancesOf } from '../../../server/domain/ledger/order-money'
import { foldLedger, rebuildLedger } from '../../../server/domain/ledger/roller'
import { getBalance } from '../../../server/domain/ledger/service'
import { ACCOUNTS } from '../../../server/domain/ledger/table'
import { findDiscrepancies } from '../../../server/domain/ledger/verify'
import { type OrderRow, orders } from '../../../server/domain/orders/table'
import { TRANSITIONS } from '../../../server/domain/orders/transitions'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { completeFree } from '../../../server/domain/payments/free'
import { recoverAttempts, recoverRefunds } from '../../../server/domain/payments/recovery'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { finishAuthentication } from '../../../server/domain/payments/service'
import { applyCoupon, removeCoupon } from '../../../server/domain/payments/session-coupon'
import { getRevenue } from '../../../server/domain/revenue/service'
import { stores } from '../../../server/domain/stores/table'
import { MINUTE_MS } from '../../../server/kernel/clock'
import { AppError } from '../../../server/kernel/errors'
import { DISPUTE_STATUSES, type DisputeStatus } from '../../../server/ports/gateway'
import type { Bank } from '../../support/bank'
import { CARDS } from '../../support/cards'
import { addCoupon } from '../../support/coupons'
import { noticeOf, report } from '../../support/disputes'
import { type Ledger, openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
  await addCoupon(shop, 'ALL', { discount_basis_points: 10_000 })
  await addCoupon(shop, 'TENTH', { discount_basis_points: 1_000 })
  await shop.ctx.db.update(stores).set({ feeBasisPoints: 777 }).where(eq(stores.storeId, shop.ctx.storeId))
})
afterAll(() => world.close())

type Step =
  | { do: 'pay'; card: keyof typeof CARDS }
  | { do: 'authenticate'; approved: boolean }
  | { do: 'confirm' }
  | { do: 'coupon'; code: string | null }
  | { do: 'refund'; cents: number | undefined }
  | { do: 'dispute'; cents: number; status: DisputeStatus }
  | { do: 'decide'; status: DisputeStatus }
  | { do: 'wait'; minutes: number }
  | { do: 'recover' }
  | { do: 'trouble'; trouble: Bank['trouble'] }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pay' as const), card: cardName() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('authenticate' as const), approved: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant({ do: 'confirm' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('coupon' as const), code: fc.constantFrom('ALL', 'TENTH', null) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('refund' as const), cents: someCents() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('dispute' as const), cents: cents(), status: someStatus() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('decide' as const), status: someStatus() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 5, 70) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'recover' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('trouble' as const), trouble: someTrouble() }) },
)

function cardName() {
  return fc.constantFrom(...(Object.keys(CARDS) as (keyof typeof CARDS)[]))
}

function someCents() {
  return fc.option(cents(), { nil: undefined })
}

function cents() {
  return fc.integer({ min: 1, max: 2_000 })
}

function someStatus() {
  return fc.constantFrom(...DISPUTE_STATUSES)
}

function someTrouble() {
  return fc.constantFrom('none' as const, 'none' as const, 'unreachable' as const, 'answer_lost' as const)
}

async function take({ id, sessionId }: OrderRow, what: Step): Promise<void> {
  if (what.do === 'trouble') shop.bank.trouble = what.trouble
  if (what.do === 'wait') world.clock.advance(what.minutes * MINUTE_MS)
  if (what.do === 'pay') await shop.pay(sessionId, CARDS[what.card])
  if (what.do === 'authenticate') await finishAuthentication(shop.deps, sessionId, what.approved)
  if (what.do === 'confirm') await completeFree(shop.deps, sessionId, { email: 'buyer@example.com', name: null })
  if (what.do === 'coupon') await changeCoupon(sessionId, what.code).catch(refusal)
  if (what.do === 'recover') await recover()
  if (what.do === 'refund') await refundOrder(shop.ctx, { id: sessionId, amountCents: what.cents }).catch(refusal)
  if (what.do === 'dispute') await dispute(id, what)
  if (what.do === 'decide') await decide(id, what.status)
}

/** Another price: nothing, a tenth less, or all of it. */
function changeCoupon(sessionId: string, code: string | null): Promise<unknown> {
  return code === null ? removeCoupon(shop.deps, sessionId) : applyCoupon(shop.deps, sessionId, code)
}

async function dispute(id: string, { cents, status }: { cents: number; status: DisputeStatus }) {
  const { order, attempts } = await shop.ledger(id)
  if (!attempts.some((attempt) => attempt.status === 'succeeded')) return
  await report(shop, await noticeOf(shop, order, { amountMinor: BigInt(cents), status }))
}

async function decide(id: string, status: DisputeStatus) {
  const { order, disputes } = await shop.ledger(id)
  for (const { gatewayReference, amountMinor } of disputes) {
    await report(shop, await noticeOf(shop, order, { id: gatewayReference, amountMinor, status }))
  }
}

async function recover() {
  await recoverAttempts(shop.deps)
  await recoverRefunds(shop.deps)
  await expireSessions(shop.deps)
}

/** A refused refund is fine; anything else is a finding. */
function refusal(error: unknown) {
  if (!(error instanceof AppError)) throw error
}

const sum = (amounts: bigint[]) => amounts.reduce((total, amount) => total + amount, 0n)

/** What disputes have done to an order, and what was told of it. */
function checkDisputes({ order, disputes, disputeEvents }: Ledger): void {
  const taken = (...statuses: DisputeStatus[]) =>
    sum(disputes.filter(({ status }) => statuses.includes(status)).map(({ takenMinor }) => takenMinor))
  const told = (type: string) => disputeEvents.filter((event) => event.type === type).length
  const inStatus = (status: DisputeStatus) => disputes.filter((one) => one.status === status).length
  expect(taken('needs_response', 'under_review')).toBe(order.disputedMinor)
  expect(taken('lost')).toBe(order.lostMinor)
  expect(taken('won')).toBe(0n)
  expect(told('payment.disputed')).toBe(disputes.length)
  expect([told('dispute.won'), told('dispute.lost')]).toEqual([inStatus('won'), inStatus('lost')])
  expect(order.disputeStatus === null).toBe(disputes.length === 0)
  const isOpen = inStatus('needs_response') + inStatus('under_review') > 0
  expect(order.disputeStatus === 'needs_response' || order.disputeStatus === 'under_review').toBe(isOpen)
}

/** The ledger says of the order's money exactly what the order says. */
function checkPosted({ order, posted }: Ledger, isSold: boolean): void {
  const expected: Record<string, bigint> = isSold ? balancesOf(order) : {}
  const entered: Record<string, bigint> = {}
  for (const { account, amountMinor } of posted.flatMap(legsOf)) {
    entered[account] = (entered[account] ?? 0n) + amountMinor
  }
  for (const account of ACCOUNTS) expect([account, entered[account] ?? 0n]).toEqual([account, expected[account] ?? 0n])
}

function check(ledger: Ledger): void {
  const { order, attempts, refunds, entries, events } = ledger
  const isSold = order.status === 'completed' || order.status === 'refund_pending' || order.status === 'refunded'
  const succeeded = attempts.filter(({ status }) => status === 'succeeded')
  const sales = entries.filter(({ kind }) => kind === 'sale')
  const paidBack = entries.filter(({ kind }) => kind === 'refund')
  const amounts = (rows: { amountMinor: bigint }[]) => sum(rows.map(({ amountMinor }) => amountMinor))
  const inStatus = (status: string) => refunds.filter((refund) => refund.status === status)
  const { amountMinor, refundedMinor, refundingMinor, disputedMinor, lostMinor } = order
  expect(refundedMinor + refundingMinor + disputedMinor + lostMinor).toBeLessThanOrEqual(amountMinor)
  expect(order.subtotalMinor - order.discountMinor).toBe(amountMinor)
  // What costs nothing is paid by no card, and what costs something by one, at the price that the order has.
  expect(succeeded.map((attempt) => attempt.amountMinor)).toEqual(isSold && amountMinor > 0n ? [amountMinor] : [])
  expect(sales).toHaveLength(isSold ? 1 : 0)
  expect(amounts(sales) - amounts(paidBack)).toBe(isSold ? amountMinor - refundedMinor - lostMinor : 0n)
  expect(amounts(inStatus('succeeded'))).toBe(refundedMinor)
  expect(amounts(inStatus('pending'))).toBe(refundingMinor)
  expect(order.status === 'refunded').toBe(isSold && amountMinor > 0n && refundedMinor === amountMinor)
  expect(events.filter(({ type }) => type === 'sale.completed')).toHaveLength(sales.length)
  expect(events.filter(({ type }) => type === 'sale.refunded')).toHaveLength(inStatus('succeeded').length)
  checkDisputes(ledger)
  checkPosted(ledger, isSold)
}

test('whatever happens to a session, in whatever order and at once, the money adds up', async () => {
  const round = fc.array(step, { minLength: 1, maxLength: 4 })
  const code = fc.constantFrom(null, 'ALL', 'TENTH')
  await fc.assert(
    fc.asyncProperty(code, fc.array(round, { minLength: 1, maxLength: 8 }), async (code, rounds) => {
      shop.bank.trouble = 'none'
      const { order } = await shop.open()
      await changeCoupon(order.sessionId, code)
      let before = order.status
      for (const steps of rounds) {
        await Promise.all(steps.map((what) => take(order, what)))
        const ledger = await shop.ledger(order.id)
        check(ledger)
        expect([...reachable(before)]).toContain(ledger.order.status)
        before = ledger.order.status
      }
      // In the end nothing is left open.
      shop.bank.trouble = 'none'
      world.clock.advance(70 * MINUTE_MS)
      for (let round = 0; round < 2; round++) await recover()
      const { order: after, attempts, refunds } = await shop.ledger(order.id)
      expect(['failed', 'completed', 'refunded']).toContain(after.status)
      expect(attempts.filter(({ status }) => status === 'processing' || status === 'requires_action')).toEqual([])
      expect(refunds.filter(({ status }) => status === 'pending')).toEqual([])
      // What the bank took for this order, it took once.
      const isPaid = after.status !== 'failed' && after.amountMinor > 0n
      expect(attempts.filter(({ id }) => shop.bank.charged.has(id))).toHaveLength(isPaid ? 1 : 0)
    }),
    { numRuns: 60 },
  )
  await checkStore()
  // Sixty lives of an order take a while on a machine that has other work.
}, 120_000)

/** Over all those sessions: orders, revenue, ledger and balance tell one story, folded, rebuilt or neither. */
async function checkStore(): Promise<void> {
  const { ctx, deps } = shop
  const sold = await ctx.db
    .select()
    .from(orders)
    .where(and(eq(orders.storeId, ctx.storeId), isNotNull(orders.completedAt)))
  const total = (amount: (order: OrderRow) => bigint) => Number(sum(sold.map(amount)))
  const expected = {
    gross_cents: total((order) => order.amountMinor),
    refunds_cents: total((order) => order.refundedMinor),
    disputes_cents: total((order) => order.lostMinor),
    gateway_fees_cents: 0,
    pending_cents: total((order) => order.disputedMinor),
    fees_cents: total((order) => -balancesOf(order).platform_fees),
    available_cents: total((order) => -balancesOf(order).store_balance),
  }
  expect(expected.gross_cents).toBeGreaterThan(0)
  expect(expected.available_cents + expected.pending_cents).toBe(
    expected.gross_cents - expected.fees_cents - expected.refunds_cents - expected.disputes_cents,
  )
  for (const prepare of [async () => undefined, () => foldLedger(deps), () => rebuildLedger(deps, ctx.storeId)]) {
    await prepare()
    expect((await getBalance(ctx)).balances).toEqual([{ currency: 'usd', ...expected }])
    for await (const line of findDiscrepancies(deps, ctx.storeId)) expect(line).toBe('')
  }
  expect((await getRevenue(ctx, '365d')).all_time_revenue_cents).toBe(
    expected.gross_cents - expected.refunds_cents - expected.disputes_cents,
  )
}

/** What the table allows in any number of moves. */
function reachable(from: keyof typeof TRANSITIONS, seen = new Set<string>([from])): Set<string> {
  for (const next of TRANSITIONS[from]) {
    if (seen.has(next)) continue
    seen.add(next)
    reachable(next, seen)
  }
  return seen
}
