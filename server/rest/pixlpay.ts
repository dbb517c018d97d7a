import * as z from 'zod'
import {
  NewWebhook,
  Webhook,
  type WebhookPage,
  WebhookTest,
  WebhookUpdate,
  WebhookWithSecret,
} from '../domain/webhooks/schema'
import { AppError, ERRORS, type ErrorCode } from '../kernel/errors'
import type { Operation } from '../operations'
import type { Surface } from './adapter'
import { documentedRoutes, type Extra, type Line } from './documented'

/** Document E: webhook endpoints with integer ids, in the envelope `{success, data, message}`. What is wrong with a field is a 422. */
export function pixlpaySurface(operations: Operation[]): Surface {
  return { name: 'E', routes: documentedRoutes(operations, TABLE), statusOf, toErrorBody, errorBody: Failure }
}

const Failure = z.object({
  success: z.literal(false),
  message: z.string(),
  errors: z.record(z.string(), z.array(z.string())).optional().describe('By the field at fault'),
})

/** The document has no 400 and no 409: a URL that is registered already is an invalid one. */
function statusOf(code: ErrorCode): number {
  const { status } = ERRORS[code]
  return status === 400 || code === 'webhook_exists' ? 422 : status
}

function toErrorBody({ code, message, field }: AppError): z.infer<typeof Failure> {
  const isOfField = statusOf(code) === 422 && field !== undefined
  return { success: false, message, ...(isOfField ? { errors: { [field]: [message] } } : {}) }
}

const Endpoint = z.object({
  id: z.int(),
  url: z.string(),
  events: z.array(z.string()),
  is_active: z.boolean(),
  created_at: Webhook.shape.created_at,
})
const EndpointWithSecret = Endpoint.extend({ secret: WebhookWithSecret.shape.secret })

function toEndpoint({ number, url, events, is_active, created_at }: z.infer<typeof Webhook>) {
  return { id: number, url, events, is_active, created_at }
}

const success = z.literal(true)
const message = z.string()

type Fields = Record<string, unknown>

/** Only a number names an endpoint here. */
const byNumber = (fields: Fields): Fields => {
  if (/^\d+$/.test(String(fields.id))) return fields
  throw new AppError('webhook_not_found', 'Webhook endpoint not found', { field: 'id' })
}

/** The document knows no pages; who asks for one gets it. */
const listed: Extra = {
  input: z.object({
    limit: z.int().min(1).max(100).optional().describe('Leave out for all'),
    offset: z.int().min(0).optional(),
  }),
  joinPages: ({ query }) => (query.limit === undefined && query.offset === undefined ? 'webhooks' : undefined),
  adjust: (fields) => ({ limit: 100, ...fields }),
  toBody: (output) => ({ success: true, data: (output as z.infer<typeof WebhookPage>).webhooks.map(toEndpoint) }),
  body: z.object({ success, data: z.array(Endpoint) }),
}

const created: Extra = {
  input: NewWebhook.pick({ url: true, events: true }),
  toBody: (output) => {
    const webhook = output as z.infer<typeof WebhookWithSecret>
    const { created_at, ...endpoint } = toEndpoint(webhook)
    return {
      success: true,
      data: { ...endpoint, secret: webhook.secret, created_at },
      message: 'Webhook created successfully',
    }
  },
  body: z.object({ success, data: EndpointWithSecret, message }),
}

const shown: Extra = {
  adjust: byNumber,
  toBody: (output) => ({ success: true, data: toEndpoint(output as z.infer<typeof Webhook>) }),
  body: z.object({ success, data: Endpoint }),
}

const changed: Extra = {
  adjust: byNumber,
  input: WebhookUpdate.omit({ description: true }),
  toBody: (output) => ({
    success: true,
    data: toEndpoint(output as z.infer<typeof Webhook>),
    message: 'Webhook updated successfully',
  }),
  body: z.object({ success, data: Endpoint, message }),
}

const deleted: Extra = {
  adjust: byNumber,
  toBody: () => ({ success: true, message: 'Webhook deleted successfully' }),
  body: z.object({ success, message }),
}

/** The call succeeded also where the delivery didn't: `delivered` says that, and the message why. */
const tested: Extra = {
  adjust: byNumber,
  toBody: (output) => {
    const { error, ...data } = output as z.infer<typeof WebhookTest>
    const words = error === null ? 'Test webhook delivered successfully' : `Test webhook was not delivered: ${error}`
    return { success: true, data, message: words }
  },
  body: z.object({ success, data: WebhookTest.omit({ error: true }), message }),
}

const ALL = '/api/external/v1/webhooks'

const TABLE: readonly Line[] = [
  ['GET', ALL, 'webhooks.list', 200, listed],
  ['POST', ALL, 'webhooks.create', 201, created],
  ['GET', `${ALL}/{id}`, 'webhooks.get', 200, shown],
  ['PUT', `${ALL}/{id}`, 'webhooks.update', 200, changed],
  ['DELETE', `${ALL}/{id}`, 'webhooks.delete', 200, deleted],
  ['POST', `${ALL}/{id}/test`, 'webhooks.test', 200, tested],
]
