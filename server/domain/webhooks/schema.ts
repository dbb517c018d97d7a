import * as z from 'zod'
import { HttpUrl, Instant, NextCursor, PageInput, RequiredText, Text } from '../../kernel/wire'
import { EVENT_TYPES } from './catalogue'
import { FAMILIES } from './event-schema'

const KNOWN_EVENTS = EVENT_TYPES.join(', ')

export const Webhook = z.object({
  id: z.uuid(),
  number: z.int().describe('A shorter name of the endpoint'),
  url: z.string(),
  description: z.string().nullable(),
  events: z.array(z.string()),
  is_active: z.boolean().describe('Only an active endpoint is sent anything'),
  disabled_reason: z.string().nullable().describe('Why the endpoint was switched off, when it was not by you'),
  failing_since: Instant.nullable().describe('Since when nothing has arrived there; null while deliveries succeed'),
  rate_limit_per_second: z.int().nullable().describe('At most so many requests a second; null for no limit'),
  created_at: Instant,
  updated_at: Instant,
})
export type Webhook = z.infer<typeof Webhook>

export const WebhookWithSecret = Webhook.extend({
  secret: z.string().describe('Signs the events. Shown this once; store it like a password.'),
})

const Url = HttpUrl.describe('Where events are sent by POST: a public https URL, called without following redirects')
const Description = Text(500).describe('For you, to tell endpoints apart')
// Unknown names are refused by the service, which knows the nearest right ones.
const Events = z
  .array(RequiredText(100))
  .min(1, 'must name at least one event')
  .max(100, 'must name at most 100 events')
  .describe(`Which events to send: one or more of ${KNOWN_EVENTS}`)

const RateLimit = z
  .int('must be a whole number')
  .min(1, 'must be 1 to 1000')
  .max(1_000, 'must be 1 to 1000')
  .describe('At most so many requests a second to this endpoint; null for no limit')

export const NewWebhook = z.strictObject({
  url: Url,
  events: Events,
  description: Description.nullable().optional(),
  rate_limit_per_second: RateLimit.nullable().optional(),
})
export type NewWebhook = z.infer<typeof NewWebhook>

const WebhookId = z.string().describe('The uuid or the number of the webhook endpoint')

export const WebhookRef = z.strictObject({ id: WebhookId })

export const WebhookUpdate = z
  .strictObject({
    id: WebhookId,
    url: Url.optional(),
    events: Events.optional(),
    description: Description.nullable().optional(),
    rate_limit_per_second: RateLimit.nullable().optional(),
    is_active: z.boolean().optional().describe('false stops sending, true starts it again'),
  })
  .describe('Only what is sent changes')
export type WebhookUpdate = z.infer<typeof WebhookUpdate>

export const WebhookQuery = z.strictObject({
  ...PageInput,
  offset: z.int().min(0, 'must be 0 or more').optional().describe('How many to leave out; not with cursor'),
  is_active: z.boolean().optional().describe('Leave out for all'),
  event: RequiredText(100).optional().describe('Endpoints that are sent this event only'),
})
export type WebhookQuery = z.infer<typeof WebhookQuery>

export const WebhookPage = z.object({
  webhooks: z.array(Webhook),
  total: z.int().describe('How many fit the filters, on all pages'),
  next_cursor: NextCursor,
})

export const DeletedWebhook = z.object({ id: z.uuid(), deleted: z.literal(true) })

const DeliveryStatus = z.enum(['pending', 'succeeded', 'failed'], 'must be pending, succeeded or failed')

export const WebhookDelivery = z.object({
  id: z.uuid(),
  number: z.int().describe('New for every delivery, a replay included'),
  webhook_id: z.string().describe('The webhook-id header: the same for every attempt of this event'),
  endpoint_id: z.uuid(),
  event_id: z.uuid(),
  event_type: z.string(),
  status: DeliveryStatus.describe('pending until it succeeded or was given up'),
  attempts: z.int().describe('Requests made so far, one under way included'),
  response_code: z.int().nullable().describe('HTTP status of the last answer; null when there was none'),
  error: z.string().nullable().describe('What went wrong last, in words'),
  next_attempt_at: Instant.nullable().describe('When it is sent next; null when it ended'),
  created_at: Instant,
  finished_at: Instant.nullable(),
})
export type WebhookDelivery = z.infer<typeof WebhookDelivery>

export const DeliveryQuery = z.strictObject({
  ...PageInput,
  endpoint_id: z.string().optional().describe('Deliveries to this webhook endpoint only'),
  status: DeliveryStatus.optional().describe('Leave out for all'),
})
export type DeliveryQuery = z.infer<typeof DeliveryQuery>

export const DeliveryPage = z.object({ deliveries: z.array(WebhookDelivery), next_cursor: NextCursor })

export const WebhookTest = z.object({
  delivered: z.boolean().describe('True when the receiver answered with a 2xx status within 10 seconds'),
  response_code: z.int().nullable(),
  response_time_ms: z.int(),
  error: z.string().nullable().describe('Why it was not delivered'),
})
export type WebhookTest = z.infer<typeof WebhookTest>

export const EventTypeInfo = z.object({
  type: z.string(),
  family: z.enum(FAMILIES).describe('Events of one family have the same signature headers and frame'),
  title: z.string(),
  description: z.string(),
  body_schema: z.looseObject({}).describe('JSON Schema of the whole body'),
  sample: z.looseObject({}).describe('What a receiver may find in the body'),
})
export type EventTypeInfo = z.infer<typeof EventTypeInfo>

export const EventTypeList = z.object({ event_types: z.array(EventTypeInfo) })
