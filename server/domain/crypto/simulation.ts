import { createHash, randomBytes } from 'node:crypto'
import { and, asc, eq, gte, lt, min, sql } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../context'
import { readAddress, tronAddress } from '../../kernel/chain-address'
import { addMs } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import { greaterOf } from '../../kernel/money'
import { knownCoin, NETWORK_FACTS, type NetworkName, parseUnits } from '../../kernel/networks'
import type { BlockRef, Transfer } from '../../ports/network'
import { type Chain, chainOf, readCursorOf } from '../chains/chain'
import { takeBlocks, unwindTo } from '../chains/intake'
import { chainTransfers } from '../chains/table'
import { settleOrderOf } from '../payments/crypto-orders'
import type { NewSimulation } from './schema'
import { getPayment } from './service'
import { type CryptoPaymentRow, cryptoPayments, isWaiting } from './table'

/*
 * The chain of test keys: each store has one for each network, which grows when it is told to, and when a test payment's time is
 * over. Its blocks go the way that a real network's go, so that a rehearsal proves what will happen.
 */

/**
 * Lets something happen to a test payment on its simulated chain. Answers the payment as it is then.
 * Throws payment_not_found; invalid_request in live mode, for an amount that is none, and where the payment is past what is asked for.
 */
export async function simulate(ctx: StoreContext, input: NewSimulation): Promise<CryptoPaymentRow> {
  if (!ctx.isTest) {
    throw refused('payment_number', 'Only test payments can be simulated. Make one with a test key (sk_test_…).')
  }
  const payment = await getPayment(ctx, input.payment_number)
  await ACTIONS[input.action](ctx, payment, input)
  await settleOrderOf(ctx, payment.id)
  return getPayment(ctx, input.payment_number)
}

type Action = (ctx: StoreContext, payment: CryptoPaymentRow, input: NewSimulation) => Promise<void>

const missingOf = ({ expectedUnits, creditedUnits }: CryptoPaymentRow) => expectedUnits - (creditedUnits ?? 0n)

const ACTIONS: Readonly<Record<NewSimulation['action'], Action>> = {
  detect: (ctx, payment, { amount }) => send(ctx, payment, amount, missingOf(payment)),
  underpay: (ctx, payment, { amount }) => send(ctx, payment, amount, (missingOf(payment) + 1n) / 2n),
  overpay: (ctx, payment, { amount }) =>
    send(ctx, payment, amount, payment.expectedUnits / 2n + (missingOf(payment) > 0n ? missingOf(payment) : 0n)),
  confirm,
  expire,
  late: async (ctx, payment, { amount }) => {
    if (payment.status === 'pending') await expire(ctx, payment)
    await send(ctx, payment, amount, payment.expectedUnits)
  },
  reorg,
}

/** In one block of its own. */
function send(ctx: StoreContext, payment: CryptoPaymentRow, amount: string | undefined, usual: bigint): Promise<void> {
  const units = amount === undefined ? usual : parseUnits(amount, knownCoin(payment.network, payment.coin).decimals)
  if (units === undefined)
    throw refused('amount', 'amount: must be a plain decimal such as 12.5, with no more digits than the coin')
  if (units <= 0n)
    throw refused('action', 'Nothing is missing of this payment. Use overpay to send more, or name an amount.')
  const { network, coin, address: to } = payment
  return mine(ctx, network, [{ txHash: randomHash(network), coin, from: BUYER[network], to, units }])
}

async function confirm(ctx: StoreContext, payment: CryptoPaymentRow, { blocks }: NewSimulation): Promise<void> {
  if (payment.status === 'pending' && missingOf(payment) > 0n) await send(ctx, payment, undefined, missingOf(payment))
  const { dueHeight, height } = await getPayment(ctx, payment.number)
  const cursor = await readCursorOf(ctx, chainOf(ctx, payment.network))
  const final = height === null ? null : height + BigInt(NETWORK_FACTS[payment.network].confirmations) - 1n
  const needed =
    dueHeight === null || final === null || !cursor
      ? 1
      : Math.max(Number(greaterOf(dueHeight, final) - cursor.number), 1)
  for (let left = blocks ?? needed; left > 0; left--) await mine(ctx, payment.network, [])
}

/** The end of its time comes to the payment, rather than the chain's time to the end: other payments have theirs still. */
async function expire(ctx: StoreContext, payment: CryptoPaymentRow): Promise<void> {
  if (payment.status !== 'pending' || missingOf(payment) <= 0n) {
    throw refused(
      'action',
      `This payment cannot expire: it is ${payment.status === 'pending' ? 'paid' : payment.status}.`,
    )
  }
  const cursor = await readCursorOf(ctx, chainOf(ctx, payment.network))
  const now = ctx.clock.now()
  const past = addMs(cursor && cursor.blockTime > now ? cursor.blockTime : now, -1)
  const ends = payment.creditedUnits === null ? { expiresAt: past } : {}
  await ctx.db
    .update(cryptoPayments)
    .set({ ...ends, graceEndsAt: past, dueAt: past })
    .where(
      and(
        eq(cryptoPayments.storeId, ctx.storeId),
        eq(cryptoPayments.isTest, true),
        eq(cryptoPayments.id, payment.id),
        eq(cryptoPayments.status, 'pending'),
      ),
    )
  await mine(ctx, payment.network, [])
}

