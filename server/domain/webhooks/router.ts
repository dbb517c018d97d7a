import { router, storeProcedure } from '../../trpc'
import { NoInput } from '../stores/schema'
import { deliveryProcedures } from './deliveries-router'
import { listEventTypes, sendSample } from './samples'
import {
  DeletedWebhook,
  EventTypeList,
  NewWebhook,
  Webhook,
  WebhookPage,
  WebhookQuery,
  WebhookRef,
  WebhookTest,
  WebhookUpdate,
  WebhookWithSecret,
} from './schema'
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  toWebhook,
  toWebhookWithSecret,
  updateWebhook,
} from './service'

export const webhooksRouter = router({
  create: storeProcedure
    .meta({
      tool: 'create_webhook',
      title: 'Create a webhook endpoint',
      summary:
        'Registers a URL that is sent your events by a signed POST. Returns the signing secret, which is shown this once.',
      scope: 'webhooks:write',
      rest: 'POST /v1/webhooks',
      status: 201,
      returnsSecret: true,
      // It looks the URL's name up, which may take seconds: not inside a transaction.
      external: true,
    })
    .input(NewWebhook)
    .output(WebhookWithSecret)
    .mutation(async ({ ctx, input }) =>
      toWebhookWithSecret(await createWebhook(ctx, input, ctx.request.idempotentRun)),
    ),

  list: storeProcedure
    .meta({
      tool: 'list_webhooks',
      title: 'List webhook endpoints',
      summary: 'Your webhook endpoints, newest first, all or those of one state or event, without their secrets.',
      scope: 'webhooks:read',
      rest: 'GET /v1/webhooks',
    })
    .input(WebhookQuery.prefault({}))
    .output(WebhookPage)
    .query(async ({ ctx, input }) => {
      const page = await listWebhooks(ctx, input)
      return { webhooks: page.rows.map(toWebhook), total: page.total, next_cursor: page.nextCursor }
    }),

  get: storeProcedure
    .meta({
      tool: 'get_webhook',
      title: 'Show a webhook endpoint',
      summary: 'One webhook endpoint by its uuid or number, without its secret.',
      scope: 'webhooks:read',
      rest: 'GET /v1/webhooks/{id}',
    })
    .input(WebhookRef)
    .output(Webhook)
    .query(async ({ ctx, input }) => toWebhook(await getWebhook(ctx, input.id))),

  update: storeProcedure
    .meta({
      tool: 'update_webhook',
      title: 'Change a webhook endpoint',
      summary:
        'Changes the URL, events or description of a webhook endpoint, or switches it off and on. Only what is sent changes.',
      scope: 'webhooks:write',
      rest: 'PATCH /v1/webhooks/{id}',
      idempotent: true,
      external: true,
    })
    .input(WebhookUpdate)
    .output(Webhook)
    .mutation(async ({ ctx, input }) => toWebhook(await updateWebhook(ctx, input))),

  delete: storeProcedure
    .meta({
      tool: 'delete_webhook',
      title: 'Delete a webhook endpoint',
      summary:
        'Deletes a webhook endpoint for good, with its delivery log. What was still to be sent to it is not sent.',
      scope: 'webhooks:write',
      rest: 'DELETE /v1/webhooks/{id}',
      destructive: true,
    })
    .input(WebhookRef)
    .output(DeletedWebhook)
    .mutation(async ({ ctx, input }) => ({ id: await deleteWebhook(ctx, input.id), deleted: true as const })),

  test: storeProcedure
    .meta({
      tool: 'test_webhook',
      title: 'Test a webhook endpoint',
      summary:
        'Sends a sample event to a webhook endpoint at once, marked by the header X-Payhook-Test: true, and says how its server answered. It waits up to 10 seconds.',
      scope: 'webhooks:write',
      rest: 'POST /v1/webhooks/{id}/test',
      external: true,
    })
    .input(WebhookRef)
    .output(WebhookTest)
    .mutation(({ ctx, input }) => sendSample(ctx, input.id)),

  ...deliveryProcedures,

  list_event_types: storeProcedure
    .meta({
      tool: 'list_event_types',
      title: 'List event types',
      summary: 'Every event that a webhook endpoint can ask for, with the fields of its data and a sample.',
      scope: 'webhooks:read',
      rest: 'GET /v1/event_types',
    })
    .input(NoInput.prefault({}))
    .output(EventTypeList)
    .query(() => ({ event_types: listEventTypes() })),
})
