import { asc, gt } from 'drizzle-orm'
import type { Deps } from '../../context'
import { stores } from './table'

const STORES_PER_PAGE = 100

/** Does `work` for every store of the platform, one after the other, until all are done or the process stops. */
export async function everyStore(
  deps: Deps,
  turn: { stopping: AbortSignal } | undefined,
  work: (storeId: bigint) => Promise<void>,
): Promise<void> {
  for (let after = -1n; ; ) {
    const page = await deps.db
      .select({ storeId: stores.storeId })
      .from(stores)
      .where(gt(stores.storeId, after))
      .orderBy(asc(stores.storeId))
      .limit(STORES_PER_PAGE)
    for (const { storeId } of page) {
      if (turn?.stopping.aborted) return
      await work(storeId)
      after = storeId
    }
    if (page.length < STORES_PER_PAGE) return
  }
}
