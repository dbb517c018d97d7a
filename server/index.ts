import http from 'node:http'
import { type App, createApp } from './app'
import { CHAIN_COMMANDS } from './chain-commands'
import { type Config, parseConfig } from './config'
import type { Deps } from './context'
import type { DatabaseHandle } from './db/client'
import { exclusively } from './db/migrate'
import { createDeps } from './deps'
import { rebuildLedger } from './domain/ledger/roller'
import { findDiscrepancies } from './domain/ledger/verify'
import { rebuildRevenue } from './domain/revenue/roller'
import { getStore, hasNoStore, openStore } from './domain/stores/service'
import { explainFailure, type Intent } from './failure'
import { SECOND_MS, systemClock } from './kernel/clock'
import { formatStoreId, parseStoreId } from './kernel/ids'
import { listen, parseListenOptions } from './listen'
import { createLog, describeError, type ServerLog } from './log'
import { openDatabase, type Running, startParts } from './start'
import { startMessage } from './start-message'

const HELP = `Payhook: a self-hosted selling backend.

  bun server/index.ts                             start the server
  bun server/index.ts rebuild-revenue [sto_…]     make revenue's totals and days again from the sales, of one store or all
  bun server/index.ts rebuild-ledger [sto_…]      make the ledger's balances again from its entries, of one store or all
  bun server/index.ts verify-ledger [sto_…]       name what is wrong in the ledger; ends with 1 when something is
  bun server/index.ts rescan <network> <block> [<block>]
                                                  read final blocks of a live network again and take in what is missing;
                                                  or the block that holds a transaction, by its hash
  bun server/index.ts reanchor <network>          believe the nodes of a network that halted, and read it anew
  bun server/index.ts listen [--forward URL] [--events a,b] [--json]
                                                  show the events of a running server as they happen, and post them to URL
  bun server/index.ts --help                      show this text

The environment configures it: README.md has the table of its variables. listen wants PAYHOOK_API_KEY, and PAYHOOK_URL
when the server is not on this machine's port 3000.
`

/** The longest that Bun lets a connection be quiet. Its default of 10 s cuts the event streams of MCP (oven-sh/bun#27479). */
const IDLE_SECONDS = 255

/** Of a request's line and headers. What is longer than Bun's 16 KiB is read, so that it is refused with words, not bare. */
const MAX_HEADER_BYTES = 128 * 1024

/** Requests and jobs get most of the ten seconds that a supervisor waits after SIGTERM, the database what is left. */
const WORK_ENDS_MS = 7 * SECOND_MS
const ALL_ENDS_MS = 9.5 * SECOND_MS

/** A terminal's Ctrl-C reaches us twice, from the terminal and from npm: within this time it is one. */
const SAME_SIGNAL_MS = SECOND_MS

let intent: Intent | undefined

async function main(args: string[]): Promise<void> {
  const [command, ...rest] = args
  if (['--help', '-h'].some((flag) => args.includes(flag))) return void process.stdout.write(HELP)
  const upkeep = command === undefined ? undefined : UPKEEP.get(command)
  const onChains = command === undefined ? undefined : CHAIN_COMMANDS.get(command)
  const isKnown = command === undefined || command === 'listen' || onChains || (upkeep && rest.length <= 1)
  if (!isKnown) fail(`There is no command ${args.join(' ')}. See --help.`)
  const config = parseConfig(process.env)
  intent = config
  const print = (line: string) => process.stdout.write(`${line}\n`)
  if (command === 'listen') await listenUntilSignal(config, rest)
  else if (onChains) await onDatabase(config, (deps) => onChains(deps, rest, print))
  else await (upkeep ? keepUp(config, upkeep, rest[0]) : serve(config))
}

/** Ctrl-C is how it is meant to end. */
async function listenUntilSignal(config: Config, args: string[]): Promise<void> {
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort())
  // Whoever read the events has gone, as `head` does.
  process.stdout.on('error', () => ending.abort())
  await listen({
    ...parseListenOptions(args),
    server: config.serverUrl ?? config.publicUrl ?? `http://localhost:${config.port}`,
    apiKey: config.apiKey,
    clock: systemClock,
    signal: ending.signal,
    print: (line) => process.stdout.write(`${line}\n`),
    note: (line) => process.stderr.write(`${line}\n`),
  })
  process.exit(0)
}

/** Work on the data of one store or of all. Answers what it did, and whether the data is sound. */
type Upkeep = (deps: Deps, storeId: bigint | undefined) => Promise<{ done: string; isSound: boolean }>

const rebuildOf =
  (name: string, rebuild: typeof rebuildRevenue): Upkeep =>
  async (deps, store) => {
    const count = await rebuild(deps, store, ({ storeId, entries, finished }) => {
      if (finished) process.stdout.write(`${formatStoreId(storeId)}: ${entries} entries\n`)
    })
    return { done: `${name} of ${count} ${count === 1 ? 'store' : 'stores'} was rebuilt.`, isSound: true }
  }

const verifyLedger: Upkeep = async (deps, storeId) => {
  let found = 0
  for await (const line of findDiscrepancies(deps, storeId)) {
    found++
    process.stdout.write(`${line}\n`)
  }
  return { done: found === 0 ? 'The ledger is sound.' : `${found} things are wrong.`, isSound: found === 0 }
}

const UPKEEP: ReadonlyMap<string, Upkeep> = new Map([
  ['rebuild-revenue', rebuildOf('Revenue', rebuildRevenue)],
  ['rebuild-ledger', rebuildOf('The ledger', rebuildLedger)],
  ['verify-ledger', verifyLedger],
])

