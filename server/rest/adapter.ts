import type { Hono, Context as HonoContext } from 'hono'
import * as z from 'zod'
import { readApiKey } from '../api-key'
import type { Deps, ReplyFacts, RequestContext } from '../context'
import { AppError, toErrorBody } from '../kernel/errors'
import type { Operation } from '../operations'

/** What the app's middleware puts beside a request. */
export type Env = { Variables: { requestId: string } }
type Context = HonoContext<Env>

/** What a route hands to a surface: strings as they came, the body parsed. */
export type RestRequest = {
  params: Record<string, string>
  query: Record<string, string>
  body: Record<string, unknown>
}

/** One line of a documented API's table. */
export type Route = {
  method: string
  /** `/api/v1/products/{id}` */
  path: string
  operation: Operation
  status: number
  /** The operation's input. */
  toInput(request: RestRequest): Record<string, unknown>
  /** What the document shows, made from the operation's output. */
  toBody(output: unknown): unknown
  /** Follows `next_cursor` and joins this list of the output, where the document knows no pages and the caller asked for none. */
  joinPages?: (request: RestRequest) => string | undefined
}

/** A documented API: its routes, and how it words an error. */
export type Surface = { name: string; routes: Route[]; toErrorBody(error: AppError): unknown }

/** Our own API: `/v1/…`, and `/api/v1/…` too where no document claims that path. */
export function canonicalSurface(operations: Operation[], claimed: ReadonlySet<string>): Surface {
  const routes = operations.flatMap((operation) => {
    const route = canonicalRoute(operation)
    const alias = { ...route, path: `/api${route.path}` }
    return claimed.has(routeKey(alias)) ? [route] : [route, alias]
  })
  return { name: 'Payhook', routes, toErrorBody }
}

/** Method and path, whatever the path calls its parameters. */
export function routeKey(route: { method: string; path: string }): string {
  return `${route.method} ${route.path.replace(/\{\w+\}/g, '{}')}`
}

function canonicalRoute(operation: Operation): Route {
  const coerce = queryCoercion(operation.input)
  return {
    method: operation.rest.method,
    path: operation.rest.path,
    operation,
    status: operation.meta.status ?? 200,
    toInput: ({ params, query, body }) => ({ ...body, ...coerce(query), ...params }),
    toBody: (output) => output,
  }
}

/** Query strings hold text only: turns the ones that the input declares as numbers or booleans into such. */
export function queryCoercion(input: z.ZodType): (query: Record<string, string>) => Record<string, unknown> {
  const schema = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, { type?: unknown }>
  }
  const typeOf = (name: string) => schema.properties?.[name]?.type
  return (query) => Object.fromEntries(Object.entries(query).map(([name, text]) => [name, coerced(typeOf(name), text)]))
}

function coerced(type: unknown, text: string): unknown {
  if ((type === 'integer' || type === 'number') && /^-?\d{1,15}(\.\d{1,9})?$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if (type === 'array') return text === '' ? [] : text.split(',')
  return text
}

/** Keeps what the operation knows: documented surfaces ignore unknown fields, the operations refuse them. */
export function onlyKnown(operation: Operation, input: Record<string, unknown>): Record<string, unknown> {
  const shape = operation.input instanceof z.ZodObject ? operation.input.shape : {}
  return Object.fromEntries(Object.entries(input).filter(([name]) => name in shape))
}

/** Mounts a surface: its routes, and 405 with `Allow` for every other method on their paths. */
export function mountSurface(app: Hono<Env>, deps: Deps, surface: Surface): void {
  const methods = new Map<string, string[]>()
  for (const route of surface.routes) {
    const path = route.path.replace(/\{(\w+)\}/g, ':$1')
    methods.set(path, [...(methods.get(path) ?? []), route.method])
    app.on(route.method, path, (c) => serve(c, deps, surface, route))
  }
  for (const [path, allowed] of methods) {
    app.all(path, (c) => {
      const error = new AppError(
        'method_not_allowed',
        `${c.req.method} is not allowed here. Use ${allowed.join(' or ')}.`,
      )
      return c.json(surface.toErrorBody(error) as object, 405, { Allow: allowed.join(', ') })
    })
  }
}

async function serve(c: Context, deps: Deps, surface: Surface, route: Route): Promise<Response> {
  const reply: ReplyFacts = { replayed: false }
  try {
    const request = await readRequest(c, route.method)
    const ctx = requestContext(c, deps, reply)
    const output = await run(ctx, route, request)
    if (reply.replayed) c.header('Idempotency-Replayed', 'true')
    return c.json(route.toBody(output) as object, route.status as 200)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.status === 401) c.header('WWW-Authenticate', 'Bearer realm="payhook"')
    return c.json(surface.toErrorBody(error) as object, error.status)
  }
}

async function run(ctx: RequestContext, route: Route, request: RestRequest): Promise<unknown> {
  const list = route.joinPages?.(request)
  const input = route.toInput(request)
  if (list === undefined) return route.operation.call(ctx, input)
  const joined: unknown[] = []
  for (let cursor: unknown; cursor !== null; ) {
    const page = (await route.operation.call(ctx, cursor === undefined ? input : { ...input, cursor })) as Record<
      string,
      unknown
    >
    joined.push(...(page[list] as unknown[]))
    cursor = page.next_cursor
  }
  return { [list]: joined, next_cursor: null }
}

/** What every door knows of a request; the key may come in either header on every path. */
export function requestContext(c: Context, deps: Deps, reply: ReplyFacts): RequestContext {
  return {
    ...deps,
    request: {
      id: c.get('requestId'),
      door: 'rest',
      apiKey: readApiKey(c.req.raw.headers),
      idempotencyKey: c.req.header('idempotency-key'),
    },
    reply,
  }
}

async function readRequest(c: Context, method: string): Promise<RestRequest> {
  const body = method === 'GET' ? {} : await readBody(c)
  return { params: c.req.param() as Record<string, string>, query: c.req.query(), body }
}

async function readBody(c: Context): Promise<Record<string, unknown>> {
  const text = await c.req.text()
  if (text === '') return {}
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/([\w.+-]+\+)?json\b/i.test(type)) {
    throw new AppError(
      'unsupported_media_type',
      'Send the body as JSON, with the header Content-Type: application/json.',
    )
  }
  const body = parseJson(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AppError('malformed_json', 'The request body must be a JSON object, such as {"name":"My product"}.')
  }
  return body as Record<string, unknown>
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('malformed_json', 'The request body is not valid JSON. Check its quotes, commas and braces.', {
      cause,
    })
  }
}
