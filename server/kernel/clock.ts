/** Where time comes from. Services never call `new Date()`: tests and the sandbox move this clock instead. */
export type Clock = { now(): Date }

export const systemClock: Clock = { now: () => new Date() }

export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** The instant `ms` after (or, negative, before) another. */
export function addMs(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms)
}

/** In UTC, and saying so: the server doesn't know where the buyer is. */
export function formatInstant(at: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  }).format(at)
}
