import { AppError } from '../kernel/errors'
import { formatDecimal, parseDecimal, plainDecimal } from '../kernel/money'
import { amountLimits } from '../kernel/wire'
import type { RestRequest } from './request'

/*
 * The fields of document D: decimals, read from the text that was sent: a float has forgotten whether it was 19.99 or 19.990000000000000001.
 */

/** A shop fills the fields of its form in, and leaves what it has nothing for empty. */
export function filled(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== ''))
}

export function noBoolean(field: string) {
  return new AppError('invalid_request', `${field}: must be true or false`, { field })
}

type Sent = Pick<RestRequest, 'body' | 'bodyText'>

/**
 * A field of the body as decimal text: `29.99` for the number 29.99 and for the text "29.99", `100` for 1e2. Null when it isn't
 * there; undefined when it is no decimal. Throws invalid_request for a body that is nested too deeply to be read again.
 */
export function readDecimal({ body, bodyText }: Sent, field: string): string | null | undefined {
  const value = Object.hasOwn(body, field) ? body[field] : null
  if (typeof value === 'number') return plainDecimal(numberText(bodyText, field) ?? String(value))
  if (typeof value === 'string') return /^\d{1,18}(\.\d{1,9})?$/.exec(value.trim())?.[0]
  return value === null ? null : undefined
}

class NumberText {
  constructor(readonly text: string) {}
}

/** What stood in the source for a number at the top: `JSON.parse` tells it to a reviver. */
function numberText(bodyText: string, field: string): string | undefined {
  const parsed = parseWithTexts(bodyText)
  return Object.entries(parsed).find(([name]) => name === field)?.[1]?.text
}

function parseWithTexts(bodyText: string): Record<string, Partial<NumberText>> {
  try {
    return JSON.parse(bodyText, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' ? new NumberText(context?.source ?? String(value)) : value,
    )
  } catch (cause) {
    // With a reviver the engine descends by its stack.
    throw new AppError('invalid_request', 'The input is nested too deeply.', { cause })
  }
}

/**
 * Document D's `amount` in the smallest unit. Throws invalid_request in the document's words when it is missing or out of range,
 * and in our own when it has more digits than the currency.
 */
export function readAmount(sent: Sent, currency: string): number {
  const text = readDecimal(sent, 'amount')
  const { min, max } = amountLimits(currency)
  const code = currency === 'usd' ? '' : ` ${currency.toUpperCase()}`
  const range = `amount is required and must be between ${formatDecimal(min, currency)} and ${formatDecimal(max, currency)}${code}`
  if (text === null || text === undefined) throw badAmount(range)
  const minor = parseDecimal(text, currency)
  if (minor !== undefined && minor >= min && minor <= max) return Number(minor)
  const digits = text.split('.')[1]?.length ?? 0
  if (minor !== undefined || digits === 0) throw badAmount(range)
  const largest = formatDecimal(0n, currency).split('.')[1]?.length ?? 0
  throw badAmount(
    `amount must have at most ${largest} digits after the point in ${currency.toUpperCase()}, and ${text} has ${digits}`,
  )
}

function badAmount(message: string) {
  return new AppError('invalid_request', message, { field: 'amount' })
}
