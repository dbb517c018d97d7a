import * as z from 'zod'
import type { StoreContext } from '../../context'
import { newRowId } from '../../kernel/ids'
import { CATALOGUE, EVENT_TYPES, type EventType, isEventType } from './catalogue'
import { TIMEOUT_MS } from './deliver'
import { bodyOf, bodySchemaOf, signRequest } from './formats'
import type { EventTypeInfo, WebhookTest } from './schema'
import { validSecrets } from './secrets'
import { getWebhook } from './service'
import { explain, isDelivered } from './verdict'

/** Nobody has paid: a handler must be able to tell, since all else is as in a real request. */
export const TEST_MARK = { 'X-Payhook-Test': 'true' }

/**
 * Sends a sample of the endpoint's first event at once, signed like a real one, and leaves no trace in the log. A failure is an
 * answer, not an error. Throws webhook_not_found.
 */
export async function sendSample(ctx: StoreContext, id: string): Promise<WebhookTest> {
  const endpoint = await getWebhook(ctx, id)
  const type = endpoint.events.find(isEventType) ?? 'sale.completed'
  const at = ctx.clock.now()
  const event = { id: newRowId(ctx.storeId), type, data: CATALOGUE[type].sample, createdAt: at }
  // A test has no delivery to be numbered by; the moment is a number too, and new each time.
  const signing = { secrets: validSecrets(endpoint, at), deliveryNumber: at.getTime(), at }
  const { body, headers } = signRequest(event, signing)
  const outcome = await ctx.sender.send({
    url: endpoint.url,
    isTest: ctx.isTest,
    headers: { ...headers, ...TEST_MARK },
    body,
    timeoutMs: TIMEOUT_MS,
  })
  const delivered = isDelivered(outcome)
  return {
    delivered,
    response_code: outcome.kind === 'answered' ? outcome.status : null,
    response_time_ms: outcome.durationMs,
    error: delivered ? null : explain(outcome),
  }
}

/** The catalogue as callers read it. */
export function listEventTypes(): EventTypeInfo[] {
  return EVENT_TYPES.map((type) => {
    const { family, title, description } = CATALOGUE[type]
    const { $schema: _, ...schema } = z.toJSONSchema(bodySchemaOf(type))
    return { type, family, title, description, body_schema: schema, sample: sampleBody(type) }
  })
}

const SAMPLED_AT = new Date('2026-03-02T09:00:00.000Z')

/** What a receiver of this event may find in the body. */
export function sampleBody(type: EventType): Record<string, unknown> {
  return { ...bodyOf({ id: '', type, data: CATALOGUE[type].sample, createdAt: SAMPLED_AT }) }
}
