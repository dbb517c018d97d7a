import { ATTEMPT_KINDS, type AttemptKind } from './queue'

/** How many sends run at a time: in all, for one store, and to one endpoint, so that none can hold the others up. */
export type SlotLimits = {
  all: number
  perStore: number
  perEndpoint: number
  /** To an endpoint that has been failing: what hangs there, hangs in few slots, until it answers again. */
  perFailingEndpoint: number
  /** Sends without an answer after `slowAfterMs` make room for others, besides `all`: what hangs costs its own endpoint only. */
  slow: number
  slowAfterMs: number
}

/**
 * Of every limit, retries get half at most, so that first attempts always find slots; those leave an eighth to the retries, which
 * therefore don't wait for ever.
 */
const SHARES: Readonly<Record<AttemptKind, number>> = { first: 7 / 8, retry: 1 / 2 }

export type SlotOwner = { storeId: bigint; endpointId: string; kind: AttemptKind }

export type Slots = {
  /** How many run. */
  busy(): number
  /** Running and reserved ones of a store. */
  takenOfStore(storeId: bigint): number
  /** Free slots for one more of this kind, in all and for this store. */
  roomOfStore(storeId: bigint, kind: AttemptKind): number
  roomOfEndpoint(endpointId: string, kind: AttemptKind, isFailing: boolean): number
  /** Keeps slots for what is about to be claimed. The caller made sure that there is room. */
  reserve(owner: SlotOwner, count: number): void
  /** Gives back reserved slots that nothing was claimed for. */
  release(owner: SlotOwner, count: number): void
  /** Runs `work` in a reserved slot, which is free again when it has ended. */
  run(owner: SlotOwner, work: () => Promise<void>): void
  /** Resolves when nothing runs. */
  idle(): Promise<void>
}

const ALL = 'all'

export function createSlots(limits: SlotLimits, onFree: () => void): Slots {
  const running = new Set<Promise<void>>()
  const counts = new Map<string | bigint, Record<AttemptKind, number>>()
  const count = (key: string | bigint, kind: AttemptKind, change: number) => {
    const next = { ...(counts.get(key) ?? { first: 0, retry: 0 }) }
    next[kind] += change
    if (ATTEMPT_KINDS.every((each) => next[each] === 0)) counts.delete(key)
    else counts.set(key, next)
  }
  const countAll = ({ storeId, endpointId, kind }: SlotOwner, change: number) => {
    for (const key of [ALL, storeId, endpointId]) count(key, kind, change)
  }
  let slow = 0
  /** Takes the send out of all counts but its endpoint's. Answers how it is put back at its end. */
  const makeRoom = ({ storeId, kind }: SlotOwner) => {
    slow++
    for (const key of [ALL, storeId]) count(key, kind, -1)
    onFree()
    return () => {
      slow--
      for (const key of [ALL, storeId]) count(key, kind, 1)
    }
  }
  const takenOf = (key: string | bigint) => {
    const { first, retry } = counts.get(key) ?? { first: 0, retry: 0 }
    return first + retry
  }
  const room = (key: string | bigint, kind: AttemptKind, limit: number) => {
    const share = Math.max(1, Math.floor(limit * SHARES[kind]))
    return Math.min(limit - takenOf(key), share - (counts.get(key)?.[kind] ?? 0))
  }
  return {
    busy: () => running.size,
    takenOfStore: takenOf,
    roomOfStore: (storeId, kind) => Math.min(room(ALL, kind, limits.all), room(storeId, kind, limits.perStore)),
    roomOfEndpoint: (endpointId, kind, isFailing) =>
      room(endpointId, kind, isFailing ? limits.perFailingEndpoint : limits.perEndpoint),
    reserve: countAll,
    release: (owner, unused) => countAll(owner, -unused),
    run: (owner, work) => {
      let putBack: (() => void) | undefined
      const timer = setTimeout(() => {
        if (slow < limits.slow) putBack = makeRoom(owner)
      }, limits.slowAfterMs)
      const done = work().finally(() => {
        clearTimeout(timer)
        running.delete(done)
        putBack?.()
        countAll(owner, -1)
        onFree()
      })
      running.add(done)
    },
    idle: async () => {
      await Promise.all(running)
    },
  }
}
