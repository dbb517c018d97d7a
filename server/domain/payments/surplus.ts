import { and, inArray } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { derivedRowId } from '../../kernel/ids'
import type { Gateway } from '../../ports/gateway'
import { lockOrder } from '../orders/service'
import type { OrderRow } from '../orders/table'
import { sameAttempt } from './attempts'
import { afterReturned, afterUnreturned } from './outcomes'
import { splitOf } from './splits'
import { type PaymentAttemptRow, paymentAttempts } from './table'

/* Money that came and that the order has no use for, since it was paid otherwise or is over: an `unwanted` attempt. */

/** Derived, so that sending it back again pays back once. */
function refundIdOf({ storeId, id }: PaymentAttemptRow): string {
  return derivedRowId(storeId, `unwanted charge ${id}`)
}

/** Pays it back to the buyer. What isn't certain is done again by reconciliation, until the gateway says how it ended. */
export async function sendBack(ctx: StoreContext, gateway: Gateway, attempt: PaymentAttemptRow): Promise<void> {
  const { id, orderId, gatewayReference, amountMinor } = attempt
  const facts = { order: orderId, attempt: id, charge: gatewayReference }
  try {
    if (gatewayReference === null) throw new Error('money came by a charge without a name')
    const refundId = refundIdOf(attempt)
    const order = await inTransaction(ctx, (tx) => lockOrder(tx, orderId))
    const { currency } = order
    const { status } = await gateway.refund({
      ...{ refundId, chargeReference: gatewayReference, amountMinor, currency },
      split: splitOf(attempt),
    })
    if (status === 'succeeded') await noteReturned(ctx, attempt)
    if (status === 'failed') await noteUnreturned(ctx, attempt)
    ctx.log.warn({ ...facts, refund: status }, 'a charge that nobody waited for goes back to the buyer')
  } catch (error) {
    ctx.log.error({ ...facts, err: error }, 'a surplus charge could not be sent back yet and will be tried again')
  }
}

/** The buyer has it back. Once. */
export function noteReturned(ctx: StoreContext, attempt: PaymentAttemptRow): Promise<void> {
  return end(ctx, attempt, ['unwanted', 'unreturned'], 'returned', (tx, order) =>
    afterReturned(tx, order, attempt.amountMinor),
  )
}

/** The gateway can't send it back, or it came back from the buyer's bank: the seller is told, once, and has to find a way. */
export function noteUnreturned(ctx: StoreContext, attempt: PaymentAttemptRow): Promise<void> {
  const { id, orderId, amountMinor } = attempt
  const refund = { id: refundIdOf(attempt), amountMinor, reason: 'Surplus payment', failureCode: 'gateway_refused' }
  return end(ctx, attempt, ['unwanted', 'returned'], 'unreturned', (tx, order) => {
    tx.log.error({ order: orderId, attempt: id }, 'the gateway can’t send a surplus charge back; pay the buyer by hand')
    return afterUnreturned(tx, order, refund)
  })
}

type Status = PaymentAttemptRow['status']

function end(
  ctx: StoreContext,
  { id, orderId }: PaymentAttemptRow,
  from: Status[],
  to: Status,
  then: (tx: StoreContext, order: OrderRow) => Promise<void>,
): Promise<void> {
  return inTransaction(ctx, async (tx) => {
    const order = await lockOrder(tx, orderId)
    const ended = await tx.db
      .update(paymentAttempts)
      .set({ status: to, updatedAt: tx.clock.now() })
      .where(and(sameAttempt(tx, id), inArray(paymentAttempts.status, from)))
      .returning({ id: paymentAttempts.id })
    if (ended.length > 0) await then(tx, order)
  })
}
