import { createApp } from '../../server/app'
import { parseConfig } from '../../server/config'
import type { Deps } from '../../server/context'
import { createDeps } from '../../server/deps'
import { type OpenedStore, openStore } from '../../server/domain/stores/service'
import { type ManualClock, manualClock } from './clock'
import { openTestDatabase, type TestDatabase } from './databases'

export type World = {
  deps: Deps
  database: TestDatabase
  clock: ManualClock
  /** The address of a real server on loopback that runs the app. */
  url: string
  log: { level: string; fields: Record<string, unknown>; message: string }[]
  openStore(name?: string): Promise<OpenedStore>
  close(): Promise<void>
}

/** The whole app on a database of its own and a clock that the test moves, behind real HTTP. */
export async function createWorld(environment: Record<string, string> = {}, clock = manualClock()): Promise<World> {
  const database = await openTestDatabase()
  const log: World['log'] = []
  const write = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void log.push({ level, fields, message })
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => app.fetch(request) })
  const url = `http://127.0.0.1:${server.port}`
  const deps = createDeps({
    config: parseConfig({ PAYHOOK_ALLOW_PRIVATE_WEBHOOKS: '1', ...environment }),
    publicUrl: url,
    database,
    clock,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
  })
  const app = createApp(deps)
  return {
    deps,
    database,
    clock,
    url,
    log,
    openStore: (name = 'Test store') => openStore(deps, { name, email: 'owner@example.com' }),
    close: async () => {
      await server.stop(true)
      await database.close()
    },
  }
}
