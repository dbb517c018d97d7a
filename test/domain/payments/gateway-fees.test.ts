import { expect, test } from 'vitest'
import { inTransaction } from '../../../server/db/transaction'
import { rebuildLedger } from '../../../server/domain/ledger/roller'
import { getBalance } from '../../../server/domain/ledger/service'
import { findDiscrepancies } from '../../../server/domain/ledger/verify'
import { getOrder, toOrder } from '../../../server/domain/orders/service'
import { completeOrder } from '../../../server/domain/orders/transitions'
import { paymentAttempts } from '../../../server/domain/payments/table'
import { HOUR_MS } from '../../../server/kernel/clock'
import { entriesOf } from '../../support/ledger'
import { runJobs, stripeShopForEachTest } from '../../support/stripe/shop'
import { FINE } from '../../support/stripe/webhooks'

/** 2.9 % of $19.00 and 30 cents, as the stand-in takes. */
const FEE = 85

const bench = stripeShopForEachTest()

async function buy(): Promise<string> {
  const { checkout, page } = await bench.shop.begin()
  bench.world.stripe.account.confirm(page)
  await bench.arrive()
  return checkout.order.id
}

async function feeOf(id: string) {
  const { gateway_fee_cents: amount, gateway_fee_currency: currency } = toOrder(
    bench.shop.ctx,
    await getOrder(bench.shop.ctx, id),
  )
  return [amount, currency]
}

async function feesEntered(id: string): Promise<string[]> {
  return (await entriesOf(bench.shop.ctx, id)).filter((entry) => entry.startsWith('gateway_fee:'))
}

const ENTERED = [`gateway_fee: gateway_clearing -${FEE}, gateway_fees ${FEE}`]

async function expectSound(): Promise<void> {
  for await (const line of findDiscrepancies(bench.shop.deps, bench.shop.ctx.storeId)) expect(line).toBe('')
}

test('what Stripe keeps is on the order and in the ledger, once, and takes nothing from the store', async () => {
  const id = await buy()
  expect(await feeOf(id)).toEqual([FEE, 'usd'])
  expect(await feesEntered(id)).toEqual(ENTERED)
  for (const rebuild of [false, true]) {
    if (rebuild) await rebuildLedger(bench.shop.deps, bench.shop.ctx.storeId)
    const { balances } = await getBalance(bench.shop.ctx)
    expect(balances).toMatchObject([{ available_cents: 1_900, gross_cents: 1_900, gateway_fees_cents: FEE }])
  }
  await expectSound()
})

test('what Stripe says after the sale is entered when it is said, once, in any number of notices', async () => {
  bench.world.stripe.account.settings.feesAreLate = true
  const id = await buy()
  expect([await feeOf(id), await feesEntered(id)]).toEqual([[null, null], []])
  bench.world.stripe.account.bookFees()
  const { waiting } = bench.world.stripe.webhooks
  waiting.push(...waiting)
  await bench.world.stripe.webhooks.drain()
  await Promise.all([runJobs(bench.shop.deps), runJobs(bench.shop.deps)])
  expect([await feeOf(id), await feesEntered(id)]).toEqual([[FEE, 'usd'], ENTERED])
  await expectSound()
})

test('what Stripe says to nobody is asked for', async () => {
  bench.world.stripe.account.settings.feesAreLate = true
  const id = await buy()
  bench.world.stripe.webhooks.weather = { ...FINE, lost: 1 }
  bench.world.stripe.account.bookFees()
  bench.world.clock.advance(HOUR_MS)
  await Promise.all([runJobs(bench.shop.deps), runJobs(bench.shop.deps)])
  expect([await feeOf(id), await feesEntered(id)]).toEqual([[FEE, 'usd'], ENTERED])
})

test('in another currency it is entered in that one, beside the sale', async () => {
  bench.world.stripe.account.settings.payout = 'eur'
  const id = await buy()
  expect([await feeOf(id), await feesEntered(id)]).toEqual([[FEE, 'eur'], ENTERED])
  expect((await getBalance(bench.shop.ctx)).balances).toMatchObject([
    { currency: 'usd', available_cents: 1_900, gateway_fees_cents: 0 },
    { currency: 'eur', available_cents: 0, gross_cents: 0, gateway_fees_cents: FEE },
  ])
  await expectSound()
})

test('of a surplus charge it is entered too, and is not the order’s', async () => {
  const { checkout, page } = await bench.shop.begin()
  const { id } = checkout.order
  await inTransaction(bench.shop.ctx, (tx) => completeOrder(tx, id, { method: 'crypto', at: tx.clock.now() }))
  bench.world.stripe.account.confirm(page)
  await bench.arrive()
  expect([await feeOf(id), await feesEntered(id)]).toEqual([[null, null], ENTERED])
})

test('one that is known and not entered is named by the check of the ledger', async () => {
  const id = await buy()
  await bench.shop.ctx.db.update(paymentAttempts).set({ gatewayFeeMinor: 99n })
  const found: string[] = []
  for await (const line of findDiscrepancies(bench.shop.deps, bench.shop.ctx.storeId)) found.push(line)
  const [attempt] = (await bench.shop.ledger(id)).attempts
  expect(found).toEqual([expect.stringContaining(`attempt ${attempt?.id} has a gateway's fee of 99`)])
})
