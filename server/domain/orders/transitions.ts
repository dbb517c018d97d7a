import { and, eq, gte, inArray, lte, type SQL, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { DisputeStatus, GatewayFee } from '../../ports/gateway'
import type { OrderStatus } from './schema'
import { type OrderRow, orders } from './table'

/**
 * Where an order may go from where it is. A session may be paid after a decline; a refund of everything passes through
 * `refund_pending`, and goes back to `completed` when the gateway refuses; a partial one leaves `completed` as it is. A refund that
 * had gone through may come back to the gateway days later: the buyer has no money then, and the order is `completed` again.
 */
export const TRANSITIONS = {
  pending: ['completed', 'failed'],
  failed: ['completed', 'failed'],
  completed: ['refund_pending'],
  refund_pending: ['refunded', 'completed'],
  refunded: ['completed'],
} as const satisfies Record<OrderStatus, readonly OrderStatus[]>

/** The statuses that lead to `To`. */
type Before<To extends OrderStatus> = {
  [From in OrderStatus]: To extends (typeof TRANSITIONS)[From][number] ? From : never
}[OrderStatus]

type Changes = Partial<Pick<OrderRow, 'method' | 'completedAt' | 'failureCode'>>

/** The only statement that writes a status. Undefined when the order is in none of the statuses to leave. */
async function move<To extends OrderStatus>(
  tx: StoreContext,
  id: string,
  from: readonly Before<To>[],
  to: To,
  changes: Changes = {},
): Promise<OrderRow | undefined> {
  const [row] = await tx.db
    .update(orders)
    .set({ ...changes, status: to })
    .where(and(sameOrder(tx, id), inArray(orders.status, [...from])))
    .returning()
  return row
}

function sameOrder(tx: StoreContext, id: string): SQL | undefined {
  return and(eq(orders.storeId, tx.storeId), eq(orders.isTest, tx.isTest), eq(orders.id, id))
}

/** `method` is null where nothing had to be paid. Undefined when it was paid before. */
export function completeOrder(
  tx: StoreContext,
  id: string,
  paid: { method: 'card' | 'crypto' | null; at: Date },
): Promise<OrderRow | undefined> {
  const changes = { method: paid.method, completedAt: paid.at, failureCode: null }
  return move(tx, id, ['pending', 'failed'], 'completed', changes)
}

/** What the gateway keeps of the charge that pays it. */
export async function setGatewayFee(tx: StoreContext, id: string, fee: GatewayFee): Promise<void> {
  await tx.db
    .update(orders)
    .set({ gatewayFeeMinor: fee.amountMinor, gatewayFeeCurrency: fee.currency })
    .where(sameOrder(tx, id))
}

/** Undefined when it was paid before. */
export function failOrder(tx: StoreContext, id: string, failureCode: string): Promise<OrderRow | undefined> {
  return move(tx, id, ['pending', 'failed'], 'failed', { failureCode })
}

/** Sets part of what was paid aside for a refund. Undefined when so much isn't left. */
export async function reserveRefund(tx: StoreContext, id: string, amountMinor: bigint): Promise<OrderRow | undefined> {
  const reserved = plus(orders.refundingMinor, amountMinor)
  const [row] = await tx.db
    .update(orders)
    .set({ refundingMinor: reserved })
    .where(
      and(
        sameOrder(tx, id),
        eq(orders.status, 'completed'),
        lte(sql`${takenBack()} + ${amountMinor}`, orders.amountMinor),
      ),
    )
    .returning()
  if (!row || row.refundedMinor + row.refundingMinor < row.amountMinor) return row
  return move(tx, id, ['completed'], 'refund_pending')
}

/** What was set aside has been paid back, or is free again. Undefined when so much wasn't set aside. */
export async function settleRefund(
  tx: StoreContext,
  id: string,
  amountMinor: bigint,
  isPaidBack: boolean,
): Promise<OrderRow | undefined> {
  const [row] = await tx.db
    .update(orders)
    .set({
      refundingMinor: plus(orders.refundingMinor, -amountMinor),
      refundedMinor: isPaidBack ? plus(orders.refundedMinor, amountMinor) : undefined,
    })
    .where(
      and(
        sameOrder(tx, id),
        inArray(orders.status, ['completed', 'refund_pending']),
        gte(orders.refundingMinor, amountMinor),
      ),
    )
    .returning()
  if (row?.status !== 'refund_pending') return row
  if (row.refundedMinor === row.amountMinor) return move(tx, id, ['refund_pending'], 'refunded')
  const isAllAskedFor = row.refundedMinor + row.refundingMinor === row.amountMinor
  return isAllAskedFor ? row : move(tx, id, ['refund_pending'], 'completed')
}

/** What had been paid back has come back to the gateway. Undefined when so much hadn't been paid back. */
export async function undoRefund(tx: StoreContext, id: string, amountMinor: bigint): Promise<OrderRow | undefined> {
  const [row] = await tx.db
    .update(orders)
    .set({ refundedMinor: plus(orders.refundedMinor, -amountMinor) })
    .where(and(sameOrder(tx, id), gte(orders.refundedMinor, amountMinor)))
    .returning()
  if (row?.status !== 'refunded' && row?.status !== 'refund_pending') return row
  return move(tx, id, ['refunded', 'refund_pending'], 'completed')
}

/** What disputes hold and what they took, changed by so much. */
type DisputeChange = { held: bigint; lost: bigint; status: DisputeStatus }

/** Undefined when more would be taken back than was paid. */
export async function changeDisputed(
  tx: StoreContext,
  id: string,
  { held, lost, status }: DisputeChange,
): Promise<OrderRow | undefined> {
  const [row] = await tx.db
    .update(orders)
    .set({
      disputedMinor: plus(orders.disputedMinor, held),
      lostMinor: plus(orders.lostMinor, lost),
      disputeStatus: status,
    })
    .where(and(sameOrder(tx, id), lte(sql`${takenBack()} + ${held + lost}`, orders.amountMinor)))
    .returning()
  return row
}

/** What the buyer has not been given back, and nobody is giving or asking back. */
export function leftOf(order: OrderRow): bigint {
  const { amountMinor, refundedMinor, refundingMinor, disputedMinor, lostMinor } = order
  return amountMinor - refundedMinor - refundingMinor - disputedMinor - lostMinor
}

function takenBack(): SQL {
  const { refundedMinor, refundingMinor, disputedMinor, lostMinor } = orders
  return sql`${refundedMinor} + ${refundingMinor} + ${disputedMinor} + ${lostMinor}`
}

type Amount = 'refundedMinor' | 'refundingMinor' | 'disputedMinor' | 'lostMinor'

function plus(column: (typeof orders)[Amount], amountMinor: bigint): SQL {
  return sql`${column} + ${amountMinor}`
}
