import type { Deps, Turn } from '../../context'
import { SECOND_MS } from '../../kernel/clock'
import { type Backlog, createBacklog } from './backlog'
import { signRequest } from './formats'
import { type Claimed, claimDue, giveUp, recordAttempt } from './queue'
import { createSlots, type SlotLimits, type Slots } from './slots'
import { judge, MAX_ATTEMPTS } from './verdict'

/** A receiver has this long to answer (documents B and D). */
export const TIMEOUT_MS = 10 * SECOND_MS

/** How long a worker that nobody wakes waits before it looks for due work again. */
export const POLL_MS = SECOND_MS / 2

const LIMITS: SlotLimits = { all: 32, perStore: 24, perEndpoint: 8 }

/** A round costs as much as some sends: it waits until several slots were freed, or a moment for fewer. */
const MANY_FREED = LIMITS.all / 4
const MOMENT_MS = 25

const UNFINISHED = `Given up: ${MAX_ATTEMPTS} attempts were begun, and the last ones never came to an end.`

/**
 * Sends what is due until nothing is, several at a time; answers whether more is waiting (it was told to stop before the end).
 * Safe to run in several processes on one database. While a slow receiver holds its slots, new work goes on in the others.
 */
export async function deliverDue(deps: Deps, turn?: Turn): Promise<boolean> {
  const bell = createBell()
  const backlog = createBacklog(deps, LIMITS.all, POLL_MS)
  // True when the last round left due work behind for want of slots: only then is a freed slot a reason for another.
  let leftSome = false
  let freed = 0
  const slots = createSlots(LIMITS, () => {
    freed++
    if (slots.busy() === 0 || (leftSome && freed >= MANY_FREED)) bell.ring()
    else if (leftSome) bell.ringSoon()
  })
  turn?.onWake(() => {
    backlog.stale()
    bell.ring()
  })
  turn?.stopping.addEventListener('abort', bell.ring, { once: true })
  try {
    while (!turn?.stopping.aborted) {
      // A slot that is freed during the round may have been wanted by it.
      leftSome = true
      freed = 0
      const round = await takeDue(deps, slots, backlog)
      leftSome = round.leftSome
      if (round.count === 0 && !leftSome && slots.busy() === 0) return false
      if (round.count > 0 && leftSome) bell.ringSoon()
      await bell.heard(POLL_MS)
    }
    return true
  } finally {
    turn?.stopping.removeEventListener('abort', bell.ring)
    await slots.idle()
  }
}

/**
 * Claims and starts what fits in the free slots. First every store up to its share, the one that has waited longest first;
 * what is free after that goes to whoever has more.
 */
async function takeDue(deps: Deps, slots: Slots, backlog: Backlog): Promise<{ count: number; leftSome: boolean }> {
  if (slots.free() === 0) return { count: 0, leftSome: true }
  const stores = await backlog.stores()
  const share = Math.ceil(LIMITS.all / Math.max(1, stores.size))
  let leftSome = false
  let count = 0
  for (const most of [Math.min(share, LIMITS.perStore), LIMITS.perStore]) {
    for (const storeId of stores) {
      const limit = Math.min(slots.free(), most - slots.busyOfStore(storeId))
      if (limit <= 0) continue
      // What waits for one of these isn't looked at, so that it can't be known how much it is.
      const fullEndpoints = slots.fullEndpoints()
      if (fullEndpoints.length > 0) leftSome = true
      const { claimed, all } = await claimDue(deps, storeId, { limit, roomOf: slots.roomOfEndpoint, fullEndpoints })
      for (const delivery of claimed) {
        slots.run({ storeId, endpointId: delivery.endpoint.id }, () => deliver(deps, delivery))
      }
      count += claimed.length
      if (all) stores.delete(storeId)
    }
  }
  return { count, leftSome: leftSome || stores.size > 0 || backlog.hasMore() }
}

/** Never throws: what couldn't be written down stays leased, and is tried again when the lease ends. */
async function deliver(deps: Deps, delivery: Claimed): Promise<void> {
  try {
    if (!delivery.endpoint.isActive) return await giveUp(deps, delivery, 'The webhook endpoint is switched off.')
    if (delivery.attempts > MAX_ATTEMPTS) return await giveUp(deps, delivery, UNFINISHED)
    const startedAt = deps.clock.now()
    const { body, headers } = signRequest(delivery.event, {
      secrets: [delivery.endpoint.secret],
      deliveryNumber: delivery.number,
      at: startedAt,
    })
    const { isTest, endpoint } = delivery
    const outcome = await deps.sender.send({ url: endpoint.url, isTest, headers, body, timeoutMs: TIMEOUT_MS })
    const verdict = judge(outcome, delivery, deps.clock.now())
    await recordAttempt(deps, delivery, { startedAt, outcome, verdict })
  } catch (error) {
    deps.log.error({ err: error, delivery: delivery.id }, 'a webhook attempt could not be written down')
  }
}

/** Wakes one sleeper; a ring that nobody waited for is heard by the next who does. */
function createBell() {
  let rung = false
  let wakeUp: (() => void) | undefined
  let soon: Timer | undefined
  const ring = () => {
    rung = true
    wakeUp?.()
  }
  return {
    ring,
    ringSoon: () => {
      soon ??= setTimeout(ring, MOMENT_MS)
    },
    heard: async (ms: number) => {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wakeUp = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      clearTimeout(soon)
      soon = undefined
      rung = false
      wakeUp = undefined
    },
  }
}
