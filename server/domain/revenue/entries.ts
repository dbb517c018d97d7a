import type { StoreContext } from '../../context'
import { derivedRowId } from '../../kernel/ids'
import { type RevenueEntryRow, revenueEntries, revenueTail } from './table'

export type NewEntry = Pick<
  RevenueEntryRow,
  'kind' | 'orderId' | 'productId' | 'currency' | 'method' | 'happenedAt'
> & {
  /** The order's id for a sale, the refund's for a refund: the same thing can't be entered twice. */
  sourceId: string
  /** Above 0, but for a refund that came back: it is entered once more, below 0. */
  amountMinor: bigint
}

/**
 * Enters a sale or a refund, in the transaction that makes it true. The tail row is what the roller folds; readers add the tail
 * meanwhile. Entering the same source twice throws on the primary key, and so undoes its transaction.
 */
export async function recordEntry(tx: StoreContext, entry: NewEntry): Promise<void> {
  const { sourceId, ...facts } = entry
  const row: RevenueEntryRow = {
    ...facts,
    storeId: tx.storeId,
    id: derivedRowId(tx.storeId, `${entry.kind} ${sourceId}`),
    isTest: tx.isTest,
  }
  await tx.db.insert(revenueEntries).values(row)
  await tx.db.insert(revenueTail).values(row)
  tx.afterCommit?.add(() => tx.wake('revenue'))
}
