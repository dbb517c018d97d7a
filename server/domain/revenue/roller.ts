import { asc } from 'drizzle-orm'
import type { Deps } from '../../context'
import { foldAll, foldStore, type Rollup } from '../rollups/fold'
import { type RebuildProgress, rebuild } from '../rollups/rebuild'
import { addEntry, emptySums, type RevenueSums, saveSums } from './sums'
import { type RevenueEntryRow, revenueDays, revenueEntries, revenueTail, revenueTotals } from './table'

export const REVENUE: Rollup<RevenueEntryRow, RevenueSums> = {
  name: 'revenue',
  entries: revenueEntries,
  tail: revenueTail,
  tailSince: revenueTail.happenedAt,
  sums: [revenueDays, revenueTotals],
  read: (tx, which, limit) =>
    tx.select().from(revenueEntries).where(which).orderBy(asc(revenueEntries.id)).limit(limit),
  take: (tx, which) => tx.delete(revenueTail).where(which).returning(),
  empty: emptySums,
  add: addEntry,
  save: saveSums,
}

/** Answers true when more waits. */
export const foldTails = (deps: Deps): Promise<boolean> => foldAll(deps, REVENUE)

/** One store's; answers how many entries it folded. */
export const foldTail = (deps: Deps, storeId: bigint): Promise<number> => foldStore(deps, REVENUE, storeId)

/** Days and totals of one store or of all; answers how many stores. */
export const rebuildRevenue = (
  deps: Deps,
  storeId?: bigint,
  onProgress?: (progress: RebuildProgress) => void,
): Promise<number> => rebuild(deps, REVENUE, storeId, onProgress)
