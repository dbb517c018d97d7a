import { and, asc, eq, inArray, lte, notInArray, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import { prepared } from '../../db/prepared'
import { inTransaction } from '../../db/transaction'
import { addMs, SECOND_MS } from '../../kernel/clock'
import type { SendOutcome } from '../../ports/sender'
import { deliveries, deliveryAttempts, events, webhookEndpoints } from './table'
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
  /** The one that this claim is for included: an attempt that kills its process, or can't be written down, counts too. */
  attempts: number
  createdAt: Date
  endpointId: string
  url: string
  secret: string
  isActive: boolean
  event: { id: string; type: string; data: Record<string, unknown>; createdAt: Date }
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
  return (await query.execute({ now: deps.clock.now(), limit })).map((row) => row.storeId)
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
  return inTransaction(deps, async (tx) => {
    const rows = await lockDue(tx, storeId, now, wanted)
    const claimed = withinRoom(rows, wanted)
    if (claimed.length > 0) {
      const ids = claimed.map((delivery) => delivery.id)
      await tx.db
        .update(deliveries)
        .set({ dueAt: addMs(now, LEASE_MS), attempts: sql`${deliveries.attempts} + 1` })
        .where(and(eq(deliveries.storeId, storeId), inArray(deliveries.id, ids)))
    }
    const begun = claimed.map((delivery) => ({ ...delivery, attempts: delivery.attempts + 1 }))
    return { claimed: begun, all: rows.length < wanted.limit && claimed.length === rows.length }
  })
}

function lockDue(tx: Deps, storeId: bigint, now: Date, { limit, fullEndpoints }: Wanted): Promise<Claimed[]> {
  return tx.db
    .select({
      storeId: deliveries.storeId,
      id: deliveries.id,
      attempts: deliveries.attempts,
      createdAt: deliveries.createdAt,
      endpointId: deliveries.endpointId,
      url: webhookEndpoints.url,
      secret: webhookEndpoints.secret,
      isActive: webhookEndpoints.isActive,
      event: { id: events.id, type: events.type, data: events.data, createdAt: events.createdAt },
    })
    .from(deliveries)
    .innerJoin(events, and(eq(events.storeId, storeId), eq(events.id, deliveries.eventId)))
    .innerJoin(
      webhookEndpoints,
      and(eq(webhookEndpoints.storeId, storeId), eq(webhookEndpoints.id, deliveries.endpointId)),
    )
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
    .for('update', { of: deliveries, skipLocked: true })
}

/** What is over an endpoint's room stays in the queue, unlocked again by the commit. */
function withinRoom(rows: readonly Claimed[], { roomOf }: Wanted): Claimed[] {
  const taken = new Map<string, number>()
  return rows.filter(({ endpointId }) => {
    const count = taken.get(endpointId) ?? 0
    if (count >= roomOf(endpointId)) return false
    taken.set(endpointId, count + 1)
    return true
  })
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
        eq(webhookEndpoints.id, delivery.endpointId),
        eq(webhookEndpoints.url, delivery.url),
      ),
    )
}
