import { SECOND_MS } from '../../kernel/clock'
import type { NetworkName } from '../../kernel/networks'

/** When to ask a chain for its next block: soon after it should be there, by the times of the blocks before. */
export type Pace = {
  /** How long to wait after a pass that found this head. */
  next(head: { number: bigint; time: Date }, now: Date): number
  /** How long to wait after a pass that failed: not long when it came further before it did. */
  afterFailure(hasProgress: boolean): number
}

/** As the networks are now: no slot is longer, though some stay empty. */
const BLOCK_MS: Readonly<Record<NetworkName, number>> = { ethereum: 12 * SECOND_MS, bsc: 450, tron: 3 * SECOND_MS }

const SHORTEST_MS = 250
const LONGEST_MS = 6 * SECOND_MS
/** A block travels for a moment. */
const TRAVEL_MS = 150
const LONGEST_BACK_OFF_MS = 10 * SECOND_MS

export function createPace(network: NetworkName): Pace {
  /** Until two heads were seen, it may be anything. */
  let blockMs = Math.min(BLOCK_MS[network], SECOND_MS)
  let isMeasured = false
  let before: { number: bigint; time: Date } | undefined
  let idle = 0
  let failures = 0

  function learn(head: { number: bigint; time: Date }) {
    const blocks = before ? Number(head.number - before.number) : 0
    idle = blocks > 0 ? 0 : idle + 1
    if (before && blocks > 0) {
      const measured = Math.min((head.time.getTime() - before.time.getTime()) / blocks, BLOCK_MS[network])
      blockMs = isMeasured ? (blockMs + measured) / 2 : measured
      isMeasured = true
    }
    if (blocks !== 0 || !before) before = head
  }

  return {
    next: (head, now) => {
      failures = 0
      learn(head)
      const due = head.time.getTime() + blockMs + TRAVEL_MS - now.getTime()
      // A slot may stay empty: asked for soon at first, and then more seldom.
      const late = Math.min(blockMs / 8, SECOND_MS) * 1.5 ** Math.min(idle, 10)
      return Math.min(Math.max(due, late, SHORTEST_MS), Math.max(SHORTEST_MS, Math.min(blockMs, LONGEST_MS)))
    },
    afterFailure: (hasProgress) => {
      failures = hasProgress ? 0 : failures + 1
      return Math.min(LONGEST_BACK_OFF_MS, (SECOND_MS / 2) * 2 ** Math.min(failures, 6))
    },
  }
}
