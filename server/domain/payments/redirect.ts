import type { Deps, StoreContext } from '../../context'
import { AppError } from '../../kernel/errors'
import type { PageOutcome, RedirectGateway } from '../../ports/gateway'
import { findConnection } from '../connections/platform'
import { refreshConnection } from '../connections/refresh'
import { type ClaimedAttempt, claimAttempt, type PriceObstacle, voidAttempt } from './attempts'
import { type Checkout, findCheckout } from './checkout'
import { gatewayNamed, gatewayOf } from './gateways'
import { goodsOf } from './goods'
import { notConnected, refuseObstacle } from './obstacles'
import { settleAttempt } from './settlement'
import { accountOf, splitOf } from './splits'
import type { PaymentAttemptRow } from './table'

/*
 * Paying on a page of the gateway. The attempt is open while the buyer is there, and an order has one open attempt: two tabs lead to
 * one page, which can be paid once. What the gateway tells is only a reason to ask it; the answer is what is written down.
 */

export type Redirection = {
  checkout: Checkout
  /** Where the buyer pays; null when there is nothing to pay on this page, as the checkout's state says. */
  url: string | null
  /** Nothing was begun, since the price is another one now. */
  obstacle: PriceObstacle | null
}

export type Payer = {
  email: string
  name: string | null
  locale?: string | undefined
  shownMinor?: bigint | undefined
}

/**
 * The gateway's page where this session's order is paid: made now, or the one that was made before.
 * Throws session_not_found; product_not_available, account_not_approved, gateway_not_configured, store_not_connected when nothing can be
 * sold any more;
 * gateway_failed when no page could be opened, and then nothing was charged.
 */
export async function openPaymentPage(deps: Deps, sessionId: string, payer: Payer): Promise<Redirection> {
  const checkout = await findCheckout(deps, sessionId)
  const { ctx, order, store } = checkout
  if (checkout.state !== 'open') return redirection(checkout, null)
  await refuseObstacle(ctx, store, await goodsOf(ctx, order), { currency: null })
  const gateway = gatewayOf(ctx)
  if (gateway?.kind !== 'redirect') throw new Error('this order is paid with a card on our own page')
  const claimed = await claimAttempt(ctx, order.id, gateway, { ...payer, account: accountOf(ctx, store) })
  if (typeof claimed === 'object') await begin(ctx, gateway, claimed)
  return redirection(await findCheckout(deps, sessionId), typeof claimed === 'string' ? claimed : null)
}

function redirection(checkout: Checkout, obstacle: PriceObstacle | null): Redirection {
  const url = checkout.state === 'redirected' ? (checkout.attempt?.pageUrl ?? null) : null
  return { checkout, url, obstacle }
}

async function begin(ctx: StoreContext, gateway: RedirectGateway, { order, attempt }: ClaimedAttempt): Promise<void> {
  const address = `${ctx.publicUrl}/checkout/${order.sessionId}`
  let outcome: PageOutcome
  try {
    outcome = await gateway.begin({
      ...{ attemptId: attempt.id, orderNumber: order.number, amountMinor: attempt.amountMinor },
      ...{ currency: order.currency, description: order.productName, email: order.customerEmail ?? '' },
      ...{ createdAt: attempt.createdAt, payUntil: order.expiresAt },
      // Who comes back may have paid in another tab: both ways lead to where the gateway is asked.
      ...{ returnUrl: `${address}/return`, cancelUrl: `${address}/return` },
      split: splitOf(attempt),
    })
  } catch (error) {
    ctx.log.error(
      { order: order.id, attempt: attempt.id, gateway: gateway.name, err: error },
      'no payment page was opened',
    )
    // Should there be one after all, nobody has its address: nobody can pay there.
    await voidAttempt(ctx, attempt)
    if (attempt.splitAccount !== null) await refuseDisconnected(ctx)
    throw new AppError('gateway_failed', 'The payment page could not be opened. Nothing was charged; try again.')
  }
  await settleAttempt(ctx, gateway, attempt, outcome)
}

/** The store's account may be gone, and the gateway's notice of it still on its way. Throws store_not_connected then. */
async function refuseDisconnected(ctx: StoreContext): Promise<void> {
  const connection = await findConnection(ctx)
  try {
    if (!connection || (await refreshConnection(ctx, connection)).status === 'active') return
  } catch (error) {
    ctx.log.warn({ err: error }, 'the gateway did not say how an account is')
    return
  }
  throw notConnected()
}

/** Asks the gateway what became of an attempt on its page, and writes it down. `page` is what a notice named. */
export async function refreshAttempt(
  ctx: StoreContext,
  attempt: PaymentAttemptRow,
  page: string | null,
): Promise<void> {
  const gateway = gatewayNamed(ctx, attempt.gateway)
  const known = attempt.gatewayPage ?? page
  if (gateway.kind !== 'redirect' || known === null) return
  await settleAttempt(ctx, gateway, attempt, await gateway.find(known))
}

/**
 * The checkout of a buyer who has come back from the gateway's page. When the gateway doesn't answer, the state is as it was: its
 * notice or reconciliation will tell. Throws session_not_found.
 */
export async function returnFromPage(deps: Deps, sessionId: string): Promise<Checkout> {
  const checkout = await findCheckout(deps, sessionId)
  const { ctx, attempt } = checkout
  const isThere = checkout.state === 'redirected' || checkout.state === 'processing'
  if (!attempt || !isThere) return checkout
  try {
    await refreshAttempt(ctx, attempt, null)
  } catch (error) {
    ctx.log.warn({ attempt: attempt.id, err: error }, 'the gateway did not say what a returning buyer has paid')
  }
  return findCheckout(deps, sessionId)
}
