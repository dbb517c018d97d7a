import { storeProcedure } from '../../trpc'
import { concealedFrom } from '../keys/concealed'
import { getDeliveryDetail, listDeliveries, toDelivery } from './deliveries'
import {
  DeliveryDetail,
  DeliveryListQuery,
  DeliveryRef,
  RecoverInput,
  Recovery,
  RotatedWebhook,
  RotateInput,
} from './deliveries-schema'
import { recoverDeliveries, replayDelivery } from './resend'
import { DeliveryPage, WebhookDelivery } from './schema'
import { rotateSecret } from './secrets'
import { toWebhookWithSecret } from './service'

/** What the webhooks' router has besides the endpoints themselves. */
export const deliveryProcedures = {
  rotate_secret: storeProcedure
    .meta({
      tool: 'rotate_webhook_secret',
      title: 'Rotate a signing secret',
      summary:
        'Gives a webhook endpoint a new signing secret, which is shown this once. For the overlap the old one goes on signing beside it, in the formats that carry several signatures; the others are signed with the new one at once.',
      scope: 'webhooks:write',
      rest: 'POST /v1/webhooks/{id}/rotate_secret',
      returnsSecret: true,
    })
    .input(RotateInput)
    .output(RotatedWebhook)
    .mutation(async ({ ctx, input }) => {
      const row = await rotateSecret(ctx, input)
      const expiresAt = row.previousSecretExpiresAt?.toISOString() ?? null
      return { ...toWebhookWithSecret(row), previous_secret_expires_at: expiresAt }
    }),

  list_deliveries: storeProcedure
    .meta({
      tool: 'list_webhook_deliveries',
      title: 'List webhook deliveries',
      summary:
        'What was sent to your webhook endpoints, newest first: status, attempts, the last answer or error, the next attempt.',
      scope: 'webhooks:read',
      rest: 'GET /v1/webhook_deliveries',
    })
    .input(DeliveryListQuery)
    .output(DeliveryPage)
    .query(async ({ ctx, input }) => {
      const page = await listDeliveries(ctx, input)
      return { deliveries: page.rows.map(toDelivery), next_cursor: page.nextCursor }
    }),

  get_delivery: storeProcedure
    .meta({
      tool: 'get_webhook_delivery',
      title: 'Show a webhook delivery',
      summary:
        'One delivery with every attempt: the headers and the body as they were sent, and the answer with its headers, the first 4 kB and how long it took.',
      scope: 'webhooks:read',
      rest: 'GET /v1/webhook_deliveries/{id}',
    })
    .input(DeliveryRef)
    .output(DeliveryDetail)
    .query(async ({ ctx, input }) => concealedFrom(ctx.credential, await getDeliveryDetail(ctx, input.id))),

  replay_delivery: storeProcedure
    .meta({
      tool: 'replay_webhook_delivery',
      title: 'Replay a webhook delivery',
      summary:
        'Sends the event of a delivery to its endpoint again: a new delivery with a new number and the same webhook-id.',
      scope: 'webhooks:write',
      rest: 'POST /v1/webhook_deliveries/{id}/replay',
      status: 201,
    })
    .input(DeliveryRef)
    .output(WebhookDelivery)
    .mutation(async ({ ctx, input }) => toDelivery(await replayDelivery(ctx, input.id))),

  recover_deliveries: storeProcedure
    .meta({
      tool: 'recover_webhook_deliveries',
      title: 'Recover failed deliveries',
      summary:
        'Sends every event again that a webhook endpoint missed since a time: each that failed there and has neither arrived nor is still on its way. Up to about 10,000 a call.',
      scope: 'webhooks:write',
      rest: 'POST /v1/webhooks/{id}/recover',
    })
    .input(RecoverInput)
    .output(Recovery)
    .mutation(({ ctx, input }) => recoverDeliveries(ctx, input)),
}
