import type { Role } from '../config'
import type { Deps, Turn, Work } from '../context'

/** Work that a domain does in the background. */
export type Job = {
  name: Work | (string & {})
  role: Role
  /** How long the job rests when it found nothing to do and nobody woke it. */
  everyMs: number
  /** The shortest rest, even when woken meanwhile: work that is cheaper in larger batches sets it. None unless said. */
  leastRestMs?: number
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
  const { everyMs, leastRestMs = 0 } = job
  const stopping = new AbortController()
  const rest = createRest()
  let woken = false
  let hearWake: (() => void) | undefined
  const turn: Turn = {
    stopping: stopping.signal,
    onWake: (listener) => {
      hearWake = listener
    },
  }
  const run = async () => {
    while (!stopping.signal.aborted) {
      woken = false
      const more = await runLogged(deps, job, turn)
      hearWake = undefined
      if (more) continue
      if (leastRestMs > 0 && !stopping.signal.aborted) await rest.deep(leastRestMs)
      if (!woken && !stopping.signal.aborted) await rest.light(everyMs - leastRestMs)
    }
  }
  const done = run()
  return {
    name: job.name,
    wake: () => {
      woken = true
      hearWake?.()
      rest.wake()
    },
    stop: () => {
      stopping.abort()
      rest.end()
      return done
    },
  }
}

/** A pause that a wake-up ends when it is light, and only the end of the process when it is deep. */
function createRest() {
  let isLight = true
  let end: () => void = () => undefined
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      end = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  return {
    light: (ms: number) => {
      isLight = true
      return pause(ms)
    },
    deep: (ms: number) => {
      isLight = false
      return pause(ms)
    },
    wake: () => {
      if (isLight) end()
    },
    end: () => end(),
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
