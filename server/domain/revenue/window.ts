import { addMs, DAY_MS } from '../../kernel/clock'
import { PERIOD_DAYS, type Period } from './schema'

/**
 * A period as the reader needs it: an entry counts when `after < happened_at <= to`. From `firstDayAt` on, whole UTC days cover
 * it; what lies between `after` and `firstDayAt` is the partial first day.
 */
export type RevenueWindow = { after: Date; to: Date; firstDay: string; firstDayAt: Date }

export function windowOf(period: Period, to: Date): RevenueWindow {
  const after = addMs(to, -PERIOD_DAYS[period] * DAY_MS)
  // `after` itself is outside, so that the first millisecond inside decides which day is the first whole one.
  const firstDayAt = new Date(Math.ceil((after.getTime() + 1) / DAY_MS) * DAY_MS)
  return { after, to, firstDay: utcDay(firstDayAt), firstDayAt }
}

/** `2026-03-02` */
export function utcDay(at: Date): string {
  return at.toISOString().slice(0, 10)
}

/** Midnight UTC at or before an instant. */
export function startOfUtcDay(at: Date): Date {
  return new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS)
}
