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

export type PaymentState = {
  kind: PaymentKind
  confirmations: number
  /** Changes whenever the page has something new to show. */
  version: string
}

export async function stateOf(ctx: StoreContext, payment: CryptoPaymentRow): Promise<PaymentState> {
  const { status, height, creditedUnits, lateUnits, requiredConfirmations: required } = payment
  const cursor = height === null ? undefined : await readCursorOf(ctx, chainOf(ctx, payment.network))
  const confirmations = Math.min(confirmationsAt(height, cursor?.number), required)
  const kind = kindOf(payment, ctx.clock.now())
  // After the end nothing of the count matters.
  const count = status === 'pending' ? confirmations : 0
  return { kind, confirmations, version: [kind, creditedUnits ?? 0n, lateUnits, count].join('.') }
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

/** Whether nothing more will happen that the page should wait for. */
export function hasEnded({ kind }: PaymentState): boolean {
  return !['waiting', 'closing', 'short', 'seen'].includes(kind)
}
