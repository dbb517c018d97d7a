import { sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import type { Db } from '../../db/client'
import { prepared } from '../../db/prepared'
import { ATTEMPT_KINDS, type AttemptKind, WAITING } from './queue'
import { deliveries, webhookEndpoints } from './table'

/** An endpoint that something is due for. */
export type Line = {
  storeId: bigint
  endpointId: string
  /** Since when the oldest of each kind has been due; null when none is. */
  due: Record<AttemptKind, Date | null>
  isFailing: boolean
  ratePerSecond: number | null
  pacedUntil: Date | null
}

/** As many waiting deliveries of a kind are read one by one; where there are more, every endpoint is asked instead. */
const SHORT_QUEUE = 2_000

/**
 * Endpoints with work that is due, the one that has waited longest first. A short queue is read as it is, however many endpoints
 * there are; of a long one each endpoint's first entries, however long it is. The queries of the queue that name no store, and
 * none names a mode: live and test deliveries are sent alike.
 */
export async function linesWithDueWork(deps: Deps, limit: number): Promise<Line[]> {
  const queues = await Promise.all(ATTEMPT_KINDS.map((kind) => readShortQueue(deps, kind)))
  if (queues.includes('long')) return linesOfLongQueue(deps, limit)
  const now = deps.clock.now()
  const lines = new Map<string, Line>()
  for (const { kind, dueAt, failingSince, ...found } of queues.flatMap((queue) => (queue === 'long' ? [] : queue))) {
    if (dueAt > now) continue
    const due = { first: null, retry: null, ...lines.get(found.endpointId)?.due, [kind]: dueAt }
    lines.set(found.endpointId, { ...found, due, isFailing: failingSince !== null })
  }
  return [...lines.values()].sort((a, b) => oldestOf(a) - oldestOf(b)).slice(0, limit)
}

function oldestOf({ due }: Line): number {
  return Math.min(...[due.first, due.retry].flatMap((at) => at?.getTime() ?? []))
}

async function readShortQueue(deps: Deps, kind: AttemptKind) {
  const query = prepared(deps.db, `short_queue_of_${kind}`, (db, name) => shortQueueQuery(db, kind).prepare(name))
  const rows = await query.execute({ most: SHORT_QUEUE })
  if (rows.reduce((sum, { count }) => sum + count, 0) >= SHORT_QUEUE) return 'long'
  return rows.map(({ count: _, ...row }) => ({ ...row, kind }))
}

/** In the index's order, so that no plan reads the log for it. */
function shortQueueQuery(db: Db, kind: AttemptKind) {
  const e = webhookEndpoints
  const d = deliveries
  const waiting = sql`(select d.store_id, d.endpoint_id, d.due_at from ${d} d where ${WAITING[kind]}
    order by d.store_id, d.endpoint_id, d.due_at limit ${sql.placeholder('most')}) waiting`
  return db
    .select({
      ...lineColumns(),
      dueAt: sql<Date>`min(waiting.due_at)`.mapWith(d.dueAt).as('oldest_due_at'),
      count: sql<number>`count(*)`.mapWith(Number).as('waiting_count'),
    })
    .from(e)
    .innerJoin(waiting, sql`waiting.store_id = ${e.storeId} and waiting.endpoint_id = ${e.id}`)
    .groupBy(e.storeId, e.id)
}

function lineColumns() {
  const { storeId, id: endpointId, failingSince, rateLimitPerSecond: ratePerSecond, pacedUntil } = webhookEndpoints
  return { storeId, endpointId, failingSince, ratePerSecond, pacedUntil }
}

async function linesOfLongQueue(deps: Deps, limit: number): Promise<Line[]> {
  const query = prepared(deps.db, 'lines_of_long_queue', (db, name) => longQueueQuery(db).prepare(name))
  // A placeholder takes what the driver takes, which for postgres.js is text.
  const rows = await query.execute({ now: deps.clock.now().toISOString(), limit })
  return rows.map(({ first, retry, failingSince, ...row }) => ({
    ...row,
    due: { first, retry },
    isFailing: failingSince !== null,
  }))
}

/** Exported so that its plan can be looked at; its placeholders are `now` and `limit`. */
export function longQueueQuery(db: Db) {
  const e = webhookEndpoints
  const oldest = (kind: AttemptKind) =>
    sql`lateral (select d.due_at from ${deliveries} d where d.store_id = ${e.storeId} and d.endpoint_id = ${e.id}
      and ${WAITING[kind]} and d.due_at <= ${sql.placeholder('now')} order by d.due_at limit 1)`
  const dueOf = (kind: AttemptKind) => sql<Date | null>`${sql.raw(kind)}.due_at`.mapWith(deliveries.dueAt).as(kind)
  return db
    .select({ ...lineColumns(), first: dueOf('first'), retry: dueOf('retry') })
    .from(e)
    .leftJoin(sql`${oldest('first')} first`, sql`true`)
    .leftJoin(sql`${oldest('retry')} retry`, sql`true`)
    .where(sql`first.due_at is not null or retry.due_at is not null`)
    .orderBy(sql`least(first.due_at, retry.due_at)`)
    .limit(sql.placeholder('limit'))
}

/** How many deliveries wait, how many of them are due, and since when the oldest of those has been: of the whole platform. */
export async function measureQueue(deps: Deps): Promise<{ pending: number; due: number; oldestDueAt: Date | null }> {
  const now = deps.clock.now()
  // One kind at a time, since each has its index: the log beside the queue isn't read.
  const counts = ATTEMPT_KINDS.map(async (kind) => {
    const isDue = sql`d.due_at <= ${sql.param(now, deliveries.dueAt)}`
    const [row] = await deps.db
      .select({
        pending: sql`count(*)`.mapWith(Number),
        due: sql`count(*) filter (where ${isDue})`.mapWith(Number),
        oldest: sql<Date | null>`min(d.due_at)`.mapWith(deliveries.dueAt),
      })
      .from(sql`${deliveries} d`)
      .where(WAITING[kind])
    return row ?? { pending: 0, due: 0, oldest: null }
  })
  const measured = await Promise.all(counts)
  const oldest = measured.flatMap(({ due, oldest }) => (due > 0 && oldest ? [oldest.getTime()] : []))
  return {
    pending: measured.reduce((sum, { pending }) => sum + pending, 0),
    due: measured.reduce((sum, { due }) => sum + due, 0),
    oldestDueAt: oldest.length > 0 ? new Date(Math.min(...oldest)) : null,
  }
}
