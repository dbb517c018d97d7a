import type { StoreContext } from '../context'
import type { Checkout } from '../domain/payments/checkout'
import type { Obstacle } from '../domain/payments/obstacles'
import type { AppError, ErrorCode } from '../kernel/errors'
import { formatMoney } from '../kernel/money'
import { checkoutPath, type PageContext, sendPage } from './page'
import type { Texts } from './texts'
import type { StoreFace } from './views/layout'
import { StatePage, type StateProps } from './views/state'

type Said = Omit<StateProps, 'visit'>

export function sendState(c: PageContext, status: number, said: Said): Promise<Response> {
  const visit = c.get('visit')
  return sendPage(c, status, <StatePage visit={visit} {...said} />, { logoUrl: said.store?.logoUrl })
}

const OBSTACLE_STATUS = {
  draft: 404,
  archived: 410,
  store_not_approved: 403,
  no_gateway: 503,
  not_connected: 409,
  at_plan_limit: 503,
} as const

export function sendObstacle(
  c: PageContext,
  obstacle: NonNullable<Obstacle>,
  sale?: { ctx: StoreContext; store: StoreFace },
): Promise<Response> {
  const said = c.get('visit').texts.states[obstacle]
  return sendState(c, OBSTACLE_STATUS[obstacle], { ...said, store: sale?.store, isTest: sale?.ctx.isTest })
}

const NOT_CHARGEABLE = new Set<ErrorCode>(['amount_too_small', 'amount_not_chargeable', 'currency_not_chargeable'])

const OBSTACLE_OF_ERROR: Partial<Record<ErrorCode, NonNullable<Obstacle>>> = {
  product_not_available: 'archived',
  account_not_approved: 'store_not_approved',
  gateway_not_configured: 'no_gateway',
  store_not_connected: 'not_connected',
}

/** What a service threw, in words for a buyer; undefined for what no buyer can have caused. */
export function sendError(c: PageContext, error: AppError): Promise<Response> | undefined {
  const obstacle = OBSTACLE_OF_ERROR[error.code]
  if (obstacle) return sendObstacle(c, obstacle)
  const { link, states } = c.get('visit').texts
  const { problems } = link
  if (NOT_CHARGEABLE.has(error.code)) return sendState(c, 409, states.not_chargeable)
  if (error.code === 'crypto_not_offered') return sendState(c, 409, states.crypto_not_offered)
  if (error.code === 'gateway_failed') return sendPageFailed(c)
  if (error.code === 'variant_not_found') return sendLinkProblems(c, [problems.variant_unknown('variant_id')])
  if (error.code === 'webhook_url_refused') return sendLinkProblems(c, [problems.webhook_refused('webhook_url')])
  return error.status === 404 ? sendNotFound(c) : undefined
}

/** The gateway opened no page to pay on. */
function sendPageFailed(c: PageContext): Promise<Response> {
  const { title, text, action } = c.get('visit').texts.states.page_failed
  return sendState(c, 502, { title, text, action: { label: action, href: samePage(c) } })
}

export function sendNotFound(c: PageContext): Promise<Response> {
  return sendState(c, 404, c.get('visit').texts.states.not_found)
}

/** Why a form isn't even read. */
export type Refusals = Pick<Texts['states'], 'origin_refused' | 'too_many'>

export function sendOriginRefused(c: PageContext, words: Refusals = c.get('visit').texts.states): Promise<Response> {
  const { title, text, action } = words.origin_refused
  return sendState(c, 403, { title, text, action: { label: action, href: samePage(c) } })
}

export function sendTooMany(
  c: PageContext,
  waitSeconds: number,
  words: Refusals = c.get('visit').texts.states,
): Promise<Response> {
  const { title, text, action } = words.too_many
  c.header('Retry-After', String(waitSeconds))
  const minutes = Math.ceil(waitSeconds / 60)
  return sendState(c, 429, { title, text: text(minutes), action: { label: action, href: samePage(c) } })
}

export function sendFailure(c: PageContext): Promise<Response> {
  const { title, text, action } = c.get('visit').texts.states.failed
  const said = { title, text: text(c.get('requestId')), action: { label: action, href: samePage(c) } }
  return sendState(c, 500, said)
}

