import { and, asc, eq, gt, inArray } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { NetworkName } from '../../kernel/networks'
import { reclaimAddress, releaseAddress } from '../addresses/claims'
import { chainTransfers } from '../chains/table'
import { recordEvents } from '../webhooks/events'
import { eventsOf } from './events'
import { type Judgement, judge, type Received, type Terms, type Tip } from './judgement'
import { type CryptoPaymentRow, cryptoPayments } from './table'

/** Before every block. */
const AT_THE_NEXT_BLOCK = new Date(0)

/**
 * Judges a payment by the chain as it stands, and writes what has changed: its state, its lock on the address, its events. Nothing is
 * written when nothing has.
 */
export async function settlePayment(tx: StoreContext, id: string, tip: Tip): Promise<void> {
  const payment = await lockPayment(tx, id)
  const judgement = judge(termsOf(payment), await receivedFor(tx, id), tip)
  const changes = changesOf(payment, judgement, tx.clock.now())
  const next: CryptoPaymentRow = { ...payment, ...changes }
  await tx.db
    .update(cryptoPayments)
    .set(changes)
    .where(and(eq(cryptoPayments.storeId, tx.storeId), eq(cryptoPayments.id, id)))
  if (payment.status === 'pending' && next.status !== 'pending') await releaseAddress(tx, payment)
  if (payment.status !== 'pending' && next.status === 'pending') await reclaimAddress(tx, payment)
  await recordEvents(tx, eventsOf(tx, payment, next, tip))
}

/** The payment, held for this transaction: whoever changes one takes its row first. */
export async function lockPayment(tx: StoreContext, id: string): Promise<CryptoPaymentRow> {
  const [row] = await tx.db
    .select()
    .from(cryptoPayments)
    .where(and(eq(cryptoPayments.storeId, tx.storeId), eq(cryptoPayments.isTest, tx.isTest), eq(cryptoPayments.id, id)))
    .for('update')
  if (!row) throw new Error(`payment ${id} is gone`)
  return row
}

function receivedFor(tx: StoreContext, id: string): Promise<Received[]> {
  const t = chainTransfers
  return tx.db
    .select({ txHash: t.txHash, units: t.units, blockNumber: t.blockNumber, blockTime: t.blockTime })
    .from(t)
    .where(and(eq(t.storeId, tx.storeId), eq(t.paymentId, id), eq(t.isOrphan, false)))
    .orderBy(asc(t.blockNumber), asc(t.logIndex))
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
 * What a store's blocks above `number` held is on no chain any more, and its payments are judged anew with the next block. A block
 * that is taken back mostly comes again in another place: judged only then, most payments have nothing to tell.
 */
export async function wakePayments(tx: StoreContext, network: NetworkName, number: bigint): Promise<void> {
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
    .set({ dueAt: AT_THE_NEXT_BLOCK })
    .where(and(eq(cryptoPayments.storeId, tx.storeId), inArray(cryptoPayments.id, ids)))
}
