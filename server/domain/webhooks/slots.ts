/** How many sends run at a time: in all, for one store, and to one endpoint, so that none can hold the others up. */
export type SlotLimits = { all: number; perStore: number; perEndpoint: number }

export type Slots = {
  busy(): number
  free(): number
  busyOfStore(storeId: bigint): number
  roomOfEndpoint(endpointId: string): number
  /** Endpoints that have no slot left. */
  fullEndpoints(): string[]
  /** Runs `work` in a slot, which is free again when it has ended. The caller made sure that there is room. */
  run(owner: { storeId: bigint; endpointId: string }, work: () => Promise<void>): void
  /** Resolves when nothing runs. */
  idle(): Promise<void>
}

export function createSlots(limits: SlotLimits, onFree: () => void): Slots {
  const running = new Set<Promise<void>>()
  const ofStore = new Map<bigint, number>()
  const ofEndpoint = new Map<string, number>()
  return {
    busy: () => running.size,
    free: () => limits.all - running.size,
    busyOfStore: (storeId) => ofStore.get(storeId) ?? 0,
    roomOfEndpoint: (endpointId) => limits.perEndpoint - (ofEndpoint.get(endpointId) ?? 0),
    fullEndpoints: () => [...ofEndpoint].filter(([, count]) => count >= limits.perEndpoint).map(([id]) => id),
    run: ({ storeId, endpointId }, work) => {
      count(ofStore, storeId, 1)
      count(ofEndpoint, endpointId, 1)
      const done = work().finally(() => {
        running.delete(done)
        count(ofStore, storeId, -1)
        count(ofEndpoint, endpointId, -1)
        onFree()
      })
      running.add(done)
    },
    idle: async () => {
      await Promise.all(running)
    },
  }
}

function count<K>(counts: Map<K, number>, key: K, change: 1 | -1): void {
  const next = (counts.get(key) ?? 0) + change
  if (next === 0) counts.delete(key)
  else counts.set(key, next)
}
