import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/server'

/** A `tools/call` that needs nothing of the protocol but its result. */
export type PlainCall = {
  id: string | number
  params: { name: string; arguments?: Record<string, unknown> }
}

/** Of the protocols before 2026-07-28. */
const SPOKEN: readonly (string | null)[] = [null, ...SUPPORTED_PROTOCOL_VERSIONS]

/** What the SDK itself reads in a message's `_meta`. */
const RESERVED_META = 'io.modelcontextprotocol/'

/**
 * The call in a message of a protocol before 2026-07-28 that is plainly one, which is nearly all that agents send; undefined for
 * everything else, faults included, which the SDK answers. The SDK makes a server and a transport for each message and checks it
 * half a dozen times, at three times the cost of the operation.
 */
export function readPlainCall({ headers }: Request, body: unknown): PlainCall | undefined {
  const accepted = headers.get('accept')
  if (!accepted?.includes('application/json') || !accepted.includes('text/event-stream')) return undefined
  if (!SPOKEN.includes(headers.get('mcp-protocol-version'))) return undefined
  if (!isFields(body) || Object.keys(body).length !== 4) return undefined
  const { jsonrpc, id, method, params } = body
  if (jsonrpc !== '2.0' || method !== 'tools/call' || !isId(id) || !isFields(params)) return undefined
  const { name, arguments: given, _meta: meta, ...unknown } = params
  if (typeof name !== 'string' || Object.keys(unknown).length > 0 || !isPlainMeta(meta)) return undefined
  if (given === undefined) return { id, params: { name } }
  return isFields(given) ? { id, params: { name, arguments: given } } : undefined
}

function isPlainMeta(meta: unknown): boolean {
  if (meta === undefined) return true
  if (!isFields(meta) || Object.keys(meta).some((key) => key.startsWith(RESERVED_META))) return false
  return meta.progressToken === undefined || isId(meta.progressToken)
}

function isId(value: unknown): value is string | number {
  return typeof value === 'string' || Number.isSafeInteger(value)
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