/** As deep as a rehearsal may go: within the journal. */
const DEEPEST = 1_000n

/** Other blocks take the place of those from the payment's money on: with all that they held, except that. */
async function reorg(ctx: StoreContext, payment: CryptoPaymentRow): Promise<void> {
  const { network } = payment
  const chain = chainOf(ctx, network)
  const t = chainTransfers
  const [own] = await ctx.db
    .select({ first: min(t.blockNumber) })
    .from(t)
    .where(and(eq(t.storeId, ctx.storeId), eq(t.paymentId, payment.id), eq(t.isOrphan, false)))
  const head = (await readCursorOf(ctx, chain))?.number
  const first = own?.first ?? null
  if (first === null || head === undefined)
    throw refused('action', 'The chain holds nothing for this payment that it could take back.')
  if (head - BigInt(first) > DEEPEST) throw refused('action', 'The blocks of this payment are too old to be replaced.')
  const replaced = await ctx.db
    .select()
    .from(t)
    .where(
      and(
        eq(t.storeId, ctx.storeId),
        eq(t.isTest, true),
        eq(t.network, network),
        gte(t.blockNumber, BigInt(first)),
        eq(t.isOrphan, false),
        sql`${t.paymentId} is distinct from ${payment.id}`,
      ),
    )
    .orderBy(asc(t.blockNumber), asc(t.logIndex))
  await unwindTo(ctx, chain, BigInt(first) - 1n)
  await mine(
    ctx,
    network,
    replaced.map(({ txHash, coin, fromAddress, address, units }) => ({
      txHash,
      coin,
      from: fromAddress,
      to: address,
      units,
    })),
  )
  for (let number = BigInt(first); number <= head; number++) await mine(ctx, network, [])
}

type Sent = Pick<Transfer, 'txHash' | 'coin' | 'from' | 'to' | 'units'>

/** The next block. Calls at the same time each get one of their own. */
async function mine(deps: StoreContext, network: NetworkName, sent: readonly Sent[]): Promise<void> {
  const chain = chainOf(deps, network)
  for (;;) {
    const { parent, block } = await nextBlock(deps, chain)
    const transfers = sent.map((transfer, logIndex) => ({ ...transfer, logIndex, block }))
    const { confirmations } = NETWORK_FACTS[network]
    const finalized = block.number - BigInt(confirmations) + 1n
    const blocks = { first: block.number, parentHash: parent, last: block, transfers, finalized }
    const isBegun = block.number > FIRST
    const taken = await takeBlocks(deps, chain, isBegun ? blocks : { ...blocks, transfers: [] })
    // The first block is only there to be gone back to.
    if (taken === 'taken' && isBegun) return
  }
}

const FIRST = 1n

async function nextBlock(deps: Deps, chain: Chain): Promise<{ parent: string; block: BlockRef }> {
  const cursor = await readCursorOf(deps, chain)
  const now = deps.clock.now()
  const time = cursor && cursor.blockTime > now ? cursor.blockTime : now
  const number = cursor ? cursor.number + 1n : FIRST
  return { parent: cursor?.hash ?? `0x${'0'.repeat(64)}`, block: { number, hash: randomHash(chain.network), time } }
}

function randomHash(network: NetworkName): string {
  const hex = randomBytes(32).toString('hex')
  return network === 'tron' ? hex : `0x${hex}`
}

/** Where simulated money comes from: a wallet that nobody has. */
const BUYER: Readonly<Record<NetworkName, string>> = (() => {
  const bytes = createHash('sha256').update('simulated buyer').digest().subarray(0, 20)
  const { address: evm = '' } = readAddress('ethereum', `0x${bytes.toString('hex')}`)
  return { ethereum: evm, bsc: evm, tron: tronAddress(bytes) }
})()

const STORES = 50

/**
 * Lets the simulated chains grow by a block where a test payment's time is over, so that it ends without anybody's help. Answers
 * true when more are waiting. Looks over all stores.
 */
export async function growSimulatedChains(deps: Deps): Promise<boolean> {
  const p = cryptoPayments
  const due = await deps.db
    .select({ storeId: p.storeId, network: p.network })
    .from(p)
    .where(and(eq(p.isTest, true), isWaiting, lt(p.dueAt, deps.clock.now())))
    .groupBy(p.storeId, p.network)
    .orderBy(min(p.dueAt))
    .limit(STORES)
  for (const { storeId, network } of due) await mine(storeContext(deps, storeId, true), network, [])
  return due.length === STORES
}

function refused(field: string, message: string) {
  return new AppError('invalid_request', message, { field })
}
