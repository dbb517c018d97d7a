import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  basisPointsOf,
  CURRENCIES,
  exponentOf,
  formatDecimal,
  formatMoney,
  isCurrency,
  parseDecimal,
  plainDecimal,
  toDecimalNumber,
  toWireMinor,
} from '../../../server/kernel/money'

const currency = fc.constantFrom(...CURRENCIES)
const minor = fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n })

describe.each([
  ['jpy', 0],
  ['usd', 2],
  ['kwd', 3],
] as const)('%s, %i digits', (code, digits) => {
  test('every amount survives the way to a decimal and back', () => {
    fc.assert(
      fc.property(minor, (amount) => {
        const text = formatDecimal(amount, code)
        expect(text).toMatch(digits === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${digits}}$`))
        expect(parseDecimal(text, code)).toBe(amount)
      }),
    )
  })

  test('a decimal with more digits than the currency is refused, unless they are zeros', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 9 }), (whole, last) => {
        const zeros = '0'.repeat(digits)
        expect(parseDecimal(`${whole}.${zeros}${last}`, code)).toBeUndefined()
        expect(parseDecimal(`${whole}.${zeros}0`, code)).toBe(BigInt(whole) * 10n ** BigInt(digits))
      }),
    )
  })
})

test('decimals are read digit by digit: what a float would change stays exact', () => {
  expect(parseDecimal('19.99', 'usd')).toBe(1_999n)
  expect(parseDecimal('1.1', 'usd')).toBe(110n)
  expect(parseDecimal('-0.29', 'usd')).toBe(-29n)
  expect(parseDecimal('1.005', 'kwd')).toBe(1_005n)
  expect(parseDecimal('90071992547409.93', 'usd')).toBe(9_007_199_254_740_993n)
})

test.each([
  '',
  '.',
  '1.',
  '.5',
  '1,5',
  '1e3',
  '+1',
  ' 1',
  '1 ',
  '0x10',
  '١',
  'NaN',
  '--1',
  '1.2.3',
  `1${'0'.repeat(18)}`,
])('the text %j is no amount', (text) => {
  expect(parseDecimal(text, 'usd')).toBeUndefined()
})

test('no text makes parsing throw', () => {
  fc.assert(fc.property(fc.string(), currency, (text, code) => void parseDecimal(text, code)))
})

test('every currency is a lower-case ISO code with 0, 2 or 3 digits; an unknown one is refused', () => {
  expect(new Set(CURRENCIES).size).toBe(CURRENCIES.length)
  for (const code of CURRENCIES) {
    expect(code).toMatch(/^[a-z]{3}$/)
    expect([0, 2, 3]).toContain(exponentOf(code))
  }
  for (const code of ['USD', 'xxx', '', 'us', 'constructor', '__proto__']) {
    expect(isCurrency(code)).toBe(false)
    expect(() => exponentOf(code)).toThrow(RangeError)
  }
})

test('people read the symbol and exactly the digits of ISO 4217', () => {
  expect(formatMoney(11_700n, 'usd')).toBe('$117.00')
  expect(formatMoney(3_900n, 'gbp')).toBe('£39.00')
  expect(formatMoney(500n, 'jpy')).toBe('¥500')
  expect(formatMoney(1_234n, 'kwd')).toBe('KWD\u00a01.234')
  expect(formatMoney(123_45n, 'huf')).toBe('HUF\u00a0123.45')
  expect(formatMoney(-2_500n, 'usd')).toBe('-$25.00')
  expect(formatMoney(1_999n, 'eur', 'de-DE')).toBe('19,99\u00a0€')
  expect(formatMoney(900_719_925_474_099_399n, 'usd')).toBe('$9,007,199,254,740,993.99')
})

test('formatting loses no digit of any amount', () => {
  fc.assert(
    fc.property(minor, currency, (amount, code) => {
      const digits = formatMoney(amount, code).replace(/\D/g, '')
      expect(BigInt(digits)).toBe(amount < 0n ? -amount : amount)
    }),
  )
})

test('basis points are rounded half up', () => {
  expect(basisPointsOf(1_999n, 250)).toBe(50n)
  expect(basisPointsOf(100n, 50)).toBe(1n)
  expect(basisPointsOf(99n, 50)).toBe(0n)
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.nat(10_000), (amount, points) => {
      const error = 2n * (basisPointsOf(amount, points) * 10_000n - amount * BigInt(points))
      expect(error <= 10_000n && error > -10_000n).toBe(true)
      expect(basisPointsOf(amount, points) <= amount).toBe(true)
    }),
  )
})

test('an amount that JSON would change is refused', () => {
  expect(toWireMinor(9_007_199_254_740_991n)).toBe(9_007_199_254_740_991)
  expect(toWireMinor(-1n)).toBe(-1)
  expect(() => toWireMinor(9_007_199_254_740_992n)).toThrow(RangeError)
})

test.each([
  ['29.99', '29.99'],
  ['1e2', '100'],
  ['1E+2', '100'],
  ['2999e-2', '29.99'],
  ['0.2999e2', '29.99'],
  ['1e-7', '0.0000001'],
  ['100.10e1', '1001'],
  ['0.30000000000000004', '0.30000000000000004'],
  ['-1.50', '-1.5'],
  ['0', '0'],
  ['0e5', '0'],
  ['-0', '-0'],
])('the number %s of JSON is the decimal %s', (text, decimal) => {
  expect(plainDecimal(text)).toBe(decimal)
})

test.each(['', '.5', '5.', 'NaN', 'Infinity', '1e999', '1e', '--1', '0x10', '1_000', '1,5', ' 1', '1'.repeat(41)])(
  'the text %j is no number of JSON that could be an amount',
  (text) => {
    expect(plainDecimal(text)).toBeUndefined()
  },
)

test('every number is the decimal that says the same, however it is written', () => {
  const number = fc.tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.integer({ min: -9, max: 9 }))
  fc.assert(
    fc.property(number, fc.boolean(), ([isNegative, digits, exponent], signed) => {
      const sign = isNegative ? '-' : ''
      const written = `${sign}${digits}e${signed && exponent >= 0 ? '+' : ''}${exponent}`
      const expected = exponent < 0 ? digits : digits * 10n ** BigInt(exponent)
      const [whole = '', fraction = ''] = (plainDecimal(written) ?? '').replace('-', '').split('.')
      const scale = Math.max(0, -exponent)
      expect(fraction.length).toBeLessThanOrEqual(scale)
      expect(BigInt(whole + fraction.padEnd(scale, '0'))).toBe(expected)
    }),
  )
})

test('JSON says any amount of ours as the decimal that it is, and reads it back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 14n }), currency, (amount, code) => {
      const written = JSON.stringify(toDecimalNumber(amount, code))
      expect(parseDecimal(plainDecimal(written) ?? '', code)).toBe(amount)
    }),
  )
})
