import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { billDue } from '../../../server/domain/billing/periods'
import { billingAccounts } from '../../../server/domain/billing/table'
import { DAY_MS, HOUR_MS } from '../../../server/kernel/clock'
import { bearer, connectHttp } from '../../mcp/clients'
import { createBilledWorld, type Merchant, openMerchant } from '../../support/billing'
import { callRest } from '../../support/calls'
import { foldWholeLedger } from '../../support/ledger'
import { createWorld, type World } from '../../support/world'

/** Document B's "Billing behavior", at each of its limits. */

let world: World
beforeAll(async () => {
  world = await createBilledWorld()
})
afterAll(() => world.close())

const subscribe = (shop: Merchant, plan: string, interval?: string) =>
  shop.call('POST', '/billing/subscribe/', { plan, ...(interval && { interval }) })

async function proShop(usdt = '29'): Promise<Merchant> {
  const shop = await openMerchant(world)
  await shop.credit(usdt)
  expect((await subscribe(shop, 'pro')).status).toBe(200)
  return shop
}

describe('the quota', () => {
  test('is Free’s at first; at the limit POST /payments/ answers 402 plan_limit_reached in the document’s shape', async () => {
    const shop = await openMerchant(world)
    expect(await shop.billing()).toMatchObject({ plan: 'free', used_payments: 0, remaining_payments: 2 })
    for (let n = 0; n < 2; n++) await shop.simulate((await shop.create()).body.payment_number, 'confirm')
    const refused = await shop.create()
    expect(refused.status).toBe(402)
    expect(refused.body).toEqual({ error: expect.stringContaining('Free plan'), code: 'plan_limit_reached' })
    expect(await shop.billing()).toMatchObject({
      ...{ allow_overage: false, can_create_payments: false },
      ...{ used_payments: 2, remaining_payments: 0, overage_payments: 0, balance_usdt: '0.000000' },
    })
  })

  test('counts confirmed payments only: what waits, expires or is cancelled is free', async () => {
    const shop = await openMerchant(world)
    for (const action of ['expire', 'underpay']) {
      const { payment_number } = (await shop.create()).body
      await shop.simulate(payment_number, action)
    }
    const { payment_number } = (await shop.create()).body
    await shop.call('POST', `/payments/${payment_number}/cancel`)
    for (let n = 0; n < 3; n++) expect((await shop.create()).status).toBe(201)
    expect(await shop.billing()).toMatchObject({ used_payments: 0 })
  })

  test('payments in flight are confirmed beyond it, and cost nothing while overage is off', async () => {
    const shop = await openMerchant(world)
    const made = await Promise.all([shop.create(), shop.create(), shop.create()])
    for (const { body } of made) {
      expect((await shop.simulate(body.payment_number, 'confirm')).body.status).toBe('confirmed')
    }
    expect(await shop.billing()).toMatchObject({ used_payments: 3, overage_payments: 0, unsettled_usdt: '0.000000' })
    expect((await shop.create()).status).toBe(402)
  })

  test('begins anew with the next period, at the very moment, whether or not a job has run', async () => {
    const shop = await openMerchant(world)
    await shop.confirm(2)
    const { period_end } = await shop.billing()
    const before = world.clock.now()
    world.clock.set(new Date(Date.parse(String(period_end)) - 1))
    expect((await shop.create()).status).toBe(402)
    world.clock.advance(1)
    expect((await shop.create()).status).toBe(201)
    const next = await shop.billing()
    expect(next).toMatchObject({ used_payments: 0, period_start: period_end })
    expect(Date.parse(String(next.period_end)) - Date.parse(String(period_end))).toBe(30 * DAY_MS)
    expect(Date.parse(String(period_end))).toBe(before.getTime() + 30 * DAY_MS)
  })

  test('a confirmation that the chain takes back is not counted, and counts again when it comes again', async () => {
    const shop = await openMerchant(world)
    const { payment_number } = (await shop.create()).body
    await shop.simulate(payment_number, 'confirm')
    expect((await shop.simulate(payment_number, 'reorg')).body.status).toBe('failed')
    expect(await shop.billing()).toMatchObject({ used_payments: 0 })
  })

  test('replays and reads answer at the limit', async () => {
    const shop = await openMerchant(world)
    const make = () =>
      callRest(world.url, 'POST', '/api/v1/payments/', {
        key: shop.key,
        body: { amount_usd_cents: 100, network: 'bsc', currency: 'usdt' },
        headers: { 'Idempotency-Key': `limit ${shop.ctx.storeId}` },
      })
    const first = await make()
    await shop.confirm(2)
    expect(await make()).toMatchObject({ status: 201, body: { payment_number: first.body.payment_number } })
    expect((await shop.call('GET', `/payments/${first.body.payment_number}/`)).status).toBe(200)
  })
})

