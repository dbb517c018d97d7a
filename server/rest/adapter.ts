import type { Hono, MiddlewareHandler } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import * as z from 'zod'
import type { Deps, ReplyFacts, RequestContext } from '../context'
import { AppError, ERRORS, type ErrorCode, toErrorBody } from '../kernel/errors'
import type { Operation } from '../operations'
import {
  type Arrival,
  arrivalOf,
  type Env,
  queryCoercion,
  type RestRequest,
  readRequest,
  requestContext,
} from './request'

export { type Env, queryCoercion, type RestRequest } from './request'

/** One line of a documented API's table. */
export type Route = {
  method: string
  /** `/api/v1/products/{id}` */
  path: string
  operation: Operation
  status: number
  /** The operation's input. */
  toInput(request: RestRequest): Record<string, unknown>
  /** What `toInput` reads, for the published schema; the operation's input unless said. */
  input?: z.ZodType
  /** What the document shows, made from the operation's output and input. */
  toBody(output: unknown, input: Record<string, unknown>): unknown
  /** What `toBody` makes, for the published schema; the operation's output unless said. */
  body?: z.ZodType
  /** Follows `next_cursor` and joins this list of the output, where the document knows no pages and the caller asked for none. */
  joinPages?: (request: RestRequest) => string | undefined
}

/** A documented API: its routes, and how it words an error. */
export type Surface = {
  name: string
  routes: Route[]
  /** The HTTP status of an error, where the document has another than the map of errors. */
  statusOf?: (code: ErrorCode) => number
  toErrorBody(error: AppError): unknown
  /** What `toErrorBody` makes, for the published schema. */
  errorBody: z.ZodType
}

const ErrorBody = z.object({
  error: z.string().describe('What was wrong and what to do, for people'),
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]).describe('For programs'),
  field: z.string().nullable().describe('The input field at fault'),
  hint: z.string().nullable().describe('What to do next'),
  retryable: z.boolean().describe('True when the same call may succeed later'),
})

/** Our own API: `/v1/…`, and `/api/v1/…` too where no document claims that path. */
export function canonicalSurface(operations: Operation[], claimed: ReadonlySet<string>): Surface {
  const routes = operations.flatMap((operation) => {
    const route = canonicalRoute(operation)
    const alias = { ...route, path: `/api${route.path}` }
    return claimed.has(routeKey(alias)) ? [route] : [route, alias]
  })
  return { name: 'Payhook', routes, toErrorBody, errorBody: ErrorBody }
}

/** Method and path, whatever the path calls its parameters. */
export function routeKey(route: { method: string; path: string }): string {
  return `${route.method} ${route.path.replace(/\{\w+\}/g, '{}')}`
}

function canonicalRoute(operation: Operation): Route {
  const coerce = queryCoercion(operation.input)
  const { method } = operation.rest
  return {
    method,
    path: operation.rest.path,
    operation,
    status: operation.meta.status ?? 200,
    toInput: ({ params, query, body }) => {
      for (const name of Object.keys(query)) {
        if (!inQuery(method)) throw misplaced(name, 'in the body')
        if (Object.hasOwn(body, name)) throw misplaced(name, 'once')
      }
      for (const name of Object.keys(params)) {
        if (Object.hasOwn(body, name) || Object.hasOwn(query, name)) throw misplaced(name, 'in the path only')
      }
      return { ...body, ...coerce(query), ...params }
    },
    toBody: (output) => output,
  }
}

/** Methods whose fields, besides those of the path, are query parameters. A DELETE may have a body too. */
export function inQuery(method: string): boolean {
  return method === 'GET' || method === 'DELETE'
}

function misplaced(field: string, where: string) {
  return new AppError('invalid_request', `${field}: send it ${where}`, { field })
}

/** Keeps the fields of a schema: documented surfaces ignore unknown ones, the operations refuse them. */
export function onlyKnown(known: z.ZodType): (fields: Record<string, unknown>) => Record<string, unknown> {
  const names = new Set(known instanceof z.ZodObject ? Object.keys(known.shape) : [])
  return (fields) => {
    const kept: Record<string, unknown> = {}
    for (const name of Object.keys(fields)) if (names.has(name)) kept[name] = fields[name]
    return kept
  }
}

