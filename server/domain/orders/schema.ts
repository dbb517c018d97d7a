import * as z from 'zod'
import { formatDecimal, isCurrency } from '../../kernel/money'
import {
  amountLimits,
  Cents,
  Currency,
  Email,
  HttpUrl,
  Instant,
  MAX_AMOUNT_MINOR,
  NextCursor,
  PageInput,
  RequiredText,
  Text,
  TimeRange,
} from '../../kernel/wire'
import { DISPUTE_STATUSES } from '../../ports/gateway'
import { CouponCode } from '../coupons/schema'

const STATUSES = ['pending', 'completed', 'failed', 'refund_pending', 'refunded'] as const

export const DisputeStatus = z.enum(DISPUTE_STATUSES, `must be one of ${DISPUTE_STATUSES.join(', ')}`)

export const OrderStatus = z.enum(STATUSES, `must be one of ${STATUSES.join(', ')}`)
export type OrderStatus = z.infer<typeof OrderStatus>

const MAX_METADATA_FIELDS = 50

const MetadataValue = z.union(
  [Text(500), z.number(), z.boolean(), z.null()],
  'must be a text of at most 500 characters, a number, true, false or null',
)

const Metadata = z
  .record(RequiredText(40), MetadataValue, 'must be an object such as {"plan":"premium"}')
  .refine(
    (fields) => Object.keys(fields).length <= MAX_METADATA_FIELDS,
    `must have at most ${MAX_METADATA_FIELDS} fields`,
  )
  .describe('Your own fields, returned as they are')

export const Order = z.object({
  id: z.uuid(),
  number: z.string().describe('PP-YYMM-XXXXXX, to say on the phone'),
  transaction_id: z.string().describe('txn_…'),
  session_id: z.string().describe('cs_…: whoever knows it may pay'),
  product_id: z.uuid().nullable(),
  variant_id: z.string().nullable().describe('var_…'),
  product_name: z.string(),
  subtotal_cents: Cents.describe('The price, frozen when the session was opened'),
  discount_cents: Cents.describe('What the coupon takes off'),
  coupon_code: z.string().nullable(),
  amount_cents: Cents.describe('What the buyer pays: the subtotal without the discount'),
  fee_cents: Cents.describe('The platform fee within the amount'),
  net_cents: Cents.describe('The amount without the fee'),
  gateway_fee_cents: Cents.nullable().describe(
    'What the card gateway keeps of the charge, at the cost of whoever runs this server; null until it says so, which may be after the sale',
  ),
  gateway_fee_currency: z
    .string()
    .nullable()
    .describe('ISO 4217 code in lower case of gateway_fee_cents: the one in which the gateway pays out'),
  currency: z.string().describe('ISO 4217 code in lower case'),
  status: OrderStatus.describe(
    'failed may still be paid until expires_at; refund_pending: all of it is being refunded',
  ),
  failure_code: z
    .string()
    .nullable()
    .describe('Why the last try failed, such as insufficient_funds or session_expired'),
  payment_method: z.enum(['card', 'crypto']).nullable().describe('null until paid, and where nothing had to be'),
  customer_email: z.string().nullable(),
  customer_name: z.string().nullable(),
  order_reference: z.string().nullable().describe('Your own id of the order'),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  refunded_cents: Cents.describe('What was refunded so far'),
  dispute_status: DisputeStatus.nullable().describe(
    'Of the dispute that is open, else of the latest; null without one. No refund while it is needs_response or under_review',
  ),
  disputed_cents: Cents.describe('Held by open disputes, or lost to them'),
  checkout_url: z.url().describe('Send the buyer here'),
  success_url: z.string().nullable(),
  cancel_url: z.string().nullable(),
  webhook_url: z.string().nullable().describe('Hears of the payment of this order'),
  license: z
    .object({ key: z.string(), expires_at: Instant.nullable(), activation_limit: z.int().nullable() })
    .nullable()
    .describe('The key that its payment issued, where it is of a variant with licence terms. Needs licenses:read'),
  is_test: z.boolean().describe('A rehearsal: no money moves'),
  created_at: Instant,
  expires_at: Instant.describe('Until then it can be paid'),
  completed_at: Instant.nullable(),
})
export type Order = z.infer<typeof Order>

const MODES = ['live', 'test'] as const

export const Mode = z.enum(MODES, 'must be live or test')
export type Mode = z.infer<typeof Mode>

export const Modes = z.enum([...MODES, 'any'], 'must be live, test or any')
export type Modes = z.infer<typeof Modes>

/** Of things that are found by name: a live key finds test orders when it says so. */
const ModeSeen = Modes.optional().describe(
  "test or any: a live key finds test orders too; leave out for the key's own mode",
)

const PriceOfItsOwn = z
  .int("must be a whole number in the currency's smallest unit, for example 1900 for $19.00")
  .describe("The price in the currency's smallest unit, instead of a product's; 50 to 5000000 in usd")

const ProductId = z.string().meta({ examples: ['e6866e28-5b3f-866b-8e2e-21eb368508cd'] })

