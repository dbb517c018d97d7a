import { sql } from 'drizzle-orm'
import type { Hono } from 'hono'
import type { Deps } from './context'
import type { ChainHealth } from './domain/chains/health'
import { MINUTE_MS, SECOND_MS } from './kernel/clock'
import type { Env } from './rest/adapter'

/** How long the database may take to answer before the process counts as not ready. */
const PING_LIMIT_MS = SECOND_MS

/** `GET /healthz` (the process lives), `/readyz` (send it requests, or why not) and `/metrics`. None needs a key. */
export function mountHealth(app: Hono<Env>, deps: Deps, isDraining: () => boolean): void {
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.get('/readyz', async (c) => {
    if (isDraining()) return c.json({ status: 'draining', database: 'unknown' }, 503)
    return (await databaseAnswers(deps))
      ? c.json({ status: 'ready', database: 'ok', ...chainsOf(deps) })
      : c.json({ status: 'unavailable', database: 'no answer' }, 503)
  })
  app.get('/metrics', async (c) => {
    deps.metrics.setChains(deps.chainHealth())
    const { body, contentType } = await deps.metrics.render()
    return c.body(body, 200, { 'Content-Type': contentType })
  })
}

/** Behind by more than this, and a chain isn't only between two blocks. */
const LATE_MS = 2 * MINUTE_MS

/**
 * What is to be said of the networks that are enabled. A chain that can't be read makes nobody unready: cards, test keys and the other
 * networks work, payments on it are found later, and another process would read it no better.
 */
function chainsOf(deps: Deps): { chains?: Record<string, string> } {
  const chains = deps.chainHealth().map((health) => [health.network, stateOf(health)])
  return chains.length === 0 ? {} : { chains: Object.fromEntries(chains) }
}

function stateOf(health: ChainHealth): string {
  const { network, refusal, isWatching, isHalted, lastError, cursor, lagBlocks, lagSeconds } = health
  if (refusal !== null) return 'off: its nodes did not pass their check'
  if (!isWatching) return 'not watched by this process'
  if (isHalted)
    return `halted: it replaced more blocks than are remembered; the operator's command is reanchor ${network}`
  if (lastError?.since) return `cannot be read since ${lastError.since.toISOString()}`
  if (cursor === null) return 'starting'
  const isLate = (lagSeconds ?? 0) * SECOND_MS > LATE_MS
  return isLate ? `behind: ${lagBlocks ?? 'some'} blocks, ${Math.round(lagSeconds ?? 0)} seconds` : 'ok'
}

async function databaseAnswers(deps: Deps): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), PING_LIMIT_MS)
  })
  const answer = deps.db.execute(sql`select 1`).then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([answer, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
