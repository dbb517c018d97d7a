/*
 * Counting a pool's free addresses costs nearly as much as making a payment. A process counts again when about half of what it found
 * beyond the few that are a warning has been taken: the other half is what other processes may have taken meanwhile.
 */

export type PoolWatch = {
  /** Whether who takes so many addresses now has to count. */
  isDue(pool: string, taken: number): boolean
  counted(pool: string, beyondFew: number): void
}

const MOST_POOLS = 10_000

export function createPoolWatch(): PoolWatch {
  const left = new Map<string, number>()
  return {
    isDue: (pool, taken) => {
      const addresses = left.get(pool) ?? 0
      left.set(pool, Math.max(0, addresses - taken))
      return addresses < taken
    },
    counted: (pool, beyondFew) => {
      if (left.size >= MOST_POOLS) left.clear()
      left.set(pool, Math.max(0, beyondFew >> 1))
    },
  }
}
