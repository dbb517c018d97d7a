import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { eq } from 'drizzle-orm'
import { afterEach, expect, inject, test } from 'vitest'
import { parseConfig } from '../../server/config'
import { type Deps, storeContext } from '../../server/context'
import { createDeps } from '../../server/deps'
import { getBalance } from '../../server/domain/ledger/service'
import { findDiscrepancies } from '../../server/domain/ledger/verify'
import { createMissedNotices } from '../../server/domain/notices/missed'
import { followNotices } from '../../server/domain/notices/service'
import { gatewayNotices } from '../../server/domain/notices/table'
import { orders } from '../../server/domain/orders/table'
import { paymentAttempts } from '../../server/domain/payments/table'
import { revenueEntries } from '../../server/domain/revenue/table'
import { events } from '../../server/domain/webhooks/table'
import { parseStoreId } from '../../server/kernel/ids'
import { openDatabase } from '../../server/start'
import { callRest } from '../support/calls'
import { fastClock } from '../support/fast-clock'
import { freePort } from '../support/ports'
import { emptyPlace, eventually } from '../support/server'
import { compareShares, joinPlatform, platformSettings } from '../support/stripe/platform'
import { buy, PLANS, type Purchase, pause, randomFrom } from '../support/stripe/purchases'
import { type FakeStripe, startStripe, type Trouble } from '../support/stripe/server'

/** `CHAOS_PURCHASES=500` for the long run, with as many kills as there are fifties in it. */
const PURCHASES = Number(process.env.CHAOS_PURCHASES ?? 36)
const KILLS = Math.max(2, Math.floor(PURCHASES / 50))
/** `CHAOS_PLATFORM=1`: the store is paid into an account of its own. */
const isPlatform = process.env.CHAOS_PLATFORM === '1'
/** A session's hour goes by in a quarter of a minute, an hour of delivering webhooks too. */
const FACTOR = 240
const ENTRY = fileURLToPath(new URL('../support/fast-server.ts', import.meta.url))

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A server that can be killed at any moment and comes back on the same port with the same data. */
async function startShop(environment: Record<string, string>) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const run = () =>
    spawn(process.execPath, [ENTRY], {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        PORT: String(port),
        PAYHOOK_LOG_LEVEL: 'silent',
        ...environment,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  let child = run()
  const isUp = async () => ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok ? true : undefined)
  await eventually('the start', isUp, 60_000)
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'close')
    child.kill('SIGKILL')
    await ended
  }
  cleanups.push(end)
  return {
    url,
    end,
    crash: async () => {
      await end()
      child = run()
      await eventually('the restart', isUp, 60_000)
    },
  }
}

// The long run is for both databases; the suite's for the one where more happens at once.
const isHere = process.env.CHAOS_PURCHASES !== undefined || inject('databaseKind') === 'postgres'

test.runIf(isHere)(
  `${PURCHASES} purchases while Stripe’s notices are lost, repeated and late, its answers fail, and the server is killed ${KILLS} times`,
  async () => {
    const random = randomFrom(Number(process.env.CHAOS_SEED ?? 7))
    const since = Date.now()
    const clock = fastClock(since, FACTOR)
    const stripe = await startStripe({ clock, livemode: true, random })
    cleanups.push(() => stripe.close())
    const { environment, remove } = await emptyPlace()
    cleanups.push(remove)
    const settings = {
      ...environment,
      ...{ FAST_SINCE: String(since), FAST_FACTOR: String(FACTOR), PAYHOOK_ALLOW_PRIVATE_WEBHOOKS: '1' },
      ...{
        STRIPE_SECRET_KEY: stripe.secretKey,
        STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
        STRIPE_API_BASE: stripe.url,
      },
      ...(isPlatform && platformSettings(stripe)),
    }
    const shop = await startShop(settings)
    const opened = await callRest<{ api_key: string; store: { id: string } }>(shop.url, 'POST', '/api/v1/stores', {
      body: { name: 'Chaos', email: 'owner@example.com' },
    })
    const { api_key: key, store } = opened.body
    if (isPlatform) await joinPlatform(stripe, shop.url, { key, store: store.id })
    stripe.webhooks.target = `${shop.url}/webhooks/stripe`
    stripe.webhooks.weather = { lost: 0.1, repeated: 0.2, late: 0.4 }
    const troubles: readonly Trouble[] = ['cut_before', 'cut_after', 'busy', 'broken', 'broken_after']
    stripe.trouble = () => (random() < 0.06 ? troubles[Math.floor(random() * troubles.length)] : undefined)

    let isOver = false
    const delivering = (async () => {
      while (!isOver) {
        await stripe.webhooks.drain(4)
        await pause(50)
      }
    })()
    const queue = Array.from({ length: PURCHASES }, (_, index) => PLANS[index % PLANS.length] ?? 'pays')
    const purchases: Purchase[] = []
    const buyers = Array.from({ length: 8 }, async () => {
      for (let plan = queue.pop(); plan; plan = queue.pop()) {
        purchases.push(await buy(stripe, { url: shop.url, key }, plan, random))
      }
    })
    const killing = (async () => {
      for (let kill = 1; kill <= KILLS; kill++) {
        const mark = Math.floor((PURCHASES * kill) / (KILLS + 1))
        while (purchases.length < mark) await pause(20)
        await shop.crash()
      }
    })()
    await Promise.all([...buyers, killing])
    stripe.trouble = () => undefined
    await eventually('the end of everything', () => isQuiet(stripe, shop.url, key), 180_000)
    isOver = true
    await delivering
    await shop.end()

    expect(purchases).toHaveLength(PURCHASES)
    const config = parseConfig(settings)
    const database = await openDatabase(config)
    cleanups.push(() => database.close())
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
    const deps = createDeps({ config, publicUrl: 'http://127.0.0.1', database, clock, log })
    await eventually('the notices that were kept last', () => isFollowed(deps), 60_000)
    await compare(deps, stripe, parseStoreId(store.id) ?? 0n, purchases)
    if (isPlatform) await compareShares(storeContext(deps, parseStoreId(store.id) ?? 0n, false), stripe)
  },
  900_000,
)

