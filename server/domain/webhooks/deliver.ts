import type { Deps, Turn } from '../../context'
import { SECOND_MS } from '../../kernel/clock'
import type { SendOutcome } from '../../ports/sender'
import { type Backlog, createBacklog } from './backlog'
import { signRequest } from './formats'
import type { Line } from './lines'
import { pacedForMs, returnPace, takePace } from './pacing'
import { ATTEMPT_KINDS, type AttemptKind, type Claimed, claimDue } from './queue'
import { createRecorder, type Recorder } from './results'
import { createSlots, type SlotLimits, type Slots } from './slots'
import { judge, MAX_ATTEMPTS, type Verdict } from './verdict'

/** A receiver has this long to answer (documents B and D). */
export const TIMEOUT_MS = 10 * SECOND_MS

/** How long a worker that nobody wakes waits before it looks for due work again. */
export const POLL_MS = SECOND_MS / 2

export const LIMITS: SlotLimits = { all: 128, perStore: 96, perEndpoint: 16, perFailingEndpoint: 2 }

/** Endpoints that one look brings. */
const LINES = 4 * LIMITS.all

/** A round costs as much as some sends: it waits until several slots were freed, or a moment for fewer. */
const MANY_FREED = LIMITS.all / 4
const MOMENT_MS = 10

const UNFINISHED = `Given up: ${MAX_ATTEMPTS} attempts were begun, and the last ones never came to an end.`

/**
 * Sends what is due until nothing is, several at a time; answers whether more is waiting (it was told to stop before the end).
 * Safe to run in several processes on one database. While a slow receiver holds its slots, new work goes on in the others.
 */
export async function deliverDue(deps: Deps, turn?: Turn): Promise<boolean> {
  const bell = createBell()
  const backlog = createBacklog(deps, LINES, POLL_MS)
  const recorder = createRecorder(deps)
  // True when the last round left due work behind for want of slots: only then is a freed slot a reason for another.
  let leftSome = false
  let freed = 0
  const slots = createSlots(LIMITS, () => {
    freed++
    if (slots.busy() === 0 || (leftSome && freed >= MANY_FREED)) bell.ring()
    else if (leftSome) bell.ringIn(MOMENT_MS)
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
      const round = await takeDue({ deps, slots, backlog, recorder })
      leftSome = round.leftSome
      if (round.againInMs !== undefined) bell.ringIn(round.againInMs)
      else if (!leftSome && slots.busy() === 0) return false
      await bell.heard(POLL_MS)
    }
    return true
  } finally {
    turn?.stopping.removeEventListener('abort', bell.ring)
    await slots.idle()
  }
}

type Parts = { deps: Deps; slots: Slots; backlog: Backlog; recorder: Recorder }

type Round = {
  /** Due work was left behind for want of slots. */
  leftSome: boolean
  /** When another round has something to do, slots or not. */
  againInMs: number | undefined
}

/**
 * Claims and starts what fits in the free slots. First every store up to its share, the one that has waited longest first;
 * what is free after that goes to whoever has more. In each store first attempts go before retries.
 */