/** Makes a 404 a 405 with `Allow` where another method would have found something. For 404s only: it costs every other answer. */
export function refusalOfMethods(app: Hono<Env>, surfaceAt: (path: string) => Surface): MiddlewareHandler<Env> {
  return methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) => {
      const allowed = [...methods].sort()
      const error = new AppError(
        'method_not_allowed',
        `${c.req.method} is not allowed here. Use ${allowed.join(', ')}.`,
      )
      return renderError(surfaceAt(c.req.path), error, { Allow: allowed.join(', ') })
    },
  })
}

export function mountSurfaces(app: Hono<Env>, deps: Deps, surfaces: readonly Surface[]): void {
  for (const surface of surfaces) {
    for (const route of surface.routes) {
      app.on(route.method, patternOf(route), (c) => serve(arrivalOf(c), deps, surface, route))
    }
  }
}

/** As Hono writes it: `/v1/products/:id`. */
export function patternOf({ path }: Pick<Route, 'path'>): string {
  return path.replace(/\{(\w+)\}/g, ':$1')
}

/**
 * Which surface words an error that happens before or beside a route: the one that has the path, else document A below `/api/`,
 * else our own.
 */
export function errorSurface(surfaces: readonly Surface[]): (path: string) => Surface {
  const known = surfaces.flatMap((surface) =>
    surface.routes.map((route) => ({ surface, pattern: new RegExp(`^${route.path.replace(/\{\w+\}/g, '[^/]+')}/?$`) })),
  )
  const [documented] = surfaces
  const own = surfaces.at(-1)
  if (!documented || !own) throw new Error('there is no surface')
  return (path) =>
    known.find(({ pattern }) => pattern.test(path))?.surface ?? (path.startsWith('/api/') ? documented : own)
}

export function statusOf(surface: Surface, code: ErrorCode): number {
  return surface.statusOf?.(code) ?? ERRORS[code].status
}

const SHARED = { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' }

/** What a key may see is for nobody's cache. */
const PRIVATE = { ...SHARED, 'Cache-Control': 'no-store' }

/** Runs a route's operation and words what comes of it. Never throws. */
export async function serve(arrival: Arrival, deps: Deps, surface: Surface, route: Route): Promise<Response> {
  const reply: ReplyFacts = { replayed: false }
  try {
    const request = await readRequest(arrival)
    const body = await run(requestContext(arrival, deps, reply, 'rest'), route, request)
    const headers = route.operation.meta.scope === 'public' && route.operation.kind === 'query' ? SHARED : PRIVATE
    const marked = reply.replayed ? { ...headers, 'Idempotency-Replayed': 'true' } : headers
    return new Response(JSON.stringify(body), { status: route.status, headers: marked })
  } catch (error) {
    const known = error instanceof AppError ? error : unexpected({ id: arrival.id, route: route.path }, deps, error)
    return renderError(surface, known)
  }
}

export function renderError(surface: Surface, error: AppError, more: Record<string, string> = {}): Response {
  const headers: Record<string, string> = { ...PRIVATE, ...more }
  if (error.status === 401) headers['WWW-Authenticate'] = 'Bearer realm="payhook"'
  if (error.retryAfterSeconds !== undefined) headers['Retry-After'] = String(error.retryAfterSeconds)
  return new Response(JSON.stringify(surface.toErrorBody(error)), { status: statusOf(surface, error.code), headers })
}

/** Logs what nobody foresaw and tells the caller the request's id, which is all that may be told. */
export function unexpected({ id, route }: { id: string; route: string }, deps: Deps, error: unknown): AppError {
  // The route, not the path: an id in a path may be all that it takes to pay or to read a receipt.
  deps.log.error({ err: error, request_id: id, route }, 'unexpected error')
  return new AppError('internal_error', `Something went wrong on our side. Try again; if it stays, quote ${id}.`, {
    cause: error,
  })
}

/** Answers the body of the response. */
async function run(ctx: RequestContext, route: Route, request: RestRequest): Promise<unknown> {
  const list = route.joinPages?.(request)
  const input = route.toInput(request)
  for (const name of request.repeated) {
    if (Object.hasOwn(input, name)) throw misplaced(name, 'once')
  }
  if (list === undefined) return route.toBody(await route.operation.call(ctx, input), input)
  const joined: unknown[] = []
  for (let cursor: unknown; cursor !== null; ) {
    const page = (await route.operation.call(ctx, cursor === undefined ? input : { ...input, cursor })) as Record<
      string,
      unknown
    >
    joined.push(...(page[list] as unknown[]))
    cursor = page.next_cursor
  }
  return route.toBody({ [list]: joined, next_cursor: null }, input)
}
