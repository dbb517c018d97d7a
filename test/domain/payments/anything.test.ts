import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TRANSITIONS } from '../../../server/domain/orders/transitions'
import { expireSessions } from '../../../server/domain/payments/expiry'
import { recoverAttempts, recoverRefunds } from '../../../server/domain/payments/recovery'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { finishAuthentication } from '../../../server/domain/payments/service'
import { MINUTE_MS } from '../../../server/kernel/clock'
import { AppError } from '../../../server/kernel/errors'
import type { Bank } from '../../support/bank'
import { CARDS } from '../../support/cards'
import { type Ledger, openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

type Step =
  | { do: 'pay'; card: keyof typeof CARDS }
  | { do: 'authenticate'; approved: boolean }
  | { do: 'refund'; cents: number | undefined }
  | { do: 'wait'; minutes: number }
  | { do: 'recover' }
  | { do: 'trouble'; trouble: Bank['trouble'] }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pay' as const), card: cardName() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('authenticate' as const), approved: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('refund' as const), cents: someCents() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 5, 70) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'recover' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('trouble' as const), trouble: someTrouble() }) },
)

function cardName() {
  return fc.constantFrom(...(Object.keys(CARDS) as (keyof typeof CARDS)[]))
}

function someCents() {
  return fc.option(fc.integer({ min: 1, max: 2_000 }), { nil: undefined })
}

function someTrouble() {
  return fc.constantFrom('none' as const, 'none' as const, 'unreachable' as const, 'answer_lost' as const)
}

async function take(sessionId: string, what: Step): Promise<void> {
  if (what.do === 'trouble') shop.bank.trouble = what.trouble
  if (what.do === 'wait') world.clock.advance(what.minutes * MINUTE_MS)
  if (what.do === 'pay') await shop.pay(sessionId, CARDS[what.card])
  if (what.do === 'authenticate') await finishAuthentication(shop.deps, sessionId, what.approved)
  if (what.do === 'recover') await recover()
  if (what.do === 'refund') await refundOrder(shop.ctx, { id: sessionId, amountCents: what.cents }).catch(refusal)
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

function check({ order, attempts, refunds, entries, events }: Ledger): void {
  const isSold = order.status === 'completed' || order.status === 'refund_pending' || order.status === 'refunded'
  const succeeded = attempts.filter(({ status }) => status === 'succeeded')
  const sales = entries.filter(({ kind }) => kind === 'sale')
  const paidBack = entries.filter(({ kind }) => kind === 'refund')
  const amounts = (rows: { amountMinor: bigint }[]) => sum(rows.map(({ amountMinor }) => amountMinor))
  const inStatus = (status: string) => refunds.filter((refund) => refund.status === status)
  expect(order.refundedMinor + order.refundingMinor).toBeLessThanOrEqual(order.amountMinor)
  expect(succeeded).toHaveLength(isSold ? 1 : 0)
  expect(sales).toHaveLength(isSold ? 1 : 0)
  expect(amounts(sales) - amounts(paidBack)).toBe(isSold ? order.amountMinor - order.refundedMinor : 0n)
  expect(amounts(inStatus('succeeded'))).toBe(order.refundedMinor)
  expect(amounts(inStatus('pending'))).toBe(order.refundingMinor)
  expect(order.status === 'refunded').toBe(isSold && order.refundedMinor === order.amountMinor)
  expect(events.filter(({ type }) => type === 'sale.completed')).toHaveLength(sales.length)
  expect(events.filter(({ type }) => type === 'sale.refunded')).toHaveLength(paidBack.length)
}

test('whatever happens to a session, in whatever order and at once, the money adds up', async () => {
  const round = fc.array(step, { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 8 }), async (rounds) => {
      shop.bank.trouble = 'none'
      const { order } = await shop.open()
      let before = order.status
      for (const steps of rounds) {
        await Promise.all(steps.map((what) => take(order.sessionId, what)))
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
      expect(attempts.filter(({ id }) => shop.bank.charged.has(id))).toHaveLength(after.status === 'failed' ? 0 : 1)
    }),
    { numRuns: 40 },
  )
})

/** What the table allows in any number of moves. */
function reachable(from: keyof typeof TRANSITIONS, seen = new Set<string>([from])): Set<string> {
  for (const next of TRANSITIONS[from]) {
    if (seen.has(next)) continue
    seen.add(next)
    reachable(next, seen)
  }
  return seen
}
