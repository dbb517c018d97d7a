import * as z from 'zod'
import type { CardPayment } from '../domain/payments/service'
import { CARD_FIELDS, type CardField, digitsOf, type Expiry, parseExpiry, problemOf } from './card-fields'
import type { Problem } from './texts'

export type FieldProblem = { field: CardField | 'pay_in'; problem: Problem }

/** A form that can be paid with, or what is wrong with it: at most one problem a field, in the order of the page. */
export type CardFormReading = { payment: CardPayment; problems: [] } | { payment: null; problems: FieldProblem[] }

const text = z.string().catch('')
const RawForm = z.object({ email: text, number: text, expiry: text, cvc: text, name: text })

/**
 * Reads the posted card form; pure. The card number isn't checked by its Luhn digit: the gateway knows better, and the
 * documented test cards don't all have one.
 */
export function readCardForm(fields: URLSearchParams, now: Date): CardFormReading {
  const month = monthOf(now)
  const parsed = cardFormAt(month).safeParse(Object.fromEntries(fields))
  if (parsed.success) return { payment: parsed.data, problems: [] }
  const problems = parsed.error.issues.map((issue) => ({
    field: issue.path[0] as CardField,
    problem: issue.message as Problem,
  }))
  return { payment: null, problems }
}

/** The month that a card must still be good in. */
export function monthOf(at: Date): Expiry {
  return { month: at.getUTCMonth() + 1, year: at.getUTCFullYear() }
}

function cardFormAt(now: Expiry) {
  return RawForm.check((input) => {
    for (const field of CARD_FIELDS) {
      const message = problemOf(field, input.value[field], now)
      if (message) input.issues.push({ code: 'custom', path: [field], message, input: input.value[field] })
    }
  }).transform((form): CardPayment => {
    const expiry = parseExpiry(form.expiry) ?? now
    const name = form.name.trim()
    const card = { number: digitsOf(form.number), expMonth: expiry.month, expYear: expiry.year, cvc: form.cvc.trim() }
    return { email: form.email.trim(), name, card: { ...card, name } }
  })
}
