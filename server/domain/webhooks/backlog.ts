import type { Deps } from '../../context'
import { type Line, linesWithDueWork } from './lines'
import type { AttemptKind } from './queue'

/** The endpoints with due work as they were seen last, the one that has waited longest first. */
export type Backlog = {
  lines(): Promise<Line[]>
  /** The caller has taken all that an endpoint had of a kind. */
  exhausted(line: Line, kind: AttemptKind): void
  /** There may be new work. */
  stale(): void
  /** In how many milliseconds it looks for what there may be besides those; undefined when nothing says that there is. */
  nextLookMs(): number | undefined
}

/** A look may take one part in so many of the time when there is news, and of an idle process's time when there is none. */
const LOOK_SHARE = 4
const IDLE_LOOK_SHARE = 50

/**
 * Looking asks every endpoint, so that it is done when the last look is used up, when there is news or every `everyMs`, and less
 * often the longer it takes.
 */
export function createBacklog(deps: Deps, limit: number, everyMs: number): Backlog {
  let lines: Line[] = []
  let isStale = true
  let hasMore = false
  let lookedAt = Number.NEGATIVE_INFINITY
  let tookMs = 0
  const look = async () => {
    isStale = false
    const started = performance.now()
    lines = await linesWithDueWork(deps, limit)
    hasMore = lines.length === limit
    lookedAt = performance.now()
    tookMs = lookedAt - started
  }
  const isNews = () => isStale || (hasMore && lines.length === 0)
  const restMs = () => (isNews() ? tookMs * LOOK_SHARE : Math.max(everyMs, tookMs * IDLE_LOOK_SHARE))
  return {
    lines: async () => {
      if (performance.now() - lookedAt >= restMs()) await look()
      return lines
    },
    exhausted: (line, kind) => {
      line.due[kind] = null
      if (line.due.first === null && line.due.retry === null) lines = lines.filter((other) => other !== line)
    },
    stale: () => {
      isStale = true
    },
    nextLookMs: () => (isNews() ? Math.max(0, lookedAt + restMs() - performance.now()) : undefined),
  }
}
