import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { billingInvoices } from '../../server/domain/billing/table'
import { events } from '../../server/domain/webhooks/table'
import { DAY_MS, HOUR_MS } from '../../server/kernel/clock'
import { checkBooks, checkPayments } from '../support/billing-books'
import {
  type BilledShop,
  type BillingServers,
  NAMES,
  openBilledShop,
  type ServerName,
  startBillingServers,
} from '../support/billing-servers'
import { held } from '../support/held'
import { eventually } from '../support/server'
import { pause, randomFrom } from '../support/stripe/purchases'

/** `BILLING_KILLS=30` for the long run, `BILLING_SEED` for another one. */
const KILLS = Number(process.env.BILLING_KILLS ?? 1)
const SHOPS = 3
const LIMIT_MS = 120_000

const PLANS = {
  plans: {
    free: { included_payments: 2, overage_usdt: '0.10' },
    pro: {
      monthly: { price_usdt: '5', included_payments: 1 },
      yearly: { price_usdt: '20.5', included_payments: 4 },
      overage_usdt: '0.333333',
    },
    scale: { monthly: { price_usdt: '11', included_payments: 3 }, overage_usdt: '0.07' },
  },
  low_balance_usdt: '2',
}

const at = held<BillingServers>('the servers')
beforeAll(async () => at.set(await startBillingServers(PLANS)))
afterAll(() => at.peek()?.close())

type Fields = Record<string, unknown>

/** As a client that asks again until somebody answers; `once` makes it the same call each time. */
async function ask(
  shop: BilledShop,
  method: string,
  path: string,
  body?: object,
  from?: ServerName,
): Promise<{ status: number; body: Fields }> {
  const once = method === 'POST' ? crypto.randomUUID() : undefined
  for (let tries = 0; ; tries++) {
    const name = from ?? NAMES[tries % NAMES.length] ?? 'one'
    const answer = await shop.call(name, method, path, body, once)
    // 409: the call that was killed holds its key for a while.
    if (answer && answer.status < 500 && answer.status !== 409) return answer
    if (tries > 600) throw new Error(`${method} ${path} was never answered`)
    await pause(50)
  }
}

const billingOf = async (shop: BilledShop) => (await ask(shop, 'GET', '/billing/')).body

/** Presses a test payment forward until it is confirmed; false when its time was over before. */
async function confirm(shop: BilledShop, number: unknown, from?: ServerName): Promise<boolean> {
  for (let tries = 0; tries < 300; tries++) {
    await shop.call(from ?? NAMES[tries % 2] ?? 'one', 'POST', `/payments/${number}/simulate`, { action: 'confirm' })
    const { status } = (await ask(shop, 'GET', `/payments/${number}/`)).body
    if (status !== 'pending') return status === 'confirmed'
  }
  throw new Error(`${number} was never confirmed`)
}

const newTopup = async (shop: BilledShop, cents: number) =>
  (await ask(shop, 'POST', '/billing/topups/', { amount_usd_cents: cents, network: 'tron' })).body

async function topUp(shop: BilledShop, cents: number): Promise<void> {
  const { payment_number } = await newTopup(shop, cents)
  expect(await confirm(shop, payment_number)).toBe(true)
}

const newPayment = (shop: BilledShop) =>
  ask(shop, 'POST', '/payments/', { amount_usd_cents: 5_000, network: 'ethereum', currency: 'usdt' })

async function sell(shop: BilledShop): Promise<void> {
  expect(await confirm(shop, (await newPayment(shop)).body.payment_number)).toBe(true)
}

const subscribe = (shop: BilledShop, plan: string, interval = 'monthly') =>
  ask(shop, 'POST', '/billing/subscribe/', { plan, interval })

/** Kills who is about to write to `table` while `act` goes on; what it had done before in that transaction is undone. */
async function killAt(table: string, act: () => unknown): Promise<void> {
  const { hold, servers } = at.get()
  const write = await hold(table)
  const acting = Promise.resolve(act())
  const waiting = await write.waiting()
  await Promise.all(waiting.map((name) => servers[name].kill()))
  await write.release()
  await Promise.all(waiting.map((name) => servers[name].restart()))
  await acting
}

const invoicesOf = async ({ ctx }: BilledShop) => {
  const rows = await ctx.db.select().from(billingInvoices).where(eq(billingInvoices.storeId, ctx.storeId))
  return rows.map(({ kind, amountMinor }) => `${kind} ${amountMinor}`).sort()
}

const countTold = ({ ctx }: BilledShop, type: string) =>
  ctx.db.$count(events, and(eq(events.storeId, ctx.storeId), eq(events.type, type)))

async function checkAll(shop: BilledShop): Promise<void> {
  await checkBooks(shop.ctx)
  await checkPayments(shop.ctx)
}

