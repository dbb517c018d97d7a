import type { Clock } from '../../kernel/clock'

export type PriceApiOptions = {
  clock: Clock
  /** Another server that answers as the real one, for tests. */
  baseUrl?: string
  timeoutMs?: number
}

const TIMEOUT_MS = 4_000
/** Prices are asked for by each new payment, and free services allow some 30 calls a minute. */
const FRESH_MS = 15_000

/** Undefined for a 404. Throws with the status for any other refusal, and when there is no answer in time. */
export async function getJson(url: string, timeoutMs = TIMEOUT_MS): Promise<unknown> {
  const headers = { accept: 'application/json' }
  const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
  if (response.status === 404) return undefined
  if (!response.ok) throw new Error(`${new URL(url).host} answered ${response.status}`)
  return response.json()
}

/** Remembers answers for some seconds; many askers at once are one call. A failure is forgotten at once. */
export function briefly<K, V>(clock: Clock, ask: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const known = new Map<K, { until: number; answer: Promise<V> }>()
  return (key) => {
    const now = clock.now().getTime()
    const before = known.get(key)
    if (before && now < before.until) return before.answer
    const answer = ask(key)
    known.set(key, { until: now + FRESH_MS, answer })
    answer.catch(() => known.delete(key))
    return answer
  }
}
