import { addMs, MINUTE_MS, SECOND_MS } from '../../kernel/clock'
import type { SendOutcome } from '../../ports/sender'

/** Nine gaps of 3.5 s · 2^k are 29.8 minutes: document B's "about 30 minutes, at most 10 attempts". */
export const MAX_ATTEMPTS = 10
const FIRST_GAP_MS = 3.5 * SECOND_MS
const WINDOW_MS = 30 * MINUTE_MS

/** Each gap is up to a fifth shorter or longer, so that what failed together doesn't come back together. */
const JITTER = 0.2

/** The statuses besides 5xx that say "later": time-out, too early, too many requests. */
const LATER: readonly number[] = [408, 425, 429]
const GONE = 410

export type Verdict =
  | { status: 'succeeded'; error: null }
  | { status: 'failed'; error: string; disables: boolean }
  | { status: 'pending'; error: string; dueAt: Date }

export type Attempted = {
  /** This attempt included. */
  attempts: number
  createdAt: Date
}

/** What becomes of a delivery after an attempt that ended at `now`. `random` answers from 0 to below 1. */
export function judge(outcome: SendOutcome, delivery: Attempted, now: Date, random = Math.random): Verdict {
  if (isDelivered(outcome)) return { status: 'succeeded', error: null }
  const error = explain(outcome)
  if (!isWorthRetrying(outcome)) {
    return { status: 'failed', error, disables: outcome.kind === 'answered' && outcome.status === GONE }
  }
  if (delivery.attempts >= MAX_ATTEMPTS) {
    return { status: 'failed', error: `${error} It was the last of ${MAX_ATTEMPTS} attempts.`, disables: false }
  }
  return { status: 'pending', error, dueAt: addMs(now, gapMs(outcome, delivery, now, random)) }
}

export function isDelivered(outcome: SendOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300
}

/** Why an attempt counts as failed, in words for the endpoint's owner. */
export function explain(outcome: SendOutcome): string {
  if (outcome.kind !== 'answered') return outcome.error
  if (outcome.status >= 300 && outcome.status < 400) {
    return `The receiver answered ${outcome.status}. Redirects are not followed: register the final URL.`
  }
  if (outcome.status === GONE) return 'The receiver answered 410: it wants no more events.'
  return `The receiver answered ${outcome.status}.`
}

function isWorthRetrying(outcome: SendOutcome): boolean {
  if (outcome.kind !== 'answered') return outcome.kind === 'network'
  return outcome.status >= 500 || LATER.includes(outcome.status)
}

/** The wait before the next attempt: what the receiver asks for if that is longer, but not past the window. */
function gapMs(outcome: SendOutcome, { attempts, createdAt }: Attempted, now: Date, random: () => number): number {
  const backoff = FIRST_GAP_MS * 2 ** (attempts - 1) * (1 + JITTER * (2 * random() - 1))
  const asked = outcome.kind === 'answered' ? retryAfterMs(outcome.headers['retry-after'], now) : 0
  const left = addMs(createdAt, WINDOW_MS).getTime() - now.getTime()
  return Math.round(Math.max(backoff, Math.min(asked, left)))
}

/** `Retry-After` is a number of seconds or an HTTP date (RFC 9110, 10.2.3); anything else counts as not sent. */
function retryAfterMs(header: string | undefined, now: Date): number {
  if (header === undefined) return 0
  if (/^\d{1,9}$/.test(header)) return Number(header) * SECOND_MS
  const at = Date.parse(header)
  return Number.isNaN(at) ? 0 : Math.max(0, at - now.getTime())
}
