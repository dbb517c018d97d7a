import { and, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { derivedRowId } from '../../kernel/ids'
import type { Gateway, GatewayRefund } from '../../ports/gateway'
import { lockOrder } from '../orders/service'
import { type OrderRow, type RefundRow, refunds } from '../orders/table'
import { reserveRefund, undoRefund } from '../orders/transitions'
import { successfulAttempt } from './attempts'
import { gatewayNamed } from './gateways'
import { afterRefundFailed } from './outcomes'
import { findRefund, settleRefundOf } from './refunds'
import { noteReturned, noteUnreturned } from './surplus'
import type { PaymentAttemptRow } from './table'

/**
 * Writes down what the gateway says of the refunds of a charge: how ours ended, and those that were made at the gateway itself, in
 * its dashboard. Each counts once, however often it is told. Throws when one doesn't fit what is known here; it may later.
 */
export async function noteGatewayRefunds(
  ctx: StoreContext,
  gateway: Gateway,
  attempt: PaymentAttemptRow,
  known: readonly GatewayRefund[],
): Promise<void> {
  if (attempt.status !== 'succeeded') return noteSurplusRefunds(ctx, attempt, known)
  for (const refund of known) await note(ctx, gateway, attempt, refund)
}

/** Asks the gateway how the refunds of an order that it was paid for have ended. */
export async function askAboutRefunds(ctx: StoreContext, order: OrderRow): Promise<void> {
  const attempt = await successfulAttempt(ctx, order.id)
  if (!attempt?.gatewayReference) return
  const gateway = gatewayNamed(ctx, attempt.gateway)
  const charge = gateway.kind === 'redirect' ? await gateway.refundsOf(attempt.gatewayReference) : null
  if (charge) await noteGatewayRefunds(ctx, gateway, attempt, charge.refunds)
}

/** Of money that the order has no use for: whether the buyer has all of it back. */
async function noteSurplusRefunds(ctx: StoreContext, attempt: PaymentAttemptRow, known: readonly GatewayRefund[]) {
  const amountIn = (...statuses: GatewayRefund['status'][]) =>
    known.filter(({ status }) => statuses.includes(status)).reduce((sum, one) => sum + one.amountMinor, 0n)
  const { amountMinor } = attempt
  if (amountIn('succeeded') >= amountMinor) return noteReturned(ctx, attempt)
  if (amountIn('failed') > 0n && amountIn('succeeded', 'pending') < amountMinor) return noteUnreturned(ctx, attempt)
}

async function note(
  ctx: StoreContext,
  gateway: Gateway,
  attempt: PaymentAttemptRow,
  refund: GatewayRefund,
): Promise<void> {
  const { reference, status } = refund
  const id = refund.refundId ?? derivedRowId(ctx.storeId, `refund at ${gateway.name} ${reference}`)
  const row = (await findRefund(ctx, id)) ?? (await begin(ctx, attempt, refund, id))
  if (!row || status === 'pending') return
  if (row.status === 'pending') return settleRefundOf(ctx, row, { status, reference })
  if (row.status === 'succeeded' && status === 'failed') await undo(ctx, row)
}

/** A refund that had gone through came back to the gateway: the order is as it was before. Once, since nothing leads out of `failed`. */
function undo(ctx: StoreContext, { id, orderId, amountMinor }: RefundRow): Promise<void> {
  return inTransaction(ctx, async (tx) => {
    const at = tx.clock.now()
    await lockOrder(tx, orderId)
    const [refund] = await tx.db
      .update(refunds)
      .set({ status: 'failed', failureCode: 'returned', settledAt: at })
      .where(and(eq(refunds.storeId, tx.storeId), eq(refunds.id, id), eq(refunds.status, 'succeeded')))
      .returning()
    if (!refund) return
    const order = await undoRefund(tx, orderId, amountMinor)
    if (!order) throw new Error(`refund ${id} was not counted in its order`)
    await afterRefundFailed(tx, order, { refund, wasPaid: true, at })
  })
}

/** Undefined for a refund that gave nothing back. */
function begin(
  ctx: StoreContext,
  { orderId }: PaymentAttemptRow,
  { refundId, amountMinor, status, reference }: GatewayRefund,
  id: string,
): Promise<RefundRow | undefined> {
  // Ours are written down before the gateway hears of them.
  if (refundId !== null || status === 'failed') return Promise.resolve(undefined)
  return inTransaction(ctx, async (tx) => {
    await lockOrder(tx, orderId)
    const begun = await findRefund(tx, id)
    if (begun) return begun
    const at = tx.clock.now()
    const [row] = await tx.db
      .insert(refunds)
      .values({
        ...{ storeId: tx.storeId, id, orderId, amountMinor, reason: 'Refunded at the card gateway' },
        ...{ status: 'pending', gatewayReference: reference, createdAt: at, sentAt: at },
      })
      .returning()
    if (!row || !(await reserveRefund(tx, orderId, amountMinor))) {
      throw new Error(`the gateway gave ${amountMinor} back, and so much is not left of order ${orderId}`)
    }
    return row
  })
}
