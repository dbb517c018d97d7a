import { expect, test } from 'vitest'
import { DEFAULT_BILLING, formatUsdt, parseUsdt, readBillingSettings } from '../../../server/kernel/plans'

test('what a file leaves out is the default; Free has no yearly price, and overage is off there', () => {
  expect(readBillingSettings('{}')).toEqual(DEFAULT_BILLING)
  const { free, pro, scale } = DEFAULT_BILLING.plans
  expect([free.allowsOverage, pro.allowsOverage, scale.allowsOverage]).toEqual([false, true, true])
  expect([free.terms.yearly, free.terms.monthly.priceMinor]).toEqual([null, 0n])
  expect(pro.terms.monthly).toEqual({ priceMinor: 29_000_000n, includedPayments: 1_000 })
})

test('a file sets plans one by one', () => {
  const text = JSON.stringify({
    plans: { scale: { monthly: { price_usdt: '99.5', included_payments: 7 }, overage_usdt: '0.000001', name: 'Big' } },
    operator_store: 'sto_0a1b2c3d',
  })
  const { plans, operatorStore } = readBillingSettings(text)
  expect(plans.pro).toEqual(DEFAULT_BILLING.plans.pro)
  expect(plans.scale).toEqual({
    id: 'scale',
    name: 'Big',
    terms: { monthly: { priceMinor: 99_500_000n, includedPayments: 7 }, yearly: null },
    overageFeeMinor: 1n,
    allowsOverage: true,
  })
  expect(operatorStore).toBe('sto_0a1b2c3d')
})

const pro = (monthly: object) => ({ plans: { pro: { monthly, overage_usdt: '0.04' } } })

test.each([
  ['{', /it is no JSON/],
  ['[]', /the file: /],
  [{ plan: {} }, /plan/],
  [pro({ price_usdt: '0', included_payments: 1 }), /^plans\.pro\.monthly\.price_usdt: must be above 0/],
  [pro({ price_usdt: 29, included_payments: 1 }), /^plans\.pro\.monthly\.price_usdt: must be decimal text/],
  [pro({ price_usdt: '29', included_payments: 1.5 }), /^plans\.pro\.monthly\.included_payments: must be a whole/],
  [pro({ price_usdt: '1.0000001', included_payments: 1 }), /^plans\.pro\.monthly\.price_usdt: must be decimal text/],
  [{ plans: { free: { included_payments: -1, overage_usdt: '0' } } }, /^plans\.free\.included_payments: must be 0/],
  [{ plans: { free: { included_payments: 5, overage_usdt: '0', monthly: {} } } }, /monthly/],
  [{ operator_store: 'mine' }, /^operator_store: must be the id of a store/],
])('%j is refused in words that name the place', (file, words) => {
  expect(() => readBillingSettings(typeof file === 'string' ? file : JSON.stringify(file))).toThrow(words)
})

test('amounts are exact to the millionth, below 0 too', () => {
  expect([parseUsdt('0.04'), parseUsdt('29'), parseUsdt('1e3'), parseUsdt('-1')]).toEqual([
    40_000n,
    29_000_000n,
    undefined,
    undefined,
  ])
  expect([formatUsdt(1n), formatUsdt(-40_000n), formatUsdt(29_000_000n), formatUsdt(0n)]).toEqual([
    '0.000001',
    '-0.040000',
    '29.000000',
    '0.000000',
  ])
})
