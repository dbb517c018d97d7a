import { and, asc, eq, gt, gte, inArray, isNull, or } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { newRowId } from '../../kernel/ids'
import { getDelivery, type LoggedDelivery } from './deliveries'
import type { RecoverInput, Recovery } from './deliveries-schema'
import { getEvent } from './event-log'
import { getWebhook } from './service'
import { deliveries, type WebhookEndpointRow, webhookEndpoints } from './table'

/**
 * Sends a delivery's event to its endpoint once more: a new delivery with a number of its own and the same webhook-id. Throws
 * delivery_not_found, and webhook_disabled while the endpoint is switched off.
 */
export function replayDelivery(ctx: StoreContext, id: string): Promise<LoggedDelivery> {
  return inTransaction(ctx, async (tx) => {
    const { delivery, event } = await getDelivery(tx, id)
    const endpoint = refuseSwitchedOff(await endpointOf(tx, delivery.endpointId))
    const [made] = await queueAnew(tx, endpoint, [event.id])
    if (!made) throw new Error('the new delivery was not answered')
    return { delivery: made, event }
  })
}

/** Sends any past event to any endpoint of its mode. Throws event_not_found, webhook_not_found and webhook_disabled. */
export function sendEvent(ctx: StoreContext, eventId: string, endpointId: string): Promise<LoggedDelivery> {
  return inTransaction(ctx, async (tx) => {
    const event = await getEvent(tx, eventId)
    const endpoint = await activeWebhook(tx, endpointId, 'webhook_id')
    const [made] = await queueAnew(tx, endpoint, [event.id])
    if (!made) throw new Error('the new delivery was not answered')
    return { delivery: made, event }
  })
}

const FOUND_AT_A_TIME = 500
const MOST_PER_CALL = 10_000

/**
 * Makes a new delivery of each event that this endpoint missed: those with a failed delivery since a time, and none there that
 * succeeded or still waits. So that a second call finds only what failed again or was left over. Throws webhook_not_found and
 * webhook_disabled.
 */
export async function recoverDeliveries(ctx: StoreContext, { id, since }: RecoverInput): Promise<Recovery> {
  const endpoint = await activeWebhook(ctx, id)
  let recovered = 0
  let after: Position = { createdAt: new Date(since), id: null }
  while (recovered < MOST_PER_CALL) {
    const page = await inTransaction(ctx, async (tx) => {
      const failed = await findMissed(tx, endpoint, after)
      const eventIds = [...new Set(failed.map(({ eventId }) => eventId))]
      if (eventIds.length > 0) await queueAnew(tx, endpoint, eventIds)
      return { last: failed.at(-1), count: eventIds.length, isFull: failed.length === FOUND_AT_A_TIME }
    })
    recovered += page.count
    if (!page.last || !page.isFull) return { recovered, has_more: false }
    after = page.last
  }
  return { recovered, has_more: true }
}

type Position = { createdAt: Date; id: string | null }

/** Oldest first, so that a receiver gets what it missed in the order in which it happened. */
function findMissed(tx: StoreContext, endpoint: WebhookEndpointRow, after: Position) {
  const d = deliveries
  const better = alias(deliveries, 'better')
  return tx.db
    .select({ id: d.id, eventId: d.eventId, createdAt: d.createdAt })
    .from(d)
    .leftJoin(
      better,
      and(
        eq(better.storeId, tx.storeId),
        eq(better.eventId, d.eventId),
        eq(better.endpointId, d.endpointId),
        inArray(better.status, ['succeeded', 'pending']),
      ),
    )
    .where(
      and(
        eq(d.storeId, tx.storeId),
        eq(d.isTest, tx.isTest),
        eq(d.endpointId, endpoint.id),
        eq(d.status, 'failed'),
        after.id === null
          ? gte(d.createdAt, after.createdAt)
          : or(gt(d.createdAt, after.createdAt), and(eq(d.createdAt, after.createdAt), gt(d.id, after.id))),
        isNull(better.id),
      ),
    )
    .orderBy(asc(d.createdAt), asc(d.id))
    .limit(FOUND_AT_A_TIME)
}

async function activeWebhook(ctx: StoreContext, id: string, field = 'id'): Promise<WebhookEndpointRow> {
  return refuseSwitchedOff(await getWebhook(ctx, id), field)
}

/** Of any kind: a delivery to the URL of a store or of an order can be replayed like another. */
async function endpointOf({ db, storeId, isTest }: StoreContext, id: string): Promise<WebhookEndpointRow> {
  const e = webhookEndpoints
  const [row] = await db
    .select()
    .from(e)
    .where(and(eq(e.storeId, storeId), eq(e.isTest, isTest), eq(e.id, id)))
  if (!row) throw new Error('a delivery has an endpoint')
  return row
}

function refuseSwitchedOff(endpoint: WebhookEndpointRow, field = 'id'): WebhookEndpointRow {
  if (endpoint.isActive) return endpoint
  throw new AppError('webhook_disabled', 'This webhook endpoint is switched off, so that nothing is sent to it.', {
    field,
    hint: 'Switch it on with update_webhook and is_active: true.',
  })
}

async function queueAnew(tx: StoreContext, endpoint: WebhookEndpointRow, eventIds: readonly string[]) {
  const now = tx.clock.now()
  const { storeId, isTest } = tx
  const rows = eventIds.map((eventId) => ({
    storeId,
    id: newRowId(storeId),
    isTest,
    endpointId: endpoint.id,
    eventId,
    status: 'pending' as const,
    attempts: 0,
    dueAt: now,
    createdAt: now,
  }))
  tx.afterCommit?.add(() => tx.wake('webhooks'))
  return tx.db.insert(deliveries).values(rows).returning()
}
