import type { Deps } from '../../context'
import { storesWithDueWork } from './queue'

/** The stores with due work as they were seen last, the one that has waited longest first. */
export type Backlog = {
  /** The caller takes stores out when it has all of their due work. */
  stores(): Promise<Set<bigint>>
  /** There may be new work. */
  stale(): void
  /** There may be stores besides those. */
  hasMore(): boolean
}

/** A look may take one part in so many of the time. */
const LOOK_SHARE = 10

/**
 * Looking for stores reads the whole queue, so that it is done when the last look is used up, when there is news or every
 * `everyMs`, and less often the longer it takes.
 */
export function createBacklog(deps: Deps, limit: number, everyMs: number): Backlog {
  let stores = new Set<bigint>()
  let isStale = true
  let hasMore = false
  let lookedAt = 0
  let tookMs = 0
  const look = async () => {
    isStale = false
    const started = performance.now()
    stores = new Set(await storesWithDueWork(deps, limit))
    hasMore = stores.size === limit
    lookedAt = performance.now()
    tookMs = lookedAt - started
  }
  return {
    stores: async () => {
      const restedMs = performance.now() - lookedAt
      const isDue = (isStale || restedMs >= everyMs) && restedMs >= tookMs * LOOK_SHARE
      if (stores.size === 0 || isDue) await look()
      return stores
    },
    stale: () => {
      isStale = true
    },
    hasMore: () => hasMore,
  }
}
