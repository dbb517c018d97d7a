import { randomUUID } from 'node:crypto'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createApp, readOwn } from '../server/app'
import { type Config, ConfigError, parseConfig } from '../server/config'
import { FolderInUseError } from '../server/db/lock'
import { explainFailure } from '../server/failure'
import { systemClock } from '../server/kernel/clock'
import { createLog, type ServerLog } from '../server/log'
import { openDatabase, startParts } from '../server/start'
import type { Caller } from './caller'
import { forwardTo, ServerUnreachableError } from './forward'
import { createMethods, type Door } from './methods'
import { createServer } from './protocol'
import { KEY_META } from './tools'

/**
 * The stdio door: `bun mcp/stdio.ts`, started by an MCP client. Standard output carries the protocol and nothing else.
 *
 * With PAYHOOK_URL it is a client of that server. Without, it is the whole system in this process: the database, the background
 * work, and the pages that buyers need, on PORT.
 */
async function main(): Promise<void> {
  const config = parseConfig(process.env)
  const { apiKey } = config
  const log = createLog(config.logLevel)
  const door = await (config.serverUrl ? forwardTo(config.serverUrl, apiKey) : openEmbedded(config, log))
  const callerOf = () => ({ requestId: `req_${randomUUID()}`, apiKey, idempotencyKey: undefined })
  await refuseUnknownKey(door, callerOf())
  const served = serveStdio(({ era }) => createServer({ methods: door.methods, era, callerOf, log }), {
    onerror: (error) => log.debug({ err: error, door: 'mcp' }, 'refused an MCP message'),
  })
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    await served.close()
    await door.close()
    log.flush()
    process.exit(0)
  }
  for (const end of ['end', 'close'] as const) process.stdin.once(end, stop)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop)
}

async function openEmbedded(config: Config, log: ServerLog): Promise<Door> {
  const database = await openDatabase(config)
  const server = listen(config, log, (request) => app.fetch(request))
  const publicUrl = config.publicUrl ?? `http://localhost:${server?.port ?? config.port}`
  const { deps, worker } = startParts({ config, publicUrl, database, clock: systemClock, log })
  const app = createApp(deps)
  return {
    methods: createMethods(deps, app.operations, () => readOwn(app, deps, '/openapi.json')),
    close: async () => {
      await server?.stop()
      await worker.stop()
      await deps.keyUsage.flush(deps.db)
      await database.close()
    },
  }
}

/** Buyers have to reach the checkout pages. Several agents may share one PostgreSQL, and then the first one serves them. */
function listen(config: Config, log: ServerLog, fetch: (request: Request) => Promise<Response>) {
  if (!config.roles.includes('api')) return undefined
  try {
    return Bun.serve({ port: config.port, hostname: config.host, fetch })
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') throw error
    log.warn({ port: config.port }, 'the port is taken, so that this process does not serve the checkout pages')
    return undefined
  }
}

/** A key that nobody knows would make every call fail: better not to start, and to say why. */
async function refuseUnknownKey(door: Door, caller: Caller): Promise<void> {
  const { _meta: about } = await door.methods['tools/list'](undefined, caller)
  if (about?.[KEY_META] !== 'unknown') return
  await door.close()
  throw new ConfigError(
    'PAYHOOK_API_KEY is not a key that works: it was mistyped, rolled, revoked, or belongs to another server.',
  )
}

function explain(error: unknown): string {
  if (error instanceof ServerUnreachableError) return error.message
  if (error instanceof FolderInUseError) {
    return `${error.message} If it is a running Payhook server, set PAYHOOK_URL to its address to use that one.`
  }
  const { PORT, HOST, PAYHOOK_DATA_DIR, DATABASE_URL } = process.env
  const intent = {
    port: Number(PORT || 3000),
    host: HOST || '127.0.0.1',
    dataDir: PAYHOOK_DATA_DIR || '.payhook',
    databaseUrl: DATABASE_URL || undefined,
  }
  return explainFailure(error, intent) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))
}

main().catch((error) => {
  process.stderr.write(`${explain(error)}\n`)
  process.exit(1)
})
