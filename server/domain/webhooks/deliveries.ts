import { and, asc, desc, eq, gte, lt } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { AppError } from '../../kernel/errors'
import { storeOfRowId } from '../../kernel/ids'
import type { DeliveryAttempt, DeliveryDetail, DeliveryListQuery } from './deliveries-schema'
import { bodyOf, webhookId } from './formats'
import type { WebhookDelivery } from './schema'
import { getWebhook } from './service'
import { type DeliveryAttemptRow, type DeliveryRow, deliveries, deliveryAttempts, type EventRow, events } from './table'

export type LoggedDelivery = { delivery: DeliveryRow; event: EventRow }

/** Newest first. Throws webhook_not_found when an endpoint is asked for that isn't yours. */
export async function listDeliveries(ctx: StoreContext, query: DeliveryListQuery) {
  const { endpoint_id: endpoint } = query
  // It may be named by its number.
  const endpointId = endpoint === undefined ? undefined : (await getWebhook(ctx, endpoint)).id
  const d = deliveries
  const found = await loggedDeliveries(ctx)
    .where(
      and(
        eq(d.storeId, ctx.storeId),
        eq(d.isTest, ctx.isTest),
        endpointId === undefined ? undefined : eq(d.endpointId, endpointId),
        query.status === undefined ? undefined : eq(d.status, query.status),
        query.event_type === undefined ? undefined : eq(events.type, query.event_type),
        query.event_id === undefined ? undefined : eq(d.eventId, readEventId(ctx, query.event_id)),
        query.from === undefined ? undefined : gte(d.createdAt, new Date(query.from)),
        query.to === undefined ? undefined : lt(d.createdAt, new Date(query.to)),
        olderThan(readCursor(query.cursor), d.createdAt, d.id),
      ),
    )
    .orderBy(desc(d.createdAt), desc(d.id))
    .limit(query.limit + 1)
  const { rows, nextCursor } = pageOf(
    found.map((row) => ({ ...row, createdAt: row.delivery.createdAt, id: row.delivery.id })),
    query.limit,
  )
  return { rows, nextCursor }
}

/** Throws delivery_not_found: for another store's delivery too, and for a live one asked for with a test key. */
export async function getDelivery(ctx: StoreContext, id: string): Promise<LoggedDelivery> {
  if (storeOfRowId(id) !== ctx.storeId) throw deliveryNotFound()
  const d = deliveries
  const [row] = await loggedDeliveries(ctx).where(
    and(eq(d.storeId, ctx.storeId), eq(d.isTest, ctx.isTest), eq(d.id, id)),
  )
  if (!row) throw deliveryNotFound()
  return row
}

export function loggedDeliveries({ db, storeId }: StoreContext) {
  return db
    .select({ delivery: deliveries, event: events })
    .from(deliveries)
    .innerJoin(events, and(eq(events.storeId, storeId), eq(events.id, deliveries.eventId)))
}

/** A delivery with every attempt. Throws delivery_not_found. */
export async function getDeliveryDetail(ctx: StoreContext, id: string): Promise<DeliveryDetail> {
  const logged = await getDelivery(ctx, id)
  const a = deliveryAttempts
  const rows = await ctx.db
    .select()
    .from(a)
    // The delivery was found in this mode; its attempts have no mode of their own.
    .where(and(eq(a.storeId, ctx.storeId), eq(a.deliveryId, logged.delivery.id)))
    .orderBy(asc(a.number))
  const attempts = rows.map((row) => toAttempt(logged.event, row))
  const last = attempts.at(-1)
  return {
    ...toDelivery(logged),
    request: last?.request ?? null,
    response: last?.response ?? null,
    duration_ms: last?.duration_ms ?? null,
    attempt_log: attempts,
  }
}

/** The uuid in an event's id or in its webhook-id. Throws event_not_found for what can't be an event of this store. */
export function readEventId(ctx: StoreContext, text: string): string {
  const id = text.replace(/^evt_/, '')
  if (storeOfRowId(id) !== ctx.storeId) throw eventNotFound()
  return id
}

export function eventNotFound() {
  return new AppError('event_not_found', 'Event not found', { field: 'id', hint: 'list_events shows your events.' })
}

function deliveryNotFound() {
  return new AppError('delivery_not_found', 'Webhook delivery not found', {
    field: 'id',
    hint: 'list_webhook_deliveries shows your deliveries.',
  })
}

export function toDelivery({ delivery: row, event }: LoggedDelivery): WebhookDelivery {
  return {
    id: row.id,
    number: row.number,
    webhook_id: webhookId(row.eventId),
    endpoint_id: row.endpointId,
    event_id: row.eventId,
    event_type: event.type,
    status: row.status,
    attempts: row.attempts,
    response_code: row.responseCode,
    error: row.error,
    next_attempt_at: row.status === 'pending' ? row.dueAt.toISOString() : null,
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
  }
}

/** The body is the same at each attempt and is made anew from its event; what differs from one to the next was kept. */
function toAttempt(event: EventRow, row: DeliveryAttemptRow): DeliveryAttempt {
  return {
    number: row.number,
    started_at: row.startedAt.toISOString(),
    duration_ms: row.durationMs,
    request: {
      url: row.requestUrl,
      headers: row.requestHeaders as Record<string, string>,
      body: JSON.stringify(bodyOf(event)),
    },
    response:
      row.responseCode === null
        ? null
        : {
            code: row.responseCode,
            headers: (row.responseHeaders ?? {}) as Record<string, string>,
            body: row.responseBody ?? '',
          },
    error: row.error,
  }
}
