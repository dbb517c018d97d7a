import type { Deps } from '../../context'
import type { Backlog } from './backlog'
import type { Line } from './lines'
import { pacedForMs, returnPace, takePace } from './pacing'
import { createPermits } from './permits'
import { ATTEMPT_KINDS, type AttemptKind, type Claimed, claimDue } from './queue'
import type { SlotLimits, Slots } from './slots'

export type Parts = {
  deps: Deps
  slots: Slots
  limits: SlotLimits
  backlog: Backlog
  /** Starts sending what was claimed, in a slot that was reserved for it. */
  start(delivery: Claimed): void
}

export type Round = {
  /** Due work was left behind for want of slots. */
  leftSome: boolean
  /** When another round has something to do, slots or not. */
  againInMs: number | undefined
}

/** A round that left some behind and started others leaves these a moment to end. */
export const MOMENT_MS = 10

/** Stores that are claimed from at a time: the rest of the database's connections are for requests. */
const CLAIMS = 4

/**
 * Claims and starts what fits in the free slots. First every store up to its share, the one that has waited longest first;
 * what is free after that goes to whoever has more. In each store first attempts go before retries.
 */
export async function takeDue(parts: Parts): Promise<Round> {
  const { deps, slots, limits, backlog } = parts
  const stores = byStore(await backlog.lines())
  const share = Math.ceil(limits.all / Math.max(1, stores.size))
  let count = 0
  for (const most of [Math.min(share, limits.perStore), limits.perStore]) {
    const permits = createPermits(CLAIMS)
    const claims: Promise<number>[] = []
    for (const [storeId, lines] of stores) {
      for (const kind of ATTEMPT_KINDS) {
        const limit = Math.min(slots.roomOfStore(storeId, kind), most - slots.takenOfStore(storeId))
        if (limit <= 0) continue
        const waiting = lines.filter((line) => line.due[kind] !== null)
        const rooms = await reserveRooms(parts, kind, waiting, limit)
        if (rooms.size === 0) continue
        claims.push(permits.take().then(() => claim(parts, storeId, kind, rooms).finally(permits.give)))
      }
    }
    // All of them end before any error is thrown: what they claimed is started, and no slot stays reserved.
    for (const claimed of await Promise.allSettled(claims)) {
      if (claimed.status === 'rejected') throw claimed.reason
      count += claimed.value
    }
  }
  const left = await backlog.lines()
  const waits = left.map((line) => pacedForMs(line, deps.clock.now()))
  const paced = waits.filter((ms) => ms > 0)
  const reasons = [...paced, backlog.nextLookMs() ?? [], count > 0 && left.length > 0 ? MOMENT_MS : []].flat()
  return {
    leftSome: waits.length > paced.length,
    againInMs: reasons.length > 0 ? Math.min(...reasons) : undefined,
  }
}

function byStore(lines: readonly Line[]): Map<bigint, Line[]> {
  const stores = new Map<bigint, Line[]>()
  for (const line of lines) {
    const own = stores.get(line.storeId)
    if (own) own.push(line)
    else stores.set(line.storeId, [line])
  }
  return stores
}

/** Slots and the rate limit's leave for up to `limit` deliveries, evenly over the endpoints. */
async function reserveRooms(
  { deps, slots }: Parts,
  kind: AttemptKind,
  waiting: readonly Line[],
  limit: number,
): Promise<Map<Line, number>> {
  const rooms = new Map<Line, number>()
  let left = limit
  for (const [index, line] of waiting.entries()) {
    const fair = Math.ceil(left / (waiting.length - index))
    const wanted = Math.min(slots.roomOfEndpoint(line.endpointId, kind, line.isFailing), fair)
    const room = wanted > 0 ? await takePace(deps, line, wanted) : 0
    if (room <= 0) continue
    slots.reserve({ ...line, kind }, room)
    rooms.set(line, room)
    left -= room
  }
  return rooms
}

/** Answers how many were started. */
async function claim(
  { deps, slots, backlog, start }: Parts,
  storeId: bigint,
  kind: AttemptKind,
  rooms: ReadonlyMap<Line, number>,
): Promise<number> {
  const used = new Map<string, number>()
  try {
    const wanted = new Map([...rooms].map(([line, room]) => [line.endpointId, room]))
    const { claimed, exhausted } = await claimDue(deps, storeId, kind, wanted)
    for (const delivery of claimed) {
      used.set(delivery.endpoint.id, (used.get(delivery.endpoint.id) ?? 0) + 1)
      start(delivery)
    }
    for (const line of rooms.keys()) if (exhausted.has(line.endpointId)) backlog.exhausted(line, kind)
    return claimed.length
  } finally {
    const unused = [...rooms].map(([line, room]) => ({ line, count: room - (used.get(line.endpointId) ?? 0) }))
    for (const { line, count } of unused) slots.release({ ...line, kind }, count)
    for (const { line, count } of unused) await returnPace(deps, line, count)
  }
}
