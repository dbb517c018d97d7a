import { addMs, SECOND_MS } from '../../kernel/clock'
import type { NetworkName } from '../../kernel/networks'

/** The place of a free address in the order in which they are taken. */
export type Place = { restingSince: Date; addressId: string }

/** Before all of them. */
export const START: Place = { restingSince: new Date(0), addressId: '00000000-0000-0000-0000-000000000000' }

/** What a process remembers of pools, none of which has to be right. */
export type PoolWatch = {
  /** Whether who takes so many addresses now has to count. */
  isDue(pool: string, taken: number): boolean
  counted(pool: string, beyondFew: number): void
  /** After which place to look for a free address. */
  placeOf(pool: string, now: Date): Place
  taken(pool: string, places: readonly Place[], now: Date): void
  startAgain(pool: string): void
}

function later(a: Place, b: Place): Place {
  const apart = a.restingSince.getTime() - b.restingSince.getTime()
  return apart > 0 || (apart === 0 && a.addressId > b.addressId) ? a : b
}

export function poolOf({ storeId, isTest }: { storeId: bigint; isTest: boolean }, network: NetworkName): string {
  return `${storeId} ${isTest} ${network}`
}

const MOST_POOLS = 10_000

/**
 * Rows that were taken stay in the index until PostgreSQL cleans up, at its very front: who begins there walks past all of them. What
 * has been put before the place meanwhile, such as an address that is new, is found this much later, or when there is nothing behind it.
 */
const PLACE_HOLDS_MS = 10 * SECOND_MS

/**
 * Counting a pool's free addresses costs nearly as much as making a payment. A process counts again when about half of what it found
 * beyond the few that are a warning has been taken: the other half is what other processes may have taken meanwhile.
 */
export function createPoolWatch(): PoolWatch {
  const left = new Map<string, number>()
  const places = new Map<string, Place & { until: Date }>()
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
    placeOf: (pool, now) => {
      const place = places.get(pool)
      return place && place.until > now ? place : START
    },
    taken: (pool, taken, now) => {
      const known = places.get(pool)
      const isKnown = known !== undefined && known.until > now
      if (places.size >= MOST_POOLS) places.clear()
      const last = taken.reduce(later, isKnown ? known : START)
      places.set(pool, { ...last, until: isKnown ? known.until : addMs(now, PLACE_HOLDS_MS) })
    },
    startAgain: (pool) => void places.delete(pool),
  }
}
