import { and, desc, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { webhookId } from './formats'
import type { DeliveryQuery, WebhookDelivery } from './schema'
import { getWebhook } from './service'
import { type DeliveryRow, deliveries, events } from './table'

type LoggedDelivery = Omit<DeliveryRow, 'storeId' | 'number' | 'isTest'> & { eventType: string }

/** Newest first. Throws webhook_not_found when an endpoint is asked for that isn't yours. */
export async function listDeliveries(ctx: StoreContext, query: DeliveryQuery) {
  const { endpoint_id: endpoint } = query
  // It may be named by its number.
  const endpointId = endpoint === undefined ? undefined : (await getWebhook(ctx, endpoint)).id
  const found: LoggedDelivery[] = await ctx.db
    .select({
      id: deliveries.id,
      endpointId: deliveries.endpointId,
      eventId: deliveries.eventId,
      eventType: events.type,
      status: deliveries.status,
      attempts: deliveries.attempts,
      dueAt: deliveries.dueAt,
      responseCode: deliveries.responseCode,
      error: deliveries.error,
      createdAt: deliveries.createdAt,
      finishedAt: deliveries.finishedAt,
    })
    .from(deliveries)
    .innerJoin(events, and(eq(events.storeId, ctx.storeId), eq(events.id, deliveries.eventId)))
    .where(
      and(
        eq(deliveries.storeId, ctx.storeId),
        eq(deliveries.isTest, ctx.isTest),
        endpointId === undefined ? undefined : eq(deliveries.endpointId, endpointId),
        query.status === undefined ? undefined : eq(deliveries.status, query.status),
        olderThan(readCursor(query.cursor), deliveries.createdAt, deliveries.id),
      ),
    )
    .orderBy(desc(deliveries.createdAt), desc(deliveries.id))
    .limit(query.limit + 1)
  return pageOf(found, query.limit)
}

export function toDelivery(row: LoggedDelivery): WebhookDelivery {
  return {
    id: row.id,
    webhook_id: webhookId(row.eventId),
    endpoint_id: row.endpointId,
    event_type: row.eventType,
    status: row.status,
    attempts: row.attempts,
    response_code: row.responseCode,
    error: row.error,
    next_attempt_at: row.status === 'pending' ? row.dueAt.toISOString() : null,
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
  }
}
