import type { Role } from '../config'
import type { Deps, Turn, Work } from '../context'

/** Work that a domain does in the background. */
export type Job = {
  name: Work | (string & {})
  role: Role
  /** How long the job rests when it found nothing to do and nobody woke it. */
  everyMs: number
  /** Answers true when more work is waiting, and is then run again at once. Must be safe to run in several processes. */
  run(deps: Deps, turn: Turn): Promise<boolean>
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
  const stopping = new AbortController()
  let woken = false
  let hearWake: (() => void) | undefined
  let endRest: (() => void) | undefined
  const rest = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, job.everyMs)
      endRest = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const turn = async () => {
    while (!stopping.signal.aborted) {
      woken = false
      const onWake = (listener: () => void) => {
        hearWake = listener
      }
      const more = await runLogged(deps, job, { stopping: stopping.signal, onWake })
      hearWake = undefined
      if (!more && !woken && !stopping.signal.aborted) await rest()
    }
  }
  const wake = () => {
    woken = true
    hearWake?.()
    endRest?.()
  }
  const done = turn()
  return {
    name: job.name,
    wake,
    stop: () => {
      stopping.abort()
      wake()
      return done
    },
  }
}

async function runLogged(deps: Deps, job: Job, turn: Turn): Promise<boolean> {
  try {
    return await job.run(deps, turn)
  } catch (error) {
    deps.metrics.countJobFailure(job.name)
    deps.log.error({ err: error, job: job.name }, 'a job failed and will be tried again')
    return false
  }
}
