import { and, desc, eq } from 'drizzle-orm'
import type * as z from 'zod'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { formatUnits, knownCoin } from '../../kernel/networks'
import { cryptoPayments } from '../crypto/table'
import type { UnmatchedQuery, UnmatchedTransfer } from './schema'
import { type ChainTransferRow, chainTransfers, isUnmatched } from './table'

type Unmatched = ChainTransferRow & { paymentNumber: string | null }

/** What came to the store's addresses and counts for no payment, newest first. */
export async function listUnmatched(ctx: StoreContext, query: UnmatchedQuery) {
  const t = chainTransfers
  const p = cryptoPayments
  const found = await ctx.db
    .select({ transfer: t, paymentNumber: p.number })
    .from(t)
    .leftJoin(p, and(eq(p.storeId, t.storeId), eq(p.id, t.paymentId)))
    .where(
      and(
        eq(t.storeId, ctx.storeId),
        eq(t.isTest, ctx.isTest),
        isUnmatched,
        query.network && eq(t.network, query.network),
        query.reason && eq(t.unmatched, query.reason),
        olderThan(readCursor(query.cursor), t.createdAt, t.id),
      ),
    )
    .orderBy(desc(t.createdAt), desc(t.id))
    .limit(query.limit + 1)
  return pageOf<Unmatched>(
    found.map(({ transfer, paymentNumber }) => ({ ...transfer, paymentNumber })),
    query.limit,
  )
}

export function toUnmatched(row: Unmatched): z.infer<typeof UnmatchedTransfer> {
  return {
    id: row.id,
    network: row.network,
    currency: row.coin,
    amount: formatUnits(row.units, knownCoin(row.network, row.coin)),
    address: row.address,
    from_address: row.fromAddress,
    tx_hash: row.txHash,
    block_number: Number(row.blockNumber),
    block_time: row.blockTime.toISOString(),
    reason: row.unmatched ?? 'no_payment',
    payment_number: row.paymentNumber,
    is_test: row.isTest,
    created_at: row.createdAt.toISOString(),
  }
}
