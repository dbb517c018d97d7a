import { EVENT_TYPES, type EventType } from './catalogue'

/** The event types that a mistaken one may have meant, nearest first: few typing errors away, or with a part in common. */
export function nearestEventTypes(mistaken: string): EventType[] {
  const text = mistaken.toLowerCase()
  const parts = text.split(/[^a-z]+/).filter((part) => part.length > 2)
  return EVENT_TYPES.map((type) => ({ type, distance: editDistance(text, type) }))
    .filter(({ type, distance }) => distance <= type.length / 3 || parts.some((part) => type.includes(part)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ type }) => type)
}

/** Levenshtein's: insertions, deletions and replacements from one text to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