const OrderFields = z.strictObject({
  product_id: ProductId.optional().describe('The uuid of the product; its price is frozen now'),
  variant_id: z.string().max(100).optional().describe('The var_… id of a variant; its price is frozen now'),
  amount_cents: PriceOfItsOwn.optional(),
  currency: Currency.optional().describe('Of amount_cents: ISO 4217 code, usd unless said'),
  product_name: RequiredText(200).optional().describe("What amount_cents is for; the store's name unless said"),
  mode: Mode.optional().describe("test: a live key makes a test order; leave out for the key's own mode"),
  customer_email: Email.optional().describe('Filled in for the buyer'),
  customer_name: RequiredText(200).optional(),
  coupon_code: CouponCode.optional().describe(
    'A coupon of yours, used up by this order unless its session ends unpaid',
  ),
  order_reference: RequiredText(200).optional().describe('Your own id of the order'),
  metadata: Metadata.default({}),
  success_url: HttpUrl.optional().describe('Where the buyer goes after paying'),
  cancel_url: HttpUrl.optional().describe('Where the buyer goes instead of paying'),
  webhook_url: HttpUrl.optional().describe(
    "Sent this order's payment.* events, besides your endpoints, signed with the store's signing key",
  ),
})

/** What an order is of: one of these, and nothing of another. */
const ITEMS = ['product_id', 'variant_id', 'amount_cents'] as const

export const NewOrder = OrderFields.superRefine((input, { addIssue }) => {
  const refuse = (field: keyof typeof input, message: string) =>
    addIssue({ code: 'custom', path: [field], message, input: input[field] })
  const [item, ...others] = ITEMS.filter((field) => input[field] !== undefined)
  if (item === undefined) return refuse('product_id', 'send product_id, variant_id or amount_cents')
  for (const other of others) refuse(other, `leave it out beside ${item}`)
  if (item !== 'amount_cents') {
    for (const field of ['currency', 'product_name'] as const) {
      if (input[field] !== undefined) refuse(field, `leave it out beside ${item}, which has its own`)
    }
    return
  }
  const { amount_cents: amount = 0, currency = 'usd' } = input
  // What is no currency has been refused already.
  if (!isCurrency(currency)) return
  const { min, max } = amountLimits(currency)
  if (amount >= min && amount <= max) return
  const inUnits = `${formatDecimal(min, currency)} to ${formatDecimal(max, currency)} ${currency.toUpperCase()}`
  refuse('amount_cents', `must be between ${min} and ${max} (${inUnits})`)
})
export type NewOrder = z.infer<typeof NewOrder>

const OrderId = z
  .string()
  .max(100)
  .describe('The uuid, PP- number, txn_ id or cs_ session id of the order')
  .meta({ examples: ['PP-2603-7K2M9Q'] })

export const OrderRef = z.strictObject({ id: OrderId, mode: ModeSeen })

const MAX_OFFSET = 1_000_000

export const OrderQuery = z.strictObject({
  ...PageInput,
  offset: z
    .int('must be a whole number')
    .min(0, 'must be 0 or more')
    .max(MAX_OFFSET, `must be at most ${MAX_OFFSET}`)
    .optional()
    .describe('How many to leave out, instead of a cursor; the page then says the total too'),
  status: OrderStatus.optional(),
  order_id: OrderId.optional().describe('The order of this uuid, PP- number, txn_ id or cs_ session id only'),
  order_reference: RequiredText(200).optional().describe('Orders with this id of yours'),
  customer_email: Email.optional().describe("This customer's orders, in any spelling of upper and lower case"),
  product_id: ProductId.optional().describe('Orders of this product'),
  ...TimeRange,
  mode: Modes.optional().describe("test or any: a live key lists test orders too; leave out for the key's own mode"),
})
export type OrderQuery = z.infer<typeof OrderQuery>

export const OrderPage = z.object({
  orders: z.array(Order),
  total: z.int().nullable().describe('How many fit the filters, on all pages; counted only where an offset was sent'),
  next_cursor: NextCursor,
})

export const NewRefund = z.strictObject({
  id: OrderId,
  mode: ModeSeen,
  amount_cents: z
    .int("must be a whole number in the currency's smallest unit, for example 1900 for $19.00")
    .min(1, 'must be at least 1')
    .max(MAX_AMOUNT_MINOR, `must be at most ${MAX_AMOUNT_MINOR}`)
    .optional()
    .describe('Leave out to refund all that is left'),
  amount: z
    .string()
    .max(30)
    .optional()
    .describe("Instead of amount_cents: decimal text in the unit of the order's currency, for example 19.99"),
  reason: Text(500).optional(),
})

export const Refund = z.object({
  id: z.uuid(),
  amount_cents: Cents,
  status: z.enum(['pending', 'succeeded']).describe('pending: the gateway has not answered yet; it is asked again'),
  reason: z.string().nullable(),
  created_at: Instant,
  settled_at: Instant.nullable(),
  order: Order,
})

const MAX_CARD_LENGTH = 30

export const NewTestPayment = z.strictObject({
  id: OrderId,
  card_number: z
    .string()
    .max(MAX_CARD_LENGTH, `must have at most ${MAX_CARD_LENGTH} characters`)
    .transform((text) => text.replace(/[\s-]/g, ''))
    .pipe(z.string().regex(/^\d{12,19}$/, 'must be the 12 to 19 digits of a test card, such as 4000 0000 0000 0002'))
    .default('4000000000000002')
    .describe(
      'A test card: 4000000000000002 succeeds, 4000000000001091 asks for 3-D Secure, 4000000000000119 is declined',
    ),
  email: Email.optional().describe("The buyer's address; the order's own unless said, else buyer@example.com"),
  approve_authentication: z
    .boolean()
    .optional()
    .describe("The buyer's answer where the card asks for 3-D Secure; leave out to stop there"),
})
export type NewTestPayment = z.infer<typeof NewTestPayment>

export const TestPayment = z.object({
  state: z
    .enum(['paid', 'requires_action'])
    .describe('requires_action: the buyer must confirm at checkout_url, or call again with approve_authentication'),
  order: Order,
})