describe('overage', () => {
  test('is on for Pro: payments beyond the quota are debited once, after 24 hours, in one entry', async () => {
    const shop = await proShop('30')
    await shop.confirm(5)
    expect(await shop.billing()).toMatchObject({
      ...{ balance_usdt: '1.000000', available_usdt: '0.920000', unsettled_usdt: '0.080000' },
      ...{ used_payments: 5, overage_payments: 2, unsettled_payments: 2, can_create_payments: true },
    })
    world.clock.advance(DAY_MS - HOUR_MS)
    await billDue(world.deps)
    expect(await shop.billing()).toMatchObject({ balance_usdt: '1.000000' })
    world.clock.advance(HOUR_MS)
    while (await billDue(world.deps));
    await billDue(world.deps)
    expect(await shop.billing()).toMatchObject({ balance_usdt: '0.920000', unsettled_payments: 0, settles_at: null })
    const { body } = await shop.call<{ invoices: object[] }>('GET', '/billing/invoices?kind=overage')
    expect(body.invoices).toEqual([
      expect.objectContaining({
        kind: 'overage',
        payments: 2,
        amount_usdt: '0.080000',
        balance_after_usdt: '0.920000',
      }),
    ])
    const entries = await callRest<{ entries: object[] }>(world.url, 'GET', '/v1/ledger_entries?kind=overage', {
      key: shop.key,
    })
    expect(entries.body.entries).toHaveLength(1)
  })

  test('a batch of 1,000 is settled at once, whichever is first', async () => {
    const shop = await proShop('100')
    await shop.confirm(4)
    // As after 997 more.
    const rest = { usedPayments: 1_001, overagePayments: 998, unsettledPayments: 998, unsettledMinor: 998n * 40_000n }
    await world.deps.db.update(billingAccounts).set(rest).where(eq(billingAccounts.storeId, shop.ctx.storeId))
    expect(await shop.billing()).toMatchObject({ unsettled_payments: 998 })
    await shop.confirm(3)
    expect(await shop.billing()).toMatchObject({ unsettled_payments: 1, overage_payments: 1_001 })
    const { body } = await shop.call<{ invoices: object[] }>('GET', '/billing/invoices?kind=overage')
    expect(body.invoices).toEqual([expect.objectContaining({ payments: 1_000, amount_usdt: '40.000000', batch: 1 })])
  })

  test('an overdrawn balance stops new payments, and a top-up lets them go on', async () => {
    const shop = await proShop()
    await shop.confirm(4)
    const refused = await shop.create()
    expect(refused).toMatchObject({ status: 402, body: { code: 'plan_limit_reached' } })
    expect(refused.body.error).toContain('overdrawn (-0.040000 USDT)')
    await shop.credit('1')
    expect((await shop.create()).status).toBe(201)
    expect(await shop.billing()).toMatchObject({ balance_usdt: '1.000000', available_usdt: '0.960000' })
  })

  test('set_overage switches it off and on', async () => {
    const shop = await proShop('30')
    await shop.confirm(3)
    await shop.call('POST', '/billing/overage/', { allow_overage: false })
    expect((await shop.create()).status).toBe(402)
    await shop.call('POST', '/billing/overage/', { allow_overage: true })
    expect((await shop.create()).status).toBe(201)
    const bad = await shop.call('POST', '/billing/overage/', { allow_overage: 'yes' })
    expect(bad).toMatchObject({ status: 400, body: { errors: { allow_overage: ['must be true or false'] } } })
  })
})

