import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { inTransaction } from '../../../server/db/transaction'
import { rebuildLedger } from '../../../server/domain/ledger/roller'
import { getBalance } from '../../../server/domain/ledger/service'
import { findDiscrepancies } from '../../../server/domain/ledger/verify'
import { getOrder, toOrder } from '../../../server/domain/orders/service'
import { completeOrder } from '../../../server/domain/orders/transitions'
import { paymentAttempts } from '../../../server/domain/payments/table'
import { HOUR_MS } from '../../../server/kernel/clock'
import { entriesOf } from '../../support/ledger'
import {
  createStripeWorld,
  openStripeShop,
  runJobs,
  type StripeShop,
  type StripeWorld,
} from '../../support/stripe/shop'
import { FINE } from '../../support/stripe/webhooks'

/** 2.9 % of $19.00 and 30 cents, as the stand-in takes. */
const FEE = 85

let world: StripeWorld
let shop: StripeShop
beforeAll(async () => {
  world = await createStripeWorld()
})
beforeEach(async () => {
  shop = await openStripeShop(world)
  Object.assign(world.stripe.account.settings, { feesAreLate: false, payout: undefined })
  world.stripe.webhooks.weather = FINE
})
afterAll(() => world.close())

async function arrive(): Promise<void> {
  await world.stripe.webhooks.drain()
  await runJobs(shop.deps)
}

async function buy(): Promise<string> {
  const { checkout, page } = await shop.begin()
  world.stripe.account.confirm(page)
  await arrive()
  return checkout.order.id
}

async function feeOf(id: string) {
  const { gateway_fee_cents: amount, gateway_fee_currency: currency } = toOrder(shop.ctx, await getOrder(shop.ctx, id))
  return [amount, currency]
}

async function feesEntered(id: string): Promise<string[]> {
  return (await entriesOf(shop.ctx, id)).filter((entry) => entry.startsWith('gateway_fee:'))
}

const ENTERED = [`gateway_fee: gateway_clearing -${FEE}, gateway_fees ${FEE}`]

async function expectSound(): Promise<void> {
  for await (const line of findDiscrepancies(shop.deps, shop.ctx.storeId)) expect(line).toBe('')
}

test('what Stripe keeps is on the order and in the ledger, once, and takes nothing from the store', async () => {
  const id = await buy()
  expect(await feeOf(id)).toEqual([FEE, 'usd'])
  expect(await feesEntered(id)).toEqual(ENTERED)
  for (const rebuild of [false, true]) {
    if (rebuild) await rebuildLedger(shop.deps, shop.ctx.storeId)
    const { balances } = await getBalance(shop.ctx)
    expect(balances).toMatchObject([{ available_cents: 1_900, gross_cents: 1_900, gateway_fees_cents: FEE }])
  }
  await expectSound()
})

test('what Stripe says after the sale is entered when it is said, once, in any number of notices', async () => {
  world.stripe.account.settings.feesAreLate = true
  const id = await buy()
  expect([await feeOf(id), await feesEntered(id)]).toEqual([[null, null], []])
  world.stripe.account.bookFees()
  const { waiting } = world.stripe.webhooks
  waiting.push(...waiting)
  await world.stripe.webhooks.drain()
  await Promise.all([runJobs(shop.deps), runJobs(shop.deps)])
  expect([await feeOf(id), await feesEntered(id)]).toEqual([[FEE, 'usd'], ENTERED])
  await expectSound()
})

test('what Stripe says to nobody is asked for', async () => {
  world.stripe.account.settings.feesAreLate = true
  const id = await buy()
  world.stripe.webhooks.weather = { ...FINE, lost: 1 }
  world.stripe.account.bookFees()
  world.clock.advance(HOUR_MS)
  await Promise.all([runJobs(shop.deps), runJobs(shop.deps)])
  expect([await feeOf(id), await feesEntered(id)]).toEqual([[FEE, 'usd'], ENTERED])
})

test('in another currency it is entered in that one, beside the sale', async () => {
  world.stripe.account.settings.payout = 'eur'
  const id = await buy()
  expect([await feeOf(id), await feesEntered(id)]).toEqual([[FEE, 'eur'], ENTERED])
  expect((await getBalance(shop.ctx)).balances).toMatchObject([
    { currency: 'usd', available_cents: 1_900, gateway_fees_cents: 0 },
    { currency: 'eur', available_cents: 0, gross_cents: 0, gateway_fees_cents: FEE },
  ])
  await expectSound()
})

test('of a surplus charge it is entered too, and is not the order’s', async () => {
  const { checkout, page } = await shop.begin()
  const { id } = checkout.order
  await inTransaction(shop.ctx, (tx) => completeOrder(tx, id, { method: 'crypto', at: tx.clock.now() }))
  world.stripe.account.confirm(page)
  await arrive()
  expect([await feeOf(id), await feesEntered(id)]).toEqual([[null, null], ENTERED])
})

test('one that is known and not entered is named by the check of the ledger', async () => {
  const id = await buy()
  await shop.ctx.db.update(paymentAttempts).set({ gatewayFeeMinor: 99n })
  const found: string[] = []
  for await (const line of findDiscrepancies(shop.deps, shop.ctx.storeId)) found.push(line)
  const [attempt] = (await shop.ledger(id)).attempts
  expect(found).toEqual([expect.stringContaining(`attempt ${attempt?.id} has a gateway's fee of 99`)])
})
