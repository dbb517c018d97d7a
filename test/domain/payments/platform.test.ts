import { eq } from 'drizzle-orm'
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../server/db/transaction'
import { getBalance } from '../../../server/domain/ledger/service'
import { findDiscrepancies } from '../../../server/domain/ledger/verify'
import { completeOrder } from '../../../server/domain/orders/transitions'
import { createOrder } from '../../../server/domain/payments/creation'
import { openPaymentPage, returnFromPage } from '../../../server/domain/payments/redirect'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { stores } from '../../../server/domain/stores/table'
import { toStripeAmount } from '../../../server/gateways/stripe/amounts'
import { HOUR_MS } from '../../../server/kernel/clock'
import type { Rounding } from '../../support/stripe/connect'
import {
  connectShop,
  createStripeWorld,
  openStripeShop,
  runJobs,
  type StripeShop,
  type StripeWorld,
} from '../../support/stripe/shop'

let world: StripeWorld
let shop: StripeShop
let account: string
beforeAll(async () => {
  world = await createStripeWorld({ connect: true })
  world.stripe.account.connect.move('', 'usd', PLATFORM_FUNDS)
})
beforeEach(async () => {
  world.stripe.trouble = () => undefined
  world.stripe.webhooks.waiting.length = 0
  Object.assign(world.stripe.account.settings, { refunds: 'succeeded' })
  Object.assign(world.stripe.account.connect.settings, { feeRounding: 'nearest' })
  shop = await openStripeShop(world)
  await charges(500)
  account = await connectShop(world, shop)
})
afterAll(() => world.close())

/** What Stripe keeps of a sale is the platform's to pay, and may be more than its fee. Out of nothing it couldn't pay a store back. */
const PLATFORM_FUNDS = 1_000_000

const BUYER = { email: 'buyer@example.com', name: null }

/** The operator's fee, from the next order on. */
const charges = (feeBasisPoints: number) =>
  shop.deps.db.update(stores).set({ feeBasisPoints }).where(eq(stores.storeId, shop.ctx.storeId))

async function arrive(): Promise<void> {
  await world.stripe.webhooks.drain()
  await runJobs(shop.deps)
  // What couldn't be done at first.
  world.clock.advance(HOUR_MS)
  await runJobs(shop.deps)
}

async function buy() {
  const { checkout, page } = await shop.begin()
  const { id: intent } = world.stripe.account.confirm(page)
  await world.stripe.webhooks.drain()
  await runJobs(shop.deps)
  return { order: checkout.order, intent }
}

/**
 * The ledger and Stripe say the same: of the store's share and of what is left to the platform. All balances together are what buyers have
 * paid and not got back, but for what Stripe has kept.
 */
async function expectSame(currency = 'usd'): Promise<void> {
  const found: string[] = []
  for await (const line of findDiscrepancies(shop.deps, shop.ctx.storeId)) found.push(line)
  expect(found).toEqual([])
  const balance = (await getBalance(shop.ctx)).balances.find((one) => one.currency === currency)
  const { connect } = world.stripe.account
  const store = connect.balanceOf(account, currency)
  expect({ store, fees: moved(currency, account).left - store }).toEqual({
    store: toStripeAmount(BigInt(balance?.available_cents ?? 0), currency),
    fees: toStripeAmount(BigInt(balance?.fees_cents ?? 0), currency),
  })
  const owners = ['', ...connect.accounts.keys()]
  const { left, kept } = moved(currency)
  const funds = currency === 'usd' ? PLATFORM_FUNDS : 0
  expect(owners.reduce((sum, owner) => sum + connect.balanceOf(owner, currency), 0)).toBe(funds + left - kept)
}

