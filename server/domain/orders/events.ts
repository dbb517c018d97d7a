import type { StoreContext } from '../../context'
import { toDecimalNumber, toWireMinor } from '../../kernel/money'
import { toDispute } from '../disputes/service'
import type { DisputeRow } from '../disputes/table'
import type { EventData, EventType } from '../webhooks/catalogue'
import { recordEvents } from '../webhooks/events'
import { keepOrderEndpoint } from '../webhooks/payment-urls'
import { toOrder } from './service'
import type { OrderRow, RefundRow } from './table'

/** What can happen to an order. `failed` is a declined attempt; `expired` the end of a session that nobody paid. */
export type OrderChange =
  | { kind: 'opened' | 'completed' | 'failed' | 'expired'; order: OrderRow }
  | { kind: 'refunded'; order: OrderRow; refund: RefundRow }
  | { kind: 'refund_failed'; order: OrderRow; refund: FailedRefund }
  | { kind: 'surplus_returned'; order: OrderRow; amountMinor: bigint }
  | { kind: 'surplus_received'; order: OrderRow; surplus: EventData<'order.surplus_received'>['surplus'] }
  | { kind: 'disputed' | 'dispute_won' | 'dispute_lost'; order: OrderRow; dispute: DisputeRow }

export type FailedRefund = Pick<RefundRow, 'id' | 'amountMinor' | 'reason' | 'failureCode'>

/** Writes the events of a change, in the transaction that made it. */
export async function announce(tx: StoreContext, change: OrderChange): Promise<void> {
  const at = tx.clock.now()
  const { webhookUrl } = change.order
  const told = eventsOf(tx, change).map((event) => ({ ...event, at }))
  const isOfPayment = ({ type }: { type: string }) => type.startsWith('payment.')
  // Document D's URL of an order hears of its payment only.
  if (webhookUrl !== null && told.some(isOfPayment)) await keepOrderEndpoint(tx, webhookUrl)
  await recordEvents(
    tx,
    told.map((event) => (isOfPayment(event) ? { ...event, orderUrl: webhookUrl } : event)),
  )
}

/** Holds an event to what the catalogue says of it. */
function happened<T extends EventType>(type: T, data: EventData<T>) {
  return { type, data: data as Record<string, unknown> }
}

/** The one place that says which events a change has, and what they hold. */
function eventsOf(tx: StoreContext, change: OrderChange) {
  const { order } = change
  switch (change.kind) {
    case 'opened':
      return [
        happened('order.created', toOrder(tx, order)),
        happened('checkout.created', checkoutOf(tx, order, 'open')),
      ]
    case 'completed':
      return [
        happened('sale.completed', saleOf(order)),
        happened('payment.completed', paymentOf(order)),
        happened('order.paid', toOrder(tx, order)),
        happened('order.completed', toOrder(tx, order)),
        happened('checkout.completed', checkoutOf(tx, order, 'completed')),
      ]
    case 'failed':
      return [happened('payment.failed', { ...paymentOf(order), failure_code: order.failureCode })]
    case 'expired':
      return [
        happened('order.expired', toOrder(tx, order)),
        happened('checkout.expired', checkoutOf(tx, order, 'expired')),
      ]
    case 'refunded':
      return refundEvents(tx, order, change.refund)
    case 'refund_failed':
      return [failedRefundEvent(tx, order, change.refund)]
    case 'surplus_returned':
      return [
        happened('order.surplus_returned', {
          ...toOrder(tx, order),
          surplus_cents: toWireMinor(change.amountMinor),
        }),
      ]
    case 'surplus_received':
      return [happened('order.surplus_received', { ...toOrder(tx, order), surplus: change.surplus })]
    case 'disputed':
      return [disputedEvent(order, change.dispute)]
    case 'dispute_won':
      return [happened('dispute.won', toDispute(change.dispute))]
    case 'dispute_lost':
      return [happened('dispute.lost', toDispute(change.dispute))]
  }
}

function refundEvents(tx: StoreContext, order: OrderRow, { id, amountMinor, reason }: RefundRow) {
  return [
    happened('sale.refunded', {
      ...saleOf(order),
      // Document A: the event holds the refunded amount.
      amount_cents: toWireMinor(amountMinor),
      sale_amount_cents: toWireMinor(order.amountMinor),
      total_refunded_cents: toWireMinor(order.refundedMinor),
    }),
    happened('payment.refunded', {
      ...paymentOf(order),
      refund_amount: decimal(amountMinor, order),
      refunded_amount: decimal(order.refundedMinor, order),
    }),
    happened('order.refunded', {
      ...toOrder(tx, order),
      refund: { id, amount_cents: toWireMinor(amountMinor), reason },
    }),
  ]
}

function failedRefundEvent(tx: StoreContext, order: OrderRow, refund: FailedRefund) {
  const { id, amountMinor, reason, failureCode } = refund
  return happened('order.refund_failed', {
    ...toOrder(tx, order),
    refund: { id, amount_cents: toWireMinor(amountMinor), reason, failure_code: failureCode },
  })
}

/** The order's own status stays completed: document D has none for this. */
function disputedEvent(order: OrderRow, dispute: DisputeRow) {
  return happened('payment.disputed', {
    ...paymentOf(order),
    status: 'disputed',
    dispute_id: dispute.id,
    dispute_amount: decimal(dispute.amountMinor, order),
    dispute_reason: dispute.reason,
    dispute_due_by: dispute.dueBy?.toISOString() ?? null,
  })
}

/** Document A's payload. */
function saleOf(order: OrderRow): EventData<'sale.completed'> {
  return {
    purchase_id: order.id,
    product_id: order.productId,
    buyer_email: order.customerEmail,
    amount_cents: toWireMinor(order.amountMinor),
    currency: order.currency,
    stripe_session_id: order.sessionId,
  }
}

/** Document D's payload. */
function paymentOf(order: OrderRow): EventData<'payment.completed'> {
  return {
    transaction_id: order.transactionId,
    order_id: order.number,
    status: order.status,
    amount: decimal(order.amountMinor, order),
    fee_amount: decimal(order.feeMinor, order),
    net_amount: decimal(order.amountMinor - order.feeMinor, order),
    currency: order.currency.toUpperCase(),
    customer_email: order.customerEmail,
    customer_name: order.customerName,
    product_name: order.productName,
    order_reference: order.orderReference,
    metadata: order.metadata as EventData<'payment.completed'>['metadata'],
    is_test: order.isTest,
  }
}

function decimal(minor: bigint, { currency }: OrderRow): number {
  return toDecimalNumber(minor, currency)
}

function checkoutOf(
  tx: StoreContext,
  row: OrderRow,
  status: EventData<'checkout.created'>['status'],
): EventData<'checkout.created'> {
  const order = toOrder(tx, row)
  return {
    session_id: order.session_id,
    status,
    checkout_url: order.checkout_url,
    order_id: order.id,
    order_number: order.number,
    product_id: order.product_id,
    product_name: order.product_name,
    amount_cents: order.amount_cents,
    currency: order.currency,
    customer_email: order.customer_email,
    order_reference: order.order_reference,
    metadata: order.metadata,
    is_test: order.is_test,
    expires_at: order.expires_at,
  }
}
