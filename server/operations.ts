import type { AnyRouter } from '@trpc/server'
import * as z from 'zod'
import type { RequestContext } from './context'
import { appRouter } from './router'
import { createCallerFactory, type ProcedureMeta, toAppError } from './trpc'

/** A procedure as the doors see it. */
export type Operation = {
  /** tRPC's path: `products.create`. */
  path: string
  kind: 'query' | 'mutation'
  meta: ProcedureMeta
  rest: { method: string; path: string; params: readonly string[] }
  input: z.ZodType
  output: z.ZodType
  /** Runs it through all its middleware. Throws AppError and nothing else. */
  call(ctx: RequestContext, input: unknown): Promise<unknown>
}

export class OperationError extends Error {
  override readonly name = 'OperationError'
}

const REST = /^(GET|POST|PATCH|PUT|DELETE) (\/v1\/[a-z0-9_{}/]+)$/
const TOOL = /^[a-z]+(_[a-z]+)+$/

/**
 * The only reader of tRPC's internals: walks the router once and refuses one in which a procedure lacks a part, or two share a
 * tool or a route. REST, MCP, OpenAPI and the docs are made from what it returns.
 */
export function readOperations(router: AnyRouter = appRouter): Operation[] {
  const caller = createCallerFactory(router)
  const procedures = Object.entries(router._def.procedures as object) as [string, RouterProcedure][]
  const operations = procedures.map(([path, procedure]) => toOperation(path, procedure, caller))
  refuseDuplicates(operations, (operation) => operation.meta.tool)
  refuseDuplicates(operations, (operation) => operation.meta.rest.replace(/\{\w+\}/g, '{}'))
  return operations
}

type RouterProcedure = { _def: { type: string; meta?: ProcedureMeta; inputs?: unknown[]; output?: unknown } }
type Caller = (ctx: RequestContext) => unknown

function toOperation(path: string, { _def: def }: RouterProcedure, caller: Caller): Operation {
  const { meta } = def
  const input = def.inputs?.[0]
  const output = def.output
  if (!meta) throw new OperationError(`${path} has no meta`)
  if (def.type !== 'query' && def.type !== 'mutation')
    throw new OperationError(`${path} is a ${def.type}, which no door can serve`)
  if (!(input instanceof z.ZodType)) throw new OperationError(`${path} has no zod input`)
  if (!(output instanceof z.ZodType)) throw new OperationError(`${path} has no zod output`)
  if (!TOOL.test(meta.tool)) throw new OperationError(`${path}: its tool must be called verb_noun, not ${meta.tool}`)
  if (!meta.title || !meta.summary) throw new OperationError(`${path} lacks a title or a summary`)
  const rest = REST.exec(meta.rest)
  if (!rest?.[1] || !rest[2]) throw new OperationError(`${path}: ${meta.rest} is no route such as GET /v1/things/{id}`)
  if ((rest[1] === 'GET') !== (def.type === 'query'))
    throw new OperationError(`${path}: a query is a GET and a mutation is not`)
  const params = [...rest[2].matchAll(/\{(\w+)\}/g)].map((match) => String(match[1]))
  return {
    path,
    kind: def.type,
    meta,
    rest: { method: rest[1], path: rest[2], params },
    input,
    output,
    call: (ctx, value) => call(caller, path, ctx, value),
  }
}

async function call(caller: Caller, path: string, ctx: RequestContext, input: unknown): Promise<unknown> {
  let target: unknown = caller(ctx)
  for (const part of path.split('.')) target = (target as Record<string, unknown>)[part]
  try {
    return await (target as (input: unknown) => Promise<unknown>)(input)
  } catch (error) {
    throw toAppError(error)
  }
}

function refuseDuplicates(operations: Operation[], keyOf: (operation: Operation) => string): void {
  const seen = new Map<string, string>()
  for (const operation of operations) {
    const key = keyOf(operation)
    const other = seen.get(key)
    if (other) throw new OperationError(`${operation.path} and ${other} are both ${key}`)
    seen.set(key, operation.path)
  }
}
