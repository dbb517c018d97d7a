import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { parseConfig } from '../../server/config'
import { type Deps, type StoreContext, storeContext } from '../../server/context'
import { createDeps } from '../../server/deps'
import { addAddresses } from '../../server/domain/addresses/service'
import { openStore } from '../../server/domain/stores/service'
import { createLog } from '../../server/log'
import { openDatabase } from '../../server/start'
import { type Answer, callRest } from './calls'
import { evmAddress } from './crypto'
import { movedClock } from './fast-clock'
import { type FastProcess, startFastProcess } from './fast-process'
import { emptyPlace, eventually } from './server'

export const NAMES = ['one', 'other'] as const
export type ServerName = (typeof NAMES)[number]

/** Jobs rest so much shorter: that of billing looks twice a second. */
const FACTOR = 60

/** Two servers that bill on one PostgreSQL and by one clock, which the test moves. */
export type BillingServers = Awaited<ReturnType<typeof startBillingServers>>

export async function startBillingServers(plans: object) {
  const folder = mkdtempSync(join(tmpdir(), 'payhook-billing-'))
  const [file, clockFile] = [join(folder, 'plans.json'), join(folder, 'clock')]
  writeFileSync(file, JSON.stringify(plans))
  writeFileSync(clockFile, '0')
  const clock = movedClock(clockFile)
  const { environment } = await emptyPlace()
  const url = String(environment.DATABASE_URL)
  const settings = { ...environment, PAYHOOK_BILLING: file, FAST_FACTOR: String(FACTOR), FAST_CLOCK: clockFile }
  // Which connections are whose.
  const ofServer = (name: ServerName) => ({ ...settings, DATABASE_URL: `${url}?application_name=${name}` })
  const started = await Promise.all(NAMES.map((name) => startFastProcess(ofServer(name))))
  const servers = Object.fromEntries(NAMES.map((name, n) => [name, started[n]])) as Record<ServerName, FastProcess>
  const config = parseConfig(settings)
  const database = await openDatabase(config)
  const deps = createDeps({ config, publicUrl: 'http://127.0.0.1', database, clock, log: createLog('silent') })
  return {
    servers,
    clock,
    deps,
    hold: (table: string) => holdTable(url, table),
    close: async () => {
      await Promise.all(started.map((server) => server.kill()))
      await database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Keeps everybody from writing to a table until it is let go. */
async function holdTable(url: string, table: string) {
  const client = postgres(url, { max: 2, onnotice: () => undefined })
  const held = await client.reserve()
  await held.unsafe(`begin; lock table ${table} in share row exclusive mode`)
  return {
    /** The servers that wait in the middle of a transaction, about to write to the table. */
    waiting: () =>
      eventually(
        `a write to ${table}`,
        async () => {
          const rows = await client<{ name: ServerName }[]>`
            select distinct application_name as name from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like ${`insert into "${table}"%`}`
          return rows.length > 0 ? rows.map(({ name }) => name) : undefined
        },
        120_000,
      ),
    release: async () => {
      await held.unsafe('commit')
      held.release()
      await client.end()
    },
  }
}

export type BilledShop = {
  ctx: StoreContext
  /** Undefined where nobody answered: whether it was done is then unknown. */
  call<T = Record<string, unknown>>(
    server: ServerName,
    method: string,
    path: string,
    body?: object,
    once?: string,
  ): Promise<Answer<T> | undefined>
}

/** A store that sells with its test key, on its simulated chain. */
export async function openBilledShop({ deps, servers }: BillingServers, addresses = 3): Promise<BilledShop> {
  const { store, testKey: key } = await openStore(deps, { name: 'Shop', email: 'owner@example.com' })
  const ctx = storeContext(deps as Deps, store.storeId, true)
  const list = Array.from({ length: addresses }, (_, n) => ({ address: evmAddress(n) }))
  await addAddresses(ctx, { network: 'ethereum', addresses: list })
  return {
    ctx,
    call: (server, method, path, body, once) => {
      const headers: Record<string, string> = once === undefined ? {} : { 'Idempotency-Key': once }
      return callRest<never>(servers[server].url, method, `/api/v1${path}`, { key, body, headers }).catch(
        () => undefined,
      )
    },
  }
}
