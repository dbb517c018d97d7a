import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import { SECOND_MS } from './kernel/clock'

/** New events of a running server, asked for over REST: what `listen` shows. */

/** An event as `GET /v1/events` has it, of which nothing is left out when it is printed as JSON. */
const FeedEvent = z.looseObject({
  id: z.string(),
  type: z.string(),
  created_at: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
})
export type FeedEvent = z.infer<typeof FeedEvent>

const FeedPage = z.object({ events: z.array(FeedEvent), next_cursor: z.string().nullable() })
type FeedPage = z.infer<typeof FeedPage>

/** Why listening cannot go on, in one line that says what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** Something that may be over in a moment. */
class TroubleError extends Error {}

export type Feed = {
  /** Without a trailing slash. */
  server: string
  apiKey: string
  /** Only events of these types; all when empty. */
  types: readonly string[]
  /** Ends the feed. */
  signal: AbortSignal
  /** Hears, in words, that the server is reached, that it isn't any more, and that it is again. */
  note(line: string): void
}

const POLL_MS = SECOND_MS
const MAX_BACKOFF_MS = 30 * SECOND_MS
const REQUEST_MS = 10 * SECOND_MS

/**
 * An event's time is taken before its transaction commits, so that one may appear behind a younger one. What is this much older
 * than the newest is asked for again, and known by its id.
 */
const OVERLAP_MS = 5 * SECOND_MS

/** The events that happen from now on, oldest first, until the signal. Throws ListenError. */
export async function* newEvents(feed: Feed): AsyncGenerator<FeedEvent> {
  const known = createKnown()
  let failures = 0
  let isReached = false
  while (!feed.signal.aborted) {
    try {
      const fresh = isReached ? await readFresh(feed, known) : await markPresent(feed, known)
      if (!isReached) feed.note(`Listening for events of ${feed.server}. Ctrl-C ends it.`)
      else if (failures > 0) feed.note(`${feed.server} answers again.`)
      isReached = true
      failures = 0
      yield* fresh
    } catch (error) {
      if (feed.signal.aborted) return
      if (!(error instanceof TroubleError)) throw error
      if (!isReached) throw new ListenError(`${error.message} Start it, or set PAYHOOK_URL to its address.`)
      if (failures++ === 0) feed.note(`${error.message} Trying again until it does; nothing is lost.`)
    }
    await pause(failures === 0 ? POLL_MS : Math.min(POLL_MS * 2 ** failures, MAX_BACKOFF_MS), feed.signal)
  }
}

/** The events of the overlap by their id, and since when to ask. */
function createKnown() {
  const times = new Map<string, number>()
  let newest: number | undefined
  return {
    /** Undefined while the server has had no event at all. */
    since: () => (newest === undefined ? undefined : new Date(newest - OVERLAP_MS).toISOString()),
    has: (event: FeedEvent) => times.has(event.id),
    add(events: readonly FeedEvent[]) {
      for (const { id, created_at } of events) {
        const at = Date.parse(created_at)
        times.set(id, at)
        newest = Math.max(newest ?? at, at)
      }
      for (const [id, at] of times) if (at < (newest ?? at) - OVERLAP_MS) times.delete(id)
    },
  }
}
type Known = ReturnType<typeof createKnown>

/** What there is already isn't new. */
async function markPresent(feed: Feed, known: Known): Promise<FeedEvent[]> {
  const { events } = await readPage(feed, { limit: '1' })
  known.add(events)
  if (events.length > 0) known.add(await readFresh(feed, known))
  return []
}

async function readFresh(feed: Feed, known: Known): Promise<FeedEvent[]> {
  const from = known.since()
  const fresh: FeedEvent[] = []
  let cursor: string | null = null
  do {
    const page: FeedPage = await readPage(feed, { limit: '100', ...(from && { from }), ...(cursor && { cursor }) })
    fresh.push(...page.events.filter((event) => !known.has(event)))
    cursor = page.next_cursor
  } while (cursor !== null)
  known.add(fresh)
  return fresh.reverse()
}

/** The server filters by one type; of several, it sends all and the rest is left out here. */
async function readPage({ server, apiKey, types, signal }: Feed, query: Record<string, string>): Promise<FeedPage> {
  const [type, ...others] = types
  const only: Record<string, string> = type === undefined || others.length > 0 ? {} : { type }
  const response = await request(server, `/v1/events?${new URLSearchParams({ ...query, ...only })}`, apiKey, signal)
  const page = FeedPage.safeParse(await response.json().catch(() => undefined))
  if (!page.success) throw new ListenError(`What answers at ${server} is not a Payhook server. Correct PAYHOOK_URL.`)
  return page.data
}

async function request(server: string, path: string, apiKey: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(server + path, {
    headers: { Authorization: `Bearer ${apiKey}` },
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
  }).catch((error: unknown) => {
    throw new TroubleError(`No Payhook server answers at ${server} (${reasonOf(error)}).`)
  })
  if (response.ok) return response
  const { status } = response
  const words = await errorOf(response)
  if (status === 401) {
    throw new ListenError(
      'PAYHOOK_API_KEY is not a key that works: it was mistyped, rolled, revoked, or belongs to another server.',
    )
  }
  if (status === 404) {
    throw new ListenError(
      `What answers at ${server} has no events to list. Correct PAYHOOK_URL, or update that server.`,
    )
  }
  if (status === 429 || status >= 500) throw new TroubleError(`${server} answers ${status}: ${words}.`)
  throw new ListenError(`${server} refuses to list its events (${status}): ${words}`)
}

const ErrorBody = z.object({ error: z.string() })

async function errorOf(response: Response): Promise<string> {
  const body = ErrorBody.safeParse(await response.json().catch(() => undefined))
  return body.success ? body.data.error.replace(/\.$/, '') : response.statusText || 'no reason given'
}

const REASONS: Readonly<Record<string, string>> = {
  ConnectionRefused: 'connection refused',
  ECONNREFUSED: 'connection refused',
  ConnectionClosed: 'connection closed',
  ECONNRESET: 'connection closed',
  FailedToOpenSocket: 'no such host, or no network',
  ENOTFOUND: 'no such host',
}

/** Why a fetch failed, in few words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  return ('code' in error ? REASONS[String(error.code)] : undefined) ?? error.message
}

/** Ends early, without an error, when the signal comes. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined)
}
