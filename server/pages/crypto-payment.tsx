import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { type Deps, type StoreContext, storeContext } from '../context'
import { findPaymentByToken } from '../domain/crypto/service'
import type { CryptoPaymentRow } from '../domain/crypto/table'
import { getStore } from '../domain/stores/service'
import type { StoreRow } from '../domain/stores/table'
import { MINUTE_MS, SECOND_MS } from '../kernel/clock'
import { storeOfPaymentToken } from '../kernel/ids'
import { type PageContext, sendPage } from './page'
import { hasEnded, type PaymentState, stateOf } from './payment-state'
import { sendState } from './states'
import { CryptoPaymentPage, PaymentPanel } from './views/crypto-payment'

type Found = { ctx: StoreContext; store: StoreRow; payment: CryptoPaymentRow; state: PaymentState }

async function find(deps: Deps, token: string): Promise<Found | undefined> {
  const storeId = storeOfPaymentToken(token)
  const payment =
    storeId === undefined ? undefined : await findPaymentByToken(storeContext(deps, storeId, false), token)
  if (!payment) return undefined
  const ctx = storeContext(deps, payment.storeId, payment.isTest)
  return { ctx, store: await getStore(ctx, ctx.storeId), payment, state: await stateOf(ctx, payment) }
}

/** `GET /pay/<token>`: the page that a payment's `checkout_url` leads to. */
export async function showPayment(c: PageContext, deps: Deps, token: string): Promise<Response> {
  const found = await find(deps, token)
  if (!found) return sendState(c, 404, c.get('visit').texts.crypto.notFound)
  const visit = c.get('visit')
  const shown = { ...found, visit, now: deps.clock.now(), path: `${visit.basePath}/pay/${token}` }
  return sendPage(c, 200, <CryptoPaymentPage {...shown} />, { logoUrl: found.store.logoUrl, isLive: true })
}

/** What the page's script puts in the place of what it shows. */
type Change = { version: string; kind: string; ended: boolean; title: string; html: string }

async function changeOf(c: PageContext, deps: Deps, found: Found): Promise<Change> {
  const visit = c.get('visit')
  const view = <PaymentPanel {...found} visit={visit} now={deps.clock.now()} />
  const { kind, version } = found.state
  const title = visit.texts.titleOf(visit.texts.crypto[kind].title, found.store.name)
  return { version, kind, ended: hasEnded(found.state), title, html: String(await view.toString()) }
}

const PRIVATE = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/** `GET /pay/<token>/state?version=…`: 204 while the page is up to date. For browsers and proxies that let no events through. */
export async function showState(c: PageContext, deps: Deps, token: string): Promise<Response> {
  const found = await find(deps, token)
  if (!found) return c.json({ error: 'not_found' }, 404, PRIVATE)
  if (found.state.version === c.req.query('version')) return c.body(null, 204, PRIVATE)
  return c.json(await changeOf(c, deps, found), 200, PRIVATE)
}

const LOOK_MS = SECOND_MS
/** Proxies cut a connection that is quiet for a minute. */
const QUIET_MOST = 20
/** The browser comes again by itself. */
const LONGEST_MS = 10 * MINUTE_MS

/** `GET /pay/<token>/events?version=…`: each change as it happens, until the payment has ended. */
export async function streamChanges(c: PageContext, deps: Deps, token: string, isDraining: () => boolean) {
  const first = await find(deps, token)
  if (!first) return c.json({ error: 'not_found' }, 404, PRIVATE)
  // Nginx would keep events back until its buffer is full.
  c.header('X-Accel-Buffering', 'no')
  const response = streamSSE(c, (stream) =>
    follow(stream, isDraining, c.req.query('version') ?? '', async (shown) => {
      const found = await find(deps, token)
      if (!found) return undefined
      return {
        hasEnded: hasEnded(found.state),
        change: found.state.version === shown ? null : await changeOf(c, deps, found),
      }
    }),
  )
  response.headers.set('Cache-Control', 'no-store')
  return response
}

type Look = (shown: string) => Promise<{ hasEnded: boolean; change: Change | null } | undefined>

async function follow(stream: SSEStreamingApi, isDraining: () => boolean, version: string, look: Look): Promise<void> {
  let shown = version
  let quiet = 0
  for (let waited = 0; waited < LONGEST_MS && !stream.aborted && !isDraining(); waited += LOOK_MS) {
    const seen = await look(shown)
    if (!seen) return
    if (seen.change) {
      shown = seen.change.version
      quiet = 0
      await stream.writeSSE({ event: 'change', data: JSON.stringify(seen.change) })
    } else if (++quiet % QUIET_MOST === 0) await stream.write(': still here\n\n')
    if (seen.hasEnded) return
    await stream.sleep(LOOK_MS)
  }
}
