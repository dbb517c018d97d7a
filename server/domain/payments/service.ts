import type { Deps } from '../../context'
import type { Card, DeclineCode } from '../../ports/gateway'
import type { Checkout } from './checkout'

/** `declined` is set when this very call was declined; the checkout is then open again. */
export type PaymentResult = { checkout: Checkout; declined: DeclineCode | null }

export type CardPayment = { email: string; name: string | null; card: Card }

/**
 * Pays a session's order with a card: once, however often and from wherever it is called. A call that can't pay answers the
 * state it found (`processing`, `requires_action`, `paid`, `refunded`, `expired`).
 * Throws session_not_found; product_not_available, account_not_approved, gateway_not_configured when nothing can be sold any
 * more.
 */
export async function payWithCard(_deps: Deps, _sessionId: string, _payment: CardPayment): Promise<PaymentResult> {
  throw new Error('follows')
}

/**
 * Goes on after the bank's dialogue of 3-D Secure: `approved` is the buyer's answer. A session that waits for no answer is
 * returned as it is. Throws session_not_found.
 */
export async function finishAuthentication(
  _deps: Deps,
  _sessionId: string,
  _approved: boolean,
): Promise<PaymentResult> {
  throw new Error('follows')
}
