import { expect, test } from 'vitest'
import { parseConfig } from '../../server/config'
import type { Deps } from '../../server/context'
import { type Job, startWorker } from '../../server/jobs/worker'
import { createMetrics } from '../../server/metrics'

const HOUR_MS = 3_600_000

function depsThatLog(roles = 'jobs') {
  const errors: string[] = []
  const silent = () => undefined
  const log = {
    debug: silent,
    info: silent,
    warn: silent,
    error: (_: unknown, message: string) => void errors.push(message),
  }
  return {
    deps: { config: parseConfig({ PAYHOOK_ROLES: roles }), log, metrics: createMetrics() } as Partial<Deps> as Deps,
    errors,
  }
}

/** Resolves when the job has run this many times. */
function countedJob(run: (times: number) => boolean) {
  let times = 0
  const waiting: { times: number; resolve: () => void }[] = []
  const job: Job = {
    name: 'counted',
    role: 'jobs',
    everyMs: HOUR_MS,
    run: async () => {
      times++
      for (const wait of waiting) if (times >= wait.times) wait.resolve()
      return run(times)
    },
  }
  const ran = (count: number) =>
    new Promise<void>((resolve) => (times >= count ? resolve() : waiting.push({ times: count, resolve })))
  return { job, ran, times: () => times }
}

test('a job runs again at once while it says that more is waiting, then rests until it is woken', async () => {
  const { deps } = depsThatLog()
  const counted = countedJob((times) => times < 3)
  const worker = startWorker(deps, [counted.job])
  await counted.ran(3)
  worker.wake('another job')
  worker.wake('counted')
  await counted.ran(4)
  await worker.stop()
  expect(counted.times()).toBe(4)
})

test('a wake-up during a run is not lost', async () => {
  const { deps } = depsThatLog()
  let wake: () => void = () => undefined
  const counted = countedJob((times) => {
    if (times === 1) wake()
    return false
  })
  const worker = startWorker(deps, [counted.job])
  wake = () => worker.wake('counted')
  await counted.ran(1)
  worker.wake('counted')
  await counted.ran(2)
  await worker.stop()
})

test('a job that throws is logged and runs again', async () => {
  const { deps, errors } = depsThatLog()
  const counted = countedJob((times) => {
    if (times === 1) throw new Error('once')
    return false
  })
  const worker = startWorker(deps, [counted.job])
  await counted.ran(1)
  worker.wake('counted')
  await counted.ran(2)
  await worker.stop()
  expect(errors).toHaveLength(1)
})

test('a process runs the jobs of its roles only', async () => {
  const { deps } = depsThatLog('api')
  const counted = countedJob(() => false)
  await startWorker(deps, [counted.job]).stop()
  expect(counted.times()).toBe(0)
})
