import { and, eq, gte, lt, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import type { Db } from '../../db/client'
import { prepared } from '../../db/prepared'
import { addMs, DAY_MS, SECOND_MS } from '../../kernel/clock'
import { toWireMinor } from '../../kernel/money'
import type { PublicStats } from './schema'
import { revenueDays, revenueTail, revenueTotals } from './table'
import { startOfUtcDay, utcDay } from './window'

/** Anybody may ask, so that a process asks the database this often at most, however many ask it. */
const COUNTED_EVERY_MS = 5 * SECOND_MS

type Counted = { at: Date; stats: Promise<PublicStats> }
const latest = new WeakMap<Db, Counted>()

/** Live sales of the whole platform, counted at most five seconds ago. Those who ask while it is counted share one answer. */
export function getPublicStats(deps: Deps): Promise<PublicStats> {
  const now = deps.clock.now()
  const known = latest.get(deps.db)
  const age = known ? now.getTime() - known.at.getTime() : Number.POSITIVE_INFINITY
  // A negative age means that the clock was set back, and nothing is known of then.
  if (known && age >= 0 && age < COUNTED_EVERY_MS) return known.stats
  const counted: Counted = { at: now, stats: countSales(deps, now) }
  latest.set(deps.db, counted)
  counted.stats.catch(() => {
    if (latest.get(deps.db) === counted) latest.delete(deps.db)
  })
  return counted.stats
}

/** The whole platform, so no store is named. One statement, hence one snapshot: see readParts. */
async function countSales(deps: Deps, now: Date): Promise<PublicStats> {
  const query = prepared(deps.db, 'public_stats', (db, name) =>
    db
      .select({
        today: sql<bigint>`coalesce(sum(today), 0)::text`.mapWith(BigInt),
        sales: sql<bigint>`coalesce(sum(sales), 0)::text`.mapWith(BigInt),
        gmv: sql<bigint>`coalesce(sum(gmv), 0)::text`.mapWith(BigInt),
        sellers: sql<number>`(count(distinct store_id) filter (where sales > 0))::int`.mapWith(Number),
      })
      .from(sql`(${liveSales()}) as parts`)
      .prepare(name),
  )
  const dayAt = startOfUtcDay(now)
  const [row] = await query.execute({ day: utcDay(now), dayAt, nextDayAt: addMs(dayAt, DAY_MS) })
  return {
    sales_today: Number(row?.today ?? 0),
    sales_total: Number(row?.sales ?? 0),
    gmv_total_cents: toWireMinor(row?.gmv ?? 0n),
    active_sellers: row?.sellers ?? 0,
    as_of: now.toISOString(),
  }
}

/**
 * Folded totals, the tail, and today's folded days. The days are looked up store by store through their key: an index over the
 * day alone would be one more to keep for this question only.
 */
function liveSales() {
  const usd = (amount: typeof revenueTotals.grossMinor | typeof revenueTail.amountMinor) =>
    sql`case when currency = 'usd' then ${amount} else 0 end`
  const { happenedAt } = revenueTail
  const isToday = and(gte(happenedAt, sql.placeholder('dayAt')), lt(happenedAt, sql.placeholder('nextDayAt')))
  return sql`
    select store_id, sales, ${usd(revenueTotals.grossMinor)} as gmv, 0 as today
      from ${revenueTotals} where ${eq(revenueTotals.isTest, false)}
    union all
    select store_id, 1, ${usd(revenueTail.amountMinor)}, case when ${isToday} then 1 else 0 end
      from ${revenueTail} where ${eq(revenueTail.isTest, false)} and kind = 'sale'
    union all
    select sellers.store_id, 0, 0, days.sales
      from (select distinct store_id from ${revenueTotals} where ${eq(revenueTotals.isTest, false)}) as sellers
      cross join lateral (
        select coalesce(sum(sales), 0) as sales from ${revenueDays}
        where ${revenueDays.storeId} = sellers.store_id and ${eq(revenueDays.isTest, false)}
          and ${eq(revenueDays.day, sql.placeholder('day'))}
      ) as days`
}
