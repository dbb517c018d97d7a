import { router, storeProcedure } from '../../trpc'
import { raiseTestDispute, resolveTestDispute } from './rehearsal'
import { Dispute, DisputePage, DisputeQuery, DisputeRef, NewTestDispute, TestDecision } from './schema'
import { getDispute, listDisputes, toDispute } from './service'

export const disputesRouter = router({
  list: storeProcedure
    .meta({
      tool: 'list_disputes',
      title: 'List disputes',
      summary: 'Disputes of your orders, newest first, all or those of one order or status.',
      scope: 'orders:read',
      rest: 'GET /v1/disputes',
    })
    .input(DisputeQuery.prefault({}))
    .output(DisputePage)
    .query(async ({ ctx, input }) => {
      const page = await listDisputes(ctx, input)
      return { disputes: page.rows.map(toDispute), next_cursor: page.nextCursor }
    }),

  get: storeProcedure
    .meta({
      tool: 'get_dispute',
      title: 'Show a dispute',
      summary: 'One dispute: what the buyer asks back and why, what is held, and how it ended.',
      scope: 'orders:read',
      rest: 'GET /v1/disputes/{id}',
    })
    .input(DisputeRef)
    .output(Dispute)
    .query(async ({ ctx, input }) => toDispute(await getDispute(ctx, input.id))),

  raise_test: storeProcedure
    .meta({
      tool: 'raise_test_dispute',
      title: 'Dispute a test order',
      summary:
        'Disputes a paid test order as a buyer’s bank would, to rehearse what follows: payment.disputed, the held balance. Test keys only.',
      scope: 'orders:write',
      rest: 'POST /v1/orders/{id}/dispute_test',
      status: 201,
    })
    .input(NewTestDispute)
    .output(Dispute)
    .mutation(async ({ ctx, input }) => toDispute(await raiseTestDispute(ctx, input))),

  resolve_test: storeProcedure
    .meta({
      tool: 'resolve_test_dispute',
      title: 'Decide a test dispute',
      summary:
        'Decides a test dispute as the bank would: won gives back what was held, lost takes it for good. Test keys only.',
      scope: 'orders:write',
      rest: 'POST /v1/disputes/{id}/resolve_test',
    })
    .input(TestDecision)
    .output(Dispute)
    .mutation(async ({ ctx, input }) => toDispute(await resolveTestDispute(ctx, input))),
})
