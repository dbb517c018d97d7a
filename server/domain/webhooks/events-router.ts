import { router, storeProcedure } from '../../trpc'
import { concealedFrom } from '../keys/concealed'
import { toDelivery } from './deliveries'
import { EventDetail, EventPage, EventQuery, EventRef, SendEventInput } from './deliveries-schema'
import { deliveriesOf, getEvent, listEvents, toEvent } from './event-log'
import { sendEvent } from './resend'
import { WebhookDelivery } from './schema'

export const eventsRouter = router({
  list: storeProcedure
    .meta({
      tool: 'list_events',
      title: 'List events',
      summary: 'What happened in your store, newest first, whether or not anybody was told of it.',
      scope: 'webhooks:read',
      rest: 'GET /v1/events',
    })
    .input(EventQuery)
    .output(EventPage)
    .query(async ({ ctx, input }) => {
      const page = await listEvents(ctx, input)
      const events = concealedFrom(ctx.credential, page.rows.map(toEvent))
      return { events, next_cursor: page.nextCursor }
    }),

  get: storeProcedure
    .meta({
      tool: 'get_event',
      title: 'Show an event',
      summary: 'One event with its data and its deliveries to your webhook endpoints.',
      scope: 'webhooks:read',
      rest: 'GET /v1/events/{id}',
    })
    .input(EventRef)
    .output(EventDetail)
    .query(async ({ ctx, input }) => {
      const event = await getEvent(ctx, input.id)
      return {
        ...concealedFrom(ctx.credential, toEvent(event)),
        deliveries: (await deliveriesOf(ctx, event)).map(toDelivery),
      }
    }),

  send: storeProcedure
    .meta({
      tool: 'send_event',
      title: 'Send an event',
      summary:
        'Sends any past event to one of your webhook endpoints, also to one that was made after it: a new delivery with the same webhook-id.',
      scope: 'webhooks:write',
      rest: 'POST /v1/events/{id}/send',
      status: 201,
    })
    .input(SendEventInput)
    .output(WebhookDelivery)
    .mutation(async ({ ctx, input }) => toDelivery(await sendEvent(ctx, input.id, input.webhook_id))),
})
