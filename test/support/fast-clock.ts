import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Clock } from '../../server/kernel/clock'

/** A clock that runs `factor` times as fast as ours since `since`: two processes with the same two numbers agree on the time. */
export function fastClock(since: number, factor: number): Clock {
  return { now: () => new Date(since + (Date.now() - since) * factor) }
}

/** Our clock and so many milliseconds more as a file says: processes with the same file are moved at once. */
export function movedClock(file: string): Clock & { advance(ms: number): void } {
  const moved = () => Number(readFileSync(file, 'utf8'))
  return {
    now: () => new Date(Date.now() + moved()),
    advance: (ms) => {
      // Renamed, so that nobody reads a half-written one.
      writeFileSync(`${file}.next`, String(moved() + ms))
      renameSync(`${file}.next`, file)
    },
  }
}