/** Of all charges, or those for one account: what is left of them, and what Stripe has kept for itself. */
function moved(currency: string, destination?: string) {
  const { charges: all, refunds, disputes, intents } = world.stripe.account
  const isMeant = (one: { currency: string; payment_intent: string }) => {
    const to = intents.get(one.payment_intent)?.transfer_data?.destination
    return one.currency === currency && (destination === undefined || to === destination)
  }
  const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0)
  const paid = [...all.values()].filter(isMeant).map(({ amount }) => amount)
  const back = [...refunds.values()].filter((one) => isMeant(one) && one.status !== 'failed')
  const taken = [...disputes.values()].filter((one) => isMeant(one) && one.status !== 'won')
  const left = sum(paid) - sum([...back, ...taken].map(({ amount }) => amount))
  const forDisputes = [...disputes.values()].filter(isMeant).flatMap((one) => one.balance_transactions)
  const kept = sum(paid.map((amount) => Math.round(amount * 0.029) + 30)) + sum(forDisputes.map(({ fee }) => fee))
  return { left, kept }
}

describe('a sale', () => {
  test('is paid into the store’s account, and the fee is the ledger’s', async () => {
    const { order, intent } = await buy()
    expect((await shop.ledger(order.id)).order).toMatchObject({ status: 'completed', feeMinor: 95n })
    expect(world.stripe.account.intents.get(intent)).toMatchObject({
      ...{ application_fee_amount: 95, on_behalf_of: account, transfer_data: { destination: account } },
    })
    expect(world.stripe.account.connect.balanceOf(account, 'usd')).toBe(1_805)
    await expectSame()
  })

  test('of any amount, fee and currency divides at Stripe as in the ledger', async () => {
    const sales = fc.record({
      price: fc.integer({ min: 100, max: 900_000 }),
      basisPoints: fc.integer({ min: 0, max: 10_000 }),
      currency: fc.constantFrom('usd', 'eur', 'jpy', 'kwd', 'isk', 'mga'),
    })
    await fc.assert(
      fc.asyncProperty(sales, async ({ price, basisPoints, currency }) => {
        await charges(basisPoints)
        const step = currency === 'mga' ? 100 : currency === 'kwd' ? 10 : 1
        const amount_cents = Math.max(price, 1_000) - (Math.max(price, 1_000) % step)
        const order = await createOrder(shop.ctx, { amount_cents, currency, metadata: {}, customer_email: BUYER.email })
        const { checkout } = await openPaymentPage(shop.deps, order.sessionId, BUYER)
        world.stripe.account.confirm(checkout.attempt?.gatewayPage ?? '')
        expect((await returnFromPage(shop.deps, order.sessionId)).state).toBe('paid')
        await expectSame(currency)
      }),
      { numRuns: 25 },
    )
  })
})

describe('refunds', () => {
  test.each<Rounding>(['down', 'up', 'nearest'])(
    'in odd parts come from both, to the cent (Stripe rounds %s)',
    async (feeRounding) => {
      world.stripe.account.connect.settings.feeRounding = feeRounding
      await charges(333)
      const { order } = await buy()
      for (const amountCents of [1, 333, 777]) {
        await refundOrder(shop.ctx, { id: order.id, amountCents })
        await arrive()
        await expectSame()
      }
      await refundOrder(shop.ctx, { id: order.id })
      await arrive()
      await expectSame()
      expect(world.stripe.account.connect.balanceOf(account, 'usd')).toBe(0)
    },
  )

  test.each([{}, { reverse_transfer: true }, { reverse_transfer: true, refund_application_fee: true }])(
    'in Stripe’s dashboard (%o) are taken from the store, as the ledger says',
    async (how) => {
      const { intent } = await buy()
      world.stripe.account.refund({ payment_intent: intent, amount: 700, ...how })
      await arrive()
      await expectSame()
      world.stripe.account.refund({ payment_intent: intent, ...how })
      await arrive()
      await expectSame()
    },
  )

  test('that fail in the end leave both as they were', async () => {
    const { order } = await buy()
    world.stripe.account.settings.refunds = 'pending'
    const { refund } = await refundOrder(shop.ctx, { id: order.id, amountCents: 700 })
    expect(refund.status).toBe('pending')
    await arrive()
    const [made] = [...world.stripe.account.refunds.values()].slice(-1)
    world.stripe.account.endRefund(made?.id ?? '', 'failed')
    await arrive()
    await expectSame()
    expect(world.stripe.account.connect.balanceOf(account, 'usd')).toBe(1_805)
  })

  test('of a surplus take all of it back from the store', async () => {
    const { checkout, page } = await shop.begin()
    await inTransaction(shop.ctx, (tx) =>
      completeOrder(tx, checkout.order.id, { method: 'crypto', at: tx.clock.now() }),
    )
    world.stripe.account.confirm(page)
    await arrive()
    expect((await shop.ledger(checkout.order.id)).attempts).toMatchObject([{ status: 'returned' }])
    await expectSame()
    expect(world.stripe.account.connect.balanceOf(account, 'usd')).toBe(0)
  })
})

