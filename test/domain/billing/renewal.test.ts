import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { billDue } from '../../../server/domain/billing/periods'
import { events } from '../../../server/domain/webhooks/table'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { createBilledWorld, type Merchant, openMerchant, type Wire } from '../../support/billing'
import type { World } from '../../support/world'

let world: World
beforeAll(async () => {
  world = await createBilledWorld()
})
afterAll(() => world.close())

async function jobs(): Promise<void> {
  while (await billDue(world.deps)) {
    // Each round looks after a hundred accounts.
  }
}

async function subscribed(usdt: string, plan = 'pro', interval = 'monthly'): Promise<Merchant> {
  const shop = await openMerchant(world)
  await shop.credit(usdt)
  await shop.call('POST', '/billing/subscribe/', { plan, interval })
  return shop
}

async function eventOf({ ctx }: Merchant, type: string): Promise<Wire | undefined> {
  const [event] = await ctx.db
    .select()
    .from(events)
    .where(and(eq(events.storeId, ctx.storeId), eq(events.type, type)))
  return event?.data
}

const emailsOf = async (shop: Merchant) => (await shop.call<{ emails: Wire[] }>('GET', '/emails')).body.emails

test('a period that is over is renewed where the balance covers it: debited once, extended from its end', async () => {
  const shop = await subscribed('70')
  const before = await shop.billing()
  await shop.confirm(2)
  world.clock.advance(30 * DAY_MS + HOUR_MS)
  await Promise.all([jobs(), jobs(), shop.billing()])
  const after = await shop.billing()
  expect(after).toMatchObject({ plan: 'pro', balance_usdt: '12.000000', used_payments: 0 })
  expect(after.period_start).toBe(before.period_end)
  expect(Date.parse(String(after.period_end)) - Date.parse(String(before.period_end))).toBe(30 * DAY_MS)
  expect(await eventOf(shop, 'billing.renewed')).toEqual({
    ...{ plan: 'pro', interval: 'monthly', included_payments: 3, amount_usdt: '29.000000', balance_usdt: '12.000000' },
    ...{ period_start: after.period_start, period_end: after.period_end, is_test: true },
  })
})

test('what is unsettled at the end is settled first, at the fee of the period that ends', async () => {
  const shop = await subscribed('58.04')
  world.clock.advance(30 * DAY_MS - HOUR_MS)
  await shop.confirm(4)
  world.clock.advance(HOUR_MS)
  await jobs()
  expect(await shop.billing()).toMatchObject({ plan: 'pro', balance_usdt: '0.000000', unsettled_payments: 0 })
})

test('too little at the end: Free, an e-mail and an event, once; payments in flight go on', async () => {
  const shop = await subscribed('57.999999')
  const { period_end } = await shop.billing()
  world.clock.set(new Date(Date.parse(String(period_end)) - MINUTE_MS))
  const { payment_number } = (await shop.create()).body
  world.clock.set(new Date(Date.parse(String(period_end))))
  await Promise.all([jobs(), jobs()])
  await jobs()
  expect(await shop.billing()).toMatchObject({
    ...{ plan: 'free', interval: 'monthly', allow_overage: false, included_payments: 2 },
    ...{ balance_usdt: '28.999999', used_payments: 0, period_start: period_end },
  })
  expect((await shop.told()).filter((type) => type === 'billing.downgraded')).toHaveLength(1)
  expect(await eventOf(shop, 'billing.downgraded')).toMatchObject({
    ...{ plan: 'free', previous_plan: 'pro', previous_interval: 'monthly', price_usdt: '29.000000' },
    topup_url: `${world.url}/topup`,
  })
  const emails = await emailsOf(shop)
  expect(emails).toEqual([
    expect.objectContaining({
      ...{ kind: 'notice', to: 'owner@example.com', order_id: null, status: 'queued' },
      subject: '[Test] Test store is on the Free plan now',
    }),
  ])
  const { body: email } = await shop.call('GET', `/emails/${emails[0]?.id}`)
  expect(email.text).toContain('did not cover 29.000000 USDT for the next period of the Pro plan')
  expect(email.text).toContain(`Top up: ${world.url}/topup`)
  expect((await shop.simulate(payment_number, 'confirm')).body.status).toBe('confirmed')
  expect(await shop.billing()).toMatchObject({ used_payments: 1, overage_payments: 0 })
  await shop.credit('0.000001')
  expect((await shop.call('POST', '/billing/subscribe/', { plan: 'pro' })).body).toMatchObject({ plan: 'pro' })
})

test('the owner is warned once: when the renewal comes near that the balance does not cover, and again after a top-up', async () => {
  const shop = await subscribed('40')
  world.clock.advance(27 * DAY_MS)
  await jobs()
  await jobs()
  expect(await eventOf(shop, 'billing.balance_low')).toMatchObject({
    ...{ plan: 'pro', available_usdt: '11.000000', needed_usdt: '29.000000', renewal_price_usdt: '29.000000' },
  })
  await shop.confirm(4)
  expect(await shop.told()).toEqual(['billing.balance_low'])
  world.clock.advance(1)
  await shop.topUp(100)
  world.clock.advance(1)
  await shop.confirm(1)
  expect(await shop.told()).toEqual(['billing.balance_low', 'billing.balance_low', 'billing.topped_up'])
})

test('overage that takes the balance below the threshold is told at once', async () => {
  const shop = await subscribed('34.03')
  await shop.confirm(4)
  expect(await eventOf(shop, 'billing.balance_low')).toMatchObject({
    available_usdt: '4.990000',
    needed_usdt: '5.000000',
  })
})

test('after a downtime of months one period is paid, from now on', async () => {
  const shop = await subscribed('200')
  world.clock.advance(100 * DAY_MS)
  await jobs()
  expect(await shop.billing()).toMatchObject({
    ...{ plan: 'pro', balance_usdt: '142.000000', period_start: world.clock.now().toISOString() },
  })
})

test('a yearly plan is renewed after 365 days; what the merchant set stays', async () => {
  const shop = await subscribed('600', 'pro', 'yearly')
  await shop.call('POST', '/billing/overage', { allow_overage: false })
  world.clock.advance(364 * DAY_MS)
  await jobs()
  expect(await shop.billing()).toMatchObject({ balance_usdt: '310.000000' })
  world.clock.advance(DAY_MS)
  await jobs()
  expect(await shop.billing()).toMatchObject({ balance_usdt: '20.000000', allow_overage: false, included_payments: 36 })
})

test('a test key rehearses the end of a period and of a batch; a live key can not', async () => {
  const shop = await subscribed('29')
  await shop.confirm(4)
  const settled = await shop.call('POST', '/billing/simulate', { action: 'settle' })
  expect(settled.body).toMatchObject({ plan: 'pro', balance_usdt: '-0.040000', unsettled_payments: 0 })
  const ended = await shop.call('POST', '/billing/simulate', { action: 'end_period' })
  expect(ended.body).toMatchObject({ plan: 'free', used_payments: 0 })
  const { liveKey } = await world.openStore()
  const answer = await fetch(`${world.url}/api/v1/billing/simulate`, {
    method: 'POST',
    headers: { 'X-API-Key': liveKey, 'Content-Type': 'application/json' },
    body: '{"action":"settle"}',
  })
  expect([answer.status, await answer.json()]).toEqual([400, { errors: { action: [expect.anything()] } }])
})
