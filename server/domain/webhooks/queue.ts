import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import type { Db } from '../../db/client'
import { prepared } from '../../db/prepared'
import { addMs, SECOND_MS } from '../../kernel/clock'
import { stores } from '../stores/table'
import { type SigningSecrets, validSecretsOf } from './secrets'
import { type DeliveryRow, deliveries, events, webhookEndpoints } from './table'

/**
 * How long a claimed delivery is its worker's alone: the 10 s of a send, and time to write its result. After a killed process
 * another one takes over what it had.
 */
export const LEASE_MS = 30 * SECOND_MS

/** A delivery's first attempt, or one after a failure or after a worker that was killed. */
export type AttemptKind = 'first' | 'retry'
export const ATTEMPT_KINDS: readonly AttemptKind[] = ['first', 'retry']

/** A delivery with all that is needed to send it. */
export type Claimed = {
  storeId: bigint
  id: string
  /** Document B's numeric delivery id. */
  number: number
  isTest: boolean
  kind: AttemptKind
  /** The one that this claim is for included: an attempt that kills its process, or can't be written down, counts too. */
  attempts: number
  createdAt: Date
  event: { id: string; type: string; data: Record<string, unknown>; createdAt: Date }
  endpoint: { id: string; url: string; secrets: SigningSecrets; isActive: boolean; failingSince: Date | null }
}

/** Conditions on deliveries called `d`. */
// Written out, not passed: a prepared statement uses a partial index only if it can see its condition.
export const WAITING: Readonly<Record<AttemptKind, SQL>> = {
  first: sql.raw(`d.status = 'pending' and d.attempts = 0`),
  retry: sql.raw(`d.status = 'pending' and d.attempts > 0`),
}

export type Claim = {
  claimed: Claimed[]
  /** Endpoints that had less due than was asked for. */
  exhausted: Set<string>
}

/**
 * Takes due deliveries of a store's endpoints for the length of a lease, for each endpoint the oldest and at most as many as it
 * has room for: two workers never get the same one.
 */
export async function claimDue(
  deps: Deps,
  storeId: bigint,
  kind: AttemptKind,
  rooms: ReadonlyMap<string, number>,
): Promise<Claim> {
  const now = deps.clock.now()
  const claim = prepared(deps.db, `claim_${kind}_attempts`, (db, name) => claimQuery(db, kind).prepare(name))
  const times = { now: now.toISOString(), leasedUntil: addMs(now, LEASE_MS).toISOString() }
  const exhausted = new Set<string>()
  const taken = await Promise.all(
    [...byRoom(rooms)].map(async ([room, endpointIds]) => {
      const rows = await claim.execute({ storeId, endpointIds, room, ...times })
      for (const id of endpointIds) {
        if (rows.filter(({ endpointId }) => endpointId === id).length < room) exhausted.add(id)
      }
      return rows
    }),
  )
  return { claimed: await withContents(deps, storeId, kind, taken.flat()), exhausted }
}

/** A statement takes one limit for all its endpoints: rounded down to powers of two, a few statements do for all of them. */
function byRoom(rooms: ReadonlyMap<string, number>): Map<number, string[]> {
  const groups = new Map<number, string[]>()
  for (const [endpointId, room] of rooms) {
    if (room < 1) continue
    const limit = 2 ** Math.floor(Math.log2(room))
    groups.set(limit, [...(groups.get(limit) ?? []), endpointId])
  }
  return groups
}

/** Exported so that its plan can be looked at; its placeholders are those that `claimDue` fills. */
export function claimQuery(db: Db, kind: AttemptKind) {
  const storeId = sql.placeholder('storeId')
  // As an array, so that it is run once, before the update; of places, which no plan needs an index to find again.
  const places = sql`array(
    select due.ctid from ${webhookEndpoints} e cross join lateral (
      select d.ctid from ${deliveries} d
      where d.store_id = ${storeId} and d.endpoint_id = e.id and ${WAITING[kind]} and d.due_at <= ${sql.placeholder('now')}
      order by d.due_at limit ${sql.placeholder('room')} for update skip locked
    ) due
    where e.store_id = ${storeId} and e.id = any(${sql.placeholder('endpointIds')}::uuid[]))`
  return db
    .update(deliveries)
    .set({ dueAt: sql`${sql.placeholder('leasedUntil')}`, attempts: sql`${deliveries.attempts} + 1` })
    .where(and(eq(deliveries.storeId, storeId), sql`${deliveries}.ctid = any(${places})`))
    .returning({
      id: deliveries.id,
      number: deliveries.number,
      isTest: deliveries.isTest,
      attempts: deliveries.attempts,
      createdAt: deliveries.createdAt,
      endpointId: deliveries.endpointId,
      eventId: deliveries.eventId,
    })
}

type Taken = Pick<DeliveryRow, 'id' | 'number' | 'isTest' | 'attempts' | 'createdAt' | 'endpointId' | 'eventId'>

/** Adds the events and the endpoints. A delivery whose endpoint was deleted just now is gone with it. */
async function withContents(deps: Deps, storeId: bigint, kind: AttemptKind, taken: Taken[]): Promise<Claimed[]> {
  if (taken.length === 0) return []
  const [happened, endpoints] = await Promise.all([
    eventsById(deps, storeId, [...new Set(taken.map(({ eventId }) => eventId))]),
    endpointsById(deps, storeId, [...new Set(taken.map(({ endpointId }) => endpointId))]),
  ])
  return taken.flatMap(({ eventId, endpointId, ...delivery }) => {
    const event = happened.get(eventId)
    const endpoint = endpoints.get(endpointId)
    return event && endpoint ? [{ ...delivery, storeId, kind, event, endpoint }] : []
  })
}

async function eventsById(deps: Deps, storeId: bigint, ids: string[]) {
  const query = prepared(deps.db, 'events_to_send', (db, name) =>
    db
      .select({ id: events.id, type: events.type, data: events.data, createdAt: events.createdAt })
      .from(events)
      .where(
        and(eq(events.storeId, sql.placeholder('storeId')), sql`${events.id} = any(${sql.placeholder('ids')}::uuid[])`),
      )
      .prepare(name),
  )
  return new Map((await query.execute({ storeId, ids })).map((event) => [event.id, event]))
}

/** A few of many columns: every claim reads them of every endpoint. */
function columnsToCall() {
  const { id, url, isActive, failingSince, secret, previousSecret, previousSecretExpiresAt } = webhookEndpoints
  return { id, url, isActive, failingSince, secret, previousSecret, previousSecretExpiresAt }
}

function columnsToSign() {
  const { signingSecret, previousSigningSecret, previousSigningSecretExpiresAt } = stores
  return { signingSecret, previousSigningSecret, previousSigningSecretExpiresAt }
}

async function endpointsById(deps: Deps, storeId: bigint, ids: string[]) {
  const now = deps.clock.now()
  const e = webhookEndpoints
  const query = prepared(deps.db, 'endpoints_to_call', (db, name) =>
    db
      .select({ endpoint: columnsToCall(), store: columnsToSign() })
      .from(e)
      .innerJoin(stores, eq(stores.storeId, e.storeId))
      .where(and(eq(e.storeId, sql.placeholder('storeId')), sql`${e.id} = any(${sql.placeholder('ids')}::uuid[])`))
      .prepare(name),
  )
  const rows = await query.execute({ storeId, ids })
  return new Map(
    rows.map(({ endpoint, store }) => {
      const { id, url, isActive, failingSince } = endpoint
      return [id, { id, url, isActive, failingSince, secrets: validSecretsOf(endpoint, store, now) }]
    }),
  )
}
