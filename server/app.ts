import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { routePath } from 'hono/route'
import { createMcpEndpoint } from '../mcp/server'
import { clientAddress, type TrustedProxies } from './client-address'
import type { Deps } from './context'
import { mountHealth } from './health'
import { mountStripe } from './inbound/stripe'
import { AppError } from './kernel/errors'
import { type Operation, readOperations } from './operations'
import { mountPages } from './pages/mount'
import {
  canonicalSurface,
  errorSurface,
  mountSurfaces,
  refusalOfMethods,
  renderError,
  routeKey,
  type Surface,
  unexpected,
} from './rest/adapter'
import { cryptoSurface } from './rest/crypto'
import { createDirectDoor } from './rest/direct'
import { mountDocs } from './rest/docs/routes'
import { mountOpenApi } from './rest/openapi'
import { payhookSurface } from './rest/payhook'
import { pebblepaySurface } from './rest/pebblepay'
import { pixlpaySurface } from './rest/pixlpay'
import {
  addressOf,
  type Context,
  type Env,
  MAX_BODY_BYTES,
  MAX_URL_LENGTH,
  newRequestId,
  type Origin,
} from './rest/request'
import { subscriptionsSurface } from './rest/subscriptions'
import { isTrpcPath, mountTrpc, renderTrpcError } from './trpc-http'

export type App = {
  /** Answers every request; never throws. `origin.address` is the client's, for what is limited per address. */
  fetch(request: Request, origin?: Origin): Promise<Response>
  operations: Operation[]
  surfaces: Surface[]
}

/** The APIs that we serve as their documents show them. The first one words what no other has a path for. */
export function documentedSurfaces(operations: Operation[]): Surface[] {
  return [
    payhookSurface(operations),
    subscriptionsSurface(operations),
    pebblepaySurface(operations),
    pixlpaySurface(operations),
    cryptoSurface(operations),
  ]
}

/**
 * Everything that answers a request, made once: the doors, the pages, the health checks. `isDraining` says that the process
 * is about to end, which takes it out of `/readyz`.
 */
export function createApp(deps: Deps, isDraining = () => false): App {
  const operations = readOperations()
  const documented = documentedSurfaces(operations)
  const claimed = new Set(documented.flatMap((surface) => surface.routes.map(routeKey)))
  const surfaces = [...documented, canonicalSurface(operations, claimed)]

  const surfaceAt = errorSurface(surfaces)
  const refuse = (c: Context, error: AppError) =>
    isTrpcPath(c.req.path) ? renderTrpcError(c, error) : renderError(surfaceAt(c.req.path), error)

  const app = new Hono<Env>({ strict: false })
  const refuseMethod = refusalOfMethods(app, surfaceAt)
  app.use(async (c, next) => {
    const started = performance.now()
    const id = newRequestId()
    c.set('requestId', id)
    await next()
    if (c.res.status === 404) await refuseMethod(c, async () => undefined)
    c.res.headers.set('X-Request-Id', id)
    deps.metrics.countRequest(c.req.method, routePath(c), c.res.status, (performance.now() - started) / 1_000)
  })
  mountHealth(app, deps, isDraining)
  if (!deps.config.roles.includes('api')) {
    const elsewhere = 'This process does background work only. Send requests to one that has the role api.'
    app.use(async (c) => refuse(c, new AppError('unavailable', elsewhere)))
  }
  const limitUnstated = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (c) => refuse(c, bodyTooLarge()) })
  app.use((c, next) => {
    const { method, headers, url } = c.req.raw
    if (url.length > MAX_URL_LENGTH) return Promise.resolve(refuse(c, urlTooLong()))
    if (method === 'GET' || method === 'HEAD') return next()
    const stated = headers.get('content-length')
    // Hono's own looks at the body first, which makes a stream of it, and a stream takes much longer to read.
    if (stated === null || headers.has('transfer-encoding')) return limitUnstated(c, next)
    return Number(stated) > MAX_BODY_BYTES ? Promise.resolve(refuse(c, bodyTooLarge())) : next()
  })
  // Anybody's page may show the public numbers.
  app.use('/api/public/*', cors())
  // An app in a browser asks whether its user's licence is good, without a key of ours.
  for (const base of ['/v1', '/api/v1']) app.use(`${base}/licenses/:call{validate|activate|deactivate}`, cors())
  mountSurfaces(app, deps, surfaces)
  mountTrpc(app, deps)
  mountOpenApi(app, deps, operations, surfaces)
  mountDocs(app, deps, operations)
  app.get('/', (c) => c.redirect('/docs'))
  mountPages(app, deps, isDraining, operations)
  mountStripe(app, deps)
  mountMcp(app, deps, operations)
  app.notFound((c) =>
    refuse(c, new AppError('not_found', `There is nothing at ${c.req.path}. See /docs for what there is.`)),
  )
  app.onError((error, c) => refuse(c, unexpected({ id: c.get('requestId'), route: routePath(c, -1) }, deps, error)))
  return { fetch: fetchOf(app, deps, surfaces), operations, surfaces }
}

function fetchOf(app: Hono<Env>, deps: Deps, surfaces: readonly Surface[]): App['fetch'] {
  const { trustedProxies, roles } = deps.config
  const directly = roles.includes('api') ? createDirectDoor(deps, surfaces) : () => undefined
  return async (request, origin = {}) => {
    const own = trustedProxies.length === 0 ? origin : behindProxies(request, origin, trustedProxies)
    return directly(request, own) ?? app.fetch(request, own)
  }
}

/** The client's address is worked out for the few requests that are counted by it. */
function behindProxies(request: Request, origin: Origin, proxies: TrustedProxies): Origin {
  return {
    get address() {
      return clientAddress(origin.address, request.headers, proxies)
    },
  }
}

function mountMcp(app: Hono<Env>, deps: Deps, operations: Operation[]): void {
  const mcp = createMcpEndpoint(deps, operations, () => readOwn(app, deps, '/openapi.json'))
  app.all('/mcp', (c) => {
    const requestId = c.get('requestId')
    return mcp(c.req.raw, {
      requestId,
      get address() {
        return addressOf(c)
      },
    })
  })
}

/** A document of ours as its address serves it. */
export async function readOwn(
  app: { fetch(request: Request): Response | Promise<Response> },
  deps: Deps,
  path: string,
) {
  const response = await app.fetch(new Request(deps.publicUrl + path))
  if (!response.ok) throw new AppError('not_found', `There is nothing at ${path}.`)
  return response.text()
}

function bodyTooLarge() {
  return new AppError('body_too_large', `The request body is larger than ${MAX_BODY_BYTES / 1024} KiB.`)
}

function urlTooLong() {
  return new AppError('url_too_long', `The URL is longer than ${MAX_URL_LENGTH / 1024} KiB.`, {
    hint: 'Send fewer or shorter parameters, or in tRPC fewer calls in a batch (maxURLLength).',
  })
}