/** What the server had kept and not followed when it was killed, as its next start would. */
async function isFollowed(deps: Deps): Promise<true | undefined> {
  await createMissedNotices()(deps)
  while (await followNotices(deps));
  const [waiting] = await deps.db.select().from(gatewayNotices).where(eq(gatewayNotices.status, 'pending')).limit(1)
  return waiting ? undefined : true
}

/** Nothing waits any more: every order was paid or is over, and what Stripe has to tell was told. */
async function isQuiet({ webhooks }: FakeStripe, url: string, key: string): Promise<true | undefined> {
  const count = async (status: string) => {
    const { body } = await callRest<{ total: number }>(url, 'GET', `/v1/orders?status=${status}&limit=1&offset=0`, {
      key,
    })
    return body.total
  }
  const [pending, refunding] = [await count('pending'), await count('refund_pending')]
  await pause(500)
  return pending + refunding + webhooks.waiting.length === 0 ? true : undefined
}

/** What Stripe took and gave back is what the books say, order by order. */
async function compare(deps: Deps, stripe: FakeStripe, storeId: bigint, purchases: readonly Purchase[]) {
  const ctx = storeContext(deps, storeId, false)
  const { db } = deps
  const rows = await db.select().from(orders).where(eq(orders.storeId, storeId))
  const sales = await db.select().from(revenueEntries).where(eq(revenueEntries.storeId, storeId))
  const told = await db.select().from(events).where(eq(events.storeId, storeId))
  const attempts = await db.select().from(paymentAttempts).where(eq(paymentAttempts.storeId, storeId))
  const { account } = stripe
  const { charges, intents } = account
  expect(attempts.filter(({ status }) => /processing|requires_action|settling|unwanted/.test(status))).toEqual([])
  let sold = 0
  for (const { id, number, plan } of purchases) {
    const order = rows.find((row) => row.id === id)
    const taken = [...charges.values()].filter(
      (one) => intents.get(one.payment_intent)?.metadata.payhook_order === number,
    )
    const kept = taken.reduce((sum, one) => sum + one.amount - one.amount_refunded, 0)
    const isPaid = order?.status === 'completed' || order?.status === 'refunded'
    const count = {
      ...{
        plan,
        charges: taken.length,
        sales: sales.filter((one) => one.orderId === id && one.kind === 'sale').length,
      },
      told: told.filter(({ type, data }) => type === 'sale.completed' && data.purchase_id === id).length,
      failed: told.filter(({ type, data }) => type === 'order.refund_failed' && data.id === id).length,
    }
    // Who was too slow for a session of half a minute has paid nothing; nobody has paid twice.
    const isSold = plan === 'leaves' || plan === 'bank_refuses' ? 0 : Math.min(taken.length, 1)
    sold += isSold
    const failed = plan === 'refund_comes_back' ? isSold : 0
    expect(count).toEqual({ plan, charges: isSold, sales: isSold, told: isSold, failed })
    expect([plan, isPaid]).toEqual([plan, isSold === 1])
    expect([plan, order && isPaid ? Number(order.amountMinor - order.refundedMinor) : 0]).toEqual([plan, kept])
  }
  expect(sold).toBeGreaterThan(purchases.length / 2)
  const discrepancies: string[] = []
  for await (const line of findDiscrepancies(deps, storeId)) discrepancies.push(line)
  expect(discrepancies).toEqual([])
  const total = [...charges.values()].reduce((sum, one) => sum + one.amount - one.amount_refunded, 0)
  const [balance] = (await getBalance(ctx)).balances
  const fees = [...charges.values()].map((one) => account.find(one.balance_transaction ?? ''))
  expect(balance?.gateway_fees_cents).toBe(
    fees.reduce((sum, one) => sum + Number(one && 'fee' in one ? one.fee : 0), 0),
  )
  expect(Number(balance?.gross_cents) - Number(balance?.refunds_cents)).toBe(total)
}
