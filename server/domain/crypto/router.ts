import { router, storeProcedure } from '../../trpc'
import { NoInput } from '../stores/schema'
import { NewPayment, NewSimulation, Payment, PaymentPage, PaymentQuery, PaymentRef } from './schema'
import { cancelPayment, createPayment, getPayment, listPayments } from './service'
import { getSettings, toSettings, updateSettings } from './settings'
import { PaymentSettings, PaymentSettingsUpdate } from './settings-schema'
import { simulate } from './simulation'
import { toOnePayment, toPayments } from './view'

export const paymentsRouter = router({
  create: storeProcedure
    .meta({
      tool: 'create_payment',
      title: 'Create a crypto payment',
      summary:
        'Asks for an amount of US dollars in a coin, straight to an address of your pool, which is locked to the payment until it ends. Send the buyer to checkout_url within 30 minutes. Test keys pay on a simulated chain: simulate_payment.',
      scope: 'payments:write',
      rest: 'POST /v1/payments',
      status: 201,
      // It asks for a rate, which may take seconds: not inside a transaction.
      external: true,
      // Document B: a repetition answers the payment as it is now.
      refresh: async (ctx, output) =>
        toOnePayment(ctx, await getPayment(ctx, PaymentRef.strip().parse(output).payment_number)),
    })
    .input(NewPayment)
    .output(Payment)
    .mutation(async ({ ctx, input }) =>
      toOnePayment(ctx, await createPayment(ctx, input, { run: ctx.request.idempotentRun })),
    ),

  list: storeProcedure
    .meta({
      tool: 'list_payments',
      title: 'List crypto payments',
      summary: 'Your crypto payments, newest first, all or those that fit the filters.',
      scope: 'payments:read',
      rest: 'GET /v1/payments',
    })
    .input(PaymentQuery.prefault({}))
    .output(PaymentPage)
    .query(async ({ ctx, input }) => {
      const { rows, nextCursor } = await listPayments(ctx, input)
      return { payments: await toPayments(ctx, rows), next_cursor: nextCursor }
    }),

  get: storeProcedure
    .meta({
      tool: 'get_payment',
      title: 'Show a crypto payment',
      summary:
        'One crypto payment by its PAY- number: its status, what has come, and its confirmations at this moment.',
      scope: 'payments:read',
      rest: 'GET /v1/payments/{payment_number}',
    })
    .input(PaymentRef)
    .output(Payment)
    .query(async ({ ctx, input }) => toOnePayment(ctx, await getPayment(ctx, input.payment_number))),

  cancel: storeProcedure
    .meta({
      tool: 'cancel_payment',
      title: 'Cancel a crypto payment',
      summary: 'Ends a pending crypto payment that nothing has come for, and gives its address back to the pool.',
      scope: 'payments:write',
      rest: 'POST /v1/payments/{payment_number}/cancel',
      destructive: true,
      idempotent: true,
    })
    .input(PaymentRef)
    .output(Payment)
    .mutation(async ({ ctx, input }) => toOnePayment(ctx, await cancelPayment(ctx, input.payment_number))),

  simulate: storeProcedure
    .meta({
      tool: 'simulate_payment',
      title: 'Rehearse a crypto payment',
      summary:
        'Plays the buyer and the chain for a test payment: money comes, is too little, too much or too late, gets its confirmations, or is taken back. Webhooks are sent as they would be. Test keys only.',
      scope: 'payments:write',
      rest: 'POST /v1/payments/{payment_number}/simulate',
    })
    .input(NewSimulation)
    .output(Payment)
    .mutation(async ({ ctx, input }) => toOnePayment(ctx, await simulate(ctx, input))),

  get_settings: storeProcedure
    .meta({
      tool: 'get_payment_settings',
      title: 'Show the settings of crypto payments',
      summary: 'How long your crypto payments can be paid, what may be missing or too much, and when they count.',
      scope: 'payments:read',
      rest: 'GET /v1/payment_settings',
    })
    .input(NoInput.prefault({}))
    .output(PaymentSettings)
    .query(async ({ ctx }) => toSettings(ctx, await getSettings(ctx))),

  update_settings: storeProcedure
    .meta({
      tool: 'update_payment_settings',
      title: 'Change the settings of crypto payments',
      summary:
        'Changes time, tolerances and confirmations of the payments that are made from now on; those that are there keep theirs. A test key changes those of test payments.',
      scope: 'store:write',
      rest: 'PATCH /v1/payment_settings',
      idempotent: true,
    })
    .input(PaymentSettingsUpdate)
    .output(PaymentSettings)
    .mutation(async ({ ctx, input }) => toSettings(ctx, await updateSettings(ctx, input))),
})
