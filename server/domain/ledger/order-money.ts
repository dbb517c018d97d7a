import type { OrderRow } from '../orders/table'
import type { Leg } from './entries'

/** What decides where an order's money is; all in the order's currency. */
export type OrderMoney = Pick<
  OrderRow,
  'amountMinor' | 'feeMinor' | 'refundedMinor' | 'disputedMinor' | 'lostMinor' | 'currency'
>

/** Between which an order's money moves; what the gateway keeps for itself is beside it, in a currency of its own. */
export const ORDER_ACCOUNTS = ['gateway_clearing', 'store_balance', 'platform_fees', 'disputes_held'] as const

type Balances = Record<(typeof ORDER_ACCOUNTS)[number], bigint>

const NOTHING: Balances = { gateway_clearing: 0n, store_balance: 0n, platform_fees: 0n, disputes_held: 0n }

/**
 * Where the money of a paid order is: a debit above zero, a credit below.
 *
 * The platform's fee is given back in proportion to what is taken back from the seller, by a refund or a dispute, so that a
 * refund takes the seller's net of the sale, as document D says ("net amount is returned"). It is rounded half up on all that
 * was taken so far, not on each part: parts that make up the whole give back exactly the fee, in whatever order they came.
 */
export function balancesOf(order: OrderMoney): Balances {
  const { amountMinor: amount, feeMinor, refundedMinor: refunded, disputedMinor: held, lostMinor: lost } = order
  const taken = refunded + held + lost
  const fee = feeMinor - inProportion(feeMinor, taken, amount)
  return {
    gateway_clearing: amount - refunded - lost,
    disputes_held: -held,
    platform_fees: -fee,
    store_balance: fee + taken - amount,
  }
}

/** `whole` × `part` / `of`, rounded half up; 0 of nothing. */
function inProportion(whole: bigint, part: bigint, of: bigint): bigint {
  return of === 0n ? 0n : (2n * whole * part + of) / (2n * of)
}

/**
 * The legs that lead from one state of an order to the next; `before` is null for the sale. Each state sums to zero, so do the
 * legs; and all legs of an order together are its present state, whatever happened in between.
 */
export function legsBetween(before: OrderMoney | null, after: OrderMoney): Leg[] {
  const [was, is] = [before ? balancesOf(before) : NOTHING, balancesOf(after)]
  return ORDER_ACCOUNTS.map((account) => ({
    account,
    currency: after.currency,
    amountMinor: is[account] - was[account],
  })).filter(({ amountMinor }) => amountMinor !== 0n)
}
