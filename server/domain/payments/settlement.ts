import { and, inArray } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import type { ChargeOutcome, DeclineCode, Gateway, PageOutcome } from '../../ports/gateway'
import { lockOrder } from '../orders/service'
import { completeOrder, failOrder, setGatewayFee } from '../orders/transitions'
import { findAttempt, sameAttempt } from './attempts'
import { isPayable } from './checkout'
import { afterDeclined, afterGatewayFee, afterPaid } from './outcomes'
import { sendBack } from './surplus'
import { type PaymentAttemptRow, paymentAttempts } from './table'

/** What a gateway says of an attempt. */
export type AttemptOutcome = ChargeOutcome | PageOutcome

type Status = PaymentAttemptRow['status']

/** Which statuses an answer may change. A final answer is true whatever was asked meanwhile; a question is only news to who waits. */
const NEWS_TO = {
  requires_action: ['processing'],
  settling: ['processing', 'requires_action'],
  expired: ['processing', 'requires_action'],
  succeeded: ['processing', 'requires_action', 'settling'],
  declined: ['processing', 'requires_action', 'settling'],
} as const satisfies Record<AttemptOutcome['status'], readonly Status[]>

/**
 * Writes down what the gateway answered: attempt, order, revenue and events in one transaction, once, however often it is called
 * and in whatever order the answers come. Money that comes too late (the attempt was given up, or the order was paid otherwise)
 * goes back to the buyer.
 */
export async function settleAttempt(
  ctx: StoreContext,
  gateway: Gateway,
  attempt: PaymentAttemptRow,
  outcome: AttemptOutcome,
): Promise<void> {
  const settled = await inTransaction(ctx, (tx) => settle(tx, attempt, outcome))
  if (settled.status === 'unwanted') await sendBack(ctx, gateway, settled)
  // Nobody needs this page any more, and it can be paid: of an order that was paid otherwise, or whose attempt was given up.
  const isLeftOpen = outcome.status === 'requires_action' && 'page' in outcome && settled.status === 'void'
  if (isLeftOpen && gateway.kind === 'redirect')
    await settleAttempt(ctx, gateway, settled, await gateway.close(outcome.page))
}

async function settle(
  tx: StoreContext,
  { id, orderId, amountMinor }: PaymentAttemptRow,
  outcome: AttemptOutcome,
): Promise<PaymentAttemptRow> {
  if ('amountMinor' in outcome && outcome.amountMinor !== amountMinor) {
    throw new Error(`attempt ${id} asked for ${amountMinor}, and the gateway took ${outcome.amountMinor}`)
  }
  const at = tx.clock.now()
  const order = await lockOrder(tx, orderId)
  const isPaidOtherwise = order.status !== 'pending' && order.status !== 'failed'
  const [settled] = await tx.db
    .update(paymentAttempts)
    .set({ ...factsOf(outcome), status: statusAfter(outcome, isPaidOtherwise), updatedAt: at })
    .where(and(sameAttempt(tx, id), inArray(paymentAttempts.status, [...NEWS_TO[outcome.status]])))
    .returning()
  if (!settled) return settleAgain(tx, id, outcome)
  await noteFee(tx, settled, outcome, at)
  if (isPaidOtherwise) return settled
  if (outcome.status === 'succeeded') await complete(tx, orderId, at)
  if (outcome.status === 'declined') {
    const failed = await failOrder(tx, orderId, outcome.code)
    if (failed) await afterDeclined(tx, failed)
  }
  return settled
}

function statusAfter({ status }: AttemptOutcome, isPaidOtherwise: boolean): Status {
  if (status === 'expired') return 'void'
  if (!isPaidOtherwise || status === 'settling') return status
  return status === 'succeeded' ? 'unwanted' : 'void'
}

function factsOf(outcome: AttemptOutcome): Partial<PaymentAttemptRow> {
  const card = 'card' in outcome ? outcome.card : null
  const fee = 'fee' in outcome ? outcome.fee : null
  return {
    ...('page' in outcome ? { gatewayPage: outcome.page } : {}),
    ...('url' in outcome ? { pageUrl: outcome.url } : {}),
    ...('reference' in outcome ? { gatewayReference: outcome.reference } : {}),
    ...(card ? { cardBrand: card.brand, cardLast4: card.last4 } : {}),
    ...(fee ? { gatewayFeeMinor: fee.amountMinor, gatewayFeeCurrency: fee.currency } : {}),
    declineCode: outcome.status === 'declined' ? outcome.code : null,
  }
}

/** The attempt had ended, or knew this already: what is new then is money that nobody waits for, or what the gateway keeps of it. */
async function settleAgain(tx: StoreContext, id: string, outcome: AttemptOutcome): Promise<PaymentAttemptRow> {
  const [current] = await tx.db.select().from(paymentAttempts).where(sameAttempt(tx, id))
  if (!current) throw new Error(`attempt ${id} is gone`)
  if (outcome.status !== 'succeeded') return current
  const at = tx.clock.now()
  const isUnawaited = current.status === 'void' || current.status === 'declined'
  const status = isUnawaited ? 'unwanted' : current.status
  const [updated] = await tx.db
    .update(paymentAttempts)
    .set({ ...factsOf(outcome), status, updatedAt: at })
    .where(sameAttempt(tx, id))
    .returning()
  if (current.gatewayFeeMinor === null) await noteFee(tx, updated ?? current, outcome, at)
  return updated ?? current
}

/** Called once for each attempt with its fee: when it has succeeded, or later, when the gateway didn't know it by then. */
async function noteFee(tx: StoreContext, attempt: PaymentAttemptRow, outcome: AttemptOutcome, at: Date): Promise<void> {
  const fee = 'fee' in outcome ? outcome.fee : null
  if (fee === null) return
  if (attempt.status === 'succeeded') await setGatewayFee(tx, attempt.orderId, fee)
  await afterGatewayFee(tx, attempt, fee, at)
}

/**
 * A try on the gateway's page was declined: that is told with its own reason, the order has that of the latest one, and the attempt
 * goes on, since the page can still be paid. Nothing is said of an order that was paid or is over by now.
 */
export async function noteDecline(
  tx: StoreContext,
  { id, orderId }: PaymentAttemptRow,
  { code: failureCode, latest }: { code: DeclineCode; latest: DeclineCode },
): Promise<void> {
  const order = await lockOrder(tx, orderId)
  const attempt = await findAttempt(tx, id)
  if (attempt?.status !== 'requires_action' || !isPayable(order, tx.clock.now())) return
  const failed = await failOrder(tx, orderId, latest)
  if (failed) await afterDeclined(tx, { ...failed, failureCode })
}

async function complete(tx: StoreContext, orderId: string, at: Date): Promise<void> {
  const order = await completeOrder(tx, orderId, { method: 'card', at })
  if (!order) throw new Error(`order ${orderId} was held and unpaid, and yet can't be completed`)
  await afterPaid(tx, order, at)
}
