import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '../../server/config'
import type { Deps } from '../../server/context'
import { type DatabaseHandle, openPostgres } from '../../server/db/client'
import { migrate } from '../../server/db/migrate'
import { createDeps } from '../../server/deps'
import { systemClock } from '../../server/kernel/clock'
import { startPostgres } from '../support/databases'

/** Runs a benchmark on a PostgreSQL that is made for it and removed after it. */
export async function onOwnDatabase(measure: (deps: Deps, database: DatabaseHandle) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'payhook-bench-'))
  const server = await startPostgres(folder)
  const database = await openPostgres(`${server.url}/postgres`)
  try {
    await migrate(database)
    const silent = () => undefined
    const log = { debug: silent, info: silent, warn: silent, error: silent }
    const surroundings = { config: parseConfig({}), publicUrl: 'http://localhost', database, clock: systemClock, log }
    await measure(createDeps(surroundings), database)
  } finally {
    await database.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

export function median(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  return (sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toFixed(2)
}
