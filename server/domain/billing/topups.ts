import { createHash } from 'node:crypto'
import { and, asc, desc, eq, inArray } from 'drizzle-orm'
import { type StoreContext, storeContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { readAddress, tronAddress } from '../../kernel/chain-address'
import { AppError } from '../../kernel/errors'
import { formatStoreId, parseStoreId, storeOfRowId } from '../../kernel/ids'
import { knownCoin, NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import { formatUsdt, USDT_DECIMALS } from '../../kernel/plans'
import { isNoneFree } from '../addresses/claims'
import { addAddresses } from '../addresses/service'
import { toAddress } from '../addresses/view'
import { createPayment } from '../crypto/service'
import { type CryptoPaymentRow, cryptoPayments } from '../crypto/table'
import { stores } from '../stores/table'
import { settingsOf } from './accounts'
import type { NewTopup, Topup, TopupQuery } from './schema'
import { billingTopups, type TopupRow } from './table'

/** A top-up with the payment that brings it. */
export type LoadedTopup = { topup: TopupRow; payment: CryptoPaymentRow }

/**
 * A payment of USDT to the operator's pool for this store's balance. With a test key it is one on the store's own simulated chain,
 * where the operator's wallet is simulated too. Throws billing_not_enabled, invalid_request, network_not_enabled and
 * topup_unavailable.
 */
export async function createTopup(ctx: StoreContext, input: NewTopup, run?: string): Promise<LoadedTopup> {
  const { smallestTopupMinor } = settingsOf(ctx)
  if (BigInt(input.amount_usd_cents) * MINOR_PER_CENT < smallestTopupMinor) {
    const words = `amount_usd_cents: a top-up is at least ${formatUsdt(smallestTopupMinor)} USDT`
    throw new AppError('invalid_request', words, { field: 'amount_usd_cents' })
  }
  const receiver = ctx.isTest ? ctx : storeContext(ctx, await operatorStore(ctx), false)
  const payment = await payableAt(receiver, ctx.storeId, input, run)
  const { storeId, isTest } = ctx
  await ctx.db
    .insert(billingTopups)
    .values({ storeId, id: payment.id, isTest, entries: 0, createdAt: payment.createdAt })
    .onConflictDoNothing()
  return getTopup(ctx, payment.id)
}

const MINOR_PER_CENT = 10_000n

async function payableAt(receiver: StoreContext, topsUp: bigint, input: NewTopup, run: string | undefined) {
  const { amount_usd_cents, network } = input
  const id = formatStoreId(topsUp)
  const wanted = { amount_usd_cents, network, currency: 'usdt' as const, external_order_id: `topup ${id}` }
  const make = () => createPayment(receiver, { ...wanted, metadata: { topup_of: id } }, { run, topsUp })
  try {
    return await make()
  } catch (error) {
    if (!isNoneFree(error)) throw error
    if (!receiver.isTest) throw unavailable(receiver, network, error)
    await addSimulatedWallet(receiver, network)
    return make()
  }
}

/** Whoever runs the server has to do something: the merchant can't. */
function unavailable({ log }: StoreContext, network: NetworkName, cause: AppError): AppError {
  log.warn({ network, reason: cause.code }, "a top-up found no free address in the operator's pool")
  const { title } = NETWORK_FACTS[network]
  return new AppError('topup_unavailable', `No address for top-ups on ${title} is free at the moment.`, {
    field: 'network',
    hint: 'Try again in some minutes, or another network. Else tell the operator of this server.',
    retryAfterSeconds: 60,
    cause,
  })
}

/** The operator's, on the test key's own chain: a wallet that nobody has, in the store's test pool. */
async function addSimulatedWallet(ctx: StoreContext, network: NetworkName): Promise<void> {
  for (let n = 0; ; n++) {
    const address = simulatedWallet(network, n)
    const [row] = await addAddresses(ctx, { network, address, label: 'Simulated top-ups' })
    if (row && (await toAddress(ctx, row)).state === 'free') return
  }
}

function simulatedWallet(network: NetworkName, n: number): string {
  const bytes = createHash('sha256').update(`simulated operator ${n}`).digest().subarray(0, 20)
  if (network === 'tron') return tronAddress(bytes)
  return readAddress(network, `0x${bytes.toString('hex')}`).address ?? ''
}

/** The store that the settings name, else the one that was opened first on this server: it is the operator's. */
async function operatorStore(ctx: StoreContext): Promise<bigint> {
  const { operatorStore: named } = settingsOf(ctx)
  const wanted = named === null ? undefined : parseStoreId(named)
  const [store] = await ctx.db
    .select({ storeId: stores.storeId })
    .from(stores)
    .where(wanted === undefined ? undefined : eq(stores.storeId, wanted))
    .orderBy(asc(stores.createdAt), asc(stores.storeId))
    .limit(1)
  if (store) return store.storeId
  throw new AppError('topup_unavailable', 'This server has no store that takes top-ups.', {
    hint: 'Its operator names one as operator_store in the file of PAYHOOK_BILLING.',
  })
}

/** Throws topup_not_found: for another store's too. */
export async function getTopup(ctx: StoreContext, id: string): Promise<LoadedTopup> {
  settingsOf(ctx)
  const isId = storeOfRowId(id) !== undefined
  const rows = isId
    ? await ctx.db
        .select()
        .from(billingTopups)
        .where(and(ofStore(ctx), eq(billingTopups.id, id)))
    : []
  const [loaded] = await withPayments(ctx, rows)
  if (loaded) return loaded
  throw new AppError('topup_not_found', 'Top-up not found', { field: 'id', hint: 'list_topups shows yours.' })
}

/** Newest first. */
export async function listTopups(ctx: StoreContext, { cursor, limit }: TopupQuery) {
  settingsOf(ctx)
  const t = billingTopups
  const found = await ctx.db
    .select()
    .from(t)
    .where(and(ofStore(ctx), olderThan(readCursor(cursor), t.createdAt, t.id)))
    .orderBy(desc(t.createdAt), desc(t.id))
    .limit(limit + 1)
  const { rows, nextCursor } = pageOf(found, limit)
  return { topups: await withPayments(ctx, rows), nextCursor }
}

function ofStore({ storeId, isTest }: StoreContext) {
  return and(eq(billingTopups.storeId, storeId), eq(billingTopups.isTest, isTest))
}

/** The payments are of the store that takes the money, which their ids name; it may have been another one once. */
async function withPayments(ctx: StoreContext, rows: readonly TopupRow[]): Promise<LoadedTopup[]> {
  const payments = new Map<string, CryptoPaymentRow>()
  for (const [storeId, ofOne] of Map.groupBy(rows, ({ id }) => storeOfRowId(id))) {
    if (storeId === undefined) continue
    const p = cryptoPayments
    const ids = ofOne.map(({ id }) => id)
    const found = await ctx.db
      .select()
      .from(p)
      .where(and(eq(p.storeId, storeId), eq(p.isTest, ctx.isTest), inArray(p.id, ids), eq(p.topsUp, ctx.storeId)))
    for (const payment of found) payments.set(payment.id, payment)
  }
  return rows.flatMap((topup) => {
    const payment = payments.get(topup.id)
    return payment ? [{ topup, payment }] : []
  })
}

export function toTopup({ publicUrl }: StoreContext, { topup, payment }: LoadedTopup): Topup {
  const { network, coin, creditedUnits } = payment
  const unit = 10n ** BigInt(knownCoin(network, coin).decimals - USDT_DECIMALS)
  return {
    id: topup.id,
    status: statusOf(topup, payment),
    amount_usdt: formatUsdt(payment.expectedUnits / unit),
    received_usdt: creditedUnits === null ? null : formatUsdt(creditedUnits / unit),
    credited_usdt: formatUsdt(topup.creditedMinor ?? 0n),
    network,
    currency: 'usdt',
    assigned_address: payment.address,
    tx_hash: payment.txHash ?? '',
    payment_number: payment.number,
    checkout_url: `${publicUrl}/pay/${payment.token}`,
    expires_at: payment.expiresAt.toISOString(),
    credited_at: topup.creditedAt?.toISOString() ?? null,
    is_test: topup.isTest,
    created_at: topup.createdAt.toISOString(),
  }
}

function statusOf({ creditedMinor, entries }: TopupRow, { status }: CryptoPaymentRow): Topup['status'] {
  if (creditedMinor !== null && creditedMinor > 0n) return 'credited'
  if (status === 'confirmed') return 'credited'
  return entries > 0 ? 'reversed' : status
}
