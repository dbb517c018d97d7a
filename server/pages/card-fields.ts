/**
 * What buyers type into the card form, read leniently. Shared by the server and the page's script, so it must stay free of
 * imports: whatever it pulled in would be sent to every buyer.
 */

export const CARD_FIELDS = ['email', 'number', 'expiry', 'cvc', 'name'] as const
export type CardField = (typeof CARD_FIELDS)[number]

/** Without the spaces and hyphens that cards are printed and pasted with. */
export function digitsOf(text: string): string {
  return text.replace(/[\s\u00a0-]/g, '')
}

export type Expiry = { month: number; year: number }

/** `12/30`, `1230`, `12/2030`, `1/30`, `12 - 30` and a month picker's `2030-12`; undefined for anything else. */
export function parseExpiry(text: string): Expiry | undefined {
  const compact = text.replace(/\s/g, '')
  const iso = /^(20\d{2})-(\d{2})$/.exec(compact)
  const plain = /^(\d{1,2})[/.-](\d{2}|20\d{2})$/.exec(compact) ?? /^(\d{2})(\d{2}|20\d{2})$/.exec(compact)
  const month = Number(iso ? iso[2] : plain?.[1])
  const year = iso ? iso[1] : plain?.[2]
  if (year === undefined || !(month >= 1 && month <= 12)) return undefined
  return { month, year: Number(year) % 100 === Number(year) ? 2000 + Number(year) : Number(year) }
}

/** A card is good until the end of its month. */
export function isPast(expiry: Expiry, now: Expiry): boolean {
  return expiry.year * 12 + expiry.month < now.year * 12 + now.month
}

/** The problem of one field, or undefined; `now` is the server's month, since a buyer's clock may be wrong. */
export function problemOf(field: CardField, text: string, now: Expiry) {
  const value = text.trim()
  if (value === '') return `${field}_missing` as const
  if (field === 'email') return looksLikeEmail(value) ? undefined : 'email_invalid'
  if (field === 'number') return /^\d{12,19}$/.test(digitsOf(value)) ? undefined : 'number_invalid'
  if (field === 'cvc') return /^\d{3,4}$/.test(value) ? undefined : 'cvc_invalid'
  if (field === 'name') return value.length <= 100 && !/\p{Cc}/u.test(value) ? undefined : 'name_invalid'
  const expiry = parseExpiry(value)
  if (!expiry) return 'expiry_invalid'
  return isPast(expiry, now) ? 'expiry_past' : undefined
}

/** Catches slips only; whether an address exists, nobody can tell from its letters. */
function looksLikeEmail(value: string): boolean {
  return value.length <= 254 && /^[^\s@,;<>"\p{Cc}]+@[^\s@,;<>"\p{Cc}]+\.[^\s@,;<>".\p{Cc}]{2,}$/u.test(value)
}

/** How a number is printed on the card: American Express in 4-6-5, everybody else in fours. */
export function groupNumber(text: string): string {
  const digits = text.replace(/\D/g, '').slice(0, 19)
  const sizes = /^3[47]/.test(digits) ? [4, 6, 5, 4] : [4, 4, 4, 4, 3]
  const groups: string[] = []
  let at = 0
  for (const size of sizes) {
    if (at < digits.length) groups.push(digits.slice(at, at + size))
    at += size
  }
  return groups.join(' ')
}

/** `1230` → `12 / 30`; a first digit above 1 can only be a month of its own. */
export function groupExpiry(text: string): string {
  const iso = parseExpiry(text)
  if (iso && /^\s*20\d{2}-/.test(text)) return `${String(iso.month).padStart(2, '0')} / ${String(iso.year).slice(2)}`
  const slashed = /^\s*(\d)\s*[/.-]/.exec(text)
  const raw = (slashed ? `0${text.trim()}` : text).replace(/\D/g, '').slice(0, 6)
  const digits = /^[2-9]/.test(raw) ? `0${raw}` : raw
  return digits.length > 2 ? `${digits.slice(0, 2)} / ${digits.slice(2)}` : digits
}
