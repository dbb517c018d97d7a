import * as z from 'zod'
import { formatRowId } from '../../kernel/ids'
import {
  Cents,
  Currency,
  Email,
  Instant,
  MAX_AMOUNT_MINOR,
  NextCursor,
  PageInput,
  RequiredText,
  Text,
} from '../../kernel/wire'

const MAX_CODE = 50

/** A code as it is stored and looked up: in capitals, in one form of Unicode. */
export function normalCode(code: string): string {
  return code.normalize('NFKC').toUpperCase().normalize('NFKC').trim()
}

/** What a buyer may have typed, in any case. */
export const CouponCode = RequiredText(2 * MAX_CODE)
  .transform(normalCode)
  .pipe(
    z
      .string()
      .regex(/^[^\s\p{C}]+$/u, 'must hold no spaces')
      .max(MAX_CODE, `must have at most ${MAX_CODE} characters`),
  )
  .describe('The code, in capital or small letters')
  .meta({ examples: ['SUMMER25'] })

/** Why a coupon doesn't apply, for programs; `refusals.ts` has the words. */
export const COUPON_REFUSALS = [
  'not_found',
  'inactive',
  'expired',
  'used_up',
  'used_by_customer',
  'below_minimum_amount',
  'other_currency',
  'total_too_small',
] as const
export const CouponRefusal = z.enum(COUPON_REFUSALS)
export type CouponRefusal = z.infer<typeof CouponRefusal>

const MAX_USES = 1_000_000_000

const BasisPoints = z
  .int('must be a whole number of basis points, for example 1250 for 12.5 %')
  .min(100, 'must be at least 100, which is 1 %')
  .max(10_000, 'must be at most 10000, which is 100 %')
  .describe('Percentage off in basis points: 2500 is 25 %, 1250 is 12.5 %')
  .meta({ examples: [2500] })

const Amount = z
  .int("must be a whole number in the currency's smallest unit, for example 500 for $5.00")
  .min(1, 'must be at least 1')
  .max(MAX_AMOUNT_MINOR, `must be at most ${MAX_AMOUNT_MINOR}`)

const Uses = z.int('must be a whole number').min(1, 'must be at least 1').max(MAX_USES, `must be at most ${MAX_USES}`)
const Expiry = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time such as 2026-12-31T23:59:59Z' })
  .refine(isStorable, 'must be between the years 1970 and 9999')
  .describe('From then on it is not taken any more')

function isStorable(time: string): boolean {
  const at = Date.parse(time)
  return at >= 0 && at < Date.UTC(10_000, 0)
}

const Description = Text(500).describe('For yourself; buyers never see it')

export const Coupon = z.object({
  id: z.string().describe('coup_…'),
  code: z.string().describe('What buyers enter'),
  discount_type: z.enum(['percentage', 'fixed']),
  discount_basis_points: z.int().nullable().describe('Of a percentage: 2500 is 25 %'),
  discount_cents: Cents.nullable().describe("Of a fixed discount, in the currency's smallest unit"),
  currency: z.string().describe('ISO 4217 code in lower case, of discount_cents and min_amount_cents'),
  description: z.string().nullable(),
  min_amount_cents: Cents.nullable().describe('The smallest order, before the discount; null: any'),
  max_uses: z.int().nullable().describe('null: as often as buyers like'),
  max_uses_per_customer: z.int().nullable().describe('By e-mail address; null: as often as they like'),
  uses: z.int().describe('Orders that have it: the paid ones, and the unpaid ones until their session ends'),
  is_active: z.boolean(),
  expires_at: Instant.nullable(),
  created_at: Instant,
  updated_at: Instant,
})
export type Coupon = z.infer<typeof Coupon>

/** What may be changed later. */
const Settings = {
  description: Description.nullable().optional(),
  min_amount_cents: Amount.nullable().optional().describe('The smallest order, before the discount; null for any'),
  max_uses: Uses.nullable().optional().describe('On how many orders it may be used; null for no limit'),
  max_uses_per_customer: Uses.nullable()
    .optional()
    .describe('On how many orders of one e-mail address; null for no limit'),
  expires_at: Expiry.nullable().optional(),
}

