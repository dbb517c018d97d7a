import { and, desc, eq } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { derivedRowId, storeOfRowId } from '../../kernel/ids'
import { lesserOf } from '../../kernel/money'
import type { DisputeNotice, DisputeStatus } from '../../ports/gateway'
import { lockOrder } from '../orders/service'
import { type OrderRow, orders } from '../orders/table'
import { changeDisputed, leftOf } from '../orders/transitions'
import { afterDisputed, afterDisputeLost, afterDisputeWon } from '../payments/outcomes'
import { paymentAttempts } from '../payments/table'
import { noteFees } from './fees'
import { type DisputeRow, disputes } from './table'

/** Where a dispute may go from where it is. A decision is final: what is reported after it is old news. */
const NEXT = {
  needs_response: ['under_review', 'won', 'lost'],
  under_review: ['needs_response', 'won', 'lost'],
  won: [],
  lost: [],
} as const satisfies Record<DisputeStatus, readonly DisputeStatus[]>

/**
 * Writes down what a gateway reports of a dispute, once, however often and in whatever order it reports: the dispute, its order,
 * the ledger, revenue and the events in one transaction. Returns the dispute as it is now.
 * Throws order_not_found when no charge of ours is meant, order_not_disputable when the charge didn't pay its order.
 */
export async function recordDispute(deps: Deps, gateway: string, notice: DisputeNotice): Promise<DisputeRow> {
  const { ctx, orderId } = await findCharge(deps, gateway, notice)
  return inTransaction(ctx, async (tx) => {
    const order = await lockOrder(tx, orderId)
    const id = derivedRowId(tx.storeId, `dispute ${gateway} ${notice.id}`)
    const [known] = await tx.db.select().from(disputes).where(sameDispute(tx, id))
    const current = known ? { order, dispute: known } : await open(tx, order, { id, gateway, notice })
    return noteFees(tx, await advance(tx, current, notice), notice.fees)
  })
}

/** Of the whole platform: the attempt's id names its store, and its order the mode. */
async function findCharge(deps: Deps, gateway: string, { attemptId, chargeReference }: DisputeNotice) {
  const storeId = storeOfRowId(attemptId)
  const [found] =
    storeId === undefined
      ? []
      : await deps.db
          .select({ attempt: paymentAttempts, isTest: orders.isTest })
          .from(paymentAttempts)
          .innerJoin(orders, and(eq(orders.storeId, storeId), eq(orders.id, paymentAttempts.orderId)))
          .where(and(eq(paymentAttempts.storeId, storeId), eq(paymentAttempts.id, attemptId)))
  const isMeant = found?.attempt.gateway === gateway && found.attempt.gatewayReference === chargeReference
  if (!isMeant) {
    throw new AppError('order_not_found', 'No order was paid by this charge.')
  }
  const { attempt, isTest } = found
  if (attempt.status !== 'succeeded') {
    throw new AppError('order_not_disputable', 'This charge was sent back to the buyer; no order keeps its money.')
  }
  return { ctx: storeContext(deps, attempt.storeId, isTest), orderId: attempt.orderId }
}

/** Disputes are looked up in the mode of their order. */
function sameDispute(ctx: StoreContext, id: string) {
  return and(eq(disputes.storeId, ctx.storeId), eq(disputes.isTest, ctx.isTest), eq(disputes.id, id))
}

type Current = { order: OrderRow; dispute: DisputeRow }

type Opening = { id: string; gateway: string; notice: DisputeNotice }

/** Holds what the bank asks for, as far as it is left: refunds on their way are the buyer's already. */
async function open(tx: StoreContext, before: OrderRow, { id, gateway, notice }: Opening): Promise<Current> {
  const at = tx.clock.now()
  const takenMinor = lesserOf(notice.amountMinor, leftOf(before))
  const [dispute] = await tx.db
    .insert(disputes)
    .values({
      storeId: tx.storeId,
      id,
      isTest: tx.isTest,
      orderId: before.id,
      gateway,
      gatewayReference: notice.id,
      status: 'needs_response',
      amountMinor: notice.amountMinor,
      takenMinor,
      currency: before.currency,
      reason: notice.reason,
      dueBy: notice.dueBy,
      createdAt: at,
    })
    .returning()
  if (!dispute) throw new Error(`dispute ${id} was not written`)
  const order = await change(tx, before, { held: takenMinor, lost: 0n })
  await afterDisputed(tx, { before, order, dispute }, at)
  return { order, dispute }
}

/** Follows the notice where a step leads there from the present status. */
async function advance(tx: StoreContext, { order, dispute }: Current, notice: DisputeNotice): Promise<DisputeRow> {
  const { status, reason, dueBy } = notice
  const steps: readonly DisputeStatus[] = NEXT[dispute.status]
  if (!steps.includes(status)) return dispute
  if (status === 'won' || status === 'lost') return decide(tx, { order, dispute }, status)
  const moved = await update(tx, dispute.id, { status, reason, dueBy })
  await change(tx, order, { held: 0n, lost: 0n })
  return moved
}

async function decide(tx: StoreContext, current: Current, status: 'won' | 'lost'): Promise<DisputeRow> {
  const at = tx.clock.now()
  const { order: before, dispute: held } = current
  // The bank takes all that it asked for, also what a refund that failed meanwhile has set free.
  const lost = status === 'won' ? 0n : lesserOf(held.amountMinor, held.takenMinor + leftOf(before))
  const dispute = await update(tx, held.id, { status, takenMinor: lost, closedAt: at, dueBy: null })
  const order = await change(tx, before, { held: -held.takenMinor, lost })
  await (status === 'won' ? afterDisputeWon : afterDisputeLost)(tx, { before, order, dispute }, at)
  return dispute
}

type Changes = Partial<Pick<DisputeRow, 'status' | 'takenMinor' | 'reason' | 'dueBy' | 'closedAt'>>

async function update(tx: StoreContext, id: string, changes: Changes): Promise<DisputeRow> {
  const [row] = await tx.db.update(disputes).set(changes).where(sameDispute(tx, id)).returning()
  if (!row) throw new Error(`dispute ${id} is gone`)
  return row
}

/** The order shows the dispute that is open, else the latest one. */
async function change(tx: StoreContext, { id }: OrderRow, amounts: { held: bigint; lost: bigint }): Promise<OrderRow> {
  const ofOrder = await tx.db
    .select({ status: disputes.status })
    .from(disputes)
    .where(and(eq(disputes.storeId, tx.storeId), eq(disputes.isTest, tx.isTest), eq(disputes.orderId, id)))
    .orderBy(desc(disputes.createdAt), desc(disputes.id))
  const shown = ofOrder.find(({ status }) => NEXT[status].length > 0) ?? ofOrder[0]
  const order = shown && (await changeDisputed(tx, id, { ...amounts, status: shown.status }))
  if (!order) throw new Error(`order ${id} was held, and yet more would be taken back than was paid`)
  return order
}
