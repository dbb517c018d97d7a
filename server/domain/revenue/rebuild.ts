import { and, asc, eq, gt, notExists, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import type { Db } from '../../db/client'
import { stores } from '../stores/table'
import { asOnlyRoller } from './roller'
import { addEntry, emptyRollup, type Rollup, saveRollup } from './rollup'
import { revenueDays, revenueEntries, revenueTail, revenueTotals } from './table'

const ENTRIES_PER_PAGE = 5_000
const STORES_PER_PAGE = 500

export type RebuildProgress = { storeId: bigint; entries: number; finished: boolean }

/**
 * Makes days and totals again from the entries, of one store or of all. The shop may go on selling meanwhile: readers see the
 * old numbers until a store is done, then the new ones.
 *
 * `onProgress` hears after each page how many entries of the store were read. Answers how many stores were rebuilt.
 */
export async function rebuildRevenue(
  deps: Deps,
  storeId?: bigint,
  onProgress: (progress: RebuildProgress) => void = () => undefined,
): Promise<number> {
  if (storeId !== undefined) {
    await rebuildStore(deps, storeId, onProgress)
    return 1
  }
  let rebuilt = 0
  for (let last: bigint | undefined; ; ) {
    const page = await deps.db
      .select({ storeId: stores.storeId })
      .from(stores)
      .where(last === undefined ? undefined : gt(stores.storeId, last))
      .orderBy(asc(stores.storeId))
      .limit(STORES_PER_PAGE)
    for (const row of page) await rebuildStore(deps, row.storeId, onProgress)
    rebuilt += page.length
    last = page.at(-1)?.storeId
    if (last === undefined || page.length < STORES_PER_PAGE) return rebuilt
  }
}

/**
 * While the lock is held nobody takes rows out of the tail, so that an entry with a tail row will be folded later and every
 * other entry must be counted here. Each page asks that in one statement, hence in one snapshot: sales that are made meanwhile
 * come with their tail row and are left to the roller.
 */
async function rebuildStore(
  deps: Deps,
  storeId: bigint,
  onProgress: (progress: RebuildProgress) => void,
): Promise<void> {
  await asOnlyRoller(deps, storeId, 'wait', async (tx) => {
    await tx.delete(revenueDays).where(eq(revenueDays.storeId, storeId))
    await tx.delete(revenueTotals).where(eq(revenueTotals.storeId, storeId))
    await dropOrphans(tx, storeId)
    const rollup = emptyRollup(storeId)
    let entries = 0
    for (let last: string | undefined; ; ) {
      const page = await addPage(tx, rollup, last)
      entries += page.length
      onProgress({ storeId, entries, finished: false })
      last = page.at(-1)
      if (last === undefined || page.length < ENTRIES_PER_PAGE) break
    }
    await saveRollup(tx, rollup)
    onProgress({ storeId, entries, finished: true })
  })
}

/** Adds the page of folded entries after an id and answers the ids it held. */
async function addPage(tx: Db, rollup: Rollup, last: string | undefined): Promise<string[]> {
  const rows = await tx
    .select()
    .from(revenueEntries)
    .where(
      and(
        eq(revenueEntries.storeId, rollup.storeId),
        last === undefined ? undefined : gt(revenueEntries.id, last),
        notExists(
          tx
            .select({ one: sql`1` })
            .from(revenueTail)
            .where(and(eq(revenueTail.storeId, rollup.storeId), eq(revenueTail.id, revenueEntries.id))),
        ),
      ),
    )
    .orderBy(asc(revenueEntries.id))
    .limit(ENTRIES_PER_PAGE)
  for (const row of rows) addEntry(rollup, row)
  return rows.map((row) => row.id)
}

/** Tail rows that no entry stands behind: there should be none, and a rebuild is what mends what shouldn't be. */
async function dropOrphans(tx: Db, storeId: bigint): Promise<void> {
  await tx.delete(revenueTail).where(
    and(
      eq(revenueTail.storeId, storeId),
      notExists(
        tx
          .select({ one: sql`1` })
          .from(revenueEntries)
          .where(and(eq(revenueEntries.storeId, storeId), eq(revenueEntries.id, revenueTail.id))),
      ),
    ),
  )
}