/** The address that was asked for, without the wish to begin again. */
export function samePage(c: PageContext): string {
  const query = new URL(c.req.url).searchParams
  query.delete('again')
  return `${c.get('visit').basePath}${c.req.path}${query.size > 0 ? `?${query}` : ''}`
}

export function sendAlreadyPaid(c: PageContext, { ctx, store, order }: Checkout, againUrl: string): Promise<Response> {
  const visit = c.get('visit')
  const { title, text, action, again } = visit.texts.states.paid
  return sendState(c, 200, {
    title,
    text: text(order.productName),
    store,
    isTest: ctx.isTest,
    action: { label: action, href: checkoutPath(visit, order.sessionId, 'receipt') },
    second: { label: again, href: againUrl },
  })
}

export function sendExpired(c: PageContext, { ctx, store, order }: Checkout): Promise<Response> {
  const visit = c.get('visit')
  const { title, text, textAlone, action } = visit.texts.states.expired
  const told = { type: 'payment_failed', error: `${title}. ${text}`, code: 'session_expired' } as const
  // An embedded checkout begins again with the page around it, and a link where it was found.
  if (!order.productId || order.variantId || visit.frame) {
    return sendState(c, 410, { title, text: textAlone, store, isTest: ctx.isTest, told })
  }
  return sendState(c, 410, {
    title,
    text,
    store,
    isTest: ctx.isTest,
    action: { label: action, href: checkoutPath(visit, order.productId) },
  })
}

/** A link that says what can't be done, word for word; `name` is the store's, where the link names one. */
export function sendLinkProblems(c: PageContext, points: string[], seller?: { ctx: StoreContext; store: StoreFace }) {
  const { title, lead, leadAlone } = c.get('visit').texts.link
  const store = seller?.store
  const text = store ? lead(store.name) : leadAlone
  const told = { type: 'payment_failed', error: points.join(' '), code: 'invalid_request' } as const
  return sendState(c, 400, { title, text, points, store, isTest: seller?.ctx.isTest, told })
}

const REFRESH_SECONDS = 2

export function sendProcessing(c: PageContext, { ctx, store, order }: Checkout): Promise<Response> {
  const visit = c.get('visit')
  const { title, text, action } = visit.texts.states.processing
  const next = { label: action, href: checkoutPath(visit, order.sessionId) }
  return sendState(c, 200, { title, text, store, isTest: ctx.isTest, action: next, refreshSeconds: REFRESH_SECONDS })
}

/** What leads back to the product, were it bought again, would lead to a second payment: the session's own page decides. */
export function isUnderway({ state }: Checkout): boolean {
  return ['processing', 'requires_action', 'redirected', 'settling', 'awaiting'].includes(state)
}

/**
 * The way to the gateway's page: by itself right after the form was sent, by a press for who came back from there. It can't be shown
 * within a frame, so that it gets a tab of its own there, and the frame waits.
 */
export function sendRedirected(c: PageContext, checkout: Checkout, isFresh: boolean): Promise<Response> {
  const visit = c.get('visit')
  const { ctx, store, order, attempt } = checkout
  const { title, text, action, cancel } = visit.texts.states.redirected
  const pageUrl = attempt?.pageUrl
  if (!pageUrl) return sendProcessing(c, checkout)
  const isFramed = visit.frame !== null
  return sendState(c, 200, {
    title,
    text: text(formatMoney(order.amountMinor, order.currency, visit.locale)),
    ...{ store, isTest: ctx.isTest, action: { label: action, href: pageUrl, isNewTab: isFramed } },
    second: order.cancelUrl && !isFramed ? { label: cancel(store.name), href: order.cancelUrl } : undefined,
    goTo: isFresh && !isFramed ? pageUrl : undefined,
    refreshSeconds: isFramed ? REFRESH_SECONDS : 0,
  })
}

/** Paid by a method that takes days. */
export function sendSettling(c: PageContext, { ctx, store, order }: Checkout): Promise<Response> {
  const { title, text } = c.get('visit').texts.states.settling
  return sendState(c, 200, { title, text: text(order.customerEmail), store, isTest: ctx.isTest })
}
