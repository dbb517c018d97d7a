import { and, asc, eq, inArray, lte, notInArray, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import { prepared } from '../../db/prepared'
import { inTransaction } from '../../db/transaction'
import { addMs, SECOND_MS } from '../../kernel/clock'
import type { SendOutcome } from '../../ports/sender'
import { type DeliveryRow, deliveries, deliveryAttempts, events, webhookEndpoints } from './table'
import type { Verdict } from './verdict'

/**
 * How long a claimed delivery is its worker's alone: the 10 s of a send, and time to write its result. After a killed process
 * another one takes over what it had.
 */
export const LEASE_MS = 30 * SECOND_MS

/** A delivery with all that is needed to send it. */
export type Claimed = {
  storeId: bigint
  id: string
  /** Document B's numeric delivery id. */
  number: number
  isTest: boolean
  /** The one that this claim is for included: an attempt that kills its process, or can't be written down, counts too. */
  attempts: number
  createdAt: Date
  event: { id: string; type: string; data: Record<string, unknown>; createdAt: Date }
  endpoint: { id: string; url: string; secret: string; isActive: boolean }
}

// Written out in the queries, not passed: a prepared statement uses the partial index only if it can see this.
const isPending = sql`${deliveries.status} = 'pending'`

/**
 * Stores with work that is due, the one that has waited longest first. The one query of the queue that names no store, and
 * none names a mode: live and test deliveries are sent alike.
 */
export async function storesWithDueWork(deps: Deps, limit: number): Promise<bigint[]> {
  const query = prepared(deps.db, 'stores_with_due_deliveries', (db, name) =>
    db
      .select({ storeId: deliveries.storeId })
      .from(deliveries)
      .where(and(isPending, lte(deliveries.dueAt, sql.placeholder('now'))))
      .groupBy(deliveries.storeId)
      .orderBy(sql`min(${deliveries.dueAt})`)
      .limit(sql.placeholder('limit'))
      .prepare(name),
  )
  // A placeholder takes what the driver takes, which for postgres.js is text.
  return (await query.execute({ now: deps.clock.now().toISOString(), limit })).map((row) => row.storeId)
}

/** How many deliveries to take, and of each endpoint how many at most. */
export type Wanted = { limit: number; roomOf(endpointId: string): number; fullEndpoints: readonly string[] }

/**
 * Takes due deliveries of a store, oldest first, for the length of a lease: two workers never get the same one. `all` is false
 * when the store has more that is due.
 */
export async function claimDue(
  deps: Deps,
  storeId: bigint,
  wanted: Wanted,
): Promise<{ claimed: Claimed[]; all: boolean }> {
  const now = deps.clock.now()
  const { taken, all } = await inTransaction(deps, async (tx) => {
    const due = await lockDue(tx, storeId, now, wanted)
    const taken = withinRoom(due, wanted)
    if (taken.length > 0) {
      const ids = taken.map((row) => row.id)
      await tx.db
        .update(deliveries)
        .set({ dueAt: addMs(now, LEASE_MS), attempts: sql`${deliveries.attempts} + 1` })
        .where(and(eq(deliveries.storeId, storeId), inArray(deliveries.id, ids)))
    }
    return { taken, all: due.length < wanted.limit && taken.length === due.length }
  })
  return { claimed: await withContents(deps, storeId, taken), all }
}

type Due = Pick<DeliveryRow, 'id' | 'number' | 'isTest' | 'attempts' | 'createdAt' | 'endpointId' | 'eventId'>

/** Of the deliveries alone: a planner without fresh statistics joins the store's whole history to each of them. */
function lockDue(tx: Deps, storeId: bigint, now: Date, { limit, fullEndpoints }: Wanted): Promise<Due[]> {
  return tx.db
    .select({
      id: deliveries.id,
      number: deliveries.number,
      isTest: deliveries.isTest,
      attempts: deliveries.attempts,
      createdAt: deliveries.createdAt,
      endpointId: deliveries.endpointId,
      eventId: deliveries.eventId,
    })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.storeId, storeId),
        isPending,
        lte(deliveries.dueAt, now),
        fullEndpoints.length > 0 ? notInArray(deliveries.endpointId, [...fullEndpoints]) : undefined,
      ),
    )
    .orderBy(asc(deliveries.dueAt))
    .limit(limit)
    .for('update', { skipLocked: true })
}