async function takeDue(parts: Parts): Promise<Round> {
  const { deps, slots, backlog } = parts
  const stores = byStore(await backlog.lines())
  const share = Math.ceil(LIMITS.all / Math.max(1, stores.size))
  let count = 0
  for (const most of [Math.min(share, LIMITS.perStore), LIMITS.perStore]) {
    for (const [storeId, lines] of stores) {
      for (const kind of ATTEMPT_KINDS) {
        const limit = Math.min(slots.roomOfStore(storeId, kind), most - slots.busyOfStore(storeId))
        if (limit > 0) count += await takeOfStore(parts, storeId, kind, lines, limit)
      }
    }
  }
  const left = await backlog.lines()
  const waits = left.map((line) => pacedForMs(line, deps.clock.now()))
  const paced = waits.filter((ms) => ms > 0)
  const nextLookMs = backlog.nextLookMs()
  const reasons = [
    ...paced,
    ...(nextLookMs === undefined ? [] : [nextLookMs]),
    ...(count > 0 && left.length > 0 ? [MOMENT_MS] : []),
  ]
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

/** Answers how many were started. */
async function takeOfStore(
  { deps, slots, backlog, recorder }: Parts,
  storeId: bigint,
  kind: AttemptKind,
  lines: readonly Line[],
  limit: number,
): Promise<number> {
  const waiting = lines.filter((line) => line.due[kind] !== null)
  const rooms = new Map<string, number>()
  let left = limit
  for (const [index, line] of waiting.entries()) {
    const fair = Math.ceil(left / (waiting.length - index))
    const wanted = Math.min(slots.roomOfEndpoint(line.endpointId, kind, line.isFailing), fair)
    const room = wanted > 0 ? await takePace(deps, line, wanted) : 0
    if (room <= 0) continue
    rooms.set(line.endpointId, room)
    left -= room
  }
  if (rooms.size === 0) return 0
  const { claimed, exhausted } = await claimDue(deps, storeId, kind, rooms)
  for (const delivery of claimed) {
    const owner = { storeId, endpointId: delivery.endpoint.id, kind }
    slots.run(owner, () => deliver(deps, recorder, delivery))
  }
  for (const line of waiting) {
    if (exhausted.has(line.endpointId)) backlog.exhausted(line, kind)
    if (line.ratePerSecond === null) continue
    const used = claimed.filter(({ endpoint }) => endpoint.id === line.endpointId).length
    await returnPace(deps, line, (rooms.get(line.endpointId) ?? 0) - used)
  }
  return claimed.length
}

/** Never throws: what couldn't be written down stays leased, and is tried again when the lease ends. */
async function deliver(deps: Deps, recorder: Recorder, delivery: Claimed): Promise<void> {
  try {
    if (!delivery.endpoint.isActive) return await giveUp(recorder, delivery, 'The webhook endpoint is switched off.')
    if (delivery.attempts > MAX_ATTEMPTS) return await giveUp(recorder, delivery, UNFINISHED)
    const startedAt = deps.clock.now()
    const { isTest, endpoint, event, number: deliveryNumber } = delivery
    const { body, headers } = signRequest(event, { secrets: endpoint.secrets, deliveryNumber, at: startedAt })
    const request = { url: endpoint.url, isTest, headers, body, timeoutMs: TIMEOUT_MS }
    const outcome = await deps.sender.send(request)
    const verdict = judge(outcome, delivery, deps.clock.now())
    deps.metrics.countAttempt(verdict.status, answerOf(outcome), outcome.durationMs / SECOND_MS)
    await recorder.write({ delivery, verdict, attempt: { request, startedAt, outcome } })
  } catch (error) {
    deps.log.error({ err: error, delivery: delivery.id }, 'a webhook attempt could not be written down')
  }
}

/** Ends a delivery without a request. */
function giveUp(recorder: Recorder, delivery: Claimed, error: string): Promise<void> {
  const verdict: Verdict = { status: 'failed', error, disables: false }
  return recorder.write({ delivery, verdict, attempt: undefined })
}

/** `2xx` to `5xx`, `network` or `refused`. */
function answerOf(outcome: SendOutcome): string {
  return outcome.kind === 'answered' ? `${Math.floor(outcome.status / 100)}xx` : outcome.kind
}

/** Wakes one sleeper; a ring that nobody waited for is heard by the next who does. */
function createBell() {
  let rung = false
  let wakeUp: (() => void) | undefined
  let soon: { timer: Timer; at: number } | undefined
  const ring = () => {
    rung = true
    wakeUp?.()
  }
  return {
    ring,
    /** The soonest of several counts. */
    ringIn: (ms: number) => {
      const at = performance.now() + ms
      if (soon && soon.at <= at) return
      clearTimeout(soon?.timer)
      soon = { timer: setTimeout(ring, ms), at }
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
      clearTimeout(soon?.timer)
      soon = undefined
      rung = false
      wakeUp = undefined
    },
  }
}
