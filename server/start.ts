import type { Config } from './config'
import type { Deps } from './context'
import { type DatabaseHandle, openPglite, openPostgres } from './db/client'
import { migrate } from './db/migrate'
import { createDeps, type Surroundings } from './deps'
import { jobs } from './jobs/registry'
import { startWorker, type Worker } from './jobs/worker'

/** What the HTTP server, the stdio door and the commands share: the steps from a configuration to something that works. */

/**
 * The database of this configuration, with every migration applied. Throws FolderInUseError, or what the driver throws;
 * `explainFailure` turns either into a line for people.
 */
export async function openDatabase(config: Config): Promise<DatabaseHandle> {
  const database = config.databaseUrl
    ? await openPostgres(config.databaseUrl, config.databasePoolSize)
    : await openPglite(config.dataDir)
  try {
    await migrate(database)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

export type Running = { deps: Deps; worker: Worker }

/** Wires the parts and starts the background work of this process's roles; from then on `deps.wake` reaches the workers. */
export function startParts(surroundings: Surroundings): Running {
  const deps = createDeps(surroundings)
  const worker = startWorker(deps, jobs)
  deps.wake = (work) => worker.wake(work)
  return { deps, worker }
}
