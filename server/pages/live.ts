import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { MINUTE_MS, SECOND_MS } from '../kernel/clock'
import type { PageContext } from './page'

/** What the page's script puts in the place of what it shows. */
export type Change = { version: string; kind: string; ended: boolean; title: string; html: string }

/** What a page shows at this moment; undefined when there is no such page. `change` is made only where it is asked for. */
export type Look = () => Promise<{ version: string; hasEnded: boolean; change: () => Promise<Change> } | undefined>

const PRIVATE = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/** `…/state?version=…`: 204 while the page is up to date. For browsers and proxies that let no events through. */
export async function sendChange(c: PageContext, look: Look): Promise<Response> {
  const seen = await look()
  if (!seen) return c.json({ error: 'not_found' }, 404, PRIVATE)
  if (seen.version === c.req.query('version')) return c.body(null, 204, PRIVATE)
  return c.json(await seen.change(), 200, PRIVATE)
}

const LOOK_MS = SECOND_MS
/** Proxies cut a connection that is quiet for a minute. */
const QUIET_MOST = 20
/** The browser comes again by itself. */
const LONGEST_MS = 10 * MINUTE_MS

/** `…/events?version=…`: each change as it happens, until nothing more will. */
export async function streamChanges(c: PageContext, look: Look, isDraining: () => boolean): Promise<Response> {
  if (!(await look())) return c.json({ error: 'not_found' }, 404, PRIVATE)
  // Nginx would keep events back until its buffer is full.
  c.header('X-Accel-Buffering', 'no')
  const response = streamSSE(c, (stream) => follow(stream, isDraining, c.req.query('version') ?? '', look))
  response.headers.set('Cache-Control', 'no-store')
  return response
}

async function follow(stream: SSEStreamingApi, isDraining: () => boolean, version: string, look: Look): Promise<void> {
  let shown = version
  let quiet = 0
  for (let waited = 0; waited < LONGEST_MS && !stream.aborted && !isDraining(); waited += LOOK_MS) {
    const seen = await look()
    if (!seen) return
    if (seen.version !== shown) {
      shown = seen.version
      quiet = 0
      await stream.writeSSE({ event: 'change', data: JSON.stringify(await seen.change()) })
    } else if (++quiet % QUIET_MOST === 0) await stream.write(': still here\n\n')
    if (seen.hasEnded) return
    await stream.sleep(LOOK_MS)
  }
}
