import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type RequestTypeMap,
  Server,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server'
import packageFile from '../package.json'
import type { Log } from '../server/context'
import { AppError } from '../server/kernel/errors'
import type { Caller } from './caller'
import type { Methods } from './methods'

const IDENTITY = { name: 'payhook', title: 'Payhook', version: packageFile.version }

const INSTRUCTIONS =
  'Payhook sells products: call create_product, then send buyers to its checkout_url, and get_revenue shows what came in. ' +
  'Begin with a test key (sk_test_…): everything works and no money moves; test and live data never meet. ' +
  "Amounts are integers in the currency's smallest unit: 1900 is $19.00 and, in jpy, ¥1900. " +
  'Give every change an idempotency_key and repeat the same one when you retry, so that nothing happens twice. ' +
  'Errors say in hint what to do next; without a key only create_store works.'

const FIVE_MINUTES_MS = 300_000

/** Lists of tools and resources depend on the key, the rest is the same for everybody. */
const ownList = { ttlMs: FIVE_MINUTES_MS, cacheScope: 'private' } as const
const sameForAll = { ttlMs: FIVE_MINUTES_MS, cacheScope: 'public' } as const

const OPTIONS: ServerOptions = {
  capabilities: { tools: {}, resources: {}, prompts: {}, completions: {} },
  instructions: INSTRUCTIONS,
  cacheHints: {
    'tools/list': ownList,
    'resources/list': ownList,
    'resources/templates/list': ownList,
    'prompts/list': sameForAll,
    'server/discover': sameForAll,
  },
  // We never ask the client for input, so that its answers need no validator; making the SDK's own costs 0.1 ms a request.
  jsonSchemaValidator: {
    getValidator: () => () => ({ valid: false, data: undefined, errorMessage: 'this server asks for no input' }),
  },
}

export type Connection = {
  methods: Methods
  /** `legacy` is every protocol before 2026-07-28. */
  era: 'legacy' | 'modern'
  callerOf(): Caller
  log: Log
}

/**
 * The SDK's server with our methods. The low-level class: `McpServer` would rebuild its tools, and validate again what the
 * operations validate, on every request.
 */
export function createServer({ methods, era, callerOf, log }: Connection): Server {
  const server = new Server(IDENTITY, OPTIONS)
  const answered = <P, R>(method: (params: P, caller: Caller) => Promise<R>) => {
    return async (request: { params: P }, _ctx: ServerContext): Promise<R> => {
      const caller = callerOf()
      try {
        return await method(request.params, caller)
      } catch (error) {
        throw toProtocolError(error, caller, log)
      }
    }
  }
  const list = <P extends object, R>(method: (params: P | undefined, caller: Caller) => Promise<R>) => {
    const answer = answered(method)
    return (request: { params?: P }, ctx: ServerContext) => answer({ params: request.params }, ctx)
  }
  server.setRequestHandler('tools/list', list(methods['tools/list']))
  server.setRequestHandler(
    'tools/call',
    answered(era === 'modern' ? methods['tools/call'] : (params, caller) => callForOlder(methods, params, caller)),
  )
  server.setRequestHandler('resources/list', list(methods['resources/list']))
  server.setRequestHandler('resources/templates/list', list(methods['resources/templates/list']))
  server.setRequestHandler('resources/read', answered(methods['resources/read']))
  server.setRequestHandler('prompts/list', list(methods['prompts/list']))
  server.setRequestHandler('prompts/get', answered(methods['prompts/get']))
  server.setRequestHandler('completion/complete', answered(methods['completion/complete']))
  return server
}

/** Clients of before 2026-07-28 check an error's structured content against the tool's output schema, and fail on it. */
export async function callForOlder(
  methods: Methods,
  params: RequestTypeMap['tools/call']['params'],
  caller: Caller,
): Promise<CallToolResult> {
  const result = await methods['tools/call'](params, caller)
  if (!result.isError) return result
  const { structuredContent: _, ...rest } = result
  return rest
}

/** The SDK sends a thrown error's message to the client: an unexpected one must not tell it anything but where to ask. */
export function toProtocolError(error: unknown, { requestId }: Caller, log: Log): ProtocolError {
  if (error instanceof ProtocolError) return error
  // The operations have logged what was unexpected in them, and say so in their own words.
  if (error instanceof AppError)
    return new ProtocolError(ProtocolErrorCode.InternalError, error.message, { code: error.code })
  log.error({ err: error, request_id: requestId, door: 'mcp' }, 'unexpected error')
  const message = `Something went wrong on our side. Try again; if it stays, quote ${requestId}.`
  return new ProtocolError(ProtocolErrorCode.InternalError, message, { code: 'internal_error' })
}