describe('a dispute', () => {
  test.each(['won', 'lost'] as const)('takes its part from the store at once, and is %s', async (status) => {
    const { intent, order } = await buy()
    const dispute = world.stripe.account.openDispute(intent, { amount: 1_000 })
    await arrive()
    await expectSame()
    expect(world.stripe.account.connect.balanceOf(account, 'usd')).toBe(855)
    world.stripe.account.moveDispute(dispute.id, status)
    await arrive()
    await expectSame()
    expect(world.stripe.account.connect.balanceOf(account, 'usd')).toBe(status === 'won' ? 1_805 : 855)
    // What came back after a dispute is not in the charge's own transfer any more.
    if (status === 'lost') return
    await refundOrder(shop.ctx, { id: order.id })
    await arrive()
    await expectSame()
    expect(world.stripe.account.connect.balanceOf(account, 'usd')).toBe(0)
  })
})

describe('whatever happens to a sale, in whatever order it is told', () => {
  test('store, platform and ledger agree in the end', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constantFrom('refund', 'dashboard', 'dispute'), amount: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ kind: fc.constantFrom('won', 'lost', 'jobs'), amount: fc.constant(0) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 5 }),
        fc.integer({ min: 0, max: 3_000 }),
        async (steps, basisPoints) => {
          await charges(basisPoints)
          const { order, intent } = await buy()
          for (const { kind, amount } of steps) await happen(kind, amount, order.id, intent)
          const { waiting } = world.stripe.webhooks
          waiting.push(...waiting)
          waiting.sort(() => Math.random() - 0.5)
          await arrive()
          await arrive()
          await expectSame()
        },
      ),
      { numRuns: 12 },
    )
  })

  /** What can't happen now is refused, by Stripe or by us. */
  async function happen(kind: string, amount: number, id: string, intent: string): Promise<void> {
    const { account: stripe } = world.stripe
    const open = [...stripe.disputes.values()].find(
      (one) => one.payment_intent === intent && one.status === 'needs_response',
    )
    try {
      if (kind === 'refund') await refundOrder(shop.ctx, { id, amountCents: amount })
      if (kind === 'dashboard') stripe.refund({ payment_intent: intent, amount })
      if (kind === 'dispute' && !open) stripe.openDispute(intent, { amount })
      if (open && (kind === 'won' || kind === 'lost')) stripe.moveDispute(open.id, kind)
      if (kind === 'jobs') await runJobs(shop.deps)
    } catch {}
  }
})

test('a share that can’t be taken back now is taken later, and holds nothing else up', async () => {
  const { order } = await buy()
  world.stripe.trouble = ({ path }) =>
    /refunds$/.test(path) && path.includes('application_fees') ? 'broken' : undefined
  world.stripe.account.connect.settings.feeRounding = 'down'
  await charges(333)
  const { order: second } = await buy()
  await refundOrder(shop.ctx, { id: order.id, amountCents: 333 })
  await refundOrder(shop.ctx, { id: second.id, amountCents: 30 })
  await arrive()
  world.stripe.trouble = () => undefined
  await arrive()
  await expectSame()
})
