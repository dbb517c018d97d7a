import type { Clock } from '../../../server/kernel/clock'
import { DAY_MS } from '../../../server/kernel/clock'

export type StripeAnswer = { status: number; body: object; headers?: Record<string, string> }

type Asked = { method: string; path: string; form: string; idempotencyKey: string | undefined }

/**
 * Stripe's keys (docs.stripe.com/api/idempotent_requests): the first answer is given again for a day, a 500 too, but not a refusal of
 * parameters; the same key with other parameters is refused.
 */
export function createIdempotency(clock: Clock) {
  const known = new Map<string, { asked: string; answer: StripeAnswer; at: number }>()

  function run({ method, path, form, idempotencyKey: key }: Asked, act: () => StripeAnswer): StripeAnswer {
    if (key === undefined || method !== 'POST') return act()
    const now = clock.now().getTime()
    const asked = `${path}?${form}`
    const earlier = known.get(key)
    if (earlier && now - earlier.at < DAY_MS) {
      if (earlier.asked !== asked) return conflict(key)
      return { ...earlier.answer, headers: { 'Idempotent-Replayed': 'true' } }
    }
    // As it is now: what happens to the object later doesn't change the answer.
    const answer = structuredClone(act())
    if (answer.status < 400 || answer.status >= 500) known.set(key, { asked, answer, at: now })
    return answer
  }

  return { run }
}

function conflict(key: string): StripeAnswer {
  const message = `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`
  return { status: 400, body: { error: { type: 'idempotency_error', message } } }
}
