import * as z from 'zod'
import {
  Cents,
  Email,
  HttpUrl,
  Instant,
  MAX_AMOUNT_MINOR,
  NextCursor,
  PageInput,
  RequiredText,
  Text,
} from '../../kernel/wire'

const STATUSES = ['pending', 'completed', 'failed', 'refund_pending', 'refunded'] as const

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
  product_name: z.string(),
  amount_cents: Cents.describe('What the buyer pays, frozen when the session was opened'),
  fee_cents: Cents.describe('The platform fee within the amount'),
  net_cents: Cents.describe('The amount without the fee'),
  currency: z.string().describe('ISO 4217 code in lower case'),
  status: OrderStatus.describe(
    'failed may still be paid until expires_at; refund_pending: all of it is being refunded',
  ),
  failure_code: z
    .string()
    .nullable()
    .describe('Why the last try failed, such as insufficient_funds or session_expired'),
  payment_method: z.enum(['card', 'crypto']).nullable().describe('null until paid'),
  customer_email: z.string().nullable(),
  customer_name: z.string().nullable(),
  order_reference: z.string().nullable().describe('Your own id of the order'),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  refunded_cents: Cents.describe('What was refunded so far'),
  checkout_url: z.url().describe('Send the buyer here'),
  success_url: z.string().nullable(),
  cancel_url: z.string().nullable(),
  webhook_url: z.string().nullable().describe('Hears of the payment of this order'),
  is_test: z.boolean().describe('A rehearsal: no money moves'),
  created_at: Instant,
  expires_at: Instant.describe('Until then it can be paid'),
  completed_at: Instant.nullable(),
})
export type Order = z.infer<typeof Order>

export const NewOrder = z.strictObject({
  product_id: z
    .string()
    .describe('The uuid of the product; its price is frozen now')
    .meta({ examples: ['e6866e28-5b3f-866b-8e2e-21eb368508cd'] }),
  customer_email: Email.optional().describe('Filled in for the buyer'),
  customer_name: RequiredText(200).optional(),
  order_reference: RequiredText(200).optional().describe('Your own id of the order'),
  metadata: Metadata.default({}),
  success_url: HttpUrl.optional().describe('Where the buyer goes after paying'),
  cancel_url: HttpUrl.optional().describe('Where the buyer goes instead of paying'),
  webhook_url: HttpUrl.optional().describe(
    "Sent this order's payment.* events, besides your endpoints, signed with the store's signing key",
  ),
})
export type NewOrder = z.infer<typeof NewOrder>

const OrderId = z
  .string()
  .max(100)
  .describe('The uuid, PP- number, txn_ id or cs_ session id of the order')
  .meta({ examples: ['PP-2603-7K2M9Q'] })

export const OrderRef = z.strictObject({ id: OrderId })

export const OrderQuery = z.strictObject({ ...PageInput, status: OrderStatus.optional() })
export type OrderQuery = z.infer<typeof OrderQuery>

export const OrderPage = z.object({ orders: z.array(Order), next_cursor: NextCursor })

export const NewRefund = z.strictObject({
  id: OrderId,
  amount_cents: z
    .int("must be a whole number in the currency's smallest unit, for example 1900 for $19.00")
    .min(1, 'must be at least 1')
    .max(MAX_AMOUNT_MINOR, `must be at most ${MAX_AMOUNT_MINOR}`)
    .optional()
    .describe('Leave out to refund all that is left'),
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
  email: Email.default('buyer@example.com'),
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
