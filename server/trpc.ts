import { initTRPC, TRPCError } from '@trpc/server'
import { isOperatorKey } from './api-key'
import type { RequestContext, StoreContext } from './context'
import { inTransaction } from './db/transaction'
import { claimKey, finishKey, releaseKey, suspendKey } from './domain/idempotency/service'
import { type Credential, isGranted } from './domain/keys/lookup'
import type { Scope } from './domain/keys/schema'
import { AppError, ERRORS } from './kernel/errors'
import { formatStoreId } from './kernel/ids'
import { toAppError, toErrorData } from './trpc-errors'
import { scopeOf } from './trpc-idempotency'

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

/** What the doors need to know of a procedure, said here and nowhere else. `operations.ts` refuses one that lacks a part. */
export type ProcedureMeta = {
  /** The MCP tool's name: verb_noun. */
  tool: string
  title: string
  /** One or two sentences for people and agents: what it does and what to know before calling. */
  summary: string
  /** What the key must be allowed; `public` needs no key, `operator` the operator's. */
  scope: Scope | 'public' | 'operator'
  /** The canonical route; `{name}` takes the input field of that name. */
  rest: `${Method} /v1/${string}`
  /** Of a successful call; 200 unless said. */
  status?: 200 | 201
  /** The output holds a secret: never stored in plain, never logged. */
  returnsSecret?: boolean
  /** It calls something outside (a gateway, a receiver), so it can't run inside one transaction. */
  external?: boolean
  /** Of an operation whose repetition answers how things are now rather than how they were: makes that of the stored output. */
  refresh?: (ctx: StoreContext, stored: unknown) => Promise<unknown>
  /** It can destroy or give away something that can't be had back. */
  destructive?: boolean
  /** A mutation by its verb only: its input is a secret, which a GET would leave in every log. */
  readOnly?: boolean
  /** Calling it twice with the same input is the same as once, even without an idempotency key. */
  idempotent?: boolean
  /** A part of the configuration without which it can do nothing: agents aren't shown it there. */
  needs?: 'billing'
}

const t = initTRPC
  .context<RequestContext>()
  .meta<ProcedureMeta>()
  .create({
    isDev: false,
    errorFormatter: ({ shape, error }) => {
      const known = toAppError(error)
      return { ...shape, message: known.message, data: toErrorData(known, shape.data.path) }
    },
  })

export const router = t.router
export const createCallerFactory = t.createCallerFactory
export { toAppError } from './trpc-errors'

/** Outermost: every error becomes one of the map, and an unexpected one is logged under the request's id. */
const errors = t.middleware(async ({ ctx, path, next }) => {
  const result = await next()
  if (result.ok) return result
  const known = toAppError(result.error)
  const error = known.code === 'internal_error' ? reported(ctx, path, result.error) : known
  throw new TRPCError({ code: ERRORS[error.code].trpc, message: error.message, cause: error })
})

function reported(ctx: RequestContext, path: string, thrown: TRPCError): AppError {
  const cause = thrown.cause ?? thrown
  ctx.log.error({ err: cause, request_id: ctx.request.id, operation: path }, 'unexpected error')
  return new AppError(
    'internal_error',
    `Something went wrong on our side. Try again; if it stays, quote ${ctx.request.id}.`,
    {
      cause,
    },
  )
}

/**
 * A key is looked up in the database for every call. A query of a key that was good a moment ago needn't wait for it: it begins
 * with what the key was then, and its result is handed on only if the look-up says that nothing has changed.
 */
const authenticated = t.middleware(async ({ ctx, meta, type, next }) => {
  const { apiKey } = ctx.request
  const answer = apiKey === undefined ? undefined : ctx.lookUpKey(apiKey)
  const last = type === 'query' ? answer?.last : undefined
  const begun = last && next({ ctx: callerOf(last) })
  const credential = admit(ctx, meta, await answer?.current)
  return begun && credential === last ? begun : next({ ctx: callerOf(credential) })
})

function callerOf(credential: Credential) {
  return { credential, storeId: credential.storeId, isTest: credential.isTest }
}

/** The key's credential, if it may make this call. Throws unauthorized, account_not_approved, missing_scope. */
function admit(ctx: RequestContext, meta: ProcedureMeta | undefined, credential: Credential | undefined): Credential {
  if (!credential) throw unauthorized(ctx)
  const at = ctx.clock.now()
  ctx.keyUsage.note(credential, at)
  if (credential.storeStatus !== 'approved' && meta?.scope !== 'store:read') {
    throw new AppError('account_not_approved', 'account not approved', {
      hint: 'The operator of this server has to approve the store first. get_store shows its status.',
    })
  }
  const scope = meta?.scope as Scope
  if (!isGranted(credential, scope)) {
    throw new AppError('missing_scope', `This API key lacks the scope ${scope}.`, {
      hint: 'Use a key that has it, or create one with create_api_key.',
    })
  }
  return credential
}

/** What a store's procedure gets: the store, the mode and who is calling. */
export type StoreRequest = RequestContext & StoreContext & { credential: Credential }

