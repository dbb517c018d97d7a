import { concealLicenseKeys, derivedRowId } from '../../kernel/ids'
import { router, type StoreRequest, storeProcedure } from '../../trpc'
import { isGranted } from '../keys/lookup'
import { createOrder } from '../payments/creation'
import { refundOrder, toRefund } from '../payments/refunds'
import { payTestOrder } from '../payments/rehearsal'
import { listOrders } from './list'
import {
  NewOrder,
  NewRefund,
  NewTestPayment,
  Order,
  OrderPage,
  OrderQuery,
  OrderRef,
  Refund,
  TestPayment,
} from './schema'
import { getOrder, toOrder } from './service'

export const ordersRouter = router({
  create: storeProcedure
    .meta({
      tool: 'create_order',
      title: 'Create an order',
      summary:
        'Makes an order of a product, or of an amount of your own, with a checkout session. Send the buyer to checkout_url within an hour; the price is frozen.',
      scope: 'orders:write',
      rest: 'POST /v1/orders',
      status: 201,
      // It may look the name of webhook_url up, which may take seconds: not inside a transaction.
      external: true,
    })
    .input(NewOrder)
    .output(Order)
    .mutation(async ({ ctx, input }) => opened(ctx, await createOrder(ctx, input, ctx.request.idempotentRun))),

  list: storeProcedure
    .meta({
      tool: 'list_orders',
      title: 'List orders',
      summary: 'Your orders, newest first, all or those that fit the filters.',
      scope: 'orders:read',
      rest: 'GET /v1/orders',
    })
    .input(OrderQuery.prefault({}))
    .output(OrderPage)
    .query(async ({ ctx, input }) => {
      const page = await listOrders(ctx, input)
      const { rows, total, nextCursor } = page
      return { orders: rows.map((row) => shown(ctx, row)), total, next_cursor: nextCursor }
    }),

  get: storeProcedure
    .meta({
      tool: 'get_order',
      title: 'Show an order',
      summary: 'One order by its uuid, PP- number, txn_ id or cs_ session id.',
      scope: 'orders:read',
      rest: 'GET /v1/orders/{id}',
    })
    .input(OrderRef)
    .output(Order)
    .query(async ({ ctx, input }) => shown(ctx, await getOrder(ctx, input.id, input.mode))),

  refund: storeProcedure
    .meta({
      tool: 'refund_order',
      title: 'Refund an order',
      summary:
        'Pays a completed order back, all that is left of it or a part. Repeat it with the same idempotency key when the answer was lost.',
      scope: 'orders:write',
      rest: 'POST /v1/orders/{id}/refund',
      external: true,
      destructive: true,
    })
    .input(NewRefund)
    .output(Refund)
    .mutation(async ({ ctx, input }) => {
      const { amount_cents: amountCents, amount: amountText, ...others } = input
      const refundId = rowIdOfRun(ctx, 'refund')
      const refunded = await refundOrder(ctx, { ...others, amountCents, amountText, refundId })
      return { ...toRefund(ctx, refunded), order: shown(ctx, refunded.order) }
    }),

  pay_test: storeProcedure
    .meta({
      tool: 'pay_test_order',
      title: 'Pay a test order',
      summary:
        'Pays a test order with a test card, without a browser, to rehearse what follows a sale: webhooks, revenue, refunds. Test keys only.',
      scope: 'orders:write',
      rest: 'POST /v1/orders/{id}/pay_test',
      external: true,
    })
    .input(NewTestPayment)
    .output(TestPayment)
    .mutation(async ({ ctx, input }) => {
      const { state, order } = await payTestOrder(ctx, input, rowIdOfRun(ctx, 'attempt'))
      return { state, order: shown(ctx, order) }
    }),
})

/** An order without its licence key, for callers who may not read those. */
function opened(ctx: StoreRequest, row: Parameters<typeof toOrder>[1]): Order {
  const order = toOrder(ctx, row)
  return isGranted(ctx.credential, 'licenses:read') ? order : { ...order, license: null }
}

/**
 * Such callers don't come by the key through its receipt either, whose address is the checkout's. Whoever makes an order needs
 * that for the buyer, and is told it then alone. Only variants issue keys.
 */
function shown(ctx: StoreRequest, row: Parameters<typeof toOrder>[1]): Order {
  const order = opened(ctx, row)
  if (order.variant_id === null || isGranted(ctx.credential, 'licenses:read')) return order
  const { session_id, checkout_url } = order
  return { ...order, session_id: concealLicenseKeys(session_id), checkout_url: concealLicenseKeys(checkout_url) }
}

/** What a call makes outside gets its id from the call's run, so that a retry finds it, also when the first call crashed half-way. */
function rowIdOfRun({ storeId, request }: StoreRequest, what: 'refund' | 'attempt'): string | undefined {
  const { idempotentRun: run } = request
  return run === undefined ? undefined : derivedRowId(storeId, `${what} ${run}`)
}
