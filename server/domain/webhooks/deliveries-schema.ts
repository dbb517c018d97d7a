import * as z from 'zod'
import { Instant, NextCursor, PageInput, TimeRange, When } from '../../kernel/wire'
import { DeliveryQuery, WebhookDelivery, WebhookWithSecret } from './schema'

const EventId = z.string().describe('The id of the event, or the webhook-id that a receiver was sent (evt_…)')
const EventTypeFilter = z.string().max(100).describe('Events of this type only, for example sale.completed')
const DeliveryId = z.string().describe('The uuid of the delivery')

export const DeliveryListQuery = DeliveryQuery.extend({
  event_type: EventTypeFilter.optional(),
  event_id: EventId.optional().describe('Deliveries of this event only'),
  ...TimeRange,
})
export type DeliveryListQuery = z.infer<typeof DeliveryListQuery>

export const DeliveryRef = z.strictObject({ id: DeliveryId })

const SentRequest = z.object({
  url: z.string(),
  headers: z.record(z.string(), z.string()).describe('As they were sent, signatures included'),
  body: z.string().describe('The exact text that was sent and signed'),
})

const ReceivedResponse = z.object({
  code: z.int().describe('HTTP status'),
  headers: z.record(z.string(), z.string()),
  body: z.string().describe('The first 4 kB'),
})

export const DeliveryAttempt = z.object({
  number: z.int().describe('1 for the first request of the delivery'),
  started_at: Instant,
  duration_ms: z.int(),
  request: SentRequest,
  response: ReceivedResponse.nullable().describe('Null when no answer came'),
  error: z.string().nullable().describe('Why the attempt counts as failed, in words'),
})
export type DeliveryAttempt = z.infer<typeof DeliveryAttempt>

export const DeliveryDetail = WebhookDelivery.extend({
  request: SentRequest.nullable().describe('The last request; null when none was made yet'),
  response: ReceivedResponse.nullable().describe('The last answer; null when none came'),
  duration_ms: z.int().nullable().describe('How long the last request took'),
  attempt_log: z.array(DeliveryAttempt).describe('Every request that was made, the first one first'),
})
export type DeliveryDetail = z.infer<typeof DeliveryDetail>

export const RecoverInput = z.strictObject({
  id: z.string().describe('The uuid or the number of the webhook endpoint'),
  since: When.describe('Failed deliveries that were made at this time or later are sent again; ISO 8601'),
})
export type RecoverInput = z.infer<typeof RecoverInput>

export const Recovery = z.object({
  recovered: z.int().describe('How many new deliveries were made'),
  has_more: z.boolean().describe('True when there is more than one call recovers: call again with the same time'),
})
export type Recovery = z.infer<typeof Recovery>

export const RotateInput = z.strictObject({
  id: z.string().describe('The uuid or the number of the webhook endpoint'),
  overlap_hours: z
    .int('must be a whole number')
    .min(0, 'must be 0 to 168')
    .max(168, 'must be 0 to 168')
    .default(24)
    .describe('How many hours the old secret goes on signing beside the new one'),
})

export const RotatedWebhook = WebhookWithSecret.extend({
  previous_secret_expires_at: Instant.nullable().describe(
    'Until when the old secret signs too; null when it ended now',
  ),
})

export const EventQuery = z.strictObject({ ...PageInput, type: EventTypeFilter.optional(), ...TimeRange })
export type EventQuery = z.infer<typeof EventQuery>

export const WebhookEvent = z.object({
  id: z.uuid(),
  webhook_id: z.string().describe('The webhook-id header of its deliveries'),
  type: z.string(),
  data: z.looseObject({}).describe('What receivers are told; list_event_types has its fields'),
  created_at: Instant,
})
export type WebhookEvent = z.infer<typeof WebhookEvent>

export const EventPage = z.object({ events: z.array(WebhookEvent), next_cursor: NextCursor })

export const EventRef = z.strictObject({ id: EventId })

export const EventDetail = WebhookEvent.extend({
  deliveries: z.array(WebhookDelivery).describe('To which endpoints it was sent, newest first; the last 100'),
})

export const SendEventInput = z.strictObject({
  id: EventId,
  webhook_id: z
    .string()
    .describe('The uuid or the number of the webhook endpoint to send it to; it need not ask for events of its type'),
})
