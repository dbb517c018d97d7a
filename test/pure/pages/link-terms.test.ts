import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CURRENCIES, formatDecimal } from '../../../server/kernel/money'
import { amountLimits } from '../../../server/kernel/wire'
import { readLink, readOwnAmount } from '../../../server/pages/link-terms'

const read = (query: string) => readLink(new URLSearchParams(query))
const problemsOf = (query: string) => read(query).problems.map(({ parameter, problem }) => `${parameter}: ${problem}`)

test("document D's parameters are read, and its aliases", () => {
  const { terms, problems } = read(
    'amount=99.99&product=Order&ref=INV-001&return_url=https://shop.example/ok&cancel_url=https://shop.example/no&coupon=SAVE20&testMode=true&utm_source=mail',
  )
  expect(problems).toEqual([])
  expect(terms).toEqual({
    amountMinor: 9_999n,
    currency: 'usd',
    variantId: null,
    productName: 'Order',
    couponCode: 'SAVE20',
    isTest: true,
    wishes: {
      orderReference: 'INV-001',
      successUrl: 'https://shop.example/ok',
      cancelUrl: 'https://shop.example/no',
      webhookUrl: null,
    },
  })
  expect(read('success_url=https://a.example/&return_url=https://b.example/').terms.wishes.successUrl).toBe(
    'https://a.example/',
  )
})

test('beside a variant the amount is not even looked at', () => {
  expect(read('variant_id=var_abc&amount=free').problems).toEqual([])
  expect(read('variant_id=var_abc&amount=0.50').terms.amountMinor).toBeNull()
})

test('an empty parameter counts as none', () => {
  expect(read('amount=&currency=&product=&success_url=&testMode=').problems).toEqual([])
  expect(read('amount=').terms.amountMinor).toBeNull()
})

test.each([
  ['amount=abc', 'amount: amount_invalid'],
  ['amount=1e3', 'amount: amount_invalid'],
  ['amount=49,99', 'amount: amount_invalid'],
  ['amount=49.999', 'amount: amount_invalid'],
  ['amount=0.49', 'amount: amount_range'],
  ['amount=-5', 'amount: amount_range'],
  ['amount=50000.01', 'amount: amount_range'],
  ['amount=0.5&currency=jpy', 'amount: amount_invalid'],
  ['currency=dollars', 'currency: currency_unknown'],
  ['success_url=javascript:alert(1)', 'success_url: url_invalid'],
  ['return_url=/thanks', 'return_url: url_invalid'],
  ['testMode=perhaps', 'testMode: flag_invalid'],
  [`product=${'x'.repeat(201)}`, 'product: text_invalid'],
  ['product=a%00b', 'product: text_invalid'],
])('%s is refused by its name', (query, problem) => {
  expect(problemsOf(query)).toEqual([problem])
})

test('an amount of a link means what its text says, to the last unit, in every currency', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CURRENCIES), fc.bigInt({ min: 0n, max: 120_000_000n }), (currency, minor) => {
      const { terms, problems } = read(`amount=${formatDecimal(minor, currency)}&currency=${currency}`)
      const { min, max } = amountLimits(currency)
      const isFine = minor >= min && minor <= max
      expect(terms.amountMinor).toBe(isFine ? minor : null)
      expect(problems).toHaveLength(isFine ? 0 : 1)
    }),
  )
})

test('what a buyer types may have a decimal comma, a sign and spaces, but never a thousands separator', () => {
  expect(readOwnAmount(' $ 12.50 ', 'usd').minor).toBe(1_250n)
  expect(readOwnAmount('12,5', 'eur').minor).toBe(1_250n)
  expect(readOwnAmount('1 250,00 €', 'eur').minor).toBe(125_000n)
  for (const unclear of ['1,250', '1.250,00', '1,250.00', 'ten', '']) {
    expect(readOwnAmount(unclear, 'eur').minor).toBeNull()
  }
  expect(readOwnAmount('1.250', 'eur').problem).toBe('amount_invalid')
})

test('no query makes the reader throw', () => {
  const anything = fc.record(
    Object.fromEntries(
      ['amount', 'currency', 'variant_id', 'product', 'ref', 'success_url', 'webhook_url', 'testMode', 'theme'].map(
        (name) => [name, fc.string({ unit: 'binary' })] as const,
      ),
    ),
    { requiredKeys: [] },
  )
  fc.assert(fc.property(anything, (query) => void readLink(new URLSearchParams(query as Record<string, string>))))
})
