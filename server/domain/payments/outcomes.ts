import type { StoreContext } from '../../context'
import type { GatewayFee } from '../../ports/gateway'
import { giveBackCoupon } from '../coupons/redemptions'
import type { CryptoPaymentRow } from '../crypto/table'
import { toPayment } from '../crypto/view'
import type { DisputeRow } from '../disputes/table'
import { postDispute, postFailedRefund, postGatewayFee, postRefund, postSale } from '../ledger/service'
import { issueLicense, restoreLicensesOf, revokeLicensesOf } from '../licenses/service'
import { announce, type FailedRefund } from '../orders/events'
import type { OrderRow, RefundRow } from '../orders/table'
import { queueReceipt, queueRefundNotice } from '../receipts/service'
import { type NewEntry, recordEntry } from '../revenue/entries'
import { markShareDue } from './splits'
import type { PaymentAttemptRow } from './table'

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
  await enterRevenue(tx, order, { kind: 'sale', sourceId: order.id, amountMinor: order.amountMinor, happenedAt: at })
  await postSale(tx, order, at)
  const licensed = await issueLicense(tx, order)
  await queueReceipt(tx, licensed)
  await announce(tx, { kind: 'completed', order: licensed })
}

/** The gateway has said what it keeps of an attempt's charge. Once; before or after the sale. */
export function afterGatewayFee(tx: StoreContext, attempt: PaymentAttemptRow, fee: GatewayFee, at: Date) {
  return postGatewayFee(tx, attempt, fee, at)
}

/** The buyer may try again: the session is open until its hour is over. */
export async function afterDeclined(tx: StoreContext, order: OrderRow): Promise<void> {
  await announce(tx, { kind: 'failed', order })
}

/** Nobody paid in time; no retry leads out of it. */
export async function afterExpired(tx: StoreContext, order: OrderRow): Promise<void> {
  await giveBackCoupon(tx, order)
  await announce(tx, { kind: 'expired', order })
}

/** The gateway has paid `refund` back, all of the order or a part. */
export async function afterRefunded(tx: StoreContext, order: OrderRow, refund: RefundRow, at: Date): Promise<void> {
  await enterRevenue(tx, order, {
    kind: 'refund',
    sourceId: refund.id,
    amountMinor: refund.amountMinor,
    happenedAt: at,
  })
  await postRefund(tx, order, refund, at)
  await markShareDue(tx, order.id)
  await revokeLicensesOf(tx, order, 'order_refunded')
  await queueRefundNotice(tx, order, refund)
  await announce(tx, { kind: 'refunded', order, refund })
}

/**
 * The buyer gets nothing by `refund`: the gateway or the buyer's bank refused it. `wasPaid`: it had gone through, and its money
 * came back; all that had followed from it is undone. The seller is told, who owes the buyer the money still.
 */
export async function afterRefundFailed(
  tx: StoreContext,
  order: OrderRow,
  { refund, wasPaid, at }: { refund: RefundRow; wasPaid: boolean; at: Date },
): Promise<void> {
  if (wasPaid) {
    const { id, amountMinor } = refund
    await enterRevenue(tx, order, {
      ...{ kind: 'refund', sourceId: `${id} failed`, amountMinor: -amountMinor, happenedAt: at },
    })
    await postFailedRefund(tx, order, refund, at)
    await restoreLicensesOf(tx, order)
  }
  // The gateway may have moved the store's share for a refund that then failed.
  await markShareDue(tx, order.id)
  await announce(tx, { kind: 'refund_failed', order, refund })
}

/** Money that the order had no use for, since it was paid otherwise or is over, has gone back to the buyer. */
export async function afterReturned(tx: StoreContext, order: OrderRow, amountMinor: bigint): Promise<void> {
  await announce(tx, { kind: 'surplus_returned', order, amountMinor })
}

/** A crypto payment was confirmed for an order that was paid otherwise: only the seller can send it back. */
export async function afterSurplus(tx: StoreContext, order: OrderRow, payment: CryptoPaymentRow): Promise<void> {
  const { payment_number, network, currency, actual_crypto_amount: amount, tx_hash } = toPayment(tx, payment, undefined)
  const surplus = { payment_number, network, currency, amount: amount ?? '0', tx_hash }
  await announce(tx, { kind: 'surplus_received', order, surplus })
}

type Disputed = { before: OrderRow; order: OrderRow; dispute: DisputeRow }

/** Such money can't be sent back by the gateway: the seller is told, who owes it to the buyer. */
export async function afterUnreturned(tx: StoreContext, order: OrderRow, refund: FailedRefund): Promise<void> {
  await announce(tx, { kind: 'refund_failed', order, refund })
}

/** The buyer's bank asks for money back: what is left of the order is held until it has decided. */
export async function afterDisputed(tx: StoreContext, { before, order, dispute }: Disputed, at: Date): Promise<void> {
  await postDispute(tx, { kind: 'dispute_opened', disputeId: dispute.id, before, order, at })
  await markShareDue(tx, order.id)
  await announce(tx, { kind: 'disputed', order, dispute })
}

/** The bank has decided for the seller. Revenue never fell. */
export async function afterDisputeWon(tx: StoreContext, { before, order, dispute }: Disputed, at: Date): Promise<void> {
  await postDispute(tx, { kind: 'dispute_won', disputeId: dispute.id, before, order, at })
  await markShareDue(tx, order.id)
  await announce(tx, { kind: 'dispute_won', order, dispute })
}

/** The bank has decided for the buyer: revenue falls by what it took, as by a refund. */
export async function afterDisputeLost(
  tx: StoreContext,
  { before, order, dispute }: Disputed,
  at: Date,
): Promise<void> {
  const { id: sourceId, takenMinor: amountMinor } = dispute
  // Nothing is lost where all had been refunded before.
  if (amountMinor > 0n) await enterRevenue(tx, order, { kind: 'refund', sourceId, amountMinor, happenedAt: at })
  await revokeLicensesOf(tx, order, 'dispute_lost')
  await postDispute(tx, { kind: 'dispute_lost', disputeId: dispute.id, before, order, at })
  await markShareDue(tx, order.id)
  await announce(tx, { kind: 'dispute_lost', order, dispute })
}

type Moved = Pick<NewEntry, 'kind' | 'sourceId' | 'amountMinor' | 'happenedAt'>

function enterRevenue(tx: StoreContext, { id: orderId, productId, currency, method }: OrderRow, moved: Moved) {
  return recordEntry(tx, { ...moved, orderId, productId, currency, method: method ?? 'free' })
}
