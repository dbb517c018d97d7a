import type { Deps, Turn } from '../../context'
import { SECOND_MS } from '../../kernel/clock'
import type { SendOutcome } from '../../ports/sender'
import { createBacklog } from './backlog'
import { signRequest } from './formats'
import type { Claimed } from './queue'
import { createRecorder, type Recorder } from './results'
import { MOMENT_MS, takeDue } from './round'
import { createSlots, type SlotLimits } from './slots'
import { judge, MAX_ATTEMPTS, type Verdict } from './verdict'

/** A receiver has this long to answer (documents B and D). */
export const TIMEOUT_MS = 10 * SECOND_MS

/** How long a worker that nobody wakes waits before it looks for due work again. */
export const POLL_MS = SECOND_MS / 2

/** With the slow ones fewer than the 256 requests that Bun's fetch has under way at a time: payments make some too. */
export const LIMITS: SlotLimits = {
  all: 160,
  perStore: 128,
  perEndpoint: 16,
  perFailingEndpoint: 2,
  slow: 64,
  slowAfterMs: SECOND_MS,
}

/** Endpoints that one look brings. */
const LINES = 4 * LIMITS.all

/** A round costs as much as some sends: it waits until several slots were freed, or a moment for fewer. */
const MANY_FREED = LIMITS.all / 4

/**
 * How long sends that are under way when the process is stopped may still be answered: within the time that a supervisor waits, and
 * with enough of it left to give back what hangs.
 */
const LAST_ANSWERS_MS = 4 * SECOND_MS

const STOPPED = 'The server was stopped before an answer came; it is sent again.'
const UNFINISHED = `Given up: ${MAX_ATTEMPTS} attempts were begun, and the last ones never came to an end.`

/**
 * Sends what is due until nothing is, several at a time; answers whether more is waiting (it was told to stop before the end).
 * Safe to run in several processes on one database. While a slow receiver holds its slots, new work goes on in the others.
 */
export async function deliverDue(deps: Deps, turn?: Turn, pollMs = POLL_MS): Promise<boolean> {
  const bell = createBell()
  const backlog = createBacklog(deps, LINES, pollMs)
  const recorder = createRecorder(deps)
  const ending = createEnding(turn?.stopping)
  // True when the last round left due work behind for want of slots: only then is a freed slot a reason for another.
  let leftSome = false
  let freed = 0
  const slots = createSlots(LIMITS, () => {
    freed++
    if (slots.busy() === 0 || (leftSome && freed >= MANY_FREED)) bell.ring()
    else if (leftSome) bell.ringIn(MOMENT_MS)
  })
  const start = (delivery: Claimed) => {
    const { storeId, kind, endpoint } = delivery
    slots.run({ storeId, kind, endpointId: endpoint.id }, () => deliver(deps, recorder, delivery, ending.signal))
  }
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
      const round = await takeDue({ deps, slots, limits: LIMITS, backlog, start })
      leftSome = round.leftSome
      if (round.againInMs !== undefined) bell.ringIn(round.againInMs)
      else if (!leftSome && slots.busy() === 0) return false
      await bell.heard(pollMs)
    }
    return true
  } finally {
    turn?.stopping.removeEventListener('abort', bell.ring)
    await slots.idle()
    ending.over()
  }
}

/** Never throws: what couldn't be written down stays leased, and is tried again when the lease ends. */
async function deliver(deps: Deps, recorder: Recorder, delivery: Claimed, end: AbortSignal): Promise<void> {
  try {
    if (!delivery.endpoint.isActive) return await giveUp(recorder, delivery, 'The webhook endpoint is switched off.')
    if (delivery.attempts > MAX_ATTEMPTS) return await giveUp(recorder, delivery, UNFINISHED)
    const startedAt = deps.clock.now()
    const { isTest, endpoint, event, number: deliveryNumber } = delivery
    const { body, headers } = signRequest(event, { secrets: endpoint.secrets, deliveryNumber, at: startedAt })
    const request = { url: endpoint.url, isTest, headers, body, timeoutMs: TIMEOUT_MS }
    const outcome = await unlessAborted(deps.sender.send(request), end)
    if (outcome === undefined) return await giveBack(recorder, delivery, deps.clock.now())
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

/** Ends the lease now and forgets the attempt, whose answer nobody will hear: the next process sends it again at once. */
function giveBack(recorder: Recorder, delivery: Claimed, dueAt: Date): Promise<void> {
  const verdict: Verdict = { status: 'pending', error: STOPPED, dueAt }
  return recorder.write({ delivery, verdict, attempt: undefined })
}

/** Aborts a while after `stopping` does. */
function createEnding(stopping: AbortSignal | undefined) {
  const end = new AbortController()
  let timer: Timer | undefined
  const begin = () => {
    timer = setTimeout(() => end.abort(), LAST_ANSWERS_MS)
  }
  if (stopping?.aborted) begin()
  stopping?.addEventListener('abort', begin, { once: true })
  return {
    signal: end.signal,
    over: () => {
      stopping?.removeEventListener('abort', begin)
      clearTimeout(timer)
    },
  }
}

/** Undefined as soon as `signal` aborts: what is under way is left to itself. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const leave = () => resolve(undefined)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
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
