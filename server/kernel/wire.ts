import * as z from 'zod'
import { exponentOf, isCurrency } from './money'

/** The pieces that every domain's schema is made of, with the words that the docs, the errors and the agents read. */

/** ISO 8601 in UTC with milliseconds: `2026-03-01T12:00:00.000Z`. */
export const Instant = z.iso.datetime().describe('ISO 8601 in UTC')

export function toInstant(at: Date): string {
  return at.toISOString()
}

export const Currency = z
  .string()
  .trim()
  .toLowerCase()
  .refine(isCurrency, 'must be a three-letter ISO 4217 code such as usd, eur or jpy')
  .describe('ISO 4217 code in lower case, for example usd')

/** Stripe's largest charge: eight digits. */
export const MAX_AMOUNT_MINOR = 99_999_999

/** Document D's 0.50 to 50,000 USD. */
const USD_LIMITS = { min: 50n, max: 5_000_000n }

/** What may be asked for without a product, whose price has been thought about. At least 50 hundredths of the currency's unit. */
export function amountLimits(currency: string): { min: bigint; max: bigint } {
  if (currency === 'usd') return USD_LIMITS
  return { min: exponentOf(currency) === 3 ? 500n : 50n, max: BigInt(MAX_AMOUNT_MINOR) }
}

/** Amounts going out. */
export const Cents = z.int().describe("Amount in the currency's smallest unit, for example 1999 for $19.99")

export const Text = (max: number) =>
  z
    .string()
    .trim()
    .max(max, `must have at most ${max} characters`)
    .refine(isPlainText, 'must not contain control characters or broken Unicode')

/** What every database, page and mail can show: line breaks and tabs, but no other control character and no half of a pair. */
function isPlainText(text: string): boolean {
  return text.isWellFormed() && !/[^\P{Cc}\n\r\t]|[\u202a-\u202e\u2066-\u2069]/u.test(text)
}

export const RequiredText = (max: number) =>
  Text(max)
    .min(1, 'must not be empty')
    .refine((text) => /[^\p{C}\p{Z}]/u.test(text), 'must hold a visible character')

export const Email = z
  .string()
  .trim()
  .max(254, 'must have at most 254 characters')
  .email('must be an e-mail address such as buyer@example.com')

export const HttpUrl = z
  .string()
  .trim()
  .max(2_048, 'must have at most 2048 characters')
  .refine(isHttpUrl, 'must be an http or https URL such as https://example.com/thanks')
  .refine(isPlainText, 'must not contain control characters or broken Unicode')
  .meta({ examples: ['https://example.com/'] })

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:')
}

/** Newest first. A page is asked for with the `next_cursor` of the one before. */
export const PageInput = {
  limit: z.int().min(1).max(100).default(20).describe('Results per page, 1 to 100'),
  cursor: z.string().max(200).optional().describe('next_cursor of the page before'),
}

export const NextCursor = z.string().nullable().describe('Pass it as cursor to get the next page; null on the last one')

export const When = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time such as 2026-03-01T12:00:00Z' })

/** Narrows a list to a time: from inclusive, to exclusive. */
export const TimeRange = {
  from: When.optional().describe('Only what was made at this time or later; ISO 8601'),
  to: When.optional().describe('Only what was made before this time; ISO 8601'),
}

export type Position = { at: Date; id: string }

/** Where a page ended: opaque to callers, an instant and an id to us. */
export function encodeCursor(position: Position): string {
  return Buffer.from(`${position.at.getTime()}_${position.id}`).toString('base64url')
}

export function decodeCursor(cursor: string): Position | undefined {
  const match = /^(\d{1,15})_([\w-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString())
  const at = new Date(Number(match?.[1]))
  return match?.[2] && !Number.isNaN(at.getTime()) ? { at, id: match[2] } : undefined
}
