import { and, asc, eq, isNotNull, lte, min } from 'drizzle-orm'
import { type Deps, storeContext } from '../../context'
import { addMs, HOUR_MS } from '../../kernel/clock'
import { formatStoreId } from '../../kernel/ids'
import { ofStore } from './platform'
import { refreshConnection } from './refresh'
import { storeConnections } from './table'

const STORES = 20
const PAUSE_MS = HOUR_MS

/**
 * Asks the gateway about accounts of which it may have told in vain: often while a seller is answering its questions, once a day after.
 * Answers true when more are waiting. Of all stores, both modes, those that wait longest first.
 */
export async function checkConnections(deps: Deps): Promise<boolean> {
  const c = storeConnections
  const isDue = and(lte(c.checkAt, deps.clock.now()), isNotNull(c.account))
  const stores = await deps.db
    .select({ storeId: c.storeId })
    .from(c)
    .where(isDue)
    .groupBy(c.storeId)
    .orderBy(asc(min(c.checkAt)))
    .limit(STORES)
  for (const { storeId } of stores) {
    const due = await deps.db
      .select()
      .from(c)
      .where(and(eq(c.storeId, storeId), isDue))
    for (const connection of due) {
      const ctx = storeContext(deps, storeId, connection.isTest)
      // Put off first: an account that can't be asked about must not hold up the others.
      await ctx.db
        .update(c)
        .set({ checkAt: addMs(ctx.clock.now(), PAUSE_MS) })
        .where(ofStore(ctx))
      try {
        await refreshConnection(ctx, connection)
      } catch (error) {
        ctx.log.warn({ store: formatStoreId(storeId), err: error }, 'an account could not be checked')
      }
    }
  }
  return stores.length === STORES
}
