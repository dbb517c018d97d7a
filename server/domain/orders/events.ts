import type { StoreContext } from '../../context'
import { toWireMinor } from '../../kernel/money'
import { type NewEvent, recordEvent } from '../webhooks/events'
import type { OrderRow, RefundRow } from './table'

/** What can happen to an order. */
export type OrderChange =
  | { kind: 'completed'; order: OrderRow }
  | { kind: 'failed'; order: OrderRow }
  | { kind: 'refunded'; order: OrderRow; refund: RefundRow }

/** Writes the events of a change, in the transaction that made it. */
export async function announce(tx: StoreContext, change: OrderChange): Promise<void> {
  const at = tx.clock.now()
  for (const event of eventsOf(change)) await recordEvent(tx, { ...event, at })
}

/** The one place that says which events a change has, and what they hold. */
function eventsOf(change: OrderChange): Omit<NewEvent, 'at'>[] {
  switch (change.kind) {
    case 'completed':
      return [{ type: 'sale.completed', data: saleData(change.order) }]
    case 'refunded':
      return [{ type: 'sale.refunded', data: refundData(change.order, change.refund) }]
    case 'failed':
      return []
  }
}

/** Document A's payload. */
function saleData(order: OrderRow) {
  return {
    purchase_id: order.id,
    product_id: order.productId,
    buyer_email: order.customerEmail,
    amount_cents: toWireMinor(order.amountMinor),
    currency: order.currency,
    stripe_session_id: order.sessionId,
  }
}

function refundData(order: OrderRow, refund: RefundRow) {
  return {
    ...saleData(order),
    refunded_cents: toWireMinor(refund.amountMinor),
    total_refunded_cents: toWireMinor(order.refundedMinor),
  }
}
