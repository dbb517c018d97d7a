import { and, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { newRowId } from '../../kernel/ids'
import { formatDecimal, formatMoney, parseDecimal, toWireMinor } from '../../kernel/money'
import type { Gateway, RefundOutcome } from '../../ports/gateway'
import type { Split } from '../../ports/platform'
import type { Modes } from '../orders/schema'
import { getOrder, lockOrder, toOrder } from '../orders/service'
import { type OrderRow, type RefundRow, refunds } from '../orders/table'
import { leftOf, reserveRefund, settleRefund } from '../orders/transitions'
import { successfulAttempt } from './attempts'
import { gatewayNamed } from './gateways'
import { afterRefunded, afterRefundFailed } from './outcomes'
import { splitOf } from './splits'

export type RefundRequested = {
  /** Any name of the order. */
  id: string
  /** Where to look for it: the key's own mode unless said. */
  mode?: Modes | undefined
  /** All that is left when absent. */
  amountCents?: number | undefined
  /** The same in decimal text: `19.99`. */
  amountText?: string | undefined
  reason?: string | undefined
  /** The same id is the same refund: a retry returns it, or goes on with it. */
  refundId?: string | undefined
}

export type Refunded = { order: OrderRow; refund: RefundRow }

/**
 * Pays an order back, all or part of it; never more than was paid, whoever else refunds at the same time. The amount is set
 * aside and committed before the gateway hears of it, so that a crash loses nothing. A refund that the gateway didn't answer is
 * returned as `pending`; recovery sends it again.
 * Throws order_not_found, invalid_request, order_not_refundable, order_disputed, refund_exceeds_payment, gateway_failed (the gateway
 * refused),
 * gateway_not_configured.
 */
export async function refundOrder(caller: StoreContext, request: RefundRequested): Promise<Refunded> {
  const order = await getOrder(caller, request.id, request.mode)
  const ctx = { ...caller, isTest: order.isTest }
  const amountMinor = amountOf(request, order.currency)
  const charge = await chargeOf(ctx, order)
  refuseOddAmount(charge.gateway, amountMinor, order.currency)
  const refundId = request.refundId ?? newRowId(ctx.storeId)
  const refund =
    (await findRefund(ctx, refundId)) ?? (await beginRefund(ctx, order, { ...request, refundId, amountMinor }))
  if (refund.orderId !== order.id) throw otherRefund()
  if (refund.status === 'pending') await sendRefund(ctx, order, refund, charge)
  const result = { order: await getOrder(ctx, order.id), refund: (await findRefund(ctx, refundId)) ?? refund }
  if (result.refund.status !== 'failed') return result
  throw new AppError('gateway_failed', 'The card gateway refused this refund; nothing was paid back.', {
    hint:
      charge.split === null
        ? 'Try again with a new idempotency key, or refund another amount.'
        : "Try again with a new idempotency key, or refund another amount. Of an account that is not connected any more, the operator has to refund in Stripe's dashboard.",
  })
}

/** Undefined for all that is left. Throws invalid_request. */
function amountOf({ amountCents, amountText }: RefundRequested, currency: string): bigint | undefined {
  if (amountText === undefined) return amountCents === undefined ? undefined : BigInt(amountCents)
  if (amountCents !== undefined) throw badAmount('leave it out beside amount_cents')
  const minor = parseDecimal(amountText, currency)
  if (minor !== undefined && minor > 0n) return minor
  throw badAmount(
    `must be more than 0, with the digits of ${currency.toUpperCase()}: ${formatDecimal(1999n, currency)}`,
  )
}

/** Where the gateway counts in larger steps, a part of a total needn't be a multiple of them. */
function refuseOddAmount(gateway: Gateway, amountMinor: bigint | undefined, currency: string): void {
  const step = gateway.limits(currency)?.step ?? 1n
  if (amountMinor === undefined || amountMinor % step === 0n) return
  throw badAmount(`must be a multiple of ${formatDecimal(step, currency)}`)
}

function badAmount(why: string) {
  return new AppError('invalid_request', `amount: ${why}`, { field: 'amount' })
}

function otherRefund() {
  return new AppError('idempotency_conflict', 'This idempotency key was already used for a refund of another order.', {
    field: 'idempotency_key',
    hint: 'Use a new key for a new refund.',
  })
}

/** Refunds have no is_test of their own: they belong to an order, which callers have looked up in the context's mode. */
function sameRefund(ctx: StoreContext, id: string) {
  return and(eq(refunds.storeId, ctx.storeId), eq(refunds.id, id))
}

export async function findRefund(ctx: StoreContext, id: string): Promise<RefundRow | undefined> {
  const [row] = await ctx.db.select().from(refunds).where(sameRefund(ctx, id))
  return row
}

function beginRefund(
  ctx: StoreContext,
  { id: orderId }: OrderRow,
  { refundId, amountMinor: asked, reason }: RefundRequested & { refundId: string; amountMinor: bigint | undefined },
): Promise<RefundRow> {
  return inTransaction(ctx, async (tx) => {
    const order = await lockOrder(tx, orderId)
    // Another call with the same id may have begun it while this one waited.
    const begun = await findRefund(tx, refundId)
    if (begun) return begun
    const left = leftOf(order)
    const amountMinor = asked ?? left
    refuseRefund(order, amountMinor, left)
    const at = tx.clock.now()
    const [refund] = await tx.db
      .insert(refunds)
      .values({
        storeId: tx.storeId,
        id: refundId,
        orderId,
        amountMinor,
        reason: reason || null,
        status: 'pending',
        createdAt: at,
        sentAt: at,
      })
      .onConflictDoNothing()
      .returning()
    if (!refund) throw otherRefund()
    if (!(await reserveRefund(tx, orderId, amountMinor))) throw notRefundable('It was refunded meanwhile.')
    return refund
  })
}

function refuseRefund(order: OrderRow, amountMinor: bigint, left: bigint): void {
  if (order.disputeStatus === 'needs_response' || order.disputeStatus === 'under_review') {
    throw new AppError('order_disputed', 'This order is disputed, so that it cannot be refunded now.', {
      field: 'id',
      hint: 'Wait until the dispute is won or lost (get_dispute): the buyer would be paid twice otherwise.',
    })
  }
  if (order.status !== 'completed' || left <= 0n) throw notRefundable('All of it went back to the buyer already.')
  if (amountMinor <= left) return
  throw new AppError('refund_exceeds_payment', `At most ${formatMoney(left, order.currency)} can be refunded.`, {
    field: 'amount_cents',
    hint: `Send amount_cents up to ${left}, or leave it out to refund all that is left.`,
  })
}

function notRefundable(why: string) {
  return new AppError('order_not_refundable', `This order can't be refunded. ${why}`, { field: 'id' })
}

/** Sends a pending refund and writes the answer down. Sending it twice pays back once: the gateway knows it by its id. */
export async function sendRefund(
  ctx: StoreContext,
  order: OrderRow,
  refund: RefundRow,
  { gateway, chargeReference, split }: Charge,
): Promise<void> {
  let outcome: RefundOutcome
  try {
    const { id: refundId, amountMinor } = refund
    outcome = await gateway.refund({ refundId, chargeReference, amountMinor, currency: order.currency, split })
  } catch (error) {
    const facts = { order: order.id, refund: refund.id, gateway: gateway.name, err: error }
    ctx.log.error(facts, 'the gateway did not answer; the refund will be sent again')
    return
  }
  // The gateway has taken it and isn't done: it will tell, or be asked again.
  if (outcome.status === 'pending') return
  await settleRefundOf(ctx, refund, { ...outcome, status: outcome.status })
}

type Charge = { gateway: Gateway; chargeReference: string; split: Split | null }

/** What an order was paid with. Throws order_not_refundable, gateway_not_configured. */
export async function chargeOf(ctx: StoreContext, order: OrderRow): Promise<Charge> {
  if (order.amountMinor === 0n) throw notRefundable('Nothing was paid for it.')
  const attempt = await successfulAttempt(ctx, order.id)
  const chargeReference = attempt?.gatewayReference
  if (order.method === 'crypto') {
    throw notRefundable('It was paid in crypto, straight to your wallet: send the money back from there.')
  }
  if (!chargeReference) throw notRefundable('It was not paid by card, so that there is nothing to pay back.')
  return { gateway: gatewayNamed(ctx, attempt.gateway), chargeReference, split: splitOf(attempt) }
}

/** How a refund has ended. */
export type RefundEnd = { status: 'succeeded' | 'failed'; reference: string }

/** Writes down how a refund ended, once. */
export function settleRefundOf(ctx: StoreContext, refund: RefundRow, end: RefundEnd): Promise<void> {
  return inTransaction(ctx, (tx) => settle(tx, refund, end))
}

async function settle(tx: StoreContext, { id, orderId, amountMinor }: RefundRow, outcome: RefundEnd): Promise<void> {
  const at = tx.clock.now()
  await lockOrder(tx, orderId)
  const isPaidBack = outcome.status === 'succeeded'
  const [refund] = await tx.db
    .update(refunds)
    .set({
      status: outcome.status,
      gatewayReference: outcome.reference,
      failureCode: isPaidBack ? null : 'gateway_refused',
      settledAt: at,
    })
    .where(and(sameRefund(tx, id), eq(refunds.status, 'pending')))
    .returning()
  // Somebody else sent it too and was faster.
  if (!refund) return
  const order = await settleRefund(tx, orderId, amountMinor, isPaidBack)
  if (!order) throw new Error(`refund ${id} was not set aside in its order`)
  if (isPaidBack) await afterRefunded(tx, order, refund, at)
  else await afterRefundFailed(tx, order, { refund, wasPaid: false, at })
}

export function toRefund(ctx: StoreContext, { order, refund }: Refunded) {
  return {
    id: refund.id,
    amount_cents: toWireMinor(refund.amountMinor),
    status: refund.status === 'pending' ? ('pending' as const) : ('succeeded' as const),
    reason: refund.reason,
    created_at: refund.createdAt.toISOString(),
    settled_at: refund.settledAt?.toISOString() ?? null,
    order: toOrder(ctx, order),
  }
}
