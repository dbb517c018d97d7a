import type { StoreContext } from '../context'
import { chainOf, readCursorOf } from '../domain/chains/chain'
import { confirmationsAt } from '../domain/crypto/judgement'
import type { CryptoPaymentRow } from '../domain/crypto/table'

/**
 * What a buyer has to know of a payment.
 *
 *     waiting    they pay now
 *     closing    its time is over, and the last blocks are being read: nothing should be sent any more
 *     short      the rest is missing
 *     seen       all is there, and gathers its confirmations
 *     late       what came was too late
 *     unfinished the rest didn't come
 *     elsewhere  its order was paid another way, and nothing came
 *     surplus    its order was paid another way, and yet it was paid too
 */
export type PaymentKind =
  | 'waiting'
  | 'closing'
  | 'short'
  | 'seen'
  | 'confirmed'
  | 'expired'
  | 'late'
  | 'cancelled'
  | 'unfinished'
  | 'reversed'
  | 'elsewhere'
  | 'surplus'

export type PaymentState = {
  kind: PaymentKind
  confirmations: number
  /** Changes whenever the page has something new to show. */
  version: string
}

/** `isOrderPaid` for a payment of the checkout page. */
export async function stateOf(
  ctx: StoreContext,
  payment: CryptoPaymentRow,
  isOrderPaid = false,
): Promise<PaymentState> {
  const { status, height, creditedUnits, lateUnits, requiredConfirmations: required } = payment
  const cursor = height === null ? undefined : await readCursorOf(ctx, chainOf(ctx, payment.network))
  const confirmations = Math.min(confirmationsAt(height, cursor?.number), required)
  const kind = kindForOrder(kindOf(payment, ctx.clock.now()), payment, isOrderPaid)
  // After the end nothing of the count matters.
  const count = status === 'pending' ? confirmations : 0
  return { kind, confirmations, version: [kind, creditedUnits ?? 0n, lateUnits, count].join('.') }
}

/** What is paid is the order: a moment passes between the payment's confirmation and the order's completion. */
function kindForOrder(kind: PaymentKind, { orderUse }: CryptoPaymentRow, isOrderPaid: boolean): PaymentKind {
  if (orderUse === 'surplus') return 'surplus'
  if (orderUse !== 'awaited') return kind
  if (isOrderPaid) return kind === 'waiting' || kind === 'closing' ? 'elsewhere' : kind
  return kind === 'confirmed' ? 'seen' : kind
}

function kindOf(payment: CryptoPaymentRow, now: Date): PaymentKind {
  const { status, creditedUnits, lateUnits, expectedUnits, toleranceUnits, reversedAt } = payment
  switch (status) {
    case 'confirmed':
      return 'confirmed'
    case 'expired':
      return lateUnits > 0n ? 'late' : 'expired'
    case 'cancelled':
      return lateUnits > 0n ? 'late' : 'cancelled'
    case 'failed':
      return reversedAt === null ? 'unfinished' : 'reversed'
    case 'pending':
      if (creditedUnits === null) return now > payment.expiresAt ? 'closing' : 'waiting'
      return creditedUnits + toleranceUnits < expectedUnits ? 'short' : 'seen'
  }
}

/** Whether a payment that has ended took money with it, which its buyer must be told of. */
export function hasLostMoney({ status, creditedUnits, lateUnits }: CryptoPaymentRow): boolean {
  if (status === 'pending' || status === 'confirmed') return false
  return (creditedUnits ?? 0n) > 0n || lateUnits > 0n
}

/** Whether nothing more will happen that the page should wait for. */
export function hasEnded({ kind }: PaymentState): boolean {
  return !['waiting', 'closing', 'short', 'seen'].includes(kind)
}
