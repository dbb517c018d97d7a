import { randomUUID } from 'node:crypto'
import { fetchRequestHandler } from '@trpc/server/adapters/fetch'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { routePath } from 'hono/route'
import { createMcpEndpoint } from '../mcp/server'
import { readApiKey } from './api-key'
import type { Deps } from './context'
import { mountHealth } from './health'
import { AppError } from './kernel/errors'
import { type Operation, readOperations } from './operations'
import { mountPages } from './pages/mount'
import { canonicalSurface, type Env, mountSurface, routeKey, type Surface } from './rest/adapter'
import { payhookSurface } from './rest/payhook'
import { appRouter } from './router'

const MAX_BODY_BYTES = 256 * 1024

export type App = { fetch(request: Request): Promise<Response>; operations: Operation[]; surfaces: Surface[] }

/**
 * Everything that answers a request, made once: the doors, the pages, the health checks. `isDraining` says that the process
 * is about to end, which takes it out of `/readyz`.
 */
export function createApp(deps: Deps, isDraining = () => false): App {
  const operations = readOperations()
  const documented = [payhookSurface(operations)]
  const claimed = new Set(documented.flatMap((surface) => surface.routes.map(routeKey)))
  const surfaces = [...documented, canonicalSurface(operations, claimed)]

  const app = new Hono<Env>({ strict: false })
  app.use(async (c, next) => {
    const started = performance.now()
    const id = `req_${randomUUID()}`
    c.set('requestId', id)
    await next()
    c.res.headers.set('X-Request-Id', id)
    deps.metrics.countRequest(c.req.method, routePath(c), c.res.status, (performance.now() - started) / 1_000)
  })
  mountHealth(app, deps, isDraining)
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (c) => c.json(tooLarge(), 413) }))
  // Anybody's page may show the public numbers.
  app.use('/api/public/*', cors())
  for (const surface of surfaces) mountSurface(app, deps, surface)
  app.all('/trpc/*', (c) => serveTrpc(c.req.raw, deps, c.get('requestId')))
  mountPages(app, deps)
  const mcp = createMcpEndpoint(deps, operations, () => readOwn(app, deps, '/openapi.json'))
  app.all('/mcp', (c) => mcp(c.req.raw, c.get('requestId')))
  app.notFound((c) => c.json({ error: `There is nothing at ${c.req.path}. See /docs for what there is.` }, 404))
  app.onError((error, c) => {
    const id = c.get('requestId')
    deps.log.error({ err: error, request_id: id, path: c.req.path }, 'unexpected error')
    return c.json({ error: `Something went wrong on our side. Try again; if it stays, quote ${id}.` }, 500)
  })
  return { fetch: async (request) => app.fetch(request), operations, surfaces }
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

function tooLarge() {
  const error = new AppError('body_too_large', `The request body is larger than ${MAX_BODY_BYTES / 1024} KiB.`)
  return { error: error.message }
}

function serveTrpc(request: Request, deps: Deps, requestId: string): Promise<Response> {
  const reply = { replayed: false }
  return fetchRequestHandler({
    endpoint: '/trpc',
    req: request,
    router: appRouter,
    createContext: () => ({
      ...deps,
      request: {
        id: requestId,
        door: 'trpc' as const,
        apiKey: readApiKey(request.headers),
        idempotencyKey: request.headers.get('idempotency-key') ?? undefined,
      },
      reply,
    }),
    responseMeta: () => (reply.replayed ? { headers: new Headers({ 'Idempotency-Replayed': 'true' }) } : {}),
  })
}
