import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { placeholders, placeholdersOf, prepared } from '../../db/prepared'
import { together } from '../../db/transaction'
import type { NetworkName } from '../../kernel/networks'
import { reclaimAddress, releaseAddresses } from '../addresses/claims'
import { type ChainTransferRow, chainTransfers } from '../chains/table'
import { recordEvents } from '../webhooks/events'
import { eventsOf } from './events'
import { type Judgement, judge, type Received, type Terms, type Tip, uncountedOf } from './judgement'
import { type CryptoPaymentRow, cryptoPayments } from './table'

/** Before every block. */
const AT_THE_NEXT_BLOCK = new Date(0)

/**
 * Judges payments of a store by the chain as it stands, and writes what has changed: their states, their locks on addresses, their
 * events, and what counts for none of them. Nothing is written when nothing has. A few statements, however many payments. Answers
 * those that have changed.
 */
export async function settlePayments(tx: StoreContext, ids: readonly string[], tip: Tip): Promise<Changed[]> {
  const payments = await lockPayments(tx, ids)
  const received = await receivedFor(tx, ids)
  const settled = payments.map((before) => settle(before, received.get(before.id) ?? [], tip, tx.clock.now()))
  const changed = settled.filter(({ before, after }) =>
    MUTABLE.some((column) => !isSame(before[column], after[column])),
  )
  const ended = changed.filter(({ before, after }) => before.status === 'pending' && after.status !== 'pending')
  const revived = changed.filter(({ before, after }) => before.status !== 'pending' && after.status === 'pending')
  await together([
    together(changed.map(({ after }) => writePayment(tx, after))),
    releaseAddresses(
      tx,
      ended.map(({ before }) => before),
    ),
    together(revived.map(({ before }) => reclaimAddress(tx, before))),
    markUnmatched(
      tx,
      settled.flatMap(({ remarks }) => remarks),
    ),
    recordEvents(
      tx,
      changed.flatMap(({ before, after }) => eventsOf(tx, before, after, tip)),
    ),
  ])
  const paying = changed.some(({ after }) => after.status === 'confirmed' && after.orderUse === 'awaited')
  if (paying) tx.afterCommit?.add(() => tx.wake('crypto_orders'))
  return changed
}

/** A payment as it was and as it is. */
export type Changed = { before: CryptoPaymentRow; after: CryptoPaymentRow }

type Settled = Changed & { remarks: Remark[] }

function settle(before: CryptoPaymentRow, received: readonly ReceivedRow[], tip: Tip, now: Date): Settled {
  const terms = termsOf(before)
  const after = { ...before, ...changesOf(before, judge(terms, received, tip), now) }
  const uncounted = uncountedOf(terms, received)
  const remarks = received.flatMap((transfer): Remark[] => {
    const reason = uncounted.get(transfer) ?? null
    const unmatched = reason === 'late' && before.status === 'cancelled' ? 'cancelled' : reason
    return unmatched === transfer.unmatched ? [] : [{ id: transfer.id, network: before.network, unmatched }]
  })
  return { before, after, remarks }
}

/** What a block may change of a payment. */
const MUTABLE = [
  ...(['status', 'creditedUnits', 'lateUnits', 'txHash', 'height', 'confirmedAt', 'reversedAt'] as const),
  ...(['dueAt', 'dueHeight'] as const),
]

function isSame(a: unknown, b: unknown): boolean {
  return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b
}

async function writePayment(tx: StoreContext, payment: CryptoPaymentRow): Promise<void> {
  const statement = prepared(tx.db, 'settle_crypto_payment', (db, name) =>
    db
      .update(cryptoPayments)
      .set(placeholdersOf(cryptoPayments, MUTABLE))
      .where(and(eq(cryptoPayments.storeId, sql.placeholder('storeId')), eq(cryptoPayments.id, sql.placeholder('id'))))
      .prepare(name),
  )
  await statement.execute(payment)
}

type Remark = { id: string; network: NetworkName; unmatched: ChainTransferRow['unmatched'] }

async function markUnmatched(tx: StoreContext, remarks: readonly Remark[]): Promise<void> {
  const byReason = new Map<Remark['unmatched'], string[]>()
  for (const { id, network, unmatched } of remarks) {
    byReason.set(unmatched, [...(byReason.get(unmatched) ?? []), id])
    if (unmatched) tx.afterCommit?.add(() => tx.metrics.countUnmatched(network, unmatched))
  }
  const t = chainTransfers
  await together(
    [...byReason].map(([unmatched, ids]) =>
      tx.db
        .update(t)
        .set({ unmatched })
        .where(and(eq(t.storeId, tx.storeId), eq(t.isTest, tx.isTest), inArray(t.id, ids)))
        .execute(),
    ),
  )
}

/** The payment, held for this transaction: whoever changes one takes its row first. */
export async function lockPayment(tx: StoreContext, id: string): Promise<CryptoPaymentRow> {
  const [payment] = await lockPayments(tx, [id])
  if (!payment) throw new Error(`payment ${id} is gone`)
  return payment
}

