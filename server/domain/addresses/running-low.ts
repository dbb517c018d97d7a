import { and, eq, gt, sql } from 'drizzle-orm'
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
const COUNTED = 400
const WARNED_EVERY_MS = HOUR_MS

/** Counts no further than it has to: a pool may be large. */
export async function warnWhenFew(tx: StoreContext, network: NetworkName): Promise<void> {
  const { storeId, isTest, poolWatch } = tx
  // A limit is text: see `prepared`.
  const statement = prepared(tx.db, 'count_free_addresses', (db, name) => {
    const some = sql`(select 1 ${longestRested()} limit ${sql.raw(String(COUNTED))}) free`
    return db
      .select({ free: sql<number>`count(*)`.mapWith(Number) })
      .from(some)
      .prepare(name)
  })
  const [{ free } = { free: 0 }] = await statement.execute({ storeId, isTest, network })
  poolWatch.counted(poolOf(tx, network), free - FEW)
  if (free >= FEW) return
  const at = tx.clock.now()
  const recently = addMs(at, -WARNED_EVERY_MS)
  // Most that find few find it warned of; they shouldn't wait for each other at its row.
  if (await isWarned(tx, network, recently)) return
  const [warned] = await tx.db
    .insert(poolWarnings)
    .values({ storeId, isTest, network, warnedAt: at })
    .onConflictDoUpdate({
      target: [poolWarnings.storeId, poolWarnings.isTest, poolWarnings.network],
      set: { warnedAt: sql`excluded.warned_at` },
      setWhere: sql`${poolWarnings.warnedAt} <= ${sql.param(recently, poolWarnings.warnedAt)}`,
    })
    .returning({ at: poolWarnings.warnedAt })
  if (!warned) return
  const data = { network, free, is_test: isTest }
  await recordEvent(tx, { type: 'addresses.low', data, at })
}

async function isWarned({ db, storeId, isTest }: StoreContext, network: NetworkName, since: Date): Promise<boolean> {
  const w = poolWarnings
  const isOfPool = and(eq(w.storeId, storeId), eq(w.isTest, isTest), eq(w.network, network))
  const warnings = await db
    .select({ at: w.warnedAt })
    .from(w)
    .where(and(isOfPool, gt(w.warnedAt, since)))
  return warnings.length > 0
}