/** Its last lines are written however the process ends, except by a kill. */
function openLog(config: Config): ServerLog {
  const log = createLog(config.logLevel)
  process.on('exit', () => log.flush())
  return log
}

/** On PostgreSQL it may run beside the servers; PGlite's folder belongs to one process, which must be stopped first. */
async function keepUp(config: Config, upkeep: Upkeep, store: string | undefined): Promise<void> {
  const storeId = store === undefined ? undefined : parseStoreId(store)
  if (store !== undefined && storeId === undefined) fail(`${store} is not the id of a store, such as sto_0123abcd.`)
  await onDatabase(config, async (deps) => {
    if (storeId !== undefined) await getStore(deps, storeId)
    const { done, isSound } = await upkeep(deps, storeId)
    process.stdout.write(`${done}\n`)
    if (!isSound) process.exitCode = 1
  })
}

async function onDatabase(config: Config, work: (deps: Deps) => Promise<void>): Promise<void> {
  const log = openLog(config)
  const database = await openDatabase(config)
  await work(createDeps({ config, publicUrl: config.publicUrl ?? '', database, clock: systemClock, log }))
  await database.close()
}

/** Listens first, so that a taken port stops the start before the first store is made and its keys are lost unseen. */
async function serve(config: Config): Promise<void> {
  let app: App | undefined
  let draining = false
  const log = openLog(config)
  Object.assign(http, { maxHeaderSize: MAX_HEADER_BYTES })
  const server = Bun.serve({
    port: config.port,
    hostname: config.host,
    idleTimeout: IDLE_SECONDS,
    fetch: (request, self) =>
      app?.fetch(request, {
        // Asked for by the few that are counted by address; asking costs each request that isn't.
        get address() {
          return self.requestIP(request)?.address
        },
      }) ?? new Response('Starting. Try again in a moment.', { status: 503 }),
  })
  const publicUrl = config.publicUrl ?? `http://localhost:${server.port}`
  // Until there is something to drain, a signal just ends the process: the database survives that at any moment.
  let drain = async () => undefined as unknown
  onSignal(() => drain())
  const database = await prepareDatabase(config)
  const running = startParts({ config, publicUrl, database, clock: systemClock, log })
  app = createApp(running.deps, () => draining)
  drain = async () => {
    draining = true
    // Jobs take nothing new from now on. Webhooks whose receivers hang are given back for whoever runs next; a job that outlives
    // its time is cut off, and its leases end by themselves.
    const jobsEnd = running.worker.stop()
    await within(WORK_ENDS_MS, Promise.all([server.stop(), jobsEnd]))
    await server.stop(true)
    await endParts(running, database)
    await log.written()
  }
  logStrayErrors(running)
  process.stdout.write(startMessage({ config, publicUrl, firstStore: await openFirstStore(running) }))
}

/** The first start of the built-in database takes seconds, in which a silent terminal looks broken. */
async function prepareDatabase(config: Config): Promise<DatabaseHandle> {
  const timer = setTimeout(
    () => process.stdout.write('Preparing the database, which takes longest on the first start…\n'),
    SECOND_MS,
  )
  try {
    return await openDatabase(config)
  } finally {
    clearTimeout(timer)
  }
}

async function openFirstStore({ deps }: Running) {
  if (!(await hasNoStore(deps))) return undefined
  // Two processes that start at once on one empty database open one store between them.
  const opened = await exclusively(deps.db, async (db) => {
    const alone = { ...deps, db, afterCommit: { add: () => undefined } }
    if (!(await hasNoStore(alone))) return undefined
    return openStore(alone, { name: 'My store', email: 'owner@example.com' }, true)
  })
  if (!opened) return undefined
  const { store, liveKey, testKey } = opened
  return { id: formatStoreId(store.storeId), liveKey, testKey, signingKey: store.signingSecret }
}

async function endParts({ deps }: Running, database: DatabaseHandle): Promise<void> {
  deps.mailer?.close()
  await deps.keyUsage.flush(deps.db)
  await database.close()
}

/** The first SIGTERM or SIGINT ends the process in order, with status 0; a second one at once. */
function onSignal(drain: () => Promise<unknown>): void {
  let signalledAt: number | undefined
  const end = async () => {
    if (signalledAt !== undefined) {
      if (performance.now() - signalledAt > SAME_SIGNAL_MS) process.exit(130)
      return
    }
    signalledAt = performance.now()
    await within(ALL_ENDS_MS, drain()).catch((error) =>
      process.stderr.write(`While stopping: ${describeError(error).message}\n`),
    )
    process.exit(0)
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

function within(ms: number, work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work, new Promise((resolve) => setTimeout(resolve, ms))])
}

/** A promise that nobody awaited must not end a shop; whoever runs it must hear of it. */
function logStrayErrors({ deps }: Running): void {
  process.on('unhandledRejection', (error) => deps.log.error({ err: error }, 'a promise failed that nobody awaited'))
}

function fail(line: string): never {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}

main(process.argv.slice(2)).catch((error) => {
  const line = explainFailure(error, intent)
  if (line !== undefined) fail(line)
  const { message, stack } = describeError(error)
  const hint = intent?.databaseUrl
    ? ''
    : ` If the data folder ${intent?.dataDir} was damaged, restore it from a backup or move it away to start with an empty one.`
  fail(`Payhook could not start: ${message}.${hint} If it stays, please report it with what follows.\n${stack}`)
})
