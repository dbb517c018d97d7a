import { and, desc, eq, gte, lt } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { eventNotFound, type LoggedDelivery, loggedDeliveries, readEventId } from './deliveries'
import type { EventQuery, WebhookEvent } from './deliveries-schema'
import { webhookId } from './formats'
import { deliveries, type EventRow, events } from './table'

/** Newest first. */
export async function listEvents(ctx: StoreContext, query: EventQuery) {
  const found = await ctx.db
    .select()
    .from(events)
    .where(
      and(
        eq(events.storeId, ctx.storeId),
        eq(events.isTest, ctx.isTest),
        query.type === undefined ? undefined : eq(events.type, query.type),
        query.from === undefined ? undefined : gte(events.createdAt, new Date(query.from)),
        query.to === undefined ? undefined : lt(events.createdAt, new Date(query.to)),
        olderThan(readCursor(query.cursor), events.createdAt, events.id),
      ),
    )
    .orderBy(desc(events.createdAt), desc(events.id))
    .limit(query.limit + 1)
  return pageOf(found, query.limit)
}

/** By its id or its webhook-id. Throws event_not_found: for another store's event too, and for one of the other mode. */
export async function getEvent(ctx: StoreContext, id: string): Promise<EventRow> {
  const [row] = await ctx.db
    .select()
    .from(events)
    .where(and(eq(events.storeId, ctx.storeId), eq(events.isTest, ctx.isTest), eq(events.id, readEventId(ctx, id))))
  if (!row) throw eventNotFound()
  return row
}

const MOST_DELIVERIES = 100

/** Newest first. */
export function deliveriesOf(ctx: StoreContext, event: EventRow): Promise<LoggedDelivery[]> {
  const d = deliveries
  return loggedDeliveries(ctx)
    .where(and(eq(d.storeId, ctx.storeId), eq(d.isTest, ctx.isTest), eq(d.eventId, event.id)))
    .orderBy(desc(d.createdAt), desc(d.id))
    .limit(MOST_DELIVERIES)
}

export function toEvent(row: EventRow): WebhookEvent {
  return {
    id: row.id,
    webhook_id: webhookId(row.id),
    type: row.type,
    data: row.data,
    created_at: row.createdAt.toISOString(),
  }
}
