import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LoadPlan, LoadResult } from './load'

const here = fileURLToPath(new URL('.', import.meta.url))

export function startFile(file: string, args: string[], environment: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [join(here, file), ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

export async function outputOf(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout ?? []) text += chunk
  return text
}

export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const result = JSON.parse(await outputOf(startFile('load.ts', [JSON.stringify(plan)]))) as LoadResult
  if (result.wrong.length > 0) throw new Error(`not a ${plan.status}:\n${result.wrong[0]}`)
  return result
}

/** Clock ticks a second in /proc: 100 on every Linux. */
const TICKS = 100

/** CPU that these processes and their children have used so far, in microseconds; undefined where there is no /proc. */
export function cpuMicros(pids: readonly number[]): number | undefined {
  try {
    const stats = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => statOf(name))
    const ours = new Set(pids)
    // Parents come before their children in most cases; twice is enough for PostgreSQL's two levels.
    for (let level = 0; level < 2; level++) for (const { pid, parent } of stats) if (ours.has(parent)) ours.add(pid)
    return stats.filter(({ pid }) => ours.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0) * (1e6 / TICKS)
  } catch {
    return undefined
  }
}

function statOf(name: string): { pid: number; parent: number; ticks: number }[] {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // Fields 4, 14 and 15 of proc(5): parent, user and system time.
    return [{ pid: Number(name), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }]
  } catch {
    return [] // It ended meanwhile.
  }
}
