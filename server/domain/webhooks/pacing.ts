import { and, eq, isNull } from 'drizzle-orm'
import type { Deps } from '../../context'
import { addMs, SECOND_MS } from '../../kernel/clock'
import type { Line } from './lines'
import { webhookEndpoints } from './table'

/** What was not used lately may be caught up on within so long: a tenth of a second's requests may come at once. */
const BURST_MS = SECOND_MS / 10

type Paced = Pick<Line, 'ratePerSecond' | 'pacedUntil'>

/**
 * How many requests an endpoint's rate limit lets go at `now`, and up to when its share is used up afterwards. A line in time
 * that each request moves on by 1/rate of a second (the generic cell rate algorithm): it needs one instant and no counter.
 */
export function paceOf({ ratePerSecond, pacedUntil }: Paced, wanted: number, now: Date) {
  if (ratePerSecond === null) return { allowed: wanted, pacedUntil }
  const gapMs = SECOND_MS / ratePerSecond
  const earliest = now.getTime() - Math.max(BURST_MS, gapMs)
  const from = Math.max(pacedUntil?.getTime() ?? earliest, earliest)
  const allowed = Math.max(0, Math.min(wanted, Math.floor((now.getTime() - from) / gapMs)))
  // Rounded up to what the column can hold: never faster than asked for.
  return { allowed, pacedUntil: allowed === 0 ? pacedUntil : new Date(Math.ceil(from + allowed * gapMs)) }
}

/** In how many milliseconds the rate limit lets another request go; 0 when now. */
export function pacedForMs(line: Paced, now: Date): number {
  if (line.ratePerSecond === null || line.pacedUntil === null) return 0
  return Math.max(0, Math.ceil(line.pacedUntil.getTime() + SECOND_MS / line.ratePerSecond - now.getTime()))
}

/**
 * Takes up to `wanted` requests of the endpoint's rate limit, for all processes together, and answers how many it got. A limit
 * that another process took from meanwhile answers 0: the next look knows more.
 */
export async function takePace(deps: Deps, line: Line, wanted: number): Promise<number> {
  if (line.ratePerSecond === null) return wanted
  const { allowed, pacedUntil } = paceOf(line, wanted, deps.clock.now())
  if (allowed === 0 || !(await movePace(deps, line, pacedUntil))) return 0
  return allowed
}

/** Gives back what was taken for deliveries that weren't there. */
export async function returnPace(deps: Deps, line: Line, count: number): Promise<void> {
  if (line.ratePerSecond === null || line.pacedUntil === null || count === 0) return
  await movePace(deps, line, addMs(line.pacedUntil, -Math.floor((count * SECOND_MS) / line.ratePerSecond)))
}

async function movePace(deps: Deps, line: Line, to: Date | null): Promise<boolean> {
  const e = webhookEndpoints
  const moved = await deps.db
    .update(e)
    .set({ pacedUntil: to })
    .where(
      and(
        eq(e.storeId, line.storeId),
        eq(e.id, line.endpointId),
        line.pacedUntil === null ? isNull(e.pacedUntil) : eq(e.pacedUntil, line.pacedUntil),
      ),
    )
    .returning({ id: e.id })
  if (moved.length > 0) line.pacedUntil = to
  return moved.length > 0
}
