import { randomUUID } from 'node:crypto'
import type { Context as HonoContext } from 'hono'
import * as z from 'zod'
import { readApiKey } from '../api-key'
import type { Deps, ReplyFacts, RequestContext } from '../context'
import { AppError } from '../kernel/errors'

/** What the app's middleware puts beside a request, and what the process knows of it. */
export type Env = { Variables: { requestId: string }; Bindings: Origin }
export type Context = HonoContext<Env>

export const MAX_BODY_BYTES = 256 * 1024

/** As long as servers, proxies and browsers usually let an address be. */
export const MAX_URL_LENGTH = 16 * 1024

/** What the process knows of a request besides what it says. */
export type Origin = { address?: string | undefined }

/** Quoted in logs and in answers. */
export function newRequestId(): string {
  return `req_${randomUUID()}`
}

/** What a route hands to a surface: strings as they came, the body parsed. */
export type RestRequest = {
  params: Record<string, string>
  query: Record<string, string>
  body: Record<string, unknown>
  /** The body as it came: what its numbers were before they became floats. */
  bodyText: string
  /** Query parameters that came more than once, of which `query` has the first. */
  repeated: readonly string[]
}

/** A request that a route was found for, whoever found it. */
export type Arrival = {
  id: string
  raw: Request
  params: Record<string, string>
  /** The client's address, where the process knows it. */
  readonly address: string | undefined
}

export function arrivalOf(c: Context): Arrival {
  return {
    id: c.get('requestId'),
    raw: c.req.raw,
    params: c.req.param() as Record<string, string>,
    get address() {
      return addressOf(c)
    },
  }
}

export async function readRequest({ raw, params }: Arrival): Promise<RestRequest> {
  const hasBody = raw.method !== 'GET' && raw.method !== 'HEAD'
  const bodyText = hasBody ? await readText(raw, () => raw.text()) : ''
  const body = readBody(raw.headers, bodyText)
  const repeated: string[] = []
  const query: Record<string, string> = {}
  const questionMark = raw.url.indexOf('?')
  if (questionMark >= 0) {
    for (const [name, value] of new URLSearchParams(raw.url.slice(questionMark))) {
      if (Object.hasOwn(query, name)) repeated.push(name)
      else query[name] = value
    }
  }
  return { params, query, body, bodyText, repeated }
}

function readBody(headers: Headers, text: string): Record<string, unknown> {
  if (text === '') return {}
  const type = headers.get('content-type') ?? ''
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

/** A client that hangs up in the middle of its body has made a mistake of its own, not one of ours. */
export async function readText(request: Request, read: () => Promise<string>): Promise<string> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof Error && (cause.name === 'AbortError' || request.signal.aborted)) {
      throw new AppError('invalid_request', 'The connection ended before the whole request body had arrived.', {
        cause,
      })
    }
    throw cause
  }
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

/** Query strings hold text only: turns the ones that the input declares as numbers, booleans or lists into such. */
export function queryCoercion(input: z.ZodType): (query: Record<string, string>) => Record<string, unknown> {
  const schema = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, { type?: unknown }>
  }
  const types = new Map(Object.entries(schema.properties ?? {}).map(([name, property]) => [name, property.type]))
  return (query) =>
    Object.fromEntries(Object.entries(query).map(([name, text]) => [name, coerced(types.get(name), text)]))
}

function coerced(type: unknown, text: string): unknown {
  if ((type === 'integer' || type === 'number') && /^-?\d{1,30}(\.\d{1,9})?$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if (type === 'array') return text === '' ? [] : text.split(',')
  return text
}

/** What every door knows of a request; the key may come in either header on every path. */
export function requestContext(
  arrival: Pick<Arrival, 'id' | 'raw' | 'address'>,
  deps: Deps,
  reply: ReplyFacts,
  door: 'rest' | 'trpc',
): RequestContext {
  const { id, raw } = arrival
  return {
    ...deps,
    request: {
      id,
      door,
      apiKey: readApiKey(raw.headers),
      idempotencyKey: raw.headers.get('idempotency-key') ?? undefined,
      get address() {
        return arrival.address
      },
    },
    reply,
  }
}

/** The client's address, where the process told it; Hono's own `request(…)` passes no bindings at all. */
export function addressOf(c: { env: Env['Bindings'] }): string | undefined {
  return (c.env as Env['Bindings'] | undefined)?.address
}
