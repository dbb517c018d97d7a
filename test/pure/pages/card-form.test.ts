import fc from 'fast-check'
import { expect, test } from 'vitest'
import { groupExpiry, groupNumber, parseExpiry } from '../../../server/pages/card-fields'
import { readCardForm } from '../../../server/pages/card-form'
import { TEXTS } from '../../../server/pages/texts'

const now = new Date('2026-03-31T23:59:59Z')
const good = {
  email: ' buyer@example.com ',
  number: '4000 0000 0000 0002',
  expiry: '12/30',
  cvc: '123',
  name: ' Ada Buyer ',
}
const read = (changes: Partial<typeof good>) => readCardForm(new URLSearchParams({ ...good, ...changes }), now)
const problemsOf = (changes: Partial<typeof good>) => read(changes).problems.map(({ problem }) => problem)

test('a complete form becomes a payment with the spaces gone', () => {
  expect(read({}).payment).toEqual({
    email: 'buyer@example.com',
    name: 'Ada Buyer',
    card: { number: '4000000000000002', expMonth: 12, expYear: 2030, cvc: '123', name: 'Ada Buyer' },
  })
})

test.each(['12/30', '1230', '12/2030', '12 / 30', '12-30', '2030-12', '122030', '12.30'])(
  'the expiry date is understood as %s',
  (text) => expect(parseExpiry(text)).toEqual({ month: 12, year: 2030 }),
)

test.each(['13/30', '00/30', '1/3', 'soon', '12/30/2030', '12/1930', '123'])('%s is no expiry date', (text) => {
  expect(problemsOf({ expiry: text })).toEqual(['expiry_invalid'])
})

test('a card is good until the end of its month and not a month longer', () => {
  expect(problemsOf({ expiry: '03/26' })).toEqual([])
  expect(problemsOf({ expiry: '02/26' })).toEqual(['expiry_past'])
})

test('every field says what is wrong with it, in the order of the page', () => {
  expect(problemsOf({ email: '', number: '', expiry: '', cvc: '', name: '' })).toEqual([
    'email_missing',
    'number_missing',
    'expiry_missing',
    'cvc_missing',
    'name_missing',
  ])
  expect(problemsOf({ email: 'buyer@', number: '4000', cvc: '12', name: 'A\u0000' })).toEqual([
    'email_invalid',
    'number_invalid',
    'cvc_invalid',
    'name_invalid',
  ])
})

test('whatever is posted is either a payment or has problems with words for them', () => {
  const fields = fc.dictionary(
    fc.constantFrom('email', 'number', 'expiry', 'cvc', 'name', 'other'),
    fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\d /-]{0,20}$/), fc.emailAddress()),
  )
  fc.assert(
    fc.property(fields, (posted) => {
      const { payment, problems } = readCardForm(new URLSearchParams(posted), now)
      expect(payment === null).toBe(problems.length > 0)
      for (const { problem } of problems) expect(TEXTS.de.problems[problem]).toBeTruthy()
      if (payment) expect(payment.card.number).toMatch(/^\d{12,19}$/)
    }),
  )
})

test('card numbers are grouped as they are printed, and keep all their digits', () => {
  expect(groupNumber('4000000000000002')).toBe('4000 0000 0000 0002')
  expect(groupNumber('4000-0000 0000')).toBe('4000 0000 0000')
  expect(groupNumber('378282246310005')).toBe('3782 822463 10005')
  fc.assert(
    fc.property(fc.stringMatching(/^\d{0,19}$/), (digits) => {
      expect(groupNumber(digits).replaceAll(' ', '')).toBe(digits)
    }),
  )
})

test('what the expiry field makes of typing is still the date that was typed', () => {
  expect(['1', '12', '123', '1230', '122030', '2030-12', '5/30', '530'].map(groupExpiry)).toEqual([
    '1',
    '12',
    '12 / 3',
    '12 / 30',
    '12 / 2030',
    '12 / 30',
    '05 / 30',
    '05 / 30',
  ])
})
