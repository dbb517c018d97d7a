import type { StoreContext } from '../../context'
import { addMs, DAY_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import { newRowId } from '../../kernel/ids'
import { formatMoney } from '../../kernel/money'
import { getOrder } from '../orders/service'
import type { OrderRow } from '../orders/table'
import { leftOf } from '../orders/transitions'
import { successfulAttempt } from '../payments/attempts'
import { recordDispute } from './notices'
import type { NewTestDispute, TestDecision } from './schema'
import { getDispute } from './service'
import type { DisputeRow } from './table'

/** As long as a seller usually has. */
const DAYS_TO_RESPOND = 7

/**
 * Disputes a paid test order, by the very path a gateway's notice takes.
 * Throws invalid_request in live mode, order_not_found, order_not_disputable.
 */
export async function raiseTestDispute(ctx: StoreContext, input: NewTestDispute): Promise<DisputeRow> {
  refuseLive(ctx)
  const order = await getOrder(ctx, input.id)
  const attempt = await chargedBy(ctx, order)
  const left = leftOf(order)
  const amountMinor = input.amount_cents === undefined ? left : BigInt(input.amount_cents)
  if (left <= 0n) throw notDisputable('Nothing is left of it: all was refunded or disputed already.')
  if (amountMinor > left)
    throw notDisputable(`At most ${formatMoney(left, order.currency)} is left of it.`, 'amount_cents')
  return recordDispute(ctx, attempt.gateway, {
    ...{ id: `test_${newRowId(ctx.storeId)}`, attemptId: attempt.id, chargeReference: attempt.reference },
    ...{ amountMinor, reason: input.reason || null, status: 'needs_response' },
    ...{ dueBy: addMs(ctx.clock.now(), DAYS_TO_RESPOND * DAY_MS), fees: [] },
  })
}

/**
 * Decides a test dispute as its bank would; deciding it the same way again changes nothing.
 * Throws invalid_request in live mode, dispute_not_found, dispute_closed when it was decided the other way.
 */
export async function resolveTestDispute(ctx: StoreContext, { id, outcome }: TestDecision): Promise<DisputeRow> {
  refuseLive(ctx)
  const dispute = await getDispute(ctx, id)
  const attempt = await chargedBy(ctx, await getOrder(ctx, dispute.orderId))
  const { gatewayReference, amountMinor, reason } = dispute
  const decided = await recordDispute(ctx, dispute.gateway, {
    ...{ id: gatewayReference, attemptId: attempt.id, chargeReference: attempt.reference },
    ...{ amountMinor, reason, status: outcome, dueBy: null, fees: [] },
  })
  if (decided.status === outcome) return decided
  throw new AppError('dispute_closed', `This dispute was ${decided.status} already.`, {
    field: 'outcome',
    hint: "A bank's decision is final. raise_test_dispute makes another dispute.",
  })
}

function refuseLive(ctx: StoreContext): void {
  if (ctx.isTest) return
  throw new AppError('invalid_request', 'Only test orders can be disputed this way.', {
    field: 'id',
    hint: 'Call it with a test key (sk_test_…) for an order that was made with a test key.',
  })
}

async function chargedBy(ctx: StoreContext, order: OrderRow) {
  const attempt = await successfulAttempt(ctx, order.id)
  const reference = attempt?.gatewayReference
  if (!reference) throw notDisputable('It was not paid by card.')
  return { ...attempt, reference }
}

function notDisputable(why: string, field = 'id') {
  return new AppError('order_not_disputable', `This order can't be disputed. ${why}`, { field })
}
