import type { Deps } from '../context'
import { type Checkout, findCheckout } from '../domain/payments/checkout'
import { leaveCrypto } from '../domain/payments/crypto-checkout'
import { lookAt, play } from './crypto-payment'
import { type Look, sendChange, streamChanges } from './live'
import { checkoutPath, type PageContext, seeOther, sendPage } from './page'
import { saleOfOrder } from './paying'
import { stateOf } from './payment-state'
import { CryptoCheckoutPage } from './views/crypto-checkout'
import type { ShownPayment, Ways } from './views/payment-panel'

/** The checkout page of a session that is paid in crypto; undefined when its buyer has never chosen it. */
export async function sendCrypto(c: PageContext, checkout: Checkout, status = 200): Promise<Response | undefined> {
  const visit = c.get('visit')
  const shown = await shownOf(c, checkout)
  if (!shown) return undefined
  const { store, order } = checkout
  const view = (
    <CryptoCheckoutPage
      shown={shown}
      sale={saleOfOrder(visit, checkout, null)}
      path={checkoutPath(visit, order.sessionId)}
    />
  )
  return sendPage(c, status, view, { successUrl: order.successUrl, logoUrl: store.logoUrl, isLive: true })
}

async function shownOf(c: PageContext, checkout: Checkout): Promise<ShownPayment | undefined> {
  const visit = c.get('visit')
  const { ctx, store, order, crypto: payment, state: checkoutState } = checkout
  if (!payment) return undefined
  const isPaid = checkoutState === 'paid' || checkoutState === 'refunded'
  const path = checkoutPath(visit, order.sessionId)
  const isBack = order.successUrl !== null && visit.frame === null
  const { crypto, checkout: words } = visit.texts
  const ways: Ways = {
    // The session's own page knows where paid orders lead.
    forward: { href: path, label: isBack ? crypto.confirmed.back(store.name) : words.receipt },
    simulate: payment.isTest ? checkoutPath(visit, order.sessionId, 'simulate') : null,
    checkout: { path, leave: checkoutPath(visit, order.sessionId, 'leave') },
  }
  return { visit, store, payment, state: await stateOf(ctx, payment, isPaid), now: ctx.clock.now(), ways }
}

function lookOf(c: PageContext, deps: Deps, sessionId: string): Look {
  return async () => {
    const shown = await shownOf(c, await findCheckout(deps, sessionId))
    return shown && lookAt(shown)
  }
}

/** `GET /checkout/cs_…/state?version=…`. */
export function showCryptoState(c: PageContext, deps: Deps, sessionId: string): Promise<Response> {
  return sendChange(c, lookOf(c, deps, sessionId))
}

/** `GET /checkout/cs_…/events?version=…`. */
export function showCryptoEvents(
  c: PageContext,
  deps: Deps,
  sessionId: string,
  isDraining: () => boolean,
): Promise<Response> {
  return streamChanges(c, lookOf(c, deps, sessionId), isDraining)
}

/** `POST /checkout/cs_…/leave`: back to all ways to pay, as long as nothing has come. */
export async function leave(c: PageContext, deps: Deps, sessionId: string): Promise<Response> {
  await leaveCrypto(deps, sessionId)
  return seeOther(c, checkoutPath(c.get('visit'), sessionId))
}

/** `POST /checkout/cs_…/simulate`. */
export async function playCheckout(c: PageContext, deps: Deps, sessionId: string): Promise<Response> {
  const { ctx, crypto } = await findCheckout(deps, sessionId)
  if (crypto) await play(c, ctx, crypto)
  return seeOther(c, checkoutPath(c.get('visit'), sessionId))
}
