import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { and, eq } from 'drizzle-orm'
import { type StoreContext, storeContext } from '../../server/context'
import { inTransaction } from '../../server/db/transaction'
import { meterPayments } from '../../server/domain/billing/metering'
import { chainTransfers } from '../../server/domain/chains/table'
import type { CryptoPaymentRow } from '../../server/domain/crypto/table'
import { events } from '../../server/domain/webhooks/table'
import { formatStoreId, newRowId } from '../../server/kernel/ids'
import { type Answer, callRest } from './calls'
import { evmAddress } from './crypto'
import { createWorld, type World } from './world'

/** Small enough to reach every limit in a test. */
export const PLANS = {
  free: { included_payments: 2, overage_usdt: '0.10' },
  pro: {
    monthly: { price_usdt: '29', included_payments: 3 },
    yearly: { price_usdt: '290', included_payments: 36 },
    overage_usdt: '0.04',
  },
  scale: { monthly: { price_usdt: '149', included_payments: 10 }, overage_usdt: '0.02' },
}

const OPERATOR_KEY = 'operator-key-of-the-tests'

export type Wire = Record<string, unknown>

/** A world whose operator bills by these plans. */
export async function createBilledWorld(settings: object = { plans: PLANS }): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'payhook-billing-'))
  const file = join(folder, 'plans.json')
  writeFileSync(file, JSON.stringify(settings))
  const world = await createWorld({ PAYHOOK_BILLING: file, PAYHOOK_ADMIN_KEY: OPERATOR_KEY })
  rmSync(folder, { recursive: true })
  return world
}

export type Merchant = {
  ctx: StoreContext
  key: string
  call<T = Wire>(method: string, path: string, body?: unknown): Promise<Answer<T>>
  create(): Promise<Answer>
  /** So many payments are confirmed, without a chain. */
  confirm(payments: number): Promise<void>
  simulate(number: unknown, action: string): Promise<Answer>
  /** Through a payment on the simulated chain. */
  topUp(cents: number): Promise<Wire>
  /** By the operator's hand. */
  credit(amountUsdt: string): Promise<void>
  billing(): Promise<Wire>
  /** What was told of billing, sorted. */
  told(): Promise<string[]>
}

/** A store that sells with its test key, on its simulated chain. */
export async function openMerchant(world: World, addresses = 12): Promise<Merchant> {
  const { store, testKey: key } = await world.openStore()
  const ctx = storeContext(world.deps, store.storeId, true)
  const call = <T = Wire>(method: string, path: string, body?: unknown) =>
    callRest<T>(world.url, method, `/api/v1${path}`, { body, headers: { 'X-API-Key': key } })
  const list = Array.from({ length: addresses }, (_, n) => ({ address: evmAddress(n) }))
  await call('POST', '/addresses', { network: 'bsc', addresses: list })
  const create = () => call('POST', '/payments/', { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt' })
  const simulate = (number: unknown, action: string) => call('POST', `/payments/${number}/simulate`, { action })
  return {
    ctx,
    key,
    call,
    create,
    simulate,
    confirm: async (payments) => {
      for (let n = 0; n < payments; n++) await confirmAtOnce(ctx)
    },
    credit: async (amount_usdt) => {
      const body = { amount_usdt, reason: 'test', mode: 'test' }
      await callRest(world.url, 'POST', `/v1/stores/${formatStoreId(store.storeId)}/adjust_balance`, {
        key: OPERATOR_KEY,
        body,
      })
    },
    topUp: async (amount_usd_cents) => {
      const { body } = await call('POST', '/billing/topups/', { amount_usd_cents, network: 'ethereum' })
      await simulate(body.payment_number, 'confirm')
      return (await call('GET', `/billing/topups/${body.id}`)).body
    },
    billing: async () => (await call('GET', '/billing/')).body,
    told: async () => {
      const rows = await world.deps.db
        .select({ type: events.type })
        .from(events)
        .where(and(eq(events.storeId, store.storeId), eq(events.isTest, true)))
        .orderBy(events.createdAt, events.id)
      return rows
        .map(({ type }) => type)
        .filter((type) => type.startsWith('billing.'))
        .sort()
    },
  }
}

/** What the chain's watcher tells billing of a payment, without a chain: many of them in little time. */
export async function confirmAtOnce(ctx: StoreContext, id = newRowId(ctx.storeId)): Promise<string> {
  await become(ctx, id, 'pending', 'confirmed')
  return id
}

export function reverseAtOnce(ctx: StoreContext, id: string): Promise<void> {
  return become(ctx, id, 'confirmed', 'failed')
}

type Status = CryptoPaymentRow['status']

const ON_CHAIN = { network: 'ethereum', coin: 'usdt', height: 1n } as const

function become(ctx: StoreContext, id: string, was: Status, is: Status, topsUp: bigint | null = null): Promise<void> {
  const { storeId, isTest } = ctx
  const facts = { id, storeId, isTest, topsUp, ...ON_CHAIN }
  return inTransaction(ctx, (tx) =>
    meterPayments(tx, [{ before: { ...facts, status: was }, after: { ...facts, status: is } }]),
  )
}

/** So many millionths come, and are confirmed. */
export async function topUpAtOnce(ctx: StoreContext, minor: bigint): Promise<string> {
  const { storeId, isTest, clock } = ctx
  const id = newRowId(storeId)
  await ctx.db.insert(chainTransfers).values({
    ...{ storeId, isTest, network: ON_CHAIN.network, coin: ON_CHAIN.coin, paymentId: id, units: minor },
    ...{
      id: newRowId(storeId),
      blockHash: id,
      txHash: id,
      logIndex: 0,
      blockNumber: 1n,
      fromAddress: evmAddress(0),
      address: evmAddress(1),
    },
    ...{ blockTime: clock.now(), createdAt: clock.now(), isOrphan: false },
  })
  await become(ctx, id, 'pending', 'confirmed', storeId)
  return id
}

export function untopUpAtOnce(ctx: StoreContext, id: string): Promise<void> {
  return become(ctx, id, 'confirmed', 'failed', ctx.storeId)
}
