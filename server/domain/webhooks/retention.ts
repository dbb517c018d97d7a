import { and, asc, eq, inArray, lt, ne, notExists, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import { inTransaction } from '../../db/transaction'
import { addMs, DAY_MS } from '../../kernel/clock'
import { everyStore } from '../stores/every'
import { deliveries, events, webhookEndpoints } from './table'

const ROWS_PER_DELETE = 500

/**
 * Forgets events and finished deliveries, with their attempts, after the days of the configuration; what is still to be sent
 * stays, and an event as long as a delivery of it. It looks at every store of the platform, one after the other, in deletions
 * that are small enough to hold nobody up.
 */
export async function pruneWebhooks(deps: Deps, turn?: { stopping: AbortSignal }): Promise<boolean> {
  const before = addMs(deps.clock.now(), -deps.config.webhookRetentionDays * DAY_MS)
  await everyStore(deps, turn, async (storeId) => {
    for (const isTest of [false, true]) {
      for (const prune of [pruneDeliveries, pruneEvents, pruneOrderEndpoints]) {
        while (!turn?.stopping.aborted && (await prune(deps, storeId, isTest, before)) === ROWS_PER_DELETE);
      }
    }
  })
  return false
}

/** Answers how many it deleted. */
type Prune = (deps: Deps, storeId: bigint, isTest: boolean, before: Date) => Promise<number>

const pruneDeliveries: Prune = async ({ db }, storeId, isTest, before) => {
  const d = deliveries
  const old = db
    .select({ id: d.id })
    .from(d)
    .where(and(eq(d.storeId, storeId), eq(d.isTest, isTest), lt(d.createdAt, before), ne(d.status, 'pending')))
    .orderBy(asc(d.createdAt))
    .limit(ROWS_PER_DELETE)
  const gone = await db
    .delete(d)
    .where(and(eq(d.storeId, storeId), inArray(d.id, old)))
    .returning({ id: d.id })
  return gone.length
}

const pruneEvents: Prune = async ({ db }, storeId, isTest, before) => {
  const delivery = db
    .select({ one: sql`1` })
    .from(deliveries)
    .where(and(eq(deliveries.storeId, storeId), eq(deliveries.eventId, events.id)))
  const old = db
    .select({ id: events.id })
    .from(events)
    .where(
      and(eq(events.storeId, storeId), eq(events.isTest, isTest), lt(events.createdAt, before), notExists(delivery)),
    )
    .orderBy(asc(events.createdAt))
    .limit(ROWS_PER_DELETE)
  const gone = await db
    .delete(events)
    .where(and(eq(events.storeId, storeId), inArray(events.id, old)))
    .returning({ id: events.id })
  return gone.length
}

/**
 * The URLs that orders named, when nobody has named or used them for as long and no delivery to them is left. Whoever tells of such
 * an order later makes its endpoint anew.
 */
const pruneOrderEndpoints: Prune = (deps, storeId, isTest, before) =>
  inTransaction(deps, async ({ db }) => {
    const e = webhookEndpoints
    const delivery = db
      .select({ one: sql`1` })
      .from(deliveries)
      .where(and(eq(deliveries.storeId, storeId), eq(deliveries.endpointId, e.id)))
    const isUnused = and(
      eq(e.storeId, storeId),
      eq(e.isTest, isTest),
      eq(e.kind, 'order'),
      lt(e.updatedAt, before),
      notExists(delivery),
    )
    // Held first, and asked again when they are: a delivery that was made meanwhile would be deleted with its endpoint.
    const unused = await db
      .select({ id: e.id })
      .from(e)
      .where(isUnused)
      .limit(ROWS_PER_DELETE)
      .for('update', { skipLocked: true })
    if (unused.length === 0) return 0
    const ids = unused.map(({ id }) => id)
    await db.delete(e).where(and(isUnused, inArray(e.id, ids)))
    return unused.length
  })
