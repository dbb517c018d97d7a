import { and, arrayContains, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { newRowId } from '../../kernel/ids'
import { deliveries, events, webhookEndpoints } from './table'

export type NewEvent = { type: string; data: Record<string, unknown>; at: Date }

/**
 * Writes an event and one delivery for each endpoint that wants it, in the transaction that made it true: both are kept or
 * neither. The worker hears of it after the commit.
 */
export async function recordEvent(tx: StoreContext, event: NewEvent): Promise<string> {
  const id = newRowId(tx.storeId)
  const { storeId, isTest } = tx
  await tx.db.insert(events).values({ storeId, id, isTest, type: event.type, data: event.data, createdAt: event.at })
  const wanting = await tx.db
    .select({ id: webhookEndpoints.id })
    .from(webhookEndpoints)
    .where(
      and(
        eq(webhookEndpoints.storeId, storeId),
        eq(webhookEndpoints.isTest, isTest),
        eq(webhookEndpoints.isActive, true),
        arrayContains(webhookEndpoints.events, [event.type]),
      ),
    )
    // An endpoint that is deleted at this moment must not take the sale down with it, by its deliveries' foreign key.
    .for('key share')
  if (wanting.length === 0) return id
  await tx.db.insert(deliveries).values(
    wanting.map((endpoint) => ({
      storeId,
      id: newRowId(storeId),
      isTest,
      endpointId: endpoint.id,
      eventId: id,
      status: 'pending' as const,
      attempts: 0,
      dueAt: event.at,
      createdAt: event.at,
    })),
  )
  tx.afterCommit?.add(() => tx.wake('webhooks'))
  return id
}
