import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { discountOf, refusalOf } from '../../../server/domain/coupons/pricing'
import { CouponCode, normalCode } from '../../../server/domain/coupons/schema'
import type { CouponRow } from '../../../server/domain/coupons/table'

const AT = new Date('2026-03-02T09:00:00.000Z')

function coupon(changes: Partial<CouponRow> = {}): CouponRow {
  return {
    storeId: 1n,
    id: '',
    isTest: true,
    code: 'SAVE',
    discountType: 'percentage',
    basisPoints: 2_500,
    amountMinor: null,
    currency: 'usd',
    description: null,
    minAmountMinor: null,
    maxUses: null,
    maxUsesPerCustomer: null,
    limitedUses: 0,
    isActive: true,
    expiresAt: null,
    createdAt: AT,
    updatedAt: AT,
    ...changes,
  }
}

const percent = (basisPoints: number) => coupon({ basisPoints })
const fixed = (amountMinor: bigint) => coupon({ discountType: 'fixed', basisPoints: null, amountMinor })
const price = (subtotalMinor: bigint, currency = 'usd') => ({ subtotalMinor, currency })

describe('discount', () => {
  test.each([
    // [percent, price, discount]: what half up makes of 4.99 × 27 % = 1.3473, 0.05 × 50 % = 0.025 and so on.
    [2_700, 499n, 135n],
    [5_000, 5n, 3n],
    [1_250, 1_999n, 250n],
    [1_250, 4n, 1n],
    [1_250, 3n, 0n],
    [10_000, 1_999n, 1_999n],
    [100, 49n, 0n],
    [100, 50n, 1n],
  ])('%i basis points of %i are %i', (basisPoints, subtotal, discount) => {
    expect(discountOf(percent(basisPoints), subtotal)).toBe(discount)
  })

  test('a percentage is the nearest whole unit, the upper one of two that are equally near', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 99_999_999n }),
        fc.integer({ min: 100, max: 10_000 }),
        (subtotal, points) => {
          const twiceTheError = 2n * (discountOf(percent(points), subtotal) * 10_000n - subtotal * BigInt(points))
          expect(twiceTheError > -10_000n && twiceTheError <= 10_000n).toBe(true)
        },
      ),
    )
  })

  test('no coupon gives more than the price, and all of it only when it says so', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 99_999_999n }),
        fc.oneof(
          fc.integer({ min: 100, max: 10_000 }).map(percent),
          fc.bigInt({ min: 1n, max: 99_999_999n }).map(fixed),
        ),
        (subtotal, some) => {
          const discount = discountOf(some, subtotal)
          expect(discount >= 0n && discount <= subtotal).toBe(true)
          const { amountMinor: fixedMinor } = some
          if (fixedMinor !== null) expect([fixedMinor, subtotal]).toContain(discount)
        },
      ),
    )
  })

  test('a higher percentage never gives less', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 99_999_999n }),
        fc.integer({ min: 100, max: 9_999 }),
        (subtotal, points) => {
          expect(discountOf(percent(points + 1), subtotal)).toBeGreaterThanOrEqual(
            discountOf(percent(points), subtotal),
          )
        },
      ),
    )
  })
})

describe('a coupon does not apply', () => {
  test.each([
    ['switched off', coupon({ isActive: false }), price(1_000n), 'inactive'],
    ['at the moment it expires', coupon({ expiresAt: AT }), price(1_000n), 'expired'],
    ['below its minimum', coupon({ minAmountMinor: 1_001n }), price(1_000n), 'below_minimum_amount'],
    ['with a fixed amount of another currency', fixed(100n), price(1_000n, 'eur'), 'other_currency'],
    ['with a minimum of another currency', coupon({ minAmountMinor: 1n }), price(1_000n, 'eur'), 'other_currency'],
    ['where less is left than can be charged', fixed(951n), price(1_000n), 'total_too_small'],
  ] as const)('%s', (_, some, to, reason) => {
    expect(refusalOf(some, to, { at: AT, leastMinor: 50n })).toBe(reason)
  })

  test.each([
    ['a moment before it expires', coupon({ expiresAt: new Date(AT.getTime() + 1) }), price(1_000n)],
    ['at its minimum', coupon({ minAmountMinor: 1_000n }), price(1_000n)],
    ['as a percentage in any currency', coupon(), price(1_000n, 'eur')],
    ['where the least that can be charged is left', fixed(950n), price(1_000n)],
    ['where nothing is left', fixed(5_000n), price(1_000n)],
  ] as const)('but it does %s', (_, some, to) => {
    expect(refusalOf(some, to, { at: AT, leastMinor: 50n })).toBeNull()
  })
})

describe('code', () => {
  test('is the same however a buyer writes it, and says itself again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (text) => {
        const code = normalCode(text)
        expect(normalCode(code)).toBe(code)
        expect(normalCode(` ${text.toLowerCase()} `)).toBe(normalCode(text.toLowerCase()))
      }),
      { numRuns: 2_000 },
    )
    expect(normalCode(' summer25 ')).toBe('SUMMER25')
    expect(normalCode('sommergrüße')).toBe('SOMMERGRÜSSE')
  })

  test.each(['', '  ', 'two words', 'A'.repeat(51), 'A\u0000B', '\u200b'])('%j is none', (text) => {
    expect(CouponCode.safeParse(text).success).toBe(false)
  })
})
