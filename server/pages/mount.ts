import { type Context, Hono, type Next } from 'hono'
import type { Deps } from '../context'
import { AppError } from '../kernel/errors'
import type { Operation } from '../operations'
import { addressOf, type Env } from '../rest/request'
import { type Asset, createAssets } from './assets'
import { continueOnboarding, showConnection } from './connect'
import { COUPON } from './coupon'
import { leave, playCheckout, showCryptoEvents, showCryptoState } from './crypto-checkout'
import { playPayment, showEvents, showPayment, showState } from './crypto-payment'
import { frameOf } from './frame'
import { payForLink, showLink } from './link-checkout'
import { type PageContext, type PageEnv, visitOf } from './page'
import { payForProduct, showProduct } from './product-checkout'
import { isSameOrigin } from './same-origin'
import {
  answerChallenge,
  changeCoupon,
  comeBack,
  goToPayment,
  payForSession,
  showChallenge,
  showReceipt,
  showSession,
} from './session-checkout'
import { type Refusals, sendError, sendFailure, sendNotFound, sendOriginRefused, sendTooMany } from './states'
import { makeTopup, showTopup } from './topup'

const FOR_EVER = 'public, max-age=31536000, immutable'

/** A script whose address never changes is asked for again after an hour, and may be loaded by any page, isolated ones too. */
const FOR_SHOPS = {
  'Cache-Control': 'public, max-age=3600',
  'Access-Control-Allow-Origin': '*',
  'Cross-Origin-Resource-Policy': 'cross-origin',
}

/** The hosted pages: `/checkout/…`, `/pay/…`, `/topup`, and `/assets/…`, which they load. */
export function mountPages(
  app: Hono<Env>,
  deps: Deps,
  isDraining: () => boolean,
  operations: readonly Operation[],
): void {
  const assets = createAssets(deps.log)
  app.get('/assets/:name', async (c, next) => {
    const { styles, script } = await assets()
    const asset = [...Object.values(styles), script].find((one) => one?.name === c.req.param('name'))
    return asset ? sendAsset(c, asset, { 'Cache-Control': FOR_EVER }) : next()
  })
  app.get('/js/:name', async (c, next) => {
    const asset = (await assets()).browserScripts.get(c.req.param('name'))
    if (!asset) return next()
    const etag = `"${asset.name}"`
    const headers = { ...FOR_SHOPS, ETag: etag }
    return c.req.header('if-none-match') === etag ? c.body(null, 304, headers) : sendAsset(c, asset, headers)
  })
  app.route('/checkout', checkoutPages(deps, assets, isDraining))
  app.route('/pay', paymentPages(deps, assets, isDraining))
  app.route('/connect', connectPages(deps, assets))
  app.route('/topup', topupPage(deps, assets, operationAt(operations, 'billing.create_topup')))
}

function operationAt(operations: readonly Operation[], path: string): Operation {
  const operation = operations.find((one) => one.path === path)
  if (!operation) throw new Error(`there is no operation ${path}`)
  return operation
}

/** Where merchants top up. A key is typed into it, so that it is counted as card forms are. */
function topupPage(deps: Deps, assets: ReturnType<typeof createAssets>, create: Operation): Hono<PageEnv> {
  const pages = new Hono<PageEnv>({ strict: false })
  pages.use(async (c, next) => {
    const visit = visitOf(c.req.raw, deps, await assets(), null)
    c.set('visit', visit)
    return c.req.method === 'POST' ? ofOurs(c, deps, next, visit.texts.topup) : next()
  })
  pages.get('/', (c) => showTopup(c, deps))
  pages.post('/', (c) => makeTopup(c, deps, create))
  pages.onError((error, c) => answerError(error, c, deps))
  return pages
}

/** For sellers who come from Stripe. Each visit asks Stripe something, so that they are counted as forms are. */
function connectPages(deps: Deps, assets: ReturnType<typeof createAssets>): Hono<PageEnv> {
  const pages = new Hono<PageEnv>({ strict: false })
  pages.use(async (c, next) => {
    c.set('visit', visitOf(c.req.raw, deps, await assets(), null))
    return limited(c, deps, next)
  })
  pages.get('/:token/return', (c) => showConnection(c, deps, c.req.param('token')))
  pages.get('/:token/refresh', (c) => continueOnboarding(c, deps, c.req.param('token')))
  pages.all('*', (c) => sendNotFound(c))
  pages.onError((error, c) => answerError(error, c, deps))
  return pages
}

/** Of crypto payments, by the token that each has. */
function paymentPages(deps: Deps, assets: ReturnType<typeof createAssets>, isDraining: () => boolean): Hono<PageEnv> {
  const pages = new Hono<PageEnv>({ strict: false })
  pages.use(async (c, next) => {
    c.set('visit', visitOf(c.req.raw, deps, await assets(), null))
    return c.req.method === 'POST' ? ofOurs(c, deps, next) : next()
  })
  pages.get('/:token', (c) => showPayment(c, deps, c.req.param('token')))
  pages.get('/:token/state', (c) => showState(c, deps, c.req.param('token')))
  pages.get('/:token/events', (c) => showEvents(c, deps, c.req.param('token'), isDraining))
  pages.post('/:token/simulate', (c) => playPayment(c, deps, c.req.param('token')))
  pages.onError((error, c) => answerError(error, c, deps))
  return pages
}

