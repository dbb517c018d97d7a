import { and, eq, isNotNull, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { Db } from '../../db/client'
import { placeholders, prepared } from '../../db/prepared'
import { together } from '../../db/transaction'
import { addMs, DAY_MS, SECOND_MS } from '../../kernel/clock'
import type { NetworkName } from '../../kernel/networks'
import type { Transfer } from '../../ports/network'
import { chainTransfers } from '../chains/table'
import { type CryptoPaymentRow, cryptoPayments } from './table'

/** A block's time is that of its slot's beginning, so that it may lie a little before a payment whose money it holds. */
const SKEW_MS = 15 * SECOND_MS

/** So long after its end, money at its address is still told as late; what comes later is for no payment. */
const LATE_MS = 30 * DAY_MS

/** So long after its end, money of exactly a payment's amount is still taken for its own. */
const REMEMBERED_MS = DAY_MS

/** Text of the statement: see `prepared`. */
const CANDIDATES = sql.raw('5')

/** The payment that a transfer was meant for, or why there is none. */
export type Intention = { paymentId: string } | { paymentId: null; unmatched: 'no_payment' | 'other_coin' }

/**
 * The payment that each transfer was meant for: the newest at its address, in its coin, of the time of its block. Not by who has the
 * address at the moment it is seen: after a downtime that may be somebody else. Few queries, however many transfers.
 */
export async function intentionsOf(
  ctx: StoreContext,
  network: NetworkName,
  transfers: readonly Transfer[],
): Promise<Intention[]> {
  const [earlier, candidates] = await together([
    earlierIntentions(ctx, network, transfers),
    candidatesFor(ctx, network, transfers, 'its coin'),
  ])
  const payments = transfers.map(
    (transfer, at) => earlier.get(keyOf(transfer)) ?? chosen(candidates.get(at) ?? [], transfer)?.id,
  )
  const unmatched = transfers.filter((_, at) => payments[at] === undefined)
  const others = unmatched.length > 0 ? await candidatesFor(ctx, network, unmatched, 'any coin') : undefined
  return transfers.map((transfer, at) => {
    const paymentId = payments[at]
    if (paymentId !== undefined) return { paymentId }
    const hadAddress = others
      ?.get(unmatched.indexOf(transfer))
      ?.some(({ expiresAt }) => expiresAt >= transfer.block.time)
    return { paymentId: null, unmatched: hadAddress ? 'other_coin' : 'no_payment' }
  })
}

const keyOf = ({ txHash, to, coin }: Pick<Transfer, 'txHash' | 'to' | 'coin'>) => `${txHash} ${to} ${coin}`

/** A transaction that a reorganisation moves into another block is still the same buyer's. */
async function earlierIntentions(
  { db, storeId, isTest }: StoreContext,
  network: NetworkName,
  transfers: readonly Transfer[],
) {
  const t = chainTransfers
  const statement = prepared(db, 'earlier_intentions', (on, name) => {
    const { store, test, net, hashes } = placeholders('store', 'test', 'net', 'hashes')
    return on
      .select({ txHash: t.txHash, to: t.address, coin: t.coin, paymentId: t.paymentId })
      .from(t)
      .where(
        and(
          eq(t.storeId, store),
          eq(t.isTest, test),
          eq(t.network, net),
          sql`${t.txHash} = any(${hashes}::text[])`,
          eq(t.isOrphan, true),
          isNotNull(t.paymentId),
        ),
      )
      .prepare(name)
  })
  const hashes = [...new Set(transfers.map(({ txHash }) => txHash))]
  const orphans = await statement.execute({ store: storeId, test: isTest, net: network, hashes })
  return new Map(
    orphans.flatMap(({ paymentId, ...orphan }) => (paymentId ? [[keyOf(orphan), paymentId] as const] : [])),
  )
}

type Candidate = Pick<CryptoPaymentRow, 'id' | 'expectedUnits' | 'expiresAt' | 'status'>

/** The newest payments at each transfer's address, newest first, by the transfer's place. */
async function candidatesFor(
  { db, storeId, isTest }: StoreContext,
  network: NetworkName,
  transfers: readonly Transfer[],
  inCoin: 'its coin' | 'any coin',
): Promise<Map<number, Candidate[]>> {
  const statement = prepared(db, `candidates_in_${inCoin}`, (on, name) => candidatesQuery(on, inCoin).prepare(name))
  const rows = await statement.execute({
    store: storeId,
    test: isTest,
    net: network,
    addresses: transfers.map(({ to }) => to),
    coins: transfers.map(({ coin }) => coin),
    until: transfers.map(({ block }) => addMs(block.time, SKEW_MS).toISOString()),
  })
  const found = new Map<number, Candidate[]>()
  for (const { nth, ...candidate } of rows) found.set(nth - 1, [...(found.get(nth - 1) ?? []), candidate])
  return found
}

function candidatesQuery(db: Db, inCoin: 'its coin' | 'any coin') {
  const p = cryptoPayments
  const { store, test, net, addresses, coins, until } = placeholders(
    'store',
    'test',
    'net',
    'addresses',
    'coins',
    'until',
  )
  // Of two of one moment, the one that waits is the newer one.
  const newestFirst = sql`${p.createdAt} desc, (${p.status} = 'pending') desc`
  const own = db
    .select({
      id: p.id,
      expectedUnits: p.expectedUnits,
      expiresAt: p.expiresAt,
      status: p.status,
      createdAt: p.createdAt,
    })
    .from(p)
    .where(
      and(
        eq(p.storeId, store),
        eq(p.isTest, test),
        eq(p.network, net),
        sql`${p.address} = seen.address`,
        inCoin === 'its coin' ? sql`${p.coin}::text = seen.coin` : undefined,
        sql`${p.createdAt} <= seen.until::timestamptz`,
      ),
    )
    .orderBy(newestFirst)
  const seen = sql`unnest(${addresses}::text[], ${coins}::text[], ${until}::text[]) with ordinality seen(address, coin, until, nth)`
  return db
    .select({
      nth: sql<number>`seen.nth`.mapWith(Number).as('nth'),
      id: sql`newest.id`.mapWith(p.id).as('payment'),
      expectedUnits: sql`newest.expected_units`.mapWith(p.expectedUnits).as('units'),
      expiresAt: sql`newest.expires_at`.mapWith(p.expiresAt).as('expires'),
      status: sql`newest.status`.mapWith(p.status).as('state'),
    })
    .from(sql`${seen} cross join lateral (${own.getSQL()} limit ${CANDIDATES}) newest`)
    .orderBy(sql`seen.nth, newest.created_at desc, (newest.status = 'pending') desc`)
}

/**
 * Late money at an address that has its next payment already: where it is exactly what an unpaid predecessor asked for, and not
 * what the present one asks for, it is the predecessor's.
 */
function chosen(candidates: readonly Candidate[], { units, block }: Transfer): Candidate | undefined {
  const forgotten = addMs(block.time, -LATE_MS)
  const [newest, ...predecessors] = candidates.filter(({ expiresAt }) => expiresAt > forgotten)
  if (!newest || newest.expectedUnits === units) return newest
  const since = addMs(block.time, -REMEMBERED_MS)
  const unpaid = predecessors.find(
    ({ status, expectedUnits, expiresAt }) =>
      expectedUnits === units && expiresAt > since && status !== 'confirmed' && status !== 'pending',
  )
  return unpaid ?? newest
}
