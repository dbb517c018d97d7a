import { sql } from 'drizzle-orm'
import type { Hono } from 'hono'
import type { Deps } from './context'
import { SECOND_MS } from './kernel/clock'
import type { Env } from './rest/adapter'

/** How long the database may take to answer before the process counts as not ready. */
const PING_LIMIT_MS = SECOND_MS

/** `GET /healthz` (the process lives), `/readyz` (send it requests, or why not) and `/metrics`. None needs a key. */
export function mountHealth(app: Hono<Env>, deps: Deps, isDraining: () => boolean): void {
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.get('/readyz', async (c) => {
    if (isDraining()) return c.json({ status: 'draining', database: 'unknown' }, 503)
    return (await databaseAnswers(deps))
      ? c.json({ status: 'ready', database: 'ok' })
      : c.json({ status: 'unavailable', database: 'no answer' }, 503)
  })
  app.get('/metrics', async (c) => {
    const { body, contentType } = await deps.metrics.render()
    return c.body(body, 200, { 'Content-Type': contentType })
  })
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
