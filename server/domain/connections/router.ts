import { router, storeProcedure } from '../../trpc'
import { NoInput } from '../stores/schema'
import { ConnectingStore, ConnectStore, StoreConnection } from './schema'
import { connectStore, getConnection } from './service'

export const connectionsRouter = router({
  connect: storeProcedure
    .meta({
      tool: 'connect_store',
      title: 'Connect your store',
      summary:
        'Opens the Stripe account that your sales are paid into, once, and gives the link to the page where Stripe asks who you are. Needed where the operator runs a platform (get_store_connection says so); call it again for a new link.',
      scope: 'store:write',
      rest: 'POST /v1/store/connection',
      idempotent: true,
      external: true,
      // Whoever opens the link acts for the seller.
      returnsSecret: true,
      // A link works once: a repetition gets another one.
      refresh: (ctx) => connectStore(ctx, {}),
    })
    .input(ConnectStore.prefault({}))
    .output(ConnectingStore)
    .mutation(({ ctx, input }) => connectStore(ctx, input)),

  get: storeProcedure
    .meta({
      tool: 'get_store_connection',
      title: 'Show your store’s connection',
      summary:
        'Whether your store may take cards in this mode, and what is missing: the state of its Stripe account, what Stripe wants to know, and what to do next.',
      scope: 'store:read',
      rest: 'GET /v1/store/connection',
    })
    .input(NoInput.prefault({}))
    .output(StoreConnection)
    .query(({ ctx }) => getConnection(ctx)),
})
