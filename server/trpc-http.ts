import { fetchRequestHandler } from '@trpc/server/adapters/fetch'
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc'
import type { Hono } from 'hono'
import type { Deps } from './context'
import { type AppError, ERRORS } from './kernel/errors'
import { arrivalOf, type Context, type Env, requestContext } from './rest/request'
import { appRouter } from './router'
import { toAppError, toErrorData } from './trpc-errors'

const ENDPOINT = '/trpc'

/** More calls in one request than any page of a client needs, and few enough that one request can't hold up the rest. */
export const MAX_BATCH = 50

/** The tRPC door, batching included. */
export function mountTrpc(app: Hono<Env>, deps: Deps): void {
  app.all(`${ENDPOINT}/*`, (c) => {
    const reply = { replayed: false }
    return fetchRequestHandler({
      endpoint: ENDPOINT,
      req: c.req.raw,
      router: appRouter,
      maxBatchSize: MAX_BATCH,
      createContext: () => requestContext(arrivalOf(c), deps, reply, 'trpc'),
      responseMeta: ({ errors }) => ({ headers: replyHeaders(reply.replayed, errors.map(toAppError)) }),
    })
  })
}

function replyHeaders(replayed: boolean, errors: readonly AppError[]): Headers {
  const headers = new Headers({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' })
  if (replayed) headers.set('Idempotency-Replayed', 'true')
  const waitSeconds = Math.max(0, ...errors.map((error) => error.retryAfterSeconds ?? 0))
  if (waitSeconds > 0) headers.set('Retry-After', String(waitSeconds))
  return headers
}

export function isTrpcPath(path: string): boolean {
  return path === ENDPOINT || path.startsWith(`${ENDPOINT}/`)
}

/** An error that happened before tRPC saw the request, in the envelope that its clients read. */
export function renderTrpcError(c: Context, error: AppError): Response {
  const shape = {
    message: error.message,
    code: TRPC_ERROR_CODES_BY_KEY[ERRORS[error.code].trpc],
    data: toErrorData(error, undefined),
  }
  return c.json({ error: shape }, error.status)
}
