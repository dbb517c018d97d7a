import { router, storeProcedure } from '../../trpc'
import { NoInput } from '../stores/schema'
import { Balance, LedgerPage, LedgerQuery } from './schema'
import { getBalance, listEntries, toLedgerEntry } from './service'

export const ledgerRouter = router({
  balance: storeProcedure
    .meta({
      tool: 'get_balance',
      title: 'Show your balance',
      summary:
        'What the store has earned by card, by currency: available and held in disputes, and the gross, fees, refunds and lost disputes that it is made of.',
      scope: 'revenue:read',
      rest: 'GET /v1/balance',
    })
    .input(NoInput.prefault({}))
    .output(Balance)
    .query(({ ctx }) => getBalance(ctx)),

  list: storeProcedure
    .meta({
      tool: 'list_ledger_entries',
      title: 'List ledger entries',
      summary:
        'The double-entry book behind your balance, newest first: each sale, refund and dispute with its legs. Of all, or of one order, kind or time.',
      scope: 'revenue:read',
      rest: 'GET /v1/ledger_entries',
    })
    .input(LedgerQuery.prefault({}))
    .output(LedgerPage)
    .query(async ({ ctx, input }) => {
      const page = await listEntries(ctx, input)
      return { entries: page.rows.map(toLedgerEntry), next_cursor: page.nextCursor }
    }),
})
