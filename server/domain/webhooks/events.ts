import { and, eq, ne, or, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { placeholders, placeholdersOf, prepared } from '../../db/prepared'
import { together } from '../../db/transaction'
import { newRowId } from '../../kernel/ids'
import { deliveries, events, type WebhookEndpointRow, webhookEndpoints } from './table'

export type NewEvent = {
  type: string
  data: Record<string, unknown>
  at: Date
  /** Besides the endpoints that want it, it goes to this URL, which its order names. */
  orderUrl?: string | null
}

/** One event; see `recordEvents`. Returns its id. */
export async function recordEvent(tx: StoreContext, event: NewEvent): Promise<string> {
  const [id] = await recordEvents(tx, [event])
  if (id === undefined) throw new Error('an event has an id')
  return id
}

/**
 * Writes events and one delivery of each for every endpoint that wants it, in the transaction that made them true: all are kept or
 * none. Few round trips however many they are. The worker hears of it after the commit. Returns the events' ids.
 */
export async function recordEvents(tx: StoreContext, happened: readonly NewEvent[]): Promise<string[]> {
  if (happened.length === 0) return []
  const { storeId, isTest } = tx
  const written = happened.map((event) => ({ ...event, id: newRowId(storeId) }))
  const insert = prepared(tx.db, 'insert_event', (db, name) =>
    db.insert(events).values(placeholdersOf(events)).prepare(name),
  )
  await together(
    written.map(({ id, type, data, at }) => insert.execute({ storeId, id, isTest, type, data, createdAt: at })),
  )
  const endpoints = await wanting(tx, happened)
  const due = written.flatMap((event) =>
    receiversOf(event, endpoints).map((endpoint) => ({
      storeId,
      id: newRowId(storeId),
      isTest,
      endpointId: endpoint.id,
      eventId: event.id,
      status: 'pending' as const,
      attempts: 0,
      dueAt: event.at,
      createdAt: event.at,
    })),
  )
  if (due.length > 0) {
    await tx.db.insert(deliveries).values(due)
    tx.afterCommit?.add(() => tx.wake('webhooks'))
  }
  return written.map(({ id }) => id)
}

type Wanting = Pick<WebhookEndpointRow, 'id' | 'kind' | 'url' | 'events'>

function wanting({ db, storeId, isTest }: StoreContext, happened: readonly NewEvent[]): Promise<Wanting[]> {
  const types = [...new Set(happened.map(({ type }) => type))]
  const orderUrls = [...new Set(happened.flatMap(({ orderUrl }) => orderUrl ?? []))]
  const e = webhookEndpoints
  const slots = placeholders('storeId', 'isTest', 'types', 'orderUrls')
  const statement = prepared(db, 'endpoints_that_want', (on, name) =>
    on
      .select({ id: e.id, kind: e.kind, url: e.url, events: e.events })
      .from(e)
      .where(
        and(
          eq(e.storeId, slots.storeId),
          eq(e.isTest, slots.isTest),
          eq(e.isActive, true),
          sql`${e.events} && ${slots.types}::text[]`,
          or(ne(e.kind, 'order'), sql`${e.url} = any(${slots.orderUrls}::text[])`),
        ),
      )
      // An endpoint that is deleted at this moment must not take the sale down with it, by its deliveries' foreign key.
      .for('key share')
      .prepare(name),
  )
  return statement.execute({ storeId, isTest, types, orderUrls })
}

/** Where the store's URL is the order's too, the event goes there once: both are signed with the store's key. */
function receiversOf({ type, orderUrl }: NewEvent, endpoints: readonly Wanting[]): Wanting[] {
  const own = endpoints.filter(
    ({ kind, url, events }) => events.includes(type) && (kind !== 'order' || url === orderUrl),
  )
  const isStores = (url: string) => own.some((endpoint) => endpoint.kind === 'store' && endpoint.url === url)
  return own.filter(({ kind, url }) => kind !== 'order' || !isStores(url))
}
