import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort } from './ports'
import { type Environment, eventually } from './server'

const ENTRY = fileURLToPath(new URL('./fast-server.ts', import.meta.url))

/** A process of `fast-server.ts` that can be killed at any moment, and comes back on the same port with the same data. */
export type FastProcess = {
  url: string
  /** By SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Resolves when it answers. */
  restart(): Promise<void>
}

const START_LIMIT_MS = 120_000

export async function startFastProcess(environment: Environment): Promise<FastProcess> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const { PATH = '', HOME = '' } = process.env
  const base = { PATH, HOME, PORT: String(port), PAYHOOK_LOG_LEVEL: 'silent' }
  const run = () =>
    spawn(process.execPath, [ENTRY], { env: { ...base, ...environment }, stdio: ['ignore', 'ignore', 'inherit'] })
  const isUp = async () => ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok ? true : undefined)
  let child = run()
  await eventually('the start', isUp, START_LIMIT_MS)
  return {
    url,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'close')
      child.kill('SIGKILL')
      await ended
    },
    restart: async () => {
      child = run()
      await eventually('the restart', isUp, START_LIMIT_MS)
    },
  }
}
