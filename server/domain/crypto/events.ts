import type { StoreContext } from '../../context'
import { NETWORK_FACTS } from '../../kernel/networks'
import type { EventData, EventType } from '../webhooks/catalogue'
import type { NewEvent } from '../webhooks/events'
import type { Tip } from './judgement'
import type { CryptoPaymentRow } from './table'
import { symbolOf, toPayment } from './view'

/** What has happened between two states of a payment: what a receiver is told, and nothing twice. */
export function eventsOf(
  ctx: StoreContext,
  before: CryptoPaymentRow,
  after: CryptoPaymentRow,
  tip: Pick<Tip, 'number'> | undefined,
): NewEvent[] {
  const data = bodyOf(ctx, after, tip?.number) as Record<string, unknown>
  return typesOf(before, after).map((type) => ({ type, data, at: ctx.clock.now() }))
}

type CryptoEventType = Extract<
  EventType,
  | 'payment.detected'
  | 'payment.confirmed'
  | 'payment.expired'
  | 'payment.cancelled'
  | 'payment.underpaid'
  | 'payment.overpaid'
  | 'payment.late'
  | 'payment.reversed'
>

function typesOf(before: CryptoPaymentRow, after: CryptoPaymentRow): CryptoEventType[] {
  const had = before.creditedUnits ?? 0n
  const has = after.creditedUnits ?? 0n
  const isWhole = has + after.toleranceUnits >= after.expectedUnits
  const isNow = (status: CryptoPaymentRow['status']) => after.status === status && before.status !== status
  const types: CryptoEventType[] = []
  if (has < had || (before.status === 'confirmed' && after.status === 'failed')) types.push('payment.reversed')
  if (had === 0n && has > 0n) types.push('payment.detected')
  const isShort = has > 0n && !isWhole && after.reversedAt === null
  if (isShort && (has > had || isNow('failed'))) types.push('payment.underpaid')
  if (isNow('confirmed')) types.push('payment.confirmed')
  const isMore = has > after.expectedUnits + after.overpaymentUnits && after.status === 'confirmed'
  if (isMore && (isNow('confirmed') || has > had)) types.push('payment.overpaid')
  if (isNow('expired')) types.push('payment.expired')
  if (isNow('cancelled')) types.push('payment.cancelled')
  if (after.lateUnits > before.lateUnits) types.push('payment.late')
  return types
}

/** Document B's body: the names of its sample, then what `retrieve` answers. */
function bodyOf(ctx: StoreContext, row: CryptoPaymentRow, head: bigint | undefined): EventData<'payment.confirmed'> {
  const { external_order_id, currency: _, tx_hash, confirmed_at: confirmedAt, ...rest } = toPayment(ctx, row, head)
  return {
    payment_id: row.number,
    external_order_id,
    amount: rest.actual_crypto_amount ?? rest.expected_crypto_amount,
    currency: symbolOf(row),
    chain: NETWORK_FACTS[row.network].title,
    tx_hash,
    confirmed_at: confirmedAt === null ? null : confirmedAt.replace(/\.\d{3}Z$/, '+00:00'),
    ...rest,
  }
}
