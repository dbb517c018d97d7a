import type * as z from 'zod'
import { CATALOGUE, EVENT_TYPES, type EventType } from '../domain/webhooks/catalogue'
import { bodySchemaOf, signRequest } from '../domain/webhooks/formats'
import { sampleBody } from '../domain/webhooks/samples'
import { pascal } from './response-names'

type Json = Record<string, unknown>

/** An event as OpenAPI 3.1 sees it: a request that we make. */
export type WebhookEntry = { type: EventType; schema: z.ZodType; name: string }

/** One entry for each event of the catalogue, with a name for the schema of its body. */
export function webhookEntries(): WebhookEntry[] {
  return EVENT_TYPES.map((type) => ({ type, schema: bodySchemaOf(type), name: `${pascal(type)}Event` }))
}

/** The document's `webhooks`, by event. */
export function toWebhooks(entries: readonly WebhookEntry[]): Record<string, Json> {
  return Object.fromEntries(
    entries.map(({ type, name }) => {
      const { title, description } = CATALOGUE[type]
      const post = {
        operationId: `on${pascal(type)}`,
        tags: ['webhooks'],
        summary: title,
        description,
        parameters: headersOf(type),
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: { $ref: `#/components/schemas/${name}` }, example: sampleBody(type) },
          },
        },
        responses: {
          '2XX': { description: 'Received. It is not sent again.' },
          default: { description: 'Network errors, 408, 425, 429 and 5xx are tried again; anything else ends it.' },
        },
      }
      return [type, { post }]
    }),
  )
}

const SAMPLED_AT = new Date('2026-03-02T09:00:00.000Z')
const SAMPLE_ID = '0f1e2d3c-4b5a-8678-9a0b-1c2d3e4f5061'
const SAMPLE_SECRET = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='

/** The headers that a delivery has, each with the value that it would have for the sample. */
function headersOf(type: EventType): Json[] {
  const event = { id: SAMPLE_ID, type, data: CATALOGUE[type].sample, createdAt: SAMPLED_AT }
  const { headers } = signRequest(event, { secrets: [SAMPLE_SECRET], deliveryNumber: 4711, at: SAMPLED_AT })
  return Object.entries(headers)
    .filter(([name]) => name !== 'Content-Type' && name !== 'User-Agent')
    .map(([name, example]) => ({ name, in: 'header', required: true, schema: { type: 'string' }, example }))
}
