import * as z from 'zod'
import { Webhook, type WebhookPage, WebhookQuery, WebhookUpdate, WebhookWithSecret } from '../domain/webhooks/schema'
import { AppError } from '../kernel/errors'
import type { Operation } from '../operations'
import type { Surface } from './adapter'
import { documentedRoutes, ErrorText, type Extra, type Line } from './documented'

/** Document C: webhook subscriptions at `/webhook`. Objects are bare, and what we call is_active is `active` here. */
export function subscriptionsSurface(operations: Operation[]): Surface {
  const routes = documentedRoutes(operations, TABLE)
  const toErrorBody: Surface['toErrorBody'] = ({ message }) => ({ error: message.replace(/^is_active\b/, 'active') })
  return { name: 'C', routes, toErrorBody, errorBody: ErrorText }
}

const FIELDS = { id: true, url: true, description: true, events: true, created_at: true, updated_at: true } as const
const active = { active: Webhook.shape.is_active }
const Subscription = Webhook.pick(FIELDS).extend(active)
const SubscriptionWithSecret = WebhookWithSecret.pick({ ...FIELDS, secret: true }).extend(active)

function toSubscription({ id, url, description, events, is_active, created_at, updated_at }: z.infer<typeof Webhook>) {
  return { id, url, description, events, active: is_active, created_at, updated_at }
}

type Fields = Record<string, unknown>

const asOurs = ({ active: isActive, ...others }: Fields): Fields =>
  isActive === undefined ? others : { ...others, is_active: isActive }

/**
 * Reading and deleting list 400 besides 404, and the id is all that they take: an id that is no UUID is a mistake in the call,
 * told as such.
 */
const withUuid = (fields: Fields): Fields => {
  if (z.guid().safeParse(fields.id).success) return asOurs(fields)
  throw new AppError('invalid_request', 'id: must be a UUID such as e6866e28-5b3f-866b-8e2e-21eb368508cd', {
    field: 'id',
  })
}

const one: Extra = {
  adjust: withUuid,
  toBody: (output) => toSubscription(output as z.infer<typeof Webhook>),
  body: Subscription,
}

const created: Extra = {
  toBody: (output) => {
    const { secret, ...webhook } = output as z.infer<typeof WebhookWithSecret>
    return { ...toSubscription(webhook), secret }
  },
  body: SubscriptionWithSecret,
}

const changed: Extra = {
  ...one,
  input: WebhookUpdate.omit({ is_active: true }).extend({ active: WebhookUpdate.shape.is_active }),
}

/** Not clamped: a limit out of range is a 400. */
const list: Extra = {
  input: WebhookQuery.pick({ limit: true, event: true }).extend({
    offset: WebhookQuery.shape.offset.unwrap().default(0).describe('How many to leave out'),
    active: WebhookQuery.shape.is_active,
  }),
  adjust: (fields) => asOurs({ limit: 20, offset: 0, ...fields }),
  toBody: (output, { limit, offset }) => {
    const { webhooks, total } = output as z.infer<typeof WebhookPage>
    return { webhooks: webhooks.map(toSubscription), total, limit, offset }
  },
  body: z.object({ webhooks: z.array(Subscription), total: z.int(), limit: z.int(), offset: z.int() }),
}

const deleted: Extra = { adjust: withUuid }

const TABLE: readonly Line[] = [
  ['POST', '/webhook', 'webhooks.create', 201, created],
  ['GET', '/webhook', 'webhooks.list', 200, list],
  ['GET', '/webhook/{id}', 'webhooks.get', 200, one],
  ['PUT', '/webhook/{id}', 'webhooks.update', 200, changed],
  ['DELETE', '/webhook/{id}', 'webhooks.delete', 200, deleted],
]
