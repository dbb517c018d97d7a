import { randomUUID } from 'node:crypto'
import { recordDispute } from '../../server/domain/disputes/notices'
import type { DisputeRow } from '../../server/domain/disputes/table'
import type { OrderRow } from '../../server/domain/orders/table'
import { successfulAttempt } from '../../server/domain/payments/attempts'
import type { DisputeNotice } from '../../server/ports/gateway'
import type { Shop } from './shop'

/** What a gateway would report of a dispute of this order's charge; of all of it, and newly raised, unless said. */
export async function noticeOf(
  { ctx }: Shop,
  order: OrderRow,
  changes: Partial<DisputeNotice> = {},
): Promise<DisputeNotice> {
  const attempt = await successfulAttempt(ctx, order.id)
  return {
    id: `dp_${randomUUID()}`,
    attemptId: attempt?.id ?? '',
    chargeReference: attempt?.gatewayReference ?? '',
    amountMinor: order.amountMinor,
    reason: 'fraudulent',
    status: 'needs_response',
    dueBy: new Date('2026-03-09T12:00:00.000Z'),
    fees: [],
    ...changes,
  }
}

/** The bank of these tests reports it. */
export function report({ deps, bank }: Shop, notice: DisputeNotice): Promise<DisputeRow> {
  return recordDispute(deps, bank.name, notice)
}
