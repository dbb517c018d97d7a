import { and, desc, eq, gte, lt, type SQL, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { prepared } from '../../db/prepared'
import { AppError } from '../../kernel/errors'
import { toWireMinor } from '../../kernel/money'
import type { DisputeFee, GatewayFee } from '../../ports/gateway'
import { getOrder } from '../orders/service'
import type { OrderRow, RefundRow } from '../orders/table'
import { stores } from '../stores/table'
import { isEntered, type Leg, legsOf, postEntry } from './entries'
import { legsBetween } from './order-money'
import type { Balance, LedgerEntry, LedgerQuery } from './schema'
import {
  ACCOUNTS,
  type Account,
  type EntryKind,
  type LedgerEntryRow,
  ledgerBalances,
  ledgerEntries,
  ledgerTail,
} from './table'

/** A sale, in the transaction that completes the order. A free one moves nothing. */
export function postSale(tx: StoreContext, order: OrderRow, at: Date): Promise<void> {
  return postChange(tx, { kind: 'sale', sourceId: order.id, before: null, order, at })
}

/** A refund that went through; `order` has it already. */
export function postRefund(tx: StoreContext, order: OrderRow, refund: RefundRow, at: Date): Promise<void> {
  const before = { ...order, refundedMinor: order.refundedMinor - refund.amountMinor }
  return postChange(tx, { kind: 'refund', sourceId: refund.id, before, order, at })
}

/** A refund that had gone through came back to the gateway; `order` has its money again. */
export function postFailedRefund(tx: StoreContext, order: OrderRow, refund: RefundRow, at: Date): Promise<void> {
  const before = { ...order, refundedMinor: order.refundedMinor + refund.amountMinor }
  return postChange(tx, { kind: 'refund_failed', sourceId: refund.id, before, order, at })
}

/** What the gateway keeps of a charge: the operator's cost, so that no store's balance changes. Once for each attempt. */
export async function postGatewayFee(
  tx: StoreContext,
  { id: sourceId, orderId }: { id: string; orderId: string },
  fee: GatewayFee,
  at: Date,
): Promise<void> {
  if (fee.amountMinor === 0n) return
  await postEntry(tx, { kind: 'gateway_fee', sourceId, orderId, legs: feeLegs(fee), at })
}

/**
 * What the gateway keeps for a dispute itself: the operator's cost, as above. Once for each of its movements; false for one that was
 * entered before.
 */
export async function postDisputeFee(
  tx: StoreContext,
  { id, orderId }: { id: string; orderId: string },
  { reference, amountMinor, currency }: DisputeFee,
  at: Date,
): Promise<boolean> {
  const entry = { kind: 'dispute_fee' as const, sourceId: `${id} ${reference}`, orderId, at }
  if (await isEntered(tx, entry)) return false
  await postEntry(tx, { ...entry, legs: feeLegs({ amountMinor, currency }) })
  return true
}

function feeLegs({ amountMinor, currency }: GatewayFee): Leg[] {
  return [
    { account: 'gateway_fees', currency, amountMinor },
    { account: 'gateway_clearing', currency, amountMinor: -amountMinor },
  ]
}

type DisputeChange = {
  kind: 'dispute_opened' | 'dispute_won' | 'dispute_lost'
  disputeId: string
  before: OrderRow
  order: OrderRow
  at: Date
}

/** What a dispute did to an order. */
export function postDispute(tx: StoreContext, { disputeId, ...change }: DisputeChange): Promise<void> {
  return postChange(tx, { ...change, sourceId: disputeId })
}

type Change = { kind: EntryKind; sourceId: string; before: OrderRow | null; order: OrderRow; at: Date }

async function postChange(tx: StoreContext, { kind, sourceId, before, order, at }: Change): Promise<void> {
  // Crypto goes straight to the seller's own wallet: the platform never has it, and owes none of it.
  if (order.method === 'crypto') return
  await postEntry(tx, { kind, sourceId, orderId: order.id, legs: legsBetween(before, order), at })
}

/**
 * What the store has and how it came about, by currency. Exact at every moment, in one round trip that costs the same however
 * many sales there were.
 */
export async function getBalance(ctx: StoreContext): Promise<Balance> {
  const sums = await readSums(ctx)
  const reporting = sums.find(({ kind }) => kind === 'store')?.currency
  if (reporting === undefined) throw new AppError('store_not_found', 'Store not found.')
  const currencies = [...new Set([reporting, ...sums.map(({ currency }) => currency).sort()])]
  return {
    balances: currencies.map((currency) =>
      balanceOf(
        currency,
        sums.filter((sum) => sum.currency === currency),
      ),
    ),
    is_test: ctx.isTest,
    generated_at: ctx.clock.now().toISOString(),
  }
}

/** `store` names the reporting currency, no amount. */
type Sum = { kind: EntryKind | 'store'; account: Account; currency: string; amount: bigint }

function readSums(ctx: StoreContext): Promise<Sum[]> {
  const query = prepared(ctx.db, 'get_balance', (db, name) =>
    db
      .select({
        kind: sql<Sum['kind']>`kind`,
        account: sql<Account>`account`,
        currency: sql<string>`currency`,
        amount: sql<bigint>`sum(amount)::text`.mapWith(BigInt),
      })
      .from(sql`(${allSums()}) as sums`)
      .groupBy(sql`1, 2, 3`)
      .prepare(name),
  )
  return query.execute({ storeId: ctx.storeId, isTest: ctx.isTest })
}

/** What orders move; what the store pays the operator with is another balance. */
const EARNED = sql.raw(`(${ACCOUNTS.map((account) => `'${account}'`).join(', ')})`)

/** In one statement, hence of one snapshot: an entry that is being folded is seen in the tail or in the balances, never in both. */
function allSums(): SQL {
  const ofStore = (table: typeof ledgerBalances | typeof ledgerTail) =>
    and(eq(table.storeId, sql.placeholder('storeId')), eq(table.isTest, sql.placeholder('isTest')))
  return sql`
    select 'store' as kind, '' as account, ${stores.reportingCurrency} as currency, 0::bigint as amount
      from ${stores} where ${eq(stores.storeId, sql.placeholder('storeId'))}
    union all select kind, account, currency, amount_minor
      from ${ledgerBalances} where ${ofStore(ledgerBalances)} and account in ${EARNED}
    union all select kind, leg.account, leg.currency, leg.amount
      from ${ledgerTail}, ${legRows(ledgerTail)} where ${ofStore(ledgerTail)} and leg.account in ${EARNED}`
}

/** The legs of a table's entries as rows `leg (account, currency, amount)`, to stand beside the table in a FROM. */
export function legRows({ accounts, currencies, amounts }: typeof ledgerTail | typeof ledgerEntries): SQL {
  return sql`unnest(${accounts}, ${currencies}, ${amounts}) as leg (account, currency, amount)`
}

function balanceOf(currency: string, sums: readonly Sum[]): Balance['balances'][number] {
  /** Debits less credits of an account, of all kinds or of one. */
  const debited = (account: Account, kind?: EntryKind) =>
    sums
      .filter((sum) => sum.account === account && (kind === undefined || sum.kind === kind))
      .reduce((total, { amount }) => total + amount, 0n)
  return {
    currency,
    available_cents: toWireMinor(-debited('store_balance')),
    pending_cents: toWireMinor(-debited('disputes_held')),
    gross_cents: toWireMinor(debited('gateway_clearing', 'sale')),
    fees_cents: toWireMinor(-debited('platform_fees')),
    refunds_cents: toWireMinor(-debited('gateway_clearing', 'refund') - debited('gateway_clearing', 'refund_failed')),
    disputes_cents: toWireMinor(-debited('gateway_clearing', 'dispute_lost')),
    gateway_fees_cents: toWireMinor(debited('gateway_fees')),
  }
}

/** Newest first. Throws order_not_found. */
export async function listEntries(ctx: StoreContext, query: LedgerQuery) {
  const { order_id: order, kind, from, to, cursor, limit } = query
  const orderId = order === undefined ? undefined : (await getOrder(ctx, order, undefined, 'order_id')).id
  const e = ledgerEntries
  const found = await ctx.db
    .select()
    .from(e)
    .where(
      and(
        eq(e.storeId, ctx.storeId),
        eq(e.isTest, ctx.isTest),
        orderId === undefined ? undefined : eq(e.orderId, orderId),
        // Written out so that the partial index serves the query.
        kind === undefined ? undefined : sql`${e.kind} = ${sql.raw(`'${kind}'`)}`,
        from === undefined ? undefined : gte(e.createdAt, new Date(from)),
        to === undefined ? undefined : lt(e.createdAt, new Date(to)),
        olderThan(readCursor(cursor), e.createdAt, e.id),
      ),
    )
    .orderBy(desc(e.createdAt), desc(e.id))
    .limit(limit + 1)
  return pageOf(found, limit)
}

export function toLedgerEntry(row: LedgerEntryRow): LedgerEntry {
  return {
    id: row.id,
    kind: row.kind,
    order_id: row.orderId,
    source_id: row.sourceId,
    legs: legsOf(row).map(({ account, currency, amountMinor }) => ({
      account,
      direction: amountMinor > 0n ? 'debit' : 'credit',
      amount_cents: toWireMinor(amountMinor > 0n ? amountMinor : -amountMinor),
      currency,
    })),
    created_at: row.createdAt.toISOString(),
  }
}
