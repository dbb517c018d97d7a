import { type AnyRouter, getTRPCErrorFromUnknown, TRPCError } from '@trpc/server'
import * as z from 'zod'
import type { RequestContext } from './context'
import { appRouter } from './router'
import { OF_MUTATIONS, type ProcedureMeta, toAppError } from './trpc'

/** A procedure as the doors see it. */
export type Operation = {
  /** tRPC's path: `products.create`. */
  path: string
  kind: 'query' | 'mutation'
  /** It changes nothing: every query, and a mutation that only is one to keep its input out of URLs. */
  isReadOnly: boolean
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
  const procedures = Object.entries(router._def.procedures as object) as [string, RouterProcedure][]
  const operations = procedures.map(([path, procedure]) => toOperation(path, procedure))
  refuseDuplicates(operations, (operation) => operation.meta.tool)
  refuseDuplicates(operations, (operation) => operation.meta.rest.replace(/\{\w+\}/g, '{}'))
  return operations
}

type RouterProcedure = {
  _def: {
    type: string
    meta?: ProcedureMeta
    inputs?: unknown[]
    output?: unknown
    middlewares: (Middleware & { _type?: string })[]
    resolver: (call: { ctx: RequestContext; input: unknown }) => Promise<unknown>
  }
}

type Call = {
  path: string
  type: 'query' | 'mutation'
  meta: ProcedureMeta
  ctx: RequestContext
  input: unknown
  getRawInput(): Promise<unknown>
  batchIndex: number
}
type Result = { ok: true; data: unknown } | { ok: false; error: TRPCError }
type Middleware = (call: Call & { next(added?: Partial<Call>): Promise<Result> }) => Promise<Result>
type Step = (call: Call) => Promise<Result>

function toOperation(path: string, { _def: def }: RouterProcedure): Operation {
  const { meta } = def
  // A query that needs nothing may be called with nothing: `prefault({})` says so to tRPC's clients.
  const declared = def.inputs?.[0]
  const input = declared instanceof z.ZodPrefault ? declared.unwrap() : declared
  const output = def.output
  if (!meta) throw new OperationError(`${path} has no meta`)
  if (def.type !== 'query' && def.type !== 'mutation')
    throw new OperationError(`${path} is a ${def.type}, which no door can serve`)
  if (!(declared instanceof z.ZodType) || !(input instanceof z.ZodType))
    throw new OperationError(`${path} has no zod input`)
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
    isReadOnly: def.type === 'query' || meta.readOnly === true,
    meta,
    rest: { method: rest[1], path: rest[2], params },
    input,
    output,
    call: callerOf(path, def.type, meta, chainOf(path, def, declared, output)),
  }
}

function callerOf(path: string, type: Call['type'], meta: ProcedureMeta, chain: Step): Operation['call'] {
  return async (ctx, value) => {
    const getRawInput = async () => value
    const result = await chain({ path, type, meta, ctx, input: undefined, getRawInput, batchIndex: 0 })
    if (!result.ok) throw toAppError(result.error)
    return result.data
  }
}

/** What tRPC puts at the end of a procedure's chain: the checks of input and output, and what runs the resolver. */
const CORE_LENGTH = 3

/**
 * A procedure's chain as tRPC's own caller runs it: each middleware gets what the ones before it added. tRPC's caller copies
 * every property of the context through descriptors at each of a dozen steps, which showed as about a seventh of a request's
 * CPU; here a step copies only what it changes, and the last three are one.
 */
function chainOf(path: string, def: RouterProcedure['_def'], input: z.ZodType, output: z.ZodType): Step {
  const outer = def.middlewares.slice(0, -CORE_LENGTH)
  const core = def.middlewares.slice(-CORE_LENGTH)
  if (def.inputs?.length !== 1 || core[0]?._type !== 'input' || core[1]?._type !== 'output')
    throw new OperationError(`${path} must name one input and then its output, last of all`)
  const steps = def.type === 'mutation' ? outer : outer.filter((step) => !OF_MUTATIONS.has(step))
  return steps.reduceRight<Step>(stepOf, coreOf(def.resolver, input, output))
}

function coreOf(resolver: RouterProcedure['_def']['resolver'], input: z.ZodType, output: z.ZodType): Step {
  return async ({ ctx, getRawInput }) => {
    try {
      const { data, error } = input.safeParse(await getRawInput())
      if (error) throw new TRPCError({ code: 'BAD_REQUEST', cause: error })
      return { ok: true, data: output.parse(await resolver({ ctx, input: data })) }
    } catch (error) {
      return failed(error)
    }
  }
}

function stepOf(inner: Step, middleware: Middleware): Step {
  return async (given) => {
    const next = (added?: Partial<Call>) => {
      if (!added) return inner(given)
      const ctx = added.ctx ? { ...given.ctx, ...added.ctx } : given.ctx
      return inner({ ...given, ...added, ctx })
    }
    try {
      return await middleware({ ...given, next })
    } catch (error) {
      return failed(error)
    }
  }
}

function failed(error: unknown): Result {
  return { ok: false, error: getTRPCErrorFromUnknown(error) }
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