/** What is over an endpoint's room stays in the queue, unlocked again by the commit. */
function withinRoom(rows: readonly Due[], { roomOf }: Wanted): Due[] {
  const taken = new Map<string, number>()
  return rows.filter(({ endpointId }) => {
    const count = taken.get(endpointId) ?? 0
    if (count >= roomOf(endpointId)) return false
    taken.set(endpointId, count + 1)
    return true
  })
}

/** Adds the events and the endpoints. A delivery whose endpoint was deleted just now is gone with it. */
async function withContents(deps: Deps, storeId: bigint, taken: readonly Due[]): Promise<Claimed[]> {
  if (taken.length === 0) return []
  const [happened, endpoints] = await Promise.all([
    deps.db
      .select({ id: events.id, type: events.type, data: events.data, createdAt: events.createdAt })
      .from(events)
      .where(and(eq(events.storeId, storeId), inArray(events.id, distinct(taken, 'eventId')))),
    deps.db
      .select({
        id: webhookEndpoints.id,
        url: webhookEndpoints.url,
        secret: webhookEndpoints.secret,
        isActive: webhookEndpoints.isActive,
      })
      .from(webhookEndpoints)
      .where(and(eq(webhookEndpoints.storeId, storeId), inArray(webhookEndpoints.id, distinct(taken, 'endpointId')))),
  ])
  return taken.flatMap(({ id, number, isTest, attempts, createdAt, eventId, endpointId }) => {
    const event = happened.find((row) => row.id === eventId)
    const endpoint = endpoints.find((row) => row.id === endpointId)
    return event && endpoint
      ? [{ storeId, id, number, isTest, attempts: attempts + 1, createdAt, event, endpoint }]
      : []
  })
}

function distinct(rows: readonly Due[], field: 'eventId' | 'endpointId'): string[] {
  return [...new Set(rows.map((row) => row[field]))]
}

/** Ends a delivery without a request. */
export async function giveUp(deps: Deps, delivery: Claimed, error: string): Promise<void> {
  await deps.db
    .update(deliveries)
    .set({ status: 'failed', attempts: delivery.attempts - 1, error, finishedAt: deps.clock.now() })
    .where(stillOurs(delivery))
}

export type Attempt = { startedAt: Date; outcome: SendOutcome; verdict: Verdict }

/**
 * Writes what an attempt came to. Nothing is written when the delivery is no longer ours: its endpoint was deleted, or another
 * worker took it over after the lease and has finished first.
 */
export async function recordAttempt(deps: Deps, delivery: Claimed, attempt: Attempt): Promise<void> {
  const { outcome, verdict } = attempt
  const now = deps.clock.now()
  const answer = outcome.kind === 'answered' ? outcome : undefined
  await inTransaction(deps, async (tx) => {
    const kept = await tx.db
      .update(deliveries)
      .set({
        status: verdict.status,
        responseCode: answer?.status ?? null,
        error: verdict.error,
        ...(verdict.status === 'pending' ? { dueAt: verdict.dueAt } : { finishedAt: now }),
      })
      .where(stillOurs(delivery))
      .returning({ id: deliveries.id })
    if (kept.length === 0) return
    await tx.db.insert(deliveryAttempts).values({
      storeId: delivery.storeId,
      deliveryId: delivery.id,
      number: delivery.attempts,
      startedAt: attempt.startedAt,
      durationMs: outcome.durationMs,
      responseCode: answer?.status ?? null,
      responseHeaders: answer?.headers ?? null,
      responseBody: answer?.body ?? null,
      error: verdict.error,
    })
    if (verdict.status === 'failed' && verdict.disables) await disableEndpoint(tx, delivery, now)
  })
}

function stillOurs({ storeId, id, attempts }: Claimed) {
  return and(eq(deliveries.storeId, storeId), eq(deliveries.id, id), isPending, eq(deliveries.attempts, attempts))
}

/** Only while it still has the URL that answered: the owner may have moved it meanwhile. */
async function disableEndpoint(tx: Deps, delivery: Claimed, at: Date): Promise<void> {
  await tx.db
    .update(webhookEndpoints)
    .set({ isActive: false, disabledReason: 'The receiver answered 410 Gone.', updatedAt: at })
    .where(
      and(
        eq(webhookEndpoints.storeId, delivery.storeId),
        eq(webhookEndpoints.id, delivery.endpoint.id),
        eq(webhookEndpoints.url, delivery.endpoint.url),
      ),
    )
}