export const NewCoupon = z
  .strictObject({
    code: CouponCode.describe('What buyers enter; kept in capitals, unique in your store'),
    discount_basis_points: BasisPoints.optional(),
    discount_cents: Amount.optional().describe(
      "A fixed amount off, in the currency's smallest unit: 500 is $5.00. Instead of discount_basis_points.",
    ),
    currency: Currency.default('usd').describe(
      'Of discount_cents and min_amount_cents; with either, the coupon takes orders in this currency only',
    ),
    ...Settings,
    is_active: z.boolean().default(true),
  })
  .refine((coupon) => (coupon.discount_basis_points === undefined) !== (coupon.discount_cents === undefined), {
    path: ['discount_basis_points'],
    error: 'send either discount_basis_points (for a percentage) or discount_cents (for a fixed amount)',
  })
export type NewCoupon = z.infer<typeof NewCoupon>

const CouponId = z
  .string()
  .max(100)
  .describe('The id of the coupon, coup_…')
  .meta({ examples: [formatRowId('coup', 'e6866e28-5b3f-866b-8e2e-21eb368508cd')] })

export const CouponRef = z.strictObject({ id: CouponId })

/** What makes a coupon what buyers know; a new coupon has new ones. */
const FIXED = new Set([
  'code',
  'discount_type',
  'discount_value',
  'discount_basis_points',
  'discount_cents',
  'currency',
])

export const CouponUpdate = z
  .strictObject(
    {
      id: CouponId,
      ...Settings,
      min_amount: z
        .string()
        .max(30)
        .nullable()
        .optional()
        .describe("Instead of min_amount_cents: decimal text in the unit of the coupon's currency, for example 20.00"),
      is_active: z.boolean().optional().describe('false stops it, true starts it again'),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys' && issue.keys.every((key) => FIXED.has(key))
          ? "can't be changed: make a new coupon with create_coupon, and switch this one off with is_active"
          : undefined,
    },
  )
  .describe('Only what is sent changes')
export type CouponUpdate = z.infer<typeof CouponUpdate>

export const CouponQuery = z.strictObject({
  ...PageInput,
  offset: z.int().min(0, 'must be 0 or more').optional().describe('How many to leave out; not with cursor'),
  is_active: z.boolean().optional().describe('Leave out for all'),
})
export type CouponQuery = z.infer<typeof CouponQuery>

export const CouponPage = z.object({
  coupons: z.array(Coupon),
  total: z.int().describe('How many fit the filter, on all pages'),
  next_cursor: NextCursor,
})

export const DeletedCoupon = z.object({ id: z.string(), deleted: z.literal(true) })

export const CouponTrial = z
  .strictObject({
    code: CouponCode,
    amount_cents: Amount.optional()
      .describe("The price in the currency's smallest unit, where there is no product: 4900 is $49.00")
      .meta({ examples: [4900] }),
    currency: Currency.optional().describe('Of amount_cents; usd when left out'),
    product_id: z.string().optional().describe('Instead of amount_cents: the product that would be bought'),
    variant_id: z.string().optional().describe('Instead of amount_cents: the variant that would be bought, var_…'),
    customer_email: Email.optional().describe('Whose uses are counted'),
  })
  .refine(
    ({ amount_cents, product_id, variant_id }) =>
      [amount_cents, product_id, variant_id].filter((one) => one !== undefined).length === 1,
    { path: ['amount_cents'], error: 'send one of amount_cents, product_id and variant_id' },
  )
  .refine(({ currency, amount_cents }) => currency === undefined || amount_cents !== undefined, {
    path: ['currency'],
    error: 'is for amount_cents; a product has its own',
  })
export type CouponTrial = z.infer<typeof CouponTrial>

export const CouponPreview = z.object({
  applies: z.boolean(),
  reason: CouponRefusal.nullable().describe('Why it does not apply; null when it does'),
  message: z.string().describe('The same for people'),
  subtotal_cents: Cents.describe('Before the discount'),
  discount_cents: Cents.describe('What the coupon takes off; 0 when it does not apply'),
  total_cents: Cents.describe('What the buyer would pay'),
  currency: z.string(),
  coupon: Coupon.nullable().describe('null when there is none with this code'),
})
export type CouponPreview = z.infer<typeof CouponPreview>