describe('kill -9 in the middle of', { timeout: 5 * LIMIT_MS }, () => {
  test('a plan change: it is whole or absent, and paid once when it is asked for again', async () => {
    const shop = await openBilledShop(at.get())
    await topUp(shop, 600)
    await killAt('billing_invoices', () =>
      shop.call('one', 'POST', '/billing/subscribe/', { plan: 'pro', interval: 'monthly' }),
    )
    expect(await billingOf(shop)).toMatchObject({ plan: 'free', balance_usdt: '6.000000' })
    expect((await subscribe(shop, 'pro')).body).toMatchObject({ plan: 'pro', balance_usdt: '1.000000' })
    expect(await invoicesOf(shop)).toEqual(['subscription 5000000'])
    await checkAll(shop)
  })

  test('a top-up’s confirmation: it is credited once', async () => {
    const shop = await openBilledShop(at.get())
    const { id, payment_number } = await newTopup(shop, 700)
    await killAt('ledger_tail', () =>
      shop.call('other', 'POST', `/payments/${payment_number}/simulate`, { action: 'confirm' }),
    )
    expect(await billingOf(shop)).toMatchObject({ balance_usdt: '0.000000' })
    expect(await confirm(shop, payment_number)).toBe(true)
    expect((await ask(shop, 'GET', `/billing/topups/${id}`)).body).toMatchObject({ credited_usdt: '7.000000' })
    expect(await countTold(shop, 'billing.topped_up')).toBe(1)
    await checkAll(shop)
  })

  test('counting a payment, settling a batch, a renewal and a downgrade: the other server does each once', async () => {
    const { clock } = at.get()
    const shop = await openBilledShop(at.get())
    await topUp(shop, 1_100)
    await subscribe(shop, 'pro')
    await sell(shop)
    const { payment_number } = (await newPayment(shop)).body
    await killAt('billing_usage', () =>
      shop.call('one', 'POST', `/payments/${payment_number}/simulate`, { action: 'confirm' }),
    )
    expect(await confirm(shop, payment_number)).toBe(true)
    expect(await billingOf(shop)).toMatchObject({ used_payments: 2, overage_payments: 1, unsettled_payments: 1 })

    const becomes = (lines: string[]) =>
      eventually(
        lines.join(', '),
        async () => ((await invoicesOf(shop)).join() === lines.join() ? true : undefined),
        LIMIT_MS,
      )
    await killAt('billing_invoices', () => clock.advance(DAY_MS))
    await becomes(['overage 333333', 'subscription 5000000'])

    await killAt('events', () => clock.advance(29 * DAY_MS))
    await becomes(['overage 333333', 'subscription 5000000', 'subscription 5000000'])
    expect(await countTold(shop, 'billing.renewed')).toBe(1)

    await killAt('emails', () => clock.advance(30 * DAY_MS))
    const isFree = async () => ((await billingOf(shop)).plan === 'free' ? true : undefined)
    await eventually('the downgrade', isFree, LIMIT_MS)
    expect(await countTold(shop, 'billing.downgraded')).toBe(1)
    expect(await billingOf(shop)).toMatchObject({ balance_usdt: '0.666667' })
    await checkAll(shop)
  })
})

test(
  `${SHOPS} merchants top up, sell and change plans on two servers, of which one is killed (${KILLS} ×) while periods go by`,
  async () => {
    const { clock, servers } = at.get()
    const random = randomFrom(Number(process.env.BILLING_SEED ?? 5))
    const shops = await Promise.all(Array.from({ length: SHOPS }, () => openBilledShop(at.get(), 20)))
    let isOver = false
    const done = { sales: 0, topups: 0, plans: 0 }
    const one = async (shop: BilledShop) => {
      const chance = random()
      if (chance < 0.5) {
        const { status, body } = await newPayment(shop)
        if (status === 201) done.sales += (await confirm(shop, body.payment_number)) ? 1 : 0
        else expect([status, body.code]).toEqual([402, 'plan_limit_reached'])
      } else if (chance < 0.75) {
        const { payment_number } = await newTopup(shop, 100 + Math.floor(random() * 1_500))
        done.topups += (await confirm(shop, payment_number)) ? 1 : 0
      } else {
        const [plan, interval] = PLAN_CHOICES[Math.floor(random() * PLAN_CHOICES.length)] ?? ['free']
        const { status, body } = await subscribe(shop, plan, interval)
        if (status === 200) done.plans += 1
        else expect([status, body.code]).toEqual([402, 'insufficient_balance'])
      }
    }
    const living = shops.map(async (shop) => {
      while (!isOver) await one(shop)
    })
    for (let kill = 0; kill < KILLS; kill++) {
      const before = done.sales + done.topups
      const isBusy = () => (done.sales + done.topups >= before + 2 * SHOPS ? true : undefined)
      await eventually('some money', isBusy, LIMIT_MS)
      clock.advance(Math.floor((0.5 + random() * 20) * DAY_MS))
      await pause(random() * 400)
      const name = NAMES[kill % NAMES.length] ?? 'one'
      await servers[name].kill()
      await pause(random() * 400)
      await servers[name].restart()
      // What the killed one had claimed is free again.
      clock.advance(HOUR_MS)
    }
    isOver = true
    await Promise.all(living)
    clock.advance(DAY_MS)
    for (const shop of shops) {
      const isSettled = async () => ((await billingOf(shop)).unsettled_payments === 0 ? true : undefined)
      await eventually('the last settlement', isSettled, LIMIT_MS)
    }
    console.info(`${KILLS} kills: ${JSON.stringify(done)}`)
    for (const shop of shops) await checkAll(shop)
  },
  300_000 + KILLS * 60_000,
)

const PLAN_CHOICES = [
  ['free', 'monthly'],
  ['pro', 'monthly'],
  ['pro', 'yearly'],
  ['scale', 'monthly'],
] as const
