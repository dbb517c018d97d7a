import {
  createMcpHandler,
  isLegacyRequest,
  localhostAllowedHostnames,
  type McpServerFactory,
  PARSE_ERROR,
  type Server,
  validateHostHeader,
  validateOriginHeader,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { readApiKey } from '../server/api-key'
import type { Config } from '../server/config'
import type { Deps, Log } from '../server/context'
import type { Operation } from '../server/operations'
import type { Caller } from './caller'
import { createMethods, type Methods } from './methods'
import { type PlainCall, readPlainCall } from './plain-call'
import { callForOlder, createServer, toProtocolError } from './protocol'
import type { ReadOpenapi } from './resources'

/** Comments on an open stream, more often than the 10 s after which the runtime cuts a quiet connection. */
const KEEP_ALIVE_MS = 5_000

/** nginx's status for a client that has hung up; nobody reads it. */
const CLIENT_CLOSED = 499

/** JSON-RPC's code for an error of the server's own. */
const REFUSED = -32_000

/** What the app knows of a request besides what it says. */
export type McpOrigin = { requestId: string; address?: string | undefined }

export type McpEndpoint = (request: Request, origin: McpOrigin) => Promise<Response>

/**
 * `/mcp`, streamable HTTP, stateless: 2026-07-28 and every older protocol.
 *
 * Keys are API keys that a person sets up in the client, not OAuth tokens: there is no authorization server to name, so that
 * there is no RFC 9728 document and no 401 either, which would send clients into a login that doesn't exist and hide our words
 * from the agent. Who has no key may look around; a call that needs one answers `unauthorized` and how to set one up.
 */
export function createMcpEndpoint(deps: Deps, operations: readonly Operation[], readOpenapi: ReadOpenapi): McpEndpoint {
  const methods = createMethods(deps, operations, readOpenapi)
  const origins = new WeakMap<Request, McpOrigin>()
  const hostnames = hostnamesOf(deps)
  const serverFor = ({ era, requestInfo }: Parameters<McpServerFactory>[0]) => {
    const caller = callerOf(requestInfo?.headers ?? new Headers(), requestInfo && origins.get(requestInfo))
    return createServer({ methods, era, callerOf: () => caller, log: deps.log })
  }
  const onerror = (error: Error) => deps.log.debug({ err: error, door: 'mcp' }, 'refused an MCP message')
  const handler = createMcpHandler(serverFor, { keepAliveMs: KEEP_ALIVE_MS, onerror })
  return async (request, origin) => {
    const refusal = refusalOf(request, hostnames)
    if (refusal !== undefined) return protocolError(403, REFUSED, refusal)
    origins.set(request, origin)
    if (!holdsJson(request)) return handler.fetch(request)
    // Parsed here, because the SDK would copy the request to read it twice.
    const body = parseJson(await request.text())
    if (body === undefined) return protocolError(400, PARSE_ERROR, 'Parse error: the body is not valid JSON.')
    const call = readPlainCall(request, body)
    if (call) return answerCall(call, methods, callerOf(request.headers, origin), deps.log)
    if (!(await isLegacyRequest(request, body))) return handler.fetch(request, { parsedBody: body })
    return answerOnce(serverFor({ era: 'legacy', requestInfo: request }), request, body)
  }
}

function callerOf(headers: Headers, origin: McpOrigin | undefined): Caller {
  return {
    requestId: origin?.requestId ?? 'unknown',
    apiKey: readApiKey(headers),
    idempotencyKey: headers.get('idempotency-key') ?? undefined,
    get address() {
      return origin?.address
    },
  }
}

const JSON_TYPE = { headers: { 'Content-Type': 'application/json' } }

/** As the SDK's server would. */
async function answerCall({ id, params }: PlainCall, methods: Methods, caller: Caller, log: Log): Promise<Response> {
  try {
    return Response.json({ result: await callForOlder(methods, params, caller), jsonrpc: '2.0', id }, JSON_TYPE)
  } catch (thrown) {
    const { code, message, data } = toProtocolError(thrown, caller, log)
    return Response.json({ jsonrpc: '2.0', id, error: { code, message, data } }, JSON_TYPE)
  }
}

/**
 * Answers a message of a protocol before 2026-07-28 with one JSON document. The SDK's own way opens an event stream inside another
 * for each, at twice the cost of all the rest, although our tools send nothing before their result.
 */
async function answerOnce(server: Server, request: Request, parsedBody: unknown): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: undefined,
    enableJsonResponse: true,
  })
  await server.connect(transport)
  const gone = new Promise<Response>((resolve) => {
    request.signal.addEventListener('abort', () => resolve(new Response(null, { status: CLIENT_CLOSED })), {
      once: true,
    })
  })
  try {
    return await Promise.race([transport.handleRequest(request, { parsedBody }), gone])
  } finally {
    // It closes its transport too.
    await server.close()
  }
}

/** The names under which this server may be called: whoever resolves another name to it (DNS rebinding) is refused. */
function hostnamesOf({ config, publicUrl }: { config: Config; publicUrl: string }): string[] {
  const listening = config.host.includes(':') ? `[${config.host}]` : config.host
  return [...localhostAllowedHostnames(), new URL(publicUrl).hostname, listening]
}

function refusalOf(request: Request, hostnames: string[]): string | undefined {
  const host = validateHostHeader(request.headers.get('host'), hostnames)
  if (!host.ok) return `${host.message}. Set PUBLIC_URL to the address at which agents reach this server.`
  const origin = validateOriginHeader(request.headers.get('origin'), hostnames)
  if (!origin.ok) return `${origin.message}. Pages of other sites may not call this server.`
  return undefined
}

function holdsJson(request: Request): boolean {
  return request.method === 'POST' && /^application\/json\b/i.test(request.headers.get('content-type') ?? '')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function protocolError(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status })
}
