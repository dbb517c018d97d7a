import * as z from 'zod'
import { Coupon, type CouponPage, CouponQuery, CouponUpdate, DeletedCoupon, NewCoupon } from '../domain/coupons/schema'
import { AppError } from '../kernel/errors'
import { parseDecimal, toDecimalNumber } from '../kernel/money'
import type { RestRequest } from './adapter'
import { filled, noBoolean, readDecimal } from './decimals'
import type { Extra, Line } from './documented'

/** Document D's coupons: percentages and USD as decimals. */

const Value = z.number().describe('1 to 100 for a percentage, the amount in USD for a fixed discount')

const DocumentedCoupon = z.object({
  id: Coupon.shape.id,
  code: Coupon.shape.code,
  discount_type: Coupon.shape.discount_type,
  discount_value: Value,
  currency: z.string().describe('ISO 4217 code in upper case, of discount_value and min_amount'),
  description: Coupon.shape.description,
  min_amount: z.number().nullable().describe('The smallest order, before the discount; null: any'),
  max_uses: Coupon.shape.max_uses,
  max_uses_per_customer: Coupon.shape.max_uses_per_customer,
  uses: Coupon.shape.uses,
  is_active: Coupon.shape.is_active,
  expires_at: Coupon.shape.expires_at,
  created_at: Coupon.shape.created_at,
  updated_at: Coupon.shape.updated_at,
})

/** Basis points are hundredths of a percent, as cents are of a dollar. */
const HUNDREDTHS = 'usd'

function toCoupon(coupon: z.infer<typeof Coupon>): z.infer<typeof DocumentedCoupon> {
  const { discount_basis_points: points, discount_cents: cents, min_amount_cents: least, currency, ...same } = coupon
  const { id, code, discount_type, description, max_uses, max_uses_per_customer, uses, is_active } = same
  const off =
    points === null ? toDecimalNumber(BigInt(cents ?? 0), currency) : toDecimalNumber(BigInt(points), HUNDREDTHS)
  return {
    ...{ id, code, discount_type, discount_value: off, currency: currency.toUpperCase(), description },
    min_amount: least === null ? null : toDecimalNumber(BigInt(least), currency),
    ...{ max_uses, max_uses_per_customer, uses, is_active, expires_at: same.expires_at },
    ...{ created_at: same.created_at, updated_at: same.updated_at },
  }
}

type Fields = Record<string, unknown>

const Amount = z.number().describe('In USD')
const settings = {
  description: CouponUpdate.shape.description,
  min_amount: Amount.nullable().optional().describe('Minimum order amount in USD; null for any'),
  max_uses: CouponUpdate.shape.max_uses,
  max_uses_per_customer: CouponUpdate.shape.max_uses_per_customer,
  expires_at: CouponUpdate.shape.expires_at,
}

const one: Extra = { toBody: (output) => toCoupon(output as z.infer<typeof Coupon>), body: DocumentedCoupon }

const created: Extra = {
  ...one,
  input: z.object({
    code: NewCoupon.shape.code,
    discount_type: Coupon.shape.discount_type,
    discount_value: Value.meta({ examples: [27] }),
    ...settings,
  }),
  adjust: (sent, request) => {
    const { discount_type: type, discount_value: _, min_amount: least, ...fields } = filled(sent)
    const discount = discountOf(type, request)
    return {
      ...fields,
      ...lastDay(fields),
      ...discount,
      ...(least === undefined ? {} : { min_amount_cents: cents(request, 'min_amount') }),
    }
  },
}

/** ISO 8601 has dates too: a coupon is good on its last day, in UTC. */
function lastDay({ expires_at: date }: Fields): Fields {
  return typeof date === 'string' && /^\d{4}-\d\d-\d\d$/.test(date) ? { expires_at: `${date}T23:59:59.999Z` } : {}
}

function discountOf(type: unknown, request: RestRequest): Fields {
  if (type !== 'percentage' && type !== 'fixed') {
    throw refused('discount_type', 'discount_type is required and must be "percentage" or "fixed"')
  }
  const value = hundredths(request, 'discount_value')
  if (type === 'fixed') return { discount_cents: cents(request, 'discount_value') }
  if (value !== undefined && value >= 100n && value <= 10_000n) return { discount_basis_points: Number(value) }
  throw refused(
    'discount_value',
    'discount_value is required and must be between 1 and 100 for a percentage, with at most 2 digits after the point',
  )
}

function cents(request: RestRequest, field: string): number {
  const value = hundredths(request, field)
  if (value !== undefined && value > 0n) return Number(value)
  throw refused(field, `${field} must be an amount in USD above 0 with at most 2 digits after the point, such as 5.00`)
}

function hundredths(request: RestRequest, field: string): bigint | undefined {
  const text = readDecimal(request, field)
  return text === null || text === undefined ? undefined : parseDecimal(text, HUNDREDTHS)
}

function refused(field: string, message: string) {
  return new AppError('invalid_request', message, { field })
}

const changed: Extra = {
  ...one,
  // Who sends all of a coupon back changes what can be changed; its code and discount stay.
  input: z.object({ ...settings, is_active: CouponUpdate.shape.is_active }),
  adjust: ({ min_amount: _, ...fields }, request) => {
    const least = readDecimal(request, 'min_amount')
    const isSent = Object.hasOwn(request.body, 'min_amount')
    return {
      ...fields,
      ...lastDay(fields),
      ...request.params,
      ...(isSent ? { min_amount: least === undefined ? 'no decimal' : least } : {}),
    }
  },
}

/** Not clamped: a limit out of range is a 400. */
const list: Extra = {
  input: z.object({
    active: CouponQuery.shape.is_active.describe('true or false; leave out for all'),
    limit: CouponQuery.shape.limit.unwrap().default(50).describe('Results per page, 1 to 100'),
    offset: CouponQuery.shape.offset.unwrap().default(0).describe('How many to leave out'),
  }),
  adjust: ({ active, ...fields }) => {
    if (active !== undefined && typeof active !== 'boolean') throw noBoolean('active')
    return { limit: 50, offset: 0, ...fields, is_active: active }
  },
  toBody: (output, { limit, offset }) => {
    const { coupons, total } = output as z.infer<typeof CouponPage>
    return { coupons: coupons.map(toCoupon), total, limit, offset }
  },
  body: z.object({ coupons: z.array(DocumentedCoupon), total: z.int(), limit: z.int(), offset: z.int() }),
}

const COUPONS = '/api/v1/coupons'

export const COUPON_TABLE: readonly Line[] = [
  ['POST', COUPONS, 'coupons.create', 201, created],
  ['GET', COUPONS, 'coupons.list', 200, list],
  ['GET', `${COUPONS}/{id}`, 'coupons.get', 200, one],
  ['PUT', `${COUPONS}/{id}`, 'coupons.update', 200, changed],
  ['DELETE', `${COUPONS}/{id}`, 'coupons.delete', 200, { body: DeletedCoupon }],
]
