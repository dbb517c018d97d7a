import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { inject } from 'vitest'
import { createPostgresDatabase } from './databases'

export const repository = fileURLToPath(new URL('../..', import.meta.url))
const entry = join(repository, 'server/index.ts')

export type Environment = Record<string, string>

/** A real server process. Its output grows while it runs. */
export type ServerProcess = {
  url: string
  child: ChildProcess
  stdout(): string
  stderr(): string
  /** Sends a signal and waits for the end; answers the exit code, or null where the signal itself ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

const START_LIMIT_MS = 60_000

/** Starts a server on a free port and waits until it says where it runs. Throws with its output when it ends before that. */
export async function startServer(environment: Environment): Promise<ServerProcess> {
  const run = runServer(environment)
  const deadline = performance.now() + START_LIMIT_MS
  for (;;) {
    const url = /running at (http:\S+)[\s\S]*Ctrl-C/.exec(run.stdout())?.[1]
    if (url) return { ...run, url }
    if (run.child.exitCode !== null || performance.now() > deadline) {
      run.child.kill('SIGKILL')
      throw new Error(`the server did not start:\n${run.stdout()}\n${run.stderr()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Another user of the machine than the one that runs the tests; only the superuser may start a process as one. */
export type User = { uid: number; gid: number }

/** Starts a server that is expected to give up. */
export async function failToStart(environment: Environment, args: string[] = [], user?: User) {
  const run = runServer(environment, args, user)
  const limit = setTimeout(() => run.child.kill('SIGKILL'), START_LIMIT_MS)
  const code = await run.ended
  clearTimeout(limit)
  return { code, stdout: run.stdout(), stderr: run.stderr() }
}

/** The program with these arguments, whatever it is to do. */
export function runServer(environment: Environment, args: string[] = [], user?: User) {
  const { PATH = '', HOME = '', TMPDIR } = process.env
  const base = { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}), PORT: '0', PAYHOOK_ALLOW_PRIVATE_WEBHOOKS: '1' }
  const child = spawn(process.execPath, [entry, ...args], {
    cwd: repository,
    env: { ...base, ...environment },
    ...user,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  // `close`, not `exit`: by then all its output has arrived.
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    child,
    ended,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    end: (signal: NodeJS.Signals = 'SIGTERM') => {
      child.kill(signal)
      return ended
    },
  }
}

export type Place = { environment: Environment; remove(): void }

/** Where a server keeps its data, on the kind of database that this vitest project is for: migrated and without a store. */
export async function emptyPlace(): Promise<Place> {
  if (inject('databaseKind') === 'pglite') return emptyFolder()
  return {
    environment: { DATABASE_URL: await createPostgresDatabase(inject('databases').postgresUrl) },
    remove: () => undefined,
  }
}

/** The same in a data folder, which takes a process seconds to make. */
export async function emptyFolder(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'payhook-process-'))
  const dump = new Blob([readFileSync(inject('databases').pgliteTemplate)])
  await (await PGlite.create(join(folder, 'pgdata'), { loadDataDir: dump })).close()
  return { environment: { PAYHOOK_DATA_DIR: folder }, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The keys that the first start printed. */
export function printedKeys(server: ServerProcess): { live: string; test: string; signing: string } {
  const find = (pattern: RegExp) => {
    const found = pattern.exec(server.stdout())?.[0]
    if (!found) throw new Error(`${pattern} was not printed:\n${server.stdout()}`)
    return found
  }
  return { live: find(/sk_live_\w{48}/), test: find(/sk_test_\w{48}/), signing: find(/whsec_\S{44}/) }
}

/** Asks again and again until the answer is there. Throws after the deadline with what is awaited. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  limitMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${limitMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
