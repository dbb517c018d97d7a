import type { Deps } from '../../context'
import { SECOND_MS } from '../../kernel/clock'
import { measureQueue } from './lines'

/** Counting a long queue reads all of it: a sample may take one part in so many of the time. */
const SAMPLE_SHARE = 100

/** A job that samples the queue for the metrics, less often the longer that takes. */
export function createQueueSampler(): (deps: Deps) => Promise<boolean> {
  let notBefore = 0
  return async (deps) => {
    const started = performance.now()
    if (started < notBefore) return false
    const { pending, due, oldestDueAt } = await measureQueue(deps)
    const ageMs = oldestDueAt === null ? 0 : deps.clock.now().getTime() - oldestDueAt.getTime()
    deps.metrics.setQueue({ pending, due, oldestDueSeconds: ageMs / SECOND_MS })
    const ended = performance.now()
    notBefore = ended + (ended - started) * SAMPLE_SHARE
    return false
  }
}
