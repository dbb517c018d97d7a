import { Hono } from 'hono'
import type { Deps } from '../context'
import { AppError } from '../kernel/errors'
import { addressOf, type Env } from '../rest/request'
import { createAssets } from './assets'
import { type PageContext, type PageEnv, visitOf } from './page'
import { payForProduct, showProduct } from './product-checkout'
import { isSameOrigin } from './same-origin'
import { answerChallenge, payForSession, showChallenge, showReceipt, showSession } from './session-checkout'
import { sendError, sendFailure, sendNotFound, sendOriginRefused, sendTooMany } from './states'

const FOR_EVER = 'public, max-age=31536000, immutable'

/** The hosted pages: `/checkout/…`, and `/assets/…`, which they load. */
export function mountPages(app: Hono<Env>, deps: Deps): void {
  const assets = createAssets(deps.log)
  app.get('/assets/:name', async (c, next) => {
    const { style, script } = await assets()
    const asset = [style, script].find((one) => one?.name === c.req.param('name'))
    if (!asset) return next()
    const accepts = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '')
    const headers = { 'Content-Type': asset.type, 'Cache-Control': FOR_EVER, 'X-Content-Type-Options': 'nosniff' }
    const encoding = accepts ? { 'Content-Encoding': 'gzip' } : undefined
    return c.body(Buffer.from(accepts ? asset.gzipped : asset.bytes), 200, {
      ...headers,
      ...encoding,
      Vary: 'Accept-Encoding',
    })
  })
  app.route('/checkout', checkoutPages(deps, assets))
}

function checkoutPages(deps: Deps, assets: ReturnType<typeof createAssets>): Hono<PageEnv> {
  const pages = new Hono<PageEnv>({ strict: false })
  pages.use(async (c, next) => {
    c.set('visit', visitOf(c.req.raw, deps, await assets()))
    if (c.req.method !== 'POST') return next()
    if (!isSameOrigin(c.req.raw.headers, deps.publicUrl)) return sendOriginRefused(c)
    const address = addressOf(c)
    const waitSeconds = address === undefined ? undefined : await deps.cardForms.exceededFor(address)
    return waitSeconds === undefined ? next() : sendTooMany(c, waitSeconds)
  })
  pages.get('/:id', (c) => {
    const id = c.req.param('id')
    return isSession(id) ? showSession(c, deps, id) : showProduct(c, deps, id)
  })
  pages.post('/:id', (c) => {
    const id = c.req.param('id')
    return isSession(id) ? payForSession(c, deps, id) : payForProduct(c, deps, id)
  })
  pages.get('/:id/receipt', (c) => showReceipt(c, deps, c.req.param('id')))
  pages.get('/:id/challenge', (c) => showChallenge(c, deps, c.req.param('id')))
  pages.post('/:id/challenge', (c) => answerChallenge(c, deps, c.req.param('id')))
  pages.all('*', (c) => sendNotFound(c))
  pages.onError((error, c) => answerError(error, c, deps))
  return pages
}

/** A session's id is told from a product's by its prefix. */
function isSession(id: string): boolean {
  return id.startsWith('cs_')
}

/** What a service threw becomes a page; what nobody expected is logged, and the buyer gets its id. */
async function answerError(error: Error, c: PageContext, deps: Deps): Promise<Response> {
  const said = error instanceof AppError ? sendError(c, error) : undefined
  if (said) return said
  // The matched route, not the path: who knows a session's id may pay and read its receipt.
  deps.log.error({ err: error, request_id: c.get('requestId'), route: c.req.routePath }, 'unexpected error on a page')
  return sendFailure(c)
}