describe('a plan change', () => {
  test('without the money answers 402 insufficient_balance in the document’s shape, and changes nothing', async () => {
    const shop = await openMerchant(world)
    await shop.credit('28.999999')
    const before = await shop.billing()
    const refused = await subscribe(shop, 'pro')
    expect(refused.status).toBe(402)
    expect(refused.body).toEqual({ error: expect.stringContaining('/topup'), code: 'insufficient_balance' })
    expect(await shop.billing()).toEqual(before)
  })

  test('settles overage at the old fee first, then debits the new price and begins a period of 365 days', async () => {
    const shop = await proShop('319.08')
    await shop.confirm(5)
    world.clock.advance(HOUR_MS)
    const at = world.clock.now()
    const changed = await subscribe(shop, 'pro', 'yearly')
    expect(changed.body).toMatchObject({
      ...{ plan: 'pro', interval: 'yearly', used_payments: 0, included_payments: 36, unsettled_payments: 0 },
      ...{ balance_usdt: '0.000000', period_start: at.toISOString() },
      period_end: new Date(at.getTime() + 365 * DAY_MS).toISOString(),
    })
    const { body } = await shop.call<{ invoices: { kind: string; amount_usdt: string }[] }>('GET', '/billing/invoices')
    const amounts = body.invoices.map(({ kind, amount_usdt }) => `${kind} ${amount_usdt}`).sort()
    expect(amounts).toEqual(['overage 0.080000', 'subscription 29.000000', 'subscription 290.000000'])
  })

  test('needs what is not settled yet too', async () => {
    const shop = await proShop('319')
    await shop.confirm(4)
    const before = await shop.billing()
    expect((await subscribe(shop, 'pro', 'yearly')).status).toBe(402)
    expect(await shop.billing()).toEqual(before)
  })

  test('to the plan that it has costs nothing again, and resets nothing', async () => {
    const shop = await proShop('100')
    await shop.confirm(1)
    const before = await shop.billing()
    world.clock.advance(HOUR_MS)
    expect((await subscribe(shop, 'pro')).body).toEqual(before)
  })

  test('to Free needs no money; Free has no yearly price; an unknown plan is named', async () => {
    const shop = await proShop()
    expect((await subscribe(shop, 'free')).body).toMatchObject({ plan: 'free', allow_overage: false })
    expect((await subscribe(shop, 'free', 'yearly')).body).toMatchObject({ errors: { interval: [expect.anything()] } })
    expect(await subscribe(shop, 'gold')).toMatchObject({
      status: 400,
      body: { errors: { plan: [expect.anything()] } },
    })
  })
})

test('live and test accounts are apart, and what is earned is another balance', async () => {
  const shop = await proShop('30')
  const opened = await world.openStore()
  expect((await callRest(world.url, 'GET', '/api/v1/billing', { key: opened.liveKey })).body).toMatchObject({
    ...{ plan: 'free', balance_usdt: '0.000000', is_test: false },
  })
  for (const fold of [async () => undefined, () => foldWholeLedger(world)]) {
    await fold()
    const { body } = await callRest<{ balances: { currency: string; available_cents: number }[] }>(
      world.url,
      'GET',
      '/v1/balance',
      { key: shop.key },
    )
    expect(body.balances.map(({ currency, available_cents }) => [currency, available_cents])).toEqual([['usd', 0]])
    expect(await shop.billing()).toMatchObject({ balance_usdt: '1.000000' })
  }
})

test('a server that bills nobody has no quota, says so, and shows agents no tools for it', async () => {
  const free = await createWorld()
  const shop = await openMerchant(free)
  await shop.confirm(4)
  expect((await shop.create()).status).toBe(201)
  expect(await shop.call('GET', '/billing/')).toMatchObject({ status: 404 })
  const own = await callRest(free.url, 'GET', '/v1/billing', { key: shop.key })
  expect(own.body).toMatchObject({ code: 'billing_not_enabled', hint: expect.stringContaining('PAYHOOK_BILLING') })
  const tools = async ({ url }: World) => {
    const client = await connectHttp('2026-07-28', url, bearer(shop.key))
    const listed = await client.listTools()
    await client.close()
    return listed.tools.map(({ name }) => name)
  }
  expect(await tools(free)).not.toContain('subscribe_plan')
  expect(await tools(world)).toContain('subscribe_plan')
  await free.close()
})
