import { and, asc, eq, inArray, min } from 'drizzle-orm'
import type { Deps } from '../../context'
import type { Db } from '../../db/client'
import { inTransaction } from '../../db/transaction'
import { addEntry, emptyRollup, saveRollup } from './rollup'
import { revenueRollers, revenueTail } from './table'

/** Stores that one round looks after, and tail rows that one transaction folds. */
const STORES_PER_ROUND = 100
const ROWS_PER_FOLD = 2_000

/**
 * Folds the tails of all stores into their days and totals, the longest waiting store first. Runs over the whole platform, so
 * it names no store until it has found those with work. Answers true when more waits. Safe in several processes at once.
 */
export async function foldTails(deps: Deps): Promise<boolean> {
  const waiting = await deps.db
    .select({ storeId: revenueTail.storeId })
    .from(revenueTail)
    .groupBy(revenueTail.storeId)
    .orderBy(asc(min(revenueTail.happenedAt)))
    .limit(STORES_PER_ROUND)
  let more = waiting.length === STORES_PER_ROUND
  let folded = 0
  for (const { storeId } of waiting) {
    // One store's trouble is logged and doesn't keep the others waiting; readers stay exact meanwhile.
    try {
      const rows = await foldTail(deps, storeId)
      folded += rows
      if (rows === ROWS_PER_FOLD) more = true
    } catch (error) {
      deps.log.error({ err: error, store: storeId.toString() }, 'a revenue tail was not folded and will be tried again')
    }
  }
  // Nothing folded: others are at work on these stores, or they fail. Rest instead of asking again at once.
  return more && folded > 0
}

/**
 * Folds one store's tail and answers how many rows that were, 0 when somebody else is at it. Days, totals and the tail change
 * in one transaction. The rows that it folds are those that its DELETE answers, so that none can be folded twice or be
 * deleted unfolded.
 */
export async function foldTail(deps: Deps, storeId: bigint): Promise<number> {
  const folded = await asOnlyRoller(deps, storeId, 'skip', async (tx) => {
    const batch = tx
      .select({ id: revenueTail.id })
      .from(revenueTail)
      .where(eq(revenueTail.storeId, storeId))
      .orderBy(asc(revenueTail.id))
      .limit(ROWS_PER_FOLD)
    const rows = await tx
      .delete(revenueTail)
      .where(and(eq(revenueTail.storeId, storeId), inArray(revenueTail.id, batch)))
      .returning()
    const rollup = emptyRollup(storeId)
    for (const row of rows) addEntry(rollup, row)
    await saveRollup(tx, rollup)
    return rows.length
  })
  return folded ?? 0
}

/**
 * Runs `work` in a transaction that is the only one to fold or rebuild the store: it holds a lock on the store's row, which
 * ends with the transaction, by a crash too. Where somebody else has it, `skip` answers undefined and `wait` waits.
 */
export async function asOnlyRoller<T>(
  deps: Deps,
  storeId: bigint,
  busy: 'skip' | 'wait',
  work: (tx: Db) => Promise<T>,
): Promise<T | undefined> {
  // Committed by itself: an insert inside the transaction would make others wait for its end even where they want to skip.
  await deps.db.insert(revenueRollers).values({ storeId }).onConflictDoNothing()
  return inTransaction(deps, async ({ db: tx }) => {
    const locked = await tx
      .select({ storeId: revenueRollers.storeId })
      .from(revenueRollers)
      .where(eq(revenueRollers.storeId, storeId))
      .for('update', busy === 'skip' ? { skipLocked: true } : {})
    return locked.length > 0 ? work(tx) : undefined
  })
}
