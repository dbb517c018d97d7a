import type { StoreContext } from '../../context'
import { postRefund, postSale } from '../ledger/service'
import { announce } from '../orders/events'
import type { OrderRow, RefundRow } from '../orders/table'
import { queueReceipt, queueRefundNotice } from '../receipts/service'
import { recordEntry } from '../revenue/entries'

/*
 * What follows from each thing that can happen to an order, in the transaction that makes it true. A domain that has to do with
 * sales has its line here. The order's row is held by then; events are announced last, when everything they tell of is written.
 */

/** A new order that waits for its payment. */
export async function afterOpened(tx: StoreContext, order: OrderRow): Promise<void> {
  await announce(tx, { kind: 'opened', order })
}

/** Once in an order's life. */
export async function afterPaid(tx: StoreContext, order: OrderRow, at: Date): Promise<void> {
  await recordEntry(tx, {
    kind: 'sale',
    sourceId: order.id,
    orderId: order.id,
    productId: order.productId,
    currency: order.currency,
    method: order.method ?? 'card',
    amountMinor: order.amountMinor,
    happenedAt: at,
  })
  await postSale(tx, order, at)
  await queueReceipt(tx, order)
  await announce(tx, { kind: 'completed', order })
}

/** The buyer may try again: the session is open until its hour is over. */
export async function afterDeclined(tx: StoreContext, order: OrderRow): Promise<void> {
  await announce(tx, { kind: 'failed', order })
}

/** Nobody paid in time; no retry leads out of it. */
export async function afterExpired(tx: StoreContext, order: OrderRow): Promise<void> {
  await announce(tx, { kind: 'expired', order })
}

/** The gateway has paid `refund` back, all of the order or a part. */
export async function afterRefunded(tx: StoreContext, order: OrderRow, refund: RefundRow, at: Date): Promise<void> {
  await recordEntry(tx, {
    kind: 'refund',
    sourceId: refund.id,
    orderId: order.id,
    productId: order.productId,
    currency: order.currency,
    method: order.method ?? 'card',
    amountMinor: refund.amountMinor,
    happenedAt: at,
  })
  await postRefund(tx, order, refund, at)
  await queueRefundNotice(tx, order, refund)
  await announce(tx, { kind: 'refunded', order, refund })
}