function sendAsset(c: Context, asset: Asset, headers: Record<string, string>): Response {
  const accepts = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '')
  return c.body(Buffer.from(accepts ? asset.gzipped : asset.bytes), 200, {
    'Content-Type': asset.type,
    'X-Content-Type-Options': 'nosniff',
    Vary: 'Accept-Encoding',
    ...headers,
    ...(accepts && { 'Content-Encoding': 'gzip' }),
  })
}

function checkoutPages(deps: Deps, assets: ReturnType<typeof createAssets>, isDraining: () => boolean): Hono<PageEnv> {
  const pages = new Hono<PageEnv>({ strict: false })
  pages.use(async (c, next) => {
    const frame = isEmbedded(c.req.path) ? frameOf(c) : null
    c.set('visit', visitOf(c.req.raw, deps, await assets(), frame))
    if (c.req.method !== 'POST') return c.req.query(COUPON) ? limited(c, deps, next) : next()
    return ofOurs(c, deps, next)
  })
  pages.get('/embed', (c) => showLink(c, deps, c.req.query('store_id') ?? ''))
  pages.post('/embed', (c) => payForLink(c, deps, c.req.query('store_id') ?? ''))
  pages.get(SESSION, (c) => showSession(c, deps, c.req.param('id')))
  pages.post(SESSION, (c) => payForSession(c, deps, c.req.param('id')))
  for (const folder of ['', '/embed'] as const) {
    pages.get(`${folder}/:id/receipt`, (c) => showReceipt(c, deps, c.req.param('id')))
    pages.get(`${folder}/:id/pay`, (c) => goToPayment(c, deps, c.req.param('id')))
    pages.get(`${folder}/:id/return`, (c) => comeBack(c, deps, c.req.param('id')))
    pages.get(`${folder}/:id/challenge`, (c) => showChallenge(c, deps, c.req.param('id')))
    pages.get(`${folder}/:id/state`, (c) => showCryptoState(c, deps, c.req.param('id')))
    pages.get(`${folder}/:id/events`, (c) => showCryptoEvents(c, deps, c.req.param('id'), isDraining))
    pages.post(`${folder}/:id/leave`, (c) => leave(c, deps, c.req.param('id')))
    pages.post(`${folder}/:id/simulate`, (c) => playCheckout(c, deps, c.req.param('id')))
    pages.post(`${folder}/:id/coupon`, (c) => changeCoupon(c, deps, c.req.param('id')))
    pages.post(`${folder}/:id/challenge`, (c) => answerChallenge(c, deps, c.req.param('id')))
  }
  pages.get(EMBEDDED_SESSION, (c) => showSession(c, deps, c.req.param('id')))
  pages.post(EMBEDDED_SESSION, (c) => payForSession(c, deps, c.req.param('id')))
  pages.get(STORE, (c) => showLink(c, deps, c.req.param('id')))
  pages.post(STORE, (c) => payForLink(c, deps, c.req.param('id')))
  pages.get('/:id', (c) => showProduct(c, deps, c.req.param('id')))
  pages.post('/:id', (c) => payForProduct(c, deps, c.req.param('id')))
  pages.all('*', (c) => sendNotFound(c))
  pages.onError((error, c) => answerError(error, c, deps))
  return pages
}

/** Posted from our own pages, and not too often; `words` where these are no checkouts. */
async function ofOurs(c: PageContext, deps: Deps, next: Next, words?: Refusals): Promise<Response | undefined> {
  if (!isSameOrigin(c.req.raw.headers, deps.publicUrl)) return sendOriginRefused(c, words)
  return limited(c, deps, next, words)
}

/** Forms, and guesses at coupons, of one client address. */
async function limited(c: PageContext, deps: Deps, next: Next, words?: Refusals): Promise<Response | undefined> {
  const address = addressOf(c)
  const waitSeconds = address === undefined ? undefined : await deps.cardForms.exceededFor(address)
  if (waitSeconds !== undefined) return sendTooMany(c, waitSeconds, words)
  await next()
  return undefined
}

/** The reserved word, then what an id's prefix says; anything else is a product's uuid. */
const SESSION = '/:id{cs_[^/]*}'
const EMBEDDED_SESSION = '/embed/:id{cs_[^/]*}'
const STORE = '/:id{sto_[^/]*}'

/** Only these pages may be shown within others. */
function isEmbedded(path: string): boolean {
  return /^\/checkout\/embed(\/|$)/.test(path)
}

/** What a service threw becomes a page; what nobody expected is logged, and the buyer gets its id. */
async function answerError(error: Error, c: PageContext, deps: Deps): Promise<Response> {
  const said = error instanceof AppError ? sendError(c, error) : undefined
  if (said) return said
  // The matched route, not the path: who knows a session's id may pay and read its receipt.
  deps.log.error({ err: error, request_id: c.get('requestId'), route: c.req.routePath }, 'unexpected error on a page')
  return sendFailure(c)
}
