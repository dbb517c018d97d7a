import type { Clock } from '../../server/kernel/clock'

/** A clock that a test moves. It starts at a fixed instant, so that nothing depends on today's date. */
export type ManualClock = Clock & { advance(ms: number): void; set(at: Date): void }

export function manualClock(start = new Date('2026-03-02T09:00:00.000Z')): ManualClock {
  let now = start
  return {
    now: () => new Date(now),
    advance: (ms) => {
      now = new Date(now.getTime() + ms)
    },
    set: (at) => {
      now = at
    },
  }
}

/** Today's time, which goes on by itself and can be moved ahead: for a world beside something that has a clock of its own. */
export function runningClock(): ManualClock {
  let ahead = 0
  return {
    now: () => new Date(Date.now() + ahead),
    advance: (ms) => {
      ahead += ms
    },
    set: (at) => {
      ahead = at.getTime() - Date.now()
    },
  }
}
