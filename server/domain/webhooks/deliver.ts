import type { Deps, Turn } from '../../context'
import { SECOND_MS } from '../../kernel/clock'
import { signRequest } from './formats'
import { type Claimed, claimDue, giveUp, recordAttempt, storesWithDueWork } from './queue'
import { createSlots, type SlotLimits, type Slots } from './slots'
import { judge, MAX_ATTEMPTS } from './verdict'

/** A receiver has this long to answer (documents B and D). */
export const TIMEOUT_MS = 10 * SECOND_MS

/** How long a worker that nobody wakes waits before it looks for due work again. */
export const POLL_MS = SECOND_MS / 2

const LIMITS: SlotLimits = { all: 32, perStore: 24, perEndpoint: 8 }

const UNFINISHED = `Given up: ${MAX_ATTEMPTS} attempts were begun, and the last ones never came to an end.`

/**
 * Sends what is due until nothing is, several at a time; answers whether more is waiting (it was told to stop before the end).
 * Safe to run in several processes on one database. While a slow receiver holds its slots, new work goes on in the others.
 */
export async function deliverDue(deps: Deps, turn?: Turn): Promise<boolean> {
  const bell = createBell()
  // True when the last look left due work behind for want of slots: only then is a freed slot a reason to look again.
  let leftSome = false
  const slots = createSlots(LIMITS, () => {
    if (leftSome || slots.busy() === 0) bell.ring()
  })
  turn?.onWake(bell.ring)
  turn?.stopping.addEventListener('abort', bell.ring, { once: true })
  try {
    while (!turn?.stopping.aborted) {
      const taken = await takeDue(deps, slots)
      leftSome = taken.leftSome
      if (taken.count === 0 && slots.busy() === 0) return false
      if (taken.count === 0 || !leftSome || slots.free() === 0) await bell.heard(POLL_MS)
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
async function takeDue(deps: Deps, slots: Slots): Promise<{ count: number; leftSome: boolean }> {
  if (slots.free() === 0) return { count: 0, leftSome: true }
  const stores = await storesWithDueWork(deps, LIMITS.all)
  const waiting = new Set(stores)
  let count = 0
  for (const share of [Math.ceil(LIMITS.all / Math.max(1, stores.length)), LIMITS.perStore]) {
    for (const storeId of waiting) {
      const limit = Math.min(slots.free(), Math.min(share, LIMITS.perStore) - slots.busyOfStore(storeId))
      if (limit <= 0) continue
      const { claimed, all } = await claimDue(deps, storeId, {
        limit,
        roomOf: slots.roomOfEndpoint,
        fullEndpoints: slots.fullEndpoints(),
      })
      for (const delivery of claimed) slots.run(delivery, () => deliver(deps, delivery))
      count += claimed.length
      if (all) waiting.delete(storeId)
    }
  }
  const moreStores = stores.length === LIMITS.all
  return { count, leftSome: moreStores || waiting.size > 0 || slots.fullEndpoints().length > 0 }
}

/** Never throws: what couldn't be written down stays leased, and is tried again when the lease ends. */
async function deliver(deps: Deps, delivery: Claimed): Promise<void> {
  try {
    if (!delivery.isActive) return await giveUp(deps, delivery, 'The webhook endpoint is switched off.')
    if (delivery.attempts > MAX_ATTEMPTS) return await giveUp(deps, delivery, UNFINISHED)
    const startedAt = deps.clock.now()
    const { body, headers } = signRequest(delivery.event, delivery.secret, startedAt)
    const outcome = await deps.sender.send({ url: delivery.url, headers, body, timeoutMs: TIMEOUT_MS })
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
  return {
    ring: () => {
      rung = true
      wakeUp?.()
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
      rung = false
      wakeUp = undefined
    },
  }
}
