import { Client, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { type CallToolResult, ProtocolError as ServerError } from '@modelcontextprotocol/server'
import { AppError } from '../server/kernel/errors'
import type { Door, Methods } from './methods'
import { toErrorResult } from './tools'

/** The newest protocol, which needs no session on the server's side. */
const PROTOCOL = '2026-07-28'

/** Why a running server can't be used, in one line. */
export class ServerUnreachableError extends Error {
  override readonly name = 'ServerUnreachableError'
}

/**
 * The methods as a running server answers them, so that a stdio client sees just what an HTTP client sees. Throws
 * ServerUnreachableError when nothing that speaks MCP answers there.
 */
export async function forwardTo(base: string, apiKey: string | undefined): Promise<Door> {
  const url = new URL(`${base}/mcp`)
  const headers: Record<string, string> = apiKey === undefined ? {} : { 'X-API-Key': apiKey }
  const client = new Client(
    { name: 'payhook-stdio', version: '1' },
    { versionNegotiation: { mode: { pin: PROTOCOL } } },
  )
  try {
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ServerUnreachableError(
      `No Payhook server answers at ${base} (${why}). Start it, or correct PAYHOOK_URL, or unset it to run without a server.`,
      { cause },
    )
  }
  const methods: Methods = {
    'tools/list': (params) => asked(() => client.request({ method: 'tools/list', params })),
    'tools/call': (params) =>
      asked(() => client.request({ method: 'tools/call', params })).catch((error) => orErrorResult(error, base)),
    'resources/list': (params) => asked(() => client.request({ method: 'resources/list', params })),
    'resources/templates/list': (params) => asked(() => client.request({ method: 'resources/templates/list', params })),
    'resources/read': (params) => asked(() => client.request({ method: 'resources/read', params })),
    'prompts/list': (params) => asked(() => client.request({ method: 'prompts/list', params })),
    'prompts/get': (params) => asked(() => client.request({ method: 'prompts/get', params })),
    'completion/complete': (params) => asked(() => client.request({ method: 'completion/complete', params })),
  }
  return { methods, close: () => client.close() }
}

/** A protocol error of the server is passed on as it is. */
async function asked<R>(request: () => Promise<R>): Promise<R> {
  try {
    return await request()
  } catch (error) {
    throw error instanceof ProtocolError ? new ServerError(error.code, error.message, error.data) : error
  }
}

/** The server went away: something the agent can read and act on. */
function orErrorResult(error: unknown, base: string): CallToolResult {
  if (error instanceof ServerError) throw error
  return toErrorResult(
    new AppError('unavailable', `The Payhook server at ${base} doesn't answer.`, {
      hint: 'Whether the call was carried out is unknown: repeat it with the same idempotency_key in a moment.',
      cause: error,
    }),
  )
}