/** In one order everywhere, so that no two transactions wait for each other in a circle. */
async function lockPayments(tx: StoreContext, ids: readonly string[]): Promise<CryptoPaymentRow[]> {
  const p = cryptoPayments
  const statement = prepared(tx.db, 'lock_crypto_payments', (db, name) => {
    const { storeId, isTest, ids } = placeholders('storeId', 'isTest', 'ids')
    return db
      .select()
      .from(p)
      .where(and(eq(p.storeId, storeId), eq(p.isTest, isTest), sql`${p.id} = any(${ids}::uuid[])`))
      .orderBy(asc(p.id))
      .for('update')
      .prepare(name)
  })
  return statement.execute({ storeId: tx.storeId, isTest: tx.isTest, ids })
}

type ReceivedRow = Received & Pick<ChainTransferRow, 'id' | 'unmatched'>

/** By payment, in the chain's order. */
async function receivedFor(tx: StoreContext, ids: readonly string[]): Promise<Map<string, ReceivedRow[]>> {
  const t = chainTransfers
  const { paymentId, id, unmatched, txHash, units, blockNumber, blockTime } = t
  const columns = { paymentId, id, unmatched, txHash, units, blockNumber, blockTime }
  const statement = prepared(tx.db, 'received_for_payments', (db, name) => {
    const slots = placeholders('storeId', 'ids')
    return db
      .select(columns)
      .from(t)
      .where(and(eq(t.storeId, slots.storeId), sql`${paymentId} = any(${slots.ids}::uuid[])`, eq(t.isOrphan, false)))
      .orderBy(asc(blockNumber), asc(t.logIndex))
      .prepare(name)
  })
  const rows = await statement.execute({ storeId: tx.storeId, ids })
  const received = new Map<string, ReceivedRow[]>()
  for (const { paymentId: payment, ...row } of rows) {
    if (payment) received.set(payment, [...(received.get(payment) ?? []), row])
  }
  return received
}

const NEVER = new Date(0)

/** Of a payment that was cancelled, everything is late. */
function termsOf(payment: CryptoPaymentRow): Terms {
  return payment.status === 'cancelled' ? { ...payment, expiresAt: NEVER, graceEndsAt: NEVER } : payment
}

function changesOf(payment: CryptoPaymentRow, judgement: Judgement, now: Date): Partial<CryptoPaymentRow> {
  const { creditedUnits, lateUnits, txHash, height } = judgement
  const status = statusAfter(payment, judgement)
  const isReversed = payment.status === 'confirmed' && status === 'failed'
  const isAnew = payment.status !== 'confirmed' && status === 'confirmed'
  const changes = {
    status,
    creditedUnits,
    lateUnits,
    txHash,
    height,
    confirmedAt: isAnew ? now : isReversed ? null : payment.confirmedAt,
    reversedAt: isAnew ? null : isReversed ? now : payment.reversedAt,
  }
  return { ...changes, ...dueAfter({ ...payment, ...changes }, judgement) }
}

/**
 * The judgement as a status. What was told isn't untold by a block that is taken back: confirmed stays confirmed while the money
 * is on the chain, and what has ended stays ended until money that was in time appears after all.
 */
function statusAfter({ status, reversedAt }: CryptoPaymentRow, { phase }: Judgement): CryptoPaymentRow['status'] {
  if (status === 'cancelled') return 'cancelled'
  if (phase === 'confirmed') return 'confirmed'
  if (status === 'confirmed') return phase === 'seen' ? 'confirmed' : 'failed'
  if (status === 'failed' && (reversedAt !== null || phase !== 'seen')) return 'failed'
  if (status === 'expired' && phase === 'waiting') return 'expired'
  return phase === 'expired' || phase === 'failed' ? phase : 'pending'
}

/** What could change it next, so that a block without money for it costs nothing. */
function dueAfter(payment: CryptoPaymentRow, { phase, height }: Judgement) {
  const { status, expiresAt, graceEndsAt, requiredConfirmations } = payment
  if (phase === 'seen' && status !== 'confirmed' && status !== 'cancelled' && height !== null) {
    return { dueAt: null, dueHeight: height + BigInt(requiredConfirmations) - 1n }
  }
  if (status !== 'pending') return { dueAt: null, dueHeight: null }
  return { dueAt: phase === 'short' ? graceEndsAt : expiresAt, dueHeight: null }
}

/**
 * What a store's blocks above `number` held is on no chain any more, and its payments are judged anew with the next block, or with the
 * one after `at`. What is taken back mostly comes again in another place: judged only then, most payments have nothing to tell.
 */
export async function wakePayments(
  tx: StoreContext,
  network: NetworkName,
  number: bigint,
  at = AT_THE_NEXT_BLOCK,
): Promise<void> {
  const dropped = await tx.db
    .update(chainTransfers)
    .set({ isOrphan: true })
    .where(
      and(
        eq(chainTransfers.storeId, tx.storeId),
        eq(chainTransfers.isTest, tx.isTest),
        eq(chainTransfers.network, network),
        gt(chainTransfers.blockNumber, number),
        eq(chainTransfers.isOrphan, false),
      ),
    )
    .returning({ paymentId: chainTransfers.paymentId })
  const ids = [...new Set(dropped.flatMap(({ paymentId }) => paymentId ?? []))].sort()
  if (ids.length === 0) return
  await tx.db
    .update(cryptoPayments)
    .set({ dueAt: at })
    .where(and(eq(cryptoPayments.storeId, tx.storeId), inArray(cryptoPayments.id, ids)))
}
