import { beforeEach, describe, expect, test } from 'vitest'
import { getBalance } from '../../../server/domain/ledger/service'
import { findDiscrepancies } from '../../../server/domain/ledger/verify'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { stores } from '../../../server/domain/stores/table'
import { MINUTE_MS } from '../../../server/kernel/clock'
import { connectShop, runJobs, stripeShopForEachTest } from '../../support/stripe/shop'

const bench = stripeShopForEachTest({ connect: true })
let account: string
beforeEach(async () => {
  await bench.shop.deps.db.update(stores).set({ feeBasisPoints: 500 })
  account = await connectShop(bench.world, bench.shop)
})

async function buy() {
  const { checkout, page } = await bench.shop.begin()
  const { id: intent } = bench.world.stripe.account.confirm(page)
  await bench.arrive()
  return { id: checkout.order.id, intent }
}

const { balanceOf, move } = {
  balanceOf: (owner: string, currency: string) => bench.world.stripe.account.connect.balanceOf(owner, currency),
  move: (amount: number, currency: string) => bench.world.stripe.account.connect.move('', currency, amount),
}

/** What the platform has at Stripe is this, whatever earlier tests left. */
const setReserve = (amount: number, currency = 'usd') => move(amount - balanceOf('', currency), currency)

async function expectSound(): Promise<void> {
  for await (const line of findDiscrepancies(bench.shop.deps, bench.shop.ctx.storeId)) expect(line).toBe('')
}

async function lifeOfADispute() {
  const { id, intent } = await buy()
  const dispute = bench.world.stripe.account.openDispute(intent)
  await bench.arrive()
  expect(balanceOf(account, 'usd')).toBe(0)
  bench.world.stripe.account.moveDispute(dispute.id, 'won')
  return id
}

describe('a dispute that is won while the platform’s balance at Stripe is short', () => {
  test('is the store’s again half an hour after there is enough, once', async () => {
    const id = await lifeOfADispute()
    setReserve(1_804)
    await bench.arrive()
    expect(balanceOf(account, 'usd')).toBe(0)
    setReserve(5_000)
    bench.world.clock.advance(29 * MINUTE_MS)
    await runJobs(bench.shop.deps)
    expect(balanceOf(account, 'usd')).toBe(0)
    bench.world.clock.advance(MINUTE_MS)
    await Promise.all([runJobs(bench.shop.deps), runJobs(bench.shop.deps)])
    expect(balanceOf(account, 'usd')).toBe(1_805)
    bench.world.clock.advance(24 * 60 * MINUTE_MS)
    await runJobs(bench.shop.deps)
    expect([balanceOf(account, 'usd'), balanceOf('', 'usd')]).toEqual([1_805, 3_195])
    expect((await getBalance(bench.shop.ctx)).balances).toMatchObject([{ available_cents: 1_805, pending_cents: 0 }])
    expect((await shareDueOf(id)).shareDueAt).toBeNull()
    await expectSound()
  })

  test.each([true, false])(
    'and is all refunded then leaves nothing behind (before the transfer came: %s)',
    async (isBefore) => {
      const id = await lifeOfADispute()
      setReserve(1_804)
      await bench.arrive()
      setReserve(5_000)
      const wait = async () => {
        bench.world.clock.advance(30 * MINUTE_MS)
        await runJobs(bench.shop.deps)
      }
      if (!isBefore) await wait()
      expect((await refundOrder(bench.shop.ctx, { id })).order).toMatchObject({
        status: 'refunded',
        disputeStatus: 'won',
      })
      await bench.arrive()
      await wait()
      // All but the 19.00 that the buyer has back again.
      expect([balanceOf(account, 'usd'), balanceOf('', 'usd')]).toEqual([0, 3_100])
      expect((await getBalance(bench.shop.ctx)).balances).toMatchObject([
        { available_cents: 0, fees_cents: 0, refunds_cents: 1_900, disputes_cents: 0 },
      ])
      await expectSound()
    },
  )
})

async function shareDueOf(id: string) {
  const [attempt] = (await bench.shop.ledger(id)).attempts
  if (!attempt) throw new Error('it was paid')
  return attempt
}

describe('an account that settles in euros of a sale in dollars', () => {
  beforeEach(() => {
    Object.assign(bench.world.stripe.account.settings, { payout: 'eur', rate: 0.9 })
    setReserve(50_000, 'eur')
  })
  /** 17.10 € and the fee of 0.855 € off, in cents. */
  const WHOLE = 1_710 - 86

  test('has its share in euros, and the ledger the sale in dollars and Stripe’s fee in euros', async () => {
    const { id } = await buy()
    expect(balanceOf(account, 'eur')).toBe(WHOLE)
    expect((await bench.shop.ledger(id)).order).toMatchObject({ gatewayFeeMinor: 80n, gatewayFeeCurrency: 'eur' })
    expect((await getBalance(bench.shop.ctx)).balances).toMatchObject([
      { currency: 'usd', available_cents: 1_805, fees_cents: 95, gateway_fees_cents: 0 },
      { currency: 'eur', available_cents: 0, gateway_fees_cents: 80 },
    ])
    await expectSound()
  })

  test.each(['by us', 'in the dashboard', 'in the dashboard, and the transfer with it'])(
    'gives back its part of refunds (%s), at whatever rate',
    async (how) => {
      const { id, intent } = await buy()
      bench.world.stripe.account.settings.rate = 0.8
      const back = async (amount: number) => {
        if (how === 'by us') await refundOrder(bench.shop.ctx, { id, amountCents: amount })
        else
          bench.world.stripe.account.refund({
            ...{ payment_intent: intent, amount },
            ...(how.endsWith('it') && { reverse_transfer: true, refund_application_fee: true }),
          })
        await bench.arrive()
      }
      await back(950)
      expect(Math.abs(balanceOf(account, 'eur') - WHOLE / 2)).toBeLessThanOrEqual(1)
      await back(333)
      await back(617)
      expect(balanceOf(account, 'eur')).toBe(0)
      expect((await getBalance(bench.shop.ctx)).balances[0]).toMatchObject({ available_cents: 0, refunds_cents: 1_900 })
      await expectSound()
    },
  )

  test.each(['won', 'lost'] as const)('gives back its part of a dispute, which is %s', async (status) => {
    const { intent, id } = await buy()
    const { id: dispute } = bench.world.stripe.account.openDispute(intent, { amount: 950 })
    await bench.arrive()
    expect(Math.abs(balanceOf(account, 'eur') - WHOLE / 2)).toBeLessThanOrEqual(1)
    bench.world.stripe.account.moveDispute(dispute, status)
    await bench.arrive()
    expect(Math.abs(balanceOf(account, 'eur') - (status === 'won' ? WHOLE : WHOLE / 2))).toBeLessThanOrEqual(1)
    if (status === 'won') {
      await refundOrder(bench.shop.ctx, { id })
      await bench.arrive()
      expect(balanceOf(account, 'eur')).toBe(0)
    }
    await expectSound()
  })
})