function unauthorized({ request }: RequestContext) {
  return new AppError('unauthorized', request.apiKey === undefined ? 'Missing API key' : 'Invalid API key', {
    hint: 'Send Authorization: Bearer sk_live_… or X-API-Key: sk_live_… with a key that was not rolled or revoked.',
  })
}

const operatorOnly = t.middleware(({ ctx, next }) => {
  const { adminKey } = ctx.config
  if (ctx.request.apiKey === undefined) throw new AppError('unauthorized', 'Missing operator key')
  if (!isOperatorKey(ctx.request.apiKey, adminKey)) {
    throw new AppError('operator_only', "Only the operator's key may do this.", {
      hint: 'The operator sets it as PAYHOOK_ADMIN_KEY when the server starts.',
    })
  }
  return next()
})

/** Every change is a line in the log: who, what, by which door, how it ended. */
const audited = t.middleware(async ({ ctx, path, type, meta, next }) => {
  if (type !== 'mutation' || meta?.readOnly) return next()
  const result = await next()
  const { storeId, credential } = ctx as Partial<StoreRequest>
  ctx.log.info(
    {
      request_id: ctx.request.id,
      operation: path,
      door: ctx.request.door,
      store: storeId === undefined ? undefined : formatStoreId(storeId),
      key: credential?.keyId,
      outcome: result.ok ? (ctx.reply.replayed ? 'replayed' : 'ok') : toAppError(result.error).code,
    },
    'change',
  )
  return result
})

/**
 * A mutation with an idempotency key runs once. Its changes and its stored response commit together, so that a crash leaves
 * both or neither. External operations can't be one transaction: their services derive their rows' ids from the run instead.
 */
const idempotent = t.middleware(async ({ ctx, path, type, meta, getRawInput, next }) => {
  const key = ctx.request.idempotencyKey
  if (type !== 'mutation' || meta?.readOnly || key === undefined) return next()
  const scope = scopeOf(ctx, key, { path, input: await getRawInput(), meta })
  const claimed = await claimKey(ctx, scope)
  if (claimed.kind === 'replay') {
    ctx.reply.replayed = true
    const { storeId, isTest } = ctx as Partial<StoreRequest>
    if (!meta?.refresh || storeId === undefined || isTest === undefined) return replayed(claimed.response)
    return replayed(await meta.refresh({ ...ctx, storeId, isTest }, claimed.response))
  }
  const isExternal = meta?.external === true
  const running = { ...ctx, request: { ...ctx.request, idempotentRun: claimed.run } }
  try {
    return await inTransactionUnless(isExternal, running, async (inner) => {
      const result = await next({ ctx: inner })
      if (!result.ok) throw result.error
      await finishKey(inner, scope, claimed.claim, result.data)
      return result
    })
  } catch (error) {
    // What broke off half-way may have begun something outside: the next call has to go on with it, not begin anew.
    const brokeOff = isExternal && toAppError(error).code === 'internal_error'
    await (brokeOff ? suspendKey : releaseKey)(ctx, scope, claimed.claim)
    throw error
  }
})

function inTransactionUnless<T>(
  external: boolean,
  ctx: RequestContext,
  work: (ctx: RequestContext) => Promise<T>,
): Promise<T> {
  return external ? work(ctx) : inTransaction(ctx, work)
}

/** A result as tRPC's middleware hands it on; the marker is the one `next()` itself puts on its results. */
function replayed(data: unknown) {
  return { ok: true as const, data, marker: 'middlewareMarker' as const } as Awaited<
    ReturnType<Parameters<typeof t.middleware>[0]>
  >
}

const base = t.procedure.use(errors)

/** What anybody may send without a key is counted per client address. */
const limitedBy = (share: 'signUps' | 'licenseCalls', message: string) =>
  t.middleware(async ({ ctx, type, next }) => {
    const { address } = ctx.request
    const waitSeconds = type === 'mutation' && address !== undefined ? await ctx[share].exceededFor(address) : undefined
    if (waitSeconds === undefined) return next()
    throw new AppError('rate_limited', message, {
      hint: `Wait ${waitSeconds} seconds.`,
      retryAfterSeconds: waitSeconds,
    })
  })

const limited = limitedBy('signUps', 'Too many stores were opened from your address. Try again later.')
const keysLimited = limitedBy('licenseCalls', 'Too many licence keys were sent from your address. Try again later.')

/** Steps that a query only passes through: whoever runs a query's chain may leave them out. */
export const OF_MUTATIONS: ReadonlySet<unknown> = new Set(
  [limited, keysLimited, audited, idempotent].flatMap(({ _middlewares: steps }) => steps as readonly unknown[]),
)

/** Needs no key. */
export const publicProcedure = base.use(limited).use(audited).use(idempotent)

/** Needs no key of ours: the licence key is what proves something. */
export const licenseProcedure = base.use(keysLimited).use(audited).use(idempotent)

/** Needs a store's key with the scope of its meta. */
export const storeProcedure = base.use(authenticated).use(audited).use(idempotent)

/** Needs the operator's key. */
export const operatorProcedure = base.use(operatorOnly).use(audited).use(idempotent)
