import { sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { prepared } from '../../db/prepared'
import { addMs, HOUR_MS } from '../../kernel/clock'
import type { NetworkName } from '../../kernel/networks'
import { recordEvent } from '../webhooks/events'
import { longestRested } from './claims'
import { poolOf } from './pool-watch'
import { poolWarnings } from './table'

/** Fewer free addresses than this are a warning to the pool's owner, at most once an hour. */
const FEW = 3
const COUNTED = 1_000
const WARNED_EVERY_MS = HOUR_MS

/** Whether who takes so many addresses now has to look, in the same transaction, whether there are few. */
export function mayRunLow(ctx: StoreContext, network: NetworkName, taken: number): boolean {
  return ctx.poolWatch.isDue(poolOf(ctx, network), taken)
}

/** Counts no further than it has to: a pool may be large. */
export async function warnWhenFew(tx: StoreContext, network: NetworkName): Promise<void> {
  const { storeId, isTest } = tx
  // A limit is text: see `prepared`.
  const statement = prepared(tx.db, 'count_free_addresses', (db, name) => {
    const some = sql`(select 1 ${longestRested()} limit ${sql.raw(String(COUNTED))}) free`
    return db
      .select({ free: sql<number>`count(*)`.mapWith(Number) })
      .from(some)
      .prepare(name)
  })
  const [{ free } = { free: 0 }] = await statement.execute({ storeId, isTest, network })
  tx.poolWatch.counted(poolOf(tx, network), free - FEW)
  if (free >= FEW) return
  const at = tx.clock.now()
  const [warned] = await tx.db
    .insert(poolWarnings)
    .values({ storeId, isTest, network, warnedAt: at })
    .onConflictDoUpdate({
      target: [poolWarnings.storeId, poolWarnings.isTest, poolWarnings.network],
      set: { warnedAt: sql`excluded.warned_at` },
      setWhere: sql`${poolWarnings.warnedAt} <= ${sql.param(addMs(at, -WARNED_EVERY_MS), poolWarnings.warnedAt)}`,
    })
    .returning({ at: poolWarnings.warnedAt })
  if (!warned) return
  const data = { network, free, is_test: isTest }
  await recordEvent(tx, { type: 'addresses.low', data, at })
}
