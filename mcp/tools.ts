import { type CallToolResult, ProtocolError, ProtocolErrorCode, type Tool } from '@modelcontextprotocol/server'
import { isOperatorKey } from '../server/api-key'
import type { Deps, ReplyFacts, RequestContext } from '../server/context'
import { AppError } from '../server/kernel/errors'
import type { Operation } from '../server/operations'
import type { Caller } from './caller'
import { inputSchemaOf, outputSchemaOf } from './schemas'

/** A tool as clients see it, beside the operation that it calls. Made once at the start. */
export type OperationTool = { definition: Tool; operation: Operation }

/** What a key lets its holder see. `mode` is also told to the client, so that an agent knows whether money is real. */
export type Sight = { mode: KeyMode; sees(operation: Operation): boolean }
type KeyMode = 'live' | 'test' | 'operator' | 'unknown' | 'none'

/** In the `_meta` of `tools/list`: what kind of key the call came with. `unknown` is one that was rolled, revoked or mistyped. */
export const KEY_META = 'payhook/key'

/** In the `_meta` of a result that is the stored one of an earlier call with the same idempotency key. */
export const REPLAY_META = 'payhook/idempotent_replay'

export function createTools(operations: readonly Operation[]): OperationTool[] {
  return operations.map((operation) => ({ operation, definition: toDefinition(operation) }))
}

function toDefinition(operation: Operation): Tool {
  const { meta } = operation
  return {
    name: meta.tool,
    title: meta.title,
    description: describe(operation),
    inputSchema: inputSchemaOf(operation),
    outputSchema: outputSchemaOf(operation),
    annotations: annotate(operation),
  }
}

function describe({ meta }: Operation): string {
  const parts = [meta.summary]
  if (meta.returnsSecret) parts.push('Returns a secret: keep it out of logs and chats.')
  if (meta.scope === 'operator') parts.push("Needs the operator's key.")
  else if (meta.scope !== 'public') parts.push(`Scope: ${meta.scope}.`)
  return parts.join(' ')
}

function annotate({ isReadOnly, meta }: Operation): Tool['annotations'] {
  const openWorldHint = meta.external === true
  if (isReadOnly) return { readOnlyHint: true, openWorldHint }
  return {
    readOnlyHint: false,
    destructiveHint: meta.destructive === true,
    idempotentHint: meta.idempotent === true,
    openWorldHint,
  }
}

/** What the key may call, of what this server can do. */
export async function sightOf(deps: Deps, caller: Caller): Promise<Sight> {
  const { mode, sees } = await sightOfKey(deps, caller)
  const isServed = ({ meta }: Operation) => meta.needs === undefined || deps.config[meta.needs] !== undefined
  return { mode, sees: (operation) => isServed(operation) && sees(operation) }
}

/** Without a store's key everything but the operator's tools is shown: the list is public, and so is what it takes to call one. */
async function sightOfKey(deps: Deps, { apiKey }: Caller): Promise<Sight> {
  const storeTools = (operation: Operation) => operation.meta.scope !== 'operator'
  if (apiKey === undefined) return { mode: 'none', sees: storeTools }
  if (isOperatorKey(apiKey, deps.config.adminKey)) {
    return { mode: 'operator', sees: ({ meta }) => meta.scope === 'operator' || meta.scope === 'public' }
  }
  const credential = await deps.lookUpKey(apiKey).current
  if (!credential) return { mode: 'unknown', sees: storeTools }
  const granted = new Set<string>(credential.scopes)
  return {
    mode: credential.isTest ? 'test' : 'live',
    sees: (operation) =>
      storeTools(operation) &&
      (granted.size === 0 || operation.meta.scope === 'public' || granted.has(operation.meta.scope)),
  }
}

/** Runs a tool's operation. An error of ours is a result that the agent reads; nothing here is a protocol error. */
export async function callTool(
  deps: Deps,
  { operation }: OperationTool,
  args: Record<string, unknown>,
  caller: Caller,
): Promise<CallToolResult> {
  const reply: ReplyFacts = { replayed: false }
  try {
    const { idempotencyKey, input } = readArguments(operation, args)
    const ctx = requestContext(deps, caller, reply, idempotencyKey)
    const output = await operation.call(ctx, input)
    return { ...toContent(output), ...(reply.replayed ? { _meta: { [REPLAY_META]: true } } : {}) }
  } catch (error) {
    if (error instanceof AppError) return toErrorResult(error)
    throw error
  }
}

export function requestContext(
  deps: Deps,
  caller: Caller,
  reply: ReplyFacts,
  idempotencyKey = caller.idempotencyKey,
): RequestContext {
  const { requestId, apiKey } = caller
  const request: RequestContext['request'] = {
    id: requestId,
    door: 'mcp',
    apiKey,
    idempotencyKey,
    get address() {
      return caller.address
    },
  }
  return { ...deps, request, reply }
}

function readArguments(operation: Operation, args: Record<string, unknown>) {
  if (operation.isReadOnly || !('idempotency_key' in args)) return { idempotencyKey: undefined, input: args }
  const { idempotency_key: key, ...input } = args
  if (typeof key === 'string') return { idempotencyKey: key, input }
  throw new AppError('invalid_request', 'idempotency_key: must be a string', { field: 'idempotency_key' })
}

function toContent(value: unknown): Pick<CallToolResult, 'content' | 'structuredContent'> {
  const structuredContent = value as Record<string, unknown>
  return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent }
}

const HOW_TO_SEND_A_KEY =
  'Keys are set up in the MCP client, not in the call: the header Authorization: Bearer sk_… (or X-API-Key) for an HTTP server, ' +
  'PAYHOOK_API_KEY for a stdio one. create_store opens a store and returns its keys.'

/** The words of an error for an agent. */
export function toErrorResult(error: AppError): CallToolResult {
  const body = {
    code: error.code,
    message: error.message,
    field: error.field ?? null,
    hint: (error.code === 'unauthorized' ? HOW_TO_SEND_A_KEY : error.hint) ?? null,
    retryable: error.retryable,
  }
  return { ...toContent(body), isError: true }
}

export function unknownTool(name: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${name}. tools/list names the tools.`)
}
