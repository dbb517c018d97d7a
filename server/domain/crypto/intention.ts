import { and, desc, eq, isNotNull, lte } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { addMs, DAY_MS, SECOND_MS } from '../../kernel/clock'
import type { NetworkName } from '../../kernel/networks'
import type { Transfer } from '../../ports/network'
import { chainTransfers } from '../chains/table'
import { type CryptoPaymentRow, cryptoPayments } from './table'

/** A block's time is that of its slot's beginning, so that it may lie a little before a payment whose money it holds. */
const SKEW_MS = 15 * SECOND_MS

/** So long after its end, money of exactly a payment's amount is still taken for its own. */
const REMEMBERED_MS = DAY_MS

const CANDIDATES = 5

/**
 * The payment that a transfer was meant for: the newest at its address, in its coin, of the time of its block. Not by who has the
 * address at the moment it is seen: after a downtime that may be somebody else. Null when there is none.
 */
export async function intendedPayment(
  ctx: StoreContext,
  network: NetworkName,
  transfer: Transfer,
): Promise<string | null> {
  const earlier = await earlierIntention(ctx, network, transfer)
  if (earlier !== null) return earlier
  const candidates = await ctx.db
    .select()
    .from(cryptoPayments)
    .where(
      and(
        eq(cryptoPayments.storeId, ctx.storeId),
        eq(cryptoPayments.isTest, ctx.isTest),
        eq(cryptoPayments.network, network),
        eq(cryptoPayments.address, transfer.to),
        eq(cryptoPayments.coin, transfer.coin),
        lte(cryptoPayments.createdAt, addMs(transfer.block.time, SKEW_MS)),
      ),
    )
    // Of two of one moment, the one that waits is the newer one.
    .orderBy(desc(cryptoPayments.createdAt), desc(eq(cryptoPayments.status, 'pending')))
    .limit(CANDIDATES)
  return chosen(candidates, transfer)?.id ?? null
}

/** A transaction that a reorganisation moves into another block is still the same buyer's. */
async function earlierIntention(ctx: StoreContext, network: NetworkName, { txHash, to, coin }: Transfer) {
  const [orphan] = await ctx.db
    .select({ paymentId: chainTransfers.paymentId })
    .from(chainTransfers)
    .where(
      and(
        eq(chainTransfers.storeId, ctx.storeId),
        eq(chainTransfers.isTest, ctx.isTest),
        eq(chainTransfers.network, network),
        eq(chainTransfers.txHash, txHash),
        eq(chainTransfers.address, to),
        eq(chainTransfers.coin, coin),
        eq(chainTransfers.isOrphan, true),
        isNotNull(chainTransfers.paymentId),
      ),
    )
    .limit(1)
  return orphan?.paymentId ?? null
}

/**
 * Late money at an address that has its next payment already: where it is exactly what an unpaid predecessor asked for, and not
 * what the present one asks for, it is the predecessor's.
 */
function chosen(candidates: readonly CryptoPaymentRow[], { units, block }: Transfer): CryptoPaymentRow | undefined {
  const [newest, ...predecessors] = candidates
  if (!newest || newest.expectedUnits === units) return newest
  const since = addMs(block.time, -REMEMBERED_MS)
  const unpaid = predecessors.find(
    ({ status, expectedUnits, expiresAt }) =>
      expectedUnits === units && expiresAt > since && status !== 'confirmed' && status !== 'pending',
  )
  return unpaid ?? newest
}
