import { and, asc, eq, inArray, lt, ne } from 'drizzle-orm'
import type { Deps } from '../../context'
import { addMs, DAY_MS } from '../../kernel/clock'
import { PLATFORM_STORE } from '../../kernel/ids'
import { everyStore } from '../stores/every'
import { gatewayNotices } from './table'

/** Far longer than a gateway repeats itself. */
const KEPT_MS = 60 * DAY_MS
const ROWS_PER_DELETE = 500

/** Forgets notices that were followed long ago, in small deletions; store by store, of all stores and the platform. */
export async function pruneNotices(deps: Deps, turn?: { stopping: AbortSignal }): Promise<boolean> {
  const before = addMs(deps.clock.now(), -KEPT_MS)
  const pruneStore = async (storeId: bigint) => {
    for (const isTest of [false, true]) {
      while (!turn?.stopping.aborted && (await prune(deps, storeId, isTest, before)) === ROWS_PER_DELETE);
    }
  }
  await everyStore(deps, turn, pruneStore)
  await pruneStore(PLATFORM_STORE)
  return false
}

/** Answers how many it deleted. */
async function prune({ db }: Deps, storeId: bigint, isTest: boolean, before: Date): Promise<number> {
  const n = gatewayNotices
  const old = db
    .select({ id: n.id })
    .from(n)
    .where(and(eq(n.storeId, storeId), eq(n.isTest, isTest), lt(n.receivedAt, before), ne(n.status, 'pending')))
    .orderBy(asc(n.receivedAt))
    .limit(ROWS_PER_DELETE)
  const gone = await db
    .delete(n)
    .where(and(eq(n.storeId, storeId), inArray(n.id, old)))
    .returning({ id: n.id })
  return gone.length
}
