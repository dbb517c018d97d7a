import { publicProcedure, router, storeProcedure } from '../../trpc'
import { NoInput } from '../stores/schema'
import { PublicStats, Revenue, RevenueQuery } from './schema'
import { getRevenue } from './service'
import { getPublicStats } from './stats'

export const revenueRouter = router({
  get: storeProcedure
    .meta({
      tool: 'get_revenue',
      title: 'Show revenue',
      summary:
        "Sales and revenue of the last 7, 30, 90 or 365 days and of all time, by product, currency and method. Amounts are the store's reporting currency unless a currency stands beside them.",
      scope: 'revenue:read',
      rest: 'GET /v1/revenue',
    })
    .input(RevenueQuery.prefault({}))
    .output(Revenue)
    .query(({ ctx, input }) => getRevenue(ctx, input.period)),
})

export const statsRouter = router({
  get: publicProcedure
    .meta({
      tool: 'get_public_stats',
      title: 'Show platform statistics',
      summary: 'Live sales of all stores on this server, at most five seconds old. Needs no key.',
      scope: 'public',
      rest: 'GET /v1/public/stats',
    })
    .input(NoInput.prefault({}))
    .output(PublicStats)
    .query(({ ctx }) => getPublicStats(ctx)),
})
