import { operatorProcedure, router, storeProcedure } from '../../trpc'
import { reanchor } from './reanchor'
import { rescan } from './rescan'
import { NewReanchoring, NewRescan, Reanchoring, Rescan, UnmatchedPage, UnmatchedQuery } from './schema'
import { listUnmatched, toUnmatched } from './service'

export const chainsRouter = router({
  list_unmatched: storeProcedure
    .meta({
      tool: 'list_unmatched_transfers',
      title: 'List transfers that count for no payment',
      summary:
        'Money that came to your addresses and counts for no payment, newest first, with the reason: it was late, too little, in another coin, or nobody was to pay there. It is in your wallet; what to do about it is between you and the buyer.',
      scope: 'payments:read',
      rest: 'GET /v1/unmatched_transfers',
    })
    .input(UnmatchedQuery.prefault({}))
    .output(UnmatchedPage)
    .query(async ({ ctx, input }) => {
      const { rows, nextCursor } = await listUnmatched(ctx, input)
      return { transfers: rows.map(toUnmatched), next_cursor: nextCursor }
    }),

  rescan: operatorProcedure
    .meta({
      tool: 'rescan_chain',
      title: 'Read blocks again',
      summary:
        'Reads final blocks of a live network again, by their numbers or by a transaction, and takes in what is missing. Nothing counts twice. For the operator.',
      scope: 'operator',
      rest: 'POST /v1/rescans',
      idempotent: true,
      external: true,
    })
    .input(NewRescan)
    .output(Rescan)
    .mutation(async ({ ctx, input }) => {
      const { from, to, seen, added } = await rescan(ctx, input)
      const blocks = { from_block: Number(from), to_block: Number(to) }
      return { network: input.network, ...blocks, transfers_seen: seen, transfers_added: added }
    }),

  reanchor: operatorProcedure
    .meta({
      tool: 'reanchor_chain',
      title: 'Read a halted network anew',
      summary:
        'For a network that has replaced more blocks than are remembered, so that its watcher halted: believes its nodes, and reads it again from before the payments concerned. Refused while the watcher needs no help. For the operator.',
      scope: 'operator',
      rest: 'POST /v1/reanchorings',
      destructive: true,
      external: true,
    })
    .input(NewReanchoring)
    .output(Reanchoring)
    .mutation(async ({ ctx, input: { network } }) => {
      const { from, orphans } = await reanchor(ctx, network)
      return { network, from_block: Number(from), transfers_gone: orphans }
    }),
})
