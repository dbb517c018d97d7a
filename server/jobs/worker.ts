import type { Role } from '../config'
import type { Deps, Work } from '../context'

/** Work that a domain does in the background. */
export type Job = {
  name: Work | (string & {})
  role: Role
  /** How long the job rests when it found nothing to do and nobody woke it. */
  everyMs: number
  /** The shortest rest, even when woken meanwhile: work that is cheaper in larger batches sets it. None unless said. */
  leastRestMs?: number
  /** Answers true when more work is waiting, and is then run again at once. Must be safe to run in several processes. */
  run(deps: Deps): Promise<boolean>
}

export type Worker = {
  wake(name: string): void
  /** Lets what is running finish; resolves when nothing runs any more. */
  stop(): Promise<void>
}

/** Runs every job of this process's roles until stopped. A job that throws is logged and tried again after its rest. */
export function startWorker(deps: Deps, jobs: readonly Job[]): Worker {
  const loops = jobs.filter((job) => deps.config.roles.includes(job.role)).map((job) => startLoop(deps, job))
  return {
    wake: (name) => {
      for (const loop of loops) if (loop.name === name) loop.wake()
    },
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()))
    },
  }
}

function startLoop(deps: Deps, job: Job) {
  let stopped = false
  let woken = false
  let wakeable = true
  let endRest: (() => void) | undefined
  const { everyMs, leastRestMs = 0 } = job
  const rest = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      endRest = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const turn = async () => {
    while (!stopped) {
      woken = false
      const more = await runLogged(deps, job)
      if (more || stopped) continue
      wakeable = leastRestMs === 0
      if (!wakeable) await rest(leastRestMs)
      wakeable = true
      if (!woken && !stopped) await rest(everyMs - leastRestMs)
    }
  }
  const wake = () => {
    woken = true
    if (wakeable) endRest?.()
  }
  const done = turn()
  return {
    name: job.name,
    wake,
    stop: () => {
      stopped = true
      endRest?.()
      return done
    },
  }
}

async function runLogged(deps: Deps, job: Job): Promise<boolean> {
  try {
    return await job.run(deps)
  } catch (error) {
    deps.metrics.countJobFailure(job.name)
    deps.log.error({ err: error, job: job.name }, 'a job failed and will be tried again')
    return false
  }
}
