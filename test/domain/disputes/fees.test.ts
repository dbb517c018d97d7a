import { describe, expect, test } from 'vitest'
import { disputes } from '../../../server/domain/disputes/table'
import { rebuildLedger } from '../../../server/domain/ledger/roller'
import { getBalance } from '../../../server/domain/ledger/service'
import { findDiscrepancies } from '../../../server/domain/ledger/verify'
import { callRest } from '../../support/calls'
import { entriesOf } from '../../support/ledger'
import { stripeShopForEachTest } from '../../support/stripe/shop'

const bench = stripeShopForEachTest()

async function dispute(facts: Parameters<typeof bench.world.stripe.account.openDispute>[1] = {}) {
  const { checkout, page } = await bench.shop.begin()
  const { id: intent } = bench.world.stripe.account.confirm(page)
  await bench.arrive()
  const { id } = bench.world.stripe.account.openDispute(intent, facts)
  return { order: checkout.order.id, id }
}

const feesEntered = async (order: string) =>
  (await entriesOf(bench.shop.ctx, order)).filter((entry) => entry.startsWith('dispute_fee'))

async function discrepancies(): Promise<string[]> {
  const found: string[] = []
  for await (const line of findDiscrepancies(bench.shop.deps, bench.shop.ctx.storeId)) found.push(line)
  return found
}

const KEPT = 'dispute_fee: gateway_clearing -1500, gateway_fees 1500'
const RETURNED = 'dispute_fee: gateway_clearing 1500, gateway_fees -1500'

describe('what Stripe keeps for a dispute', () => {
  test('is on the dispute and in the ledger, once however often it is told, and takes nothing from the store', async () => {
    const { order, id } = await dispute()
    const { waiting } = bench.world.stripe.webhooks
    waiting.push(...waiting)
    await bench.arrive()
    bench.world.stripe.account.moveDispute(id, 'lost')
    waiting.push(...waiting)
    waiting.reverse()
    await bench.arrive()
    expect(await feesEntered(order)).toEqual([KEPT])
    const url = `/v1/disputes?order_id=${order}`
    const { body } = await callRest(bench.world.url, 'GET', url, { key: bench.shop.opened.liveKey })
    expect(body.disputes).toMatchObject([{ status: 'lost', gateway_fee_cents: 1_500, gateway_fee_currency: 'usd' }])
    for (const rebuild of [false, true]) {
      if (rebuild) await rebuildLedger(bench.shop.deps, bench.shop.ctx.storeId)
      const { balances } = await getBalance(bench.shop.ctx)
      expect(balances).toMatchObject([{ available_cents: 0, disputes_cents: 1_900, gateway_fees_cents: 1_585 }])
    }
    expect(await discrepancies()).toEqual([])
  })

  test.each([
    [false, [KEPT], 1_500],
    [true, [KEPT, RETURNED], 0],
  ])('stays with Stripe when it is won, or comes back (%s)', async (disputeFeeReturns, entered, left) => {
    Object.assign(bench.world.stripe.account.settings, { disputeFeeReturns })
    const { order, id } = await dispute()
    await bench.arrive()
    bench.world.stripe.account.moveDispute(id, 'won')
    await bench.arrive()
    expect((await feesEntered(order)).sort()).toEqual([...entered].sort())
    expect((await bench.shop.ledger(order)).disputes).toMatchObject([{ status: 'won', gatewayFeeMinor: BigInt(left) }])
    const { balances } = await getBalance(bench.shop.ctx)
    expect(balances).toMatchObject([{ available_cents: 1_900, gateway_fees_cents: 85 + left }])
    expect(await discrepancies()).toEqual([])
  })

  test('is entered in the currency in which Stripe pays out', async () => {
    Object.assign(bench.world.stripe.account.settings, { payout: 'eur', rate: 0.9 })
    const { order } = await dispute()
    await bench.arrive()
    expect((await bench.shop.ledger(order)).disputes).toMatchObject([
      { amountMinor: 1_900n, currency: 'usd', gatewayFeeMinor: 1_500n, gatewayFeeCurrency: 'eur' },
    ])
    const { balances } = await getBalance(bench.shop.ctx)
    // 2.9 % of 17.10 € and 30 cents, and 15.00 €.
    expect(balances).toMatchObject([
      { currency: 'usd', available_cents: 0, pending_cents: 1_900, gateway_fees_cents: 0 },
      { currency: 'eur', available_cents: 0, pending_cents: 0, gateway_fees_cents: 80 + 1_500 },
    ])
    expect(await discrepancies()).toEqual([])
  })

  test('is nothing for an inquiry', async () => {
    const { order } = await dispute({ status: 'warning_needs_response' })
    await bench.arrive()
    expect(await feesEntered(order)).toEqual([])
  })

  test('is named by the check of the ledger when it is known and not entered', async () => {
    const { order } = await dispute()
    await bench.arrive()
    await bench.shop.ctx.db.update(disputes).set({ gatewayFeeMinor: 99n })
    const [row] = (await bench.shop.ledger(order)).disputes
    expect(await discrepancies()).toEqual([expect.stringContaining(`dispute ${row?.id} has a gateway's fee of 99`)])
  })
})

test('a dispute that the bank counts in another currency is about the whole charge', async () => {
  const { order } = await dispute({ amount: 1_710, currency: 'eur' })
  await bench.arrive()
  expect((await bench.shop.ledger(order)).disputes).toMatchObject([{ amountMinor: 1_900n, takenMinor: 1_900n }])
  expect((await getBalance(bench.shop.ctx)).balances[0]).toMatchObject({ available_cents: 0, pending_cents: 1_900 })
})
