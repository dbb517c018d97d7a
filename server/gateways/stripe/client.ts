import Stripe from 'stripe'
import { SECOND_MS } from '../../kernel/clock'

/** Three tries of eight seconds and the pauses between them stay below the thirty that a gateway may take. */
const TIMEOUT_MS = 8 * SECOND_MS
const RETRIES = 2

/**
 * Stripe's own client, which repeats a request that got no answer, a conflict or a 5xx under the same idempotency key. `apiBase`
 * is another server that speaks Stripe's API, for tests, and they have no patience for the whole of `timeoutMs`.
 */
export function createStripeClient(secretKey: string, apiBase: string | undefined, timeoutMs = TIMEOUT_MS): Stripe {
  const base = apiBase === undefined ? undefined : new URL(apiBase)
  return new Stripe(secretKey, {
    ...(base && { host: base.hostname, port: portOf(base), protocol: base.protocol === 'http:' ? 'http' : 'https' }),
    httpClient: Stripe.createFetchHttpClient(),
    maxNetworkRetries: RETRIES,
    timeout: timeoutMs,
    telemetry: false,
    appInfo: { name: 'Payhook' },
  })
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'http:' ? 80 : 443
}

const TOO_MANY_PAUSE_MS = SECOND_MS

/** Stripe's client leaves 429 to its user: once more after a pause. What is sent has an idempotency key, or changes nothing. */
export async function onceMoreIfBusy<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeRateLimitError)) throw error
    await new Promise((resolve) => setTimeout(resolve, TOO_MANY_PAUSE_MS))
    return ask()
  }
}

/** Stripe understood the request and will have nothing of it, now or later; whatever it was asked to do was not done. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError || error instanceof Stripe.errors.StripeCardError
}

/**
 * The account isn't connected to the platform any more. A key that may do less than it should is refused with 403 too, which says
 * nothing about the account.
 */
export function isDisconnected(error: unknown): boolean {
  if (!(error instanceof Stripe.errors.StripeError)) return false
  return error.code === 'account_invalid' || /application access may have been revoked/i.test(error.message)
}
