import { type Deps, type StoreContext, storeContext } from '../context'
import type { NewSimulation } from '../domain/crypto/schema'
import { SIMULATIONS } from '../domain/crypto/schema'
import { findPaymentByToken } from '../domain/crypto/service'
import { simulate } from '../domain/crypto/simulation'
import type { CryptoPaymentRow } from '../domain/crypto/table'
import { getOrder } from '../domain/orders/service'
import { getStore } from '../domain/stores/service'
import { AppError } from '../kernel/errors'
import { storeOfPaymentToken } from '../kernel/ids'
import { type Change, type Look, sendChange, streamChanges } from './live'
import { checkoutPath, type PageContext, readForm, seeOther, sendPage } from './page'
import { hasEnded, stateOf } from './payment-state'
import { sendState } from './states'
import { CryptoPaymentPage } from './views/crypto-payment'
import type { StoreFace } from './views/layout'
import { PaymentPanel, type ShownPayment, titleOf, type Ways } from './views/payment-panel'

type Found = { ctx: StoreContext; store: StoreFace; payment: CryptoPaymentRow }

async function find(deps: Deps, token: string): Promise<Found | undefined> {
  const storeId = storeOfPaymentToken(token)
  const payment =
    storeId === undefined ? undefined : await findPaymentByToken(storeContext(deps, storeId, false), token)
  if (!payment) return undefined
  const ctx = storeContext(deps, payment.storeId, payment.isTest)
  return { ctx, store: await getStore(ctx, ctx.storeId), payment }
}

/** `GET /pay/<token>`: the page that a payment's `checkout_url` leads to; one of the checkout page is shown there. */
export async function showPayment(c: PageContext, deps: Deps, token: string): Promise<Response> {
  const found = await find(deps, token)
  if (!found) return sendState(c, 404, c.get('visit').texts.crypto.notFound)
  const { ctx, payment, store } = found
  if (payment.orderId) {
    const { sessionId } = await getOrder(ctx, payment.orderId)
    return seeOther(c, checkoutPath(c.get('visit'), sessionId))
  }
  const shown = await shownOf(c, found)
  return sendPage(c, 200, <CryptoPaymentPage shown={shown} path={pathOf(c, token)} />, {
    logoUrl: store.logoUrl,
    isLive: true,
  })
}

function pathOf(c: PageContext, token: string): string {
  return `${c.get('visit').basePath}/pay/${token}`
}

async function shownOf(c: PageContext, { ctx, store, payment }: Found): Promise<ShownPayment> {
  const visit = c.get('visit')
  const { redirectUrl, token } = payment
  const ways: Ways = {
    forward: redirectUrl ? { href: redirectUrl, label: visit.texts.crypto.confirmed.back(store.name) } : null,
    simulate: payment.isTest ? `${pathOf(c, token)}/simulate` : null,
    checkout: null,
  }
  return { visit, store, payment, state: await stateOf(ctx, payment), now: ctx.clock.now(), ways }
}

export async function changeOf(shown: ShownPayment): Promise<Change> {
  const { visit, state, store } = shown
  const title = visit.texts.titleOf(titleOf(visit, state), store.name)
  const html = String(await (<PaymentPanel {...shown} />).toString())
  return { version: state.version, kind: state.kind, ended: hasEnded(state), title, html }
}

/** What a page that shows this has to follow. */
export function lookAt(shown: ShownPayment) {
  return { version: shown.state.version, hasEnded: hasEnded(shown.state), change: () => changeOf(shown) }
}

function lookOf(c: PageContext, deps: Deps, token: string): Look {
  return async () => {
    const found = await find(deps, token)
    return found && lookAt(await shownOf(c, found))
  }
}

/** `GET /pay/<token>/state?version=…`. */
export function showState(c: PageContext, deps: Deps, token: string): Promise<Response> {
  return sendChange(c, lookOf(c, deps, token))
}

/** `GET /pay/<token>/events?version=…`. */
export function showEvents(c: PageContext, deps: Deps, token: string, isDraining: () => boolean): Promise<Response> {
  return streamChanges(c, lookOf(c, deps, token), isDraining)
}

/** `POST /pay/<token>/simulate`: a button of the page of a test payment. */
export async function playPayment(c: PageContext, deps: Deps, token: string): Promise<Response> {
  const found = await find(deps, token)
  if (!found) return sendState(c, 404, c.get('visit').texts.crypto.notFound)
  await play(c, found.ctx, found.payment)
  return seeOther(c, pathOf(c, token))
}

/** Does what the pressed button says. One that is pressed too late does nothing: the page shows what there is. */
export async function play(c: PageContext, ctx: StoreContext, payment: CryptoPaymentRow): Promise<void> {
  const pressed = (await readForm(c)).get('action')
  const action: NewSimulation['action'] | undefined = SIMULATIONS.find((one) => one === pressed)
  if (!action || !payment.isTest) return
  try {
    await simulate(ctx, { payment_number: payment.number, action })
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'invalid_request')) throw error
  }
}
