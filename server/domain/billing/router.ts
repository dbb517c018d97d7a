import { formatUsdt } from '../../kernel/plans'
import { operatorProcedure, publicProcedure, router, storeProcedure } from '../../trpc'
import { NoInput } from '../stores/schema'
import { settingsOf } from './accounts'
import {
  AdjustedBalance,
  Adjustment,
  Billing,
  InvoicePage,
  InvoiceQuery,
  NewTopup,
  Overage,
  PeriodUsage,
  PlanList,
  Rehearsal,
  Subscription,
  Topup,
  TopupPage,
  TopupQuery,
  TopupRef,
} from './schema'
import { adjustBalance, getStanding, listInvoices, rehearse, setOverage, subscribe } from './service'
import { createTopup, getTopup, listTopups, toTopup } from './topups'
import { toBilling, toInvoice, toPlans, toUsage } from './view'

export const billingRouter = router({
  plans: publicProcedure
    .meta({
      tool: 'list_plans',
      title: 'List the plans',
      summary: 'The plans of this server, what they cost in USDT, and how many confirmed crypto payments they include.',
      scope: 'public',
      rest: 'GET /v1/billing/plans',
      needs: 'billing',
    })
    .input(NoInput.prefault({}))
    .output(PlanList)
    .query(({ ctx }) => toPlans(settingsOf(ctx))),

  get: storeProcedure
    .meta({
      tool: 'get_billing',
      title: 'Show your plan and prepaid balance',
      summary:
        'Your plan, its period and quota, your prepaid balance in USDT, and whether new crypto payments can be made.',
      scope: 'billing:read',
      rest: 'GET /v1/billing',
      needs: 'billing',
    })
    .input(NoInput.prefault({}))
    .output(Billing)
    .query(async ({ ctx }) => toBilling(settingsOf(ctx), await getStanding(ctx))),

  usage: storeProcedure
    .meta({
      tool: 'get_billing_usage',
      title: 'Show the usage of the period',
      summary: 'How many confirmed crypto payments the period has, and what of them is charged and not settled yet.',
      scope: 'billing:read',
      rest: 'GET /v1/billing/usage',
      needs: 'billing',
    })
    .input(NoInput.prefault({}))
    .output(PeriodUsage)
    .query(async ({ ctx }) => toUsage(await getStanding(ctx))),

  subscribe: storeProcedure
    .meta({
      tool: 'subscribe_plan',
      title: 'Change the plan',
      summary:
        'Debits the price of a plan from your prepaid balance and begins a new period of 30 or 365 days. Overage is settled first, at the old fee; nothing of the old period is given back. The plan you are on costs nothing again.',
      scope: 'billing:write',
      rest: 'POST /v1/billing/subscribe',
      needs: 'billing',
      destructive: true,
      idempotent: true,
    })
    .input(Subscription)
    .output(Billing)
    .mutation(async ({ ctx, input }) => toBilling(settingsOf(ctx), await subscribe(ctx, input))),

  set_overage: storeProcedure
    .meta({
      tool: 'set_overage',
      title: 'Switch overage on or off',
      summary:
        'On: payments beyond the quota go on, each for the fee of the plan, settled per 1,000 or after 24 hours. Off: create_payment answers plan_limit_reached at the quota.',
      scope: 'billing:write',
      rest: 'POST /v1/billing/overage',
      needs: 'billing',
      idempotent: true,
    })
    .input(Overage)
    .output(Billing)
    .mutation(async ({ ctx, input }) => toBilling(settingsOf(ctx), await setOverage(ctx, input))),

  list_invoices: storeProcedure
    .meta({
      tool: 'list_invoices',
      title: 'List invoices and settlements',
      summary: 'What was debited from your prepaid balance, newest first: prices of periods and settled overage.',
      scope: 'billing:read',
      rest: 'GET /v1/billing/invoices',
      needs: 'billing',
    })
    .input(InvoiceQuery.prefault({}))
    .output(InvoicePage)
    .query(async ({ ctx, input }) => {
      const { rows, nextCursor } = await listInvoices(ctx, input)
      return { invoices: rows.map(toInvoice), next_cursor: nextCursor }
    }),

  create_topup: storeProcedure
    .meta({
      tool: 'create_topup',
      title: 'Top the balance up',
      summary:
        'Asks for an amount of USDT on a network, to an address of the operator. It is on your balance once the transfer is confirmed. With a test key, simulate_payment pays it.',
      scope: 'billing:write',
      rest: 'POST /v1/billing/topups',
      needs: 'billing',
      status: 201,
      // Making its payment asks for a rate.
      external: true,
      refresh: async (ctx, output) => toTopup(ctx, await getTopup(ctx, TopupRef.strip().parse(output).id)),
    })
    .input(NewTopup)
    .output(Topup)
    .mutation(async ({ ctx, input }) => toTopup(ctx, await createTopup(ctx, input, ctx.request.idempotentRun))),

  get_topup: storeProcedure
    .meta({
      tool: 'get_topup',
      title: 'Show a top-up',
      summary: 'One top-up: what has come, and what of it is on your balance.',
      scope: 'billing:read',
      rest: 'GET /v1/billing/topups/{id}',
      needs: 'billing',
    })
    .input(TopupRef)
    .output(Topup)
    .query(async ({ ctx, input }) => toTopup(ctx, await getTopup(ctx, input.id))),

  list_topups: storeProcedure
    .meta({
      tool: 'list_topups',
      title: 'List top-ups',
      summary: 'Your top-ups, newest first.',
      scope: 'billing:read',
      rest: 'GET /v1/billing/topups',
      needs: 'billing',
    })
    .input(TopupQuery.prefault({}))
    .output(TopupPage)
    .query(async ({ ctx, input }) => {
      const { topups, nextCursor } = await listTopups(ctx, input)
      return { topups: topups.map((one) => toTopup(ctx, one)), next_cursor: nextCursor }
    }),

  simulate: storeProcedure
    .meta({
      tool: 'simulate_billing',
      title: 'Rehearse billing',
      summary:
        'Lets the open batch of overage be settled, or the period end, at once. Webhooks and e-mails are made as they would be. Test keys only.',
      scope: 'billing:write',
      rest: 'POST /v1/billing/simulate',
      needs: 'billing',
    })
    .input(Rehearsal)
    .output(Billing)
    .mutation(async ({ ctx, input }) => toBilling(settingsOf(ctx), await rehearse(ctx, input))),

  adjust: operatorProcedure
    .meta({
      tool: 'adjust_balance',
      title: "Adjust a store's prepaid balance",
      summary:
        'Adds to a prepaid balance or takes from it, as for a top-up that came too late or too small. For the operator.',
      scope: 'operator',
      rest: 'POST /v1/stores/{id}/adjust_balance',
      needs: 'billing',
      destructive: true,
    })
    .input(Adjustment)
    .output(AdjustedBalance)
    .mutation(async ({ ctx, input }) => {
      const { balanceMinor, isTest } = await adjustBalance(ctx, input)
      return { balance_usdt: formatUsdt(balanceMinor), is_test: isTest }
    }),
})
