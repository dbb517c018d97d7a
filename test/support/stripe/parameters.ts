import type Stripe from 'stripe'
import * as z from 'zod'
import { type Form, parseForm } from './form'
import { invalid } from './refusal'

/*
 * What each request may say. Names are held to the official client's types by the compiler (`satisfies`), and values to Stripe's own:
 * a whole number is digits, a flag is `true` or `false`. What isn't here is refused, as Stripe refuses what it doesn't know.
 */

export type Names<T> = Partial<Record<keyof T, z.ZodType>>

export const filled = (max = 5_000) => z.string().min(1).max(max)
const whole = z
  .string()
  .regex(/^-?\d+$/, 'Invalid integer')
  .transform(Number)
export const amount = whole.pipe(
  z.number().int().min(1, 'This value must be greater than or equal to 1.').max(99_999_999),
)
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
export const currency = z.string().regex(/^[a-z]{3}$/, 'Invalid currency')
export const metadata = z.record(filled(40), z.string().max(500)).refine((pairs) => Object.keys(pairs).length <= 50)
export const url = z.url({ protocol: /^https?$/, error: 'Not a valid URL' })
export const email = z.email('Invalid email address')
export const expand = z.array(filled()).optional()

export const page = {
  limit: whole.pipe(z.number().min(1).max(100)).optional(),
  starting_after: filled().optional(),
  expand,
}

const productData = { name: filled(), description: filled().optional() } satisfies Names<
  NonNullable<Stripe.Checkout.SessionCreateParams.LineItem.PriceData['product_data']>
>

const priceData = {
  currency,
  unit_amount: whole.pipe(z.number().min(0).max(999_999_999_999)),
  product_data: z.strictObject(productData),
} satisfies Names<Stripe.Checkout.SessionCreateParams.LineItem.PriceData>

const lineItem = {
  quantity: whole.pipe(z.number().min(1)),
  price_data: z.strictObject(priceData).optional(),
  price: filled().optional(),
} satisfies Names<Stripe.Checkout.SessionCreateParams.LineItem>

const transferData = { destination: filled() } satisfies Names<
  NonNullable<Stripe.Checkout.SessionCreateParams.PaymentIntentData['transfer_data']>
>

const address = z.strictObject(
  Object.fromEntries(['line1', 'postal_code', 'city', 'state', 'country'].map((name) => [name, filled().optional()])),
)
const shipping = z.strictObject({ name: filled(), address })
/** The newest version of the API has it no more; Stripe's CLI, which asks for the account's own version, sends it. */
const ofOldVersions = { payment_method_types: z.array(filled()).min(1).optional() }

const paymentIntentData = {
  shipping: shipping.optional(),
  setup_future_usage: z.enum(['off_session', 'on_session']).optional(),
  description: filled(1_000).optional(),
  metadata: metadata.optional(),
  application_fee_amount: whole.pipe(z.number().min(0)).optional(),
  transfer_data: z.strictObject(transferData).optional(),
  on_behalf_of: filled().optional(),
  transfer_group: filled().optional(),
} satisfies Names<Stripe.Checkout.SessionCreateParams.PaymentIntentData>

const adaptivePricing = { enabled: flag } satisfies Names<Stripe.Checkout.SessionCreateParams.AdaptivePricing>

const sessionCreate = {
  mode: z.literal('payment'),
  line_items: z.array(z.strictObject(lineItem)).min(1).max(100),
  customer_email: email.optional(),
  client_reference_id: filled(200).optional(),
  metadata: metadata.optional(),
  payment_intent_data: z.strictObject(paymentIntentData).optional(),
  adaptive_pricing: z.strictObject(adaptivePricing).optional(),
  expires_at: whole.optional(),
  success_url: url,
  cancel_url: url.optional(),
  expand,
} satisfies Names<Stripe.Checkout.SessionCreateParams>

const refundCreate = {
  payment_intent: filled().optional(),
  charge: filled().optional(),
  amount: amount.optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  metadata: metadata.optional(),
  reverse_transfer: flag.optional(),
  refund_application_fee: flag.optional(),
  expand,
} satisfies Names<Stripe.RefundCreateParams>

export const range = z.union([
  whole,
  z.strictObject({ gt: whole.optional(), gte: whole.optional(), lt: whole.optional(), lte: whole.optional() }),
])

const sessionList = {
  ...page,
  payment_intent: filled().optional(),
  status: z.enum(['open', 'complete', 'expired']).optional(),
  created: range.optional(),
} satisfies Names<Stripe.Checkout.SessionListParams>

const refundList = {
  ...page,
  payment_intent: filled().optional(),
  charge: filled().optional(),
} satisfies Names<Stripe.RefundListParams>

const eventList = {
  ...page,
  types: z.array(filled()).max(20).optional(),
  created: range.optional(),
  delivery_success: flag.optional(),
} satisfies Names<Stripe.EventListParams>

const productCreate = { name: filled(), description: filled().optional() } satisfies Names<Stripe.ProductCreateParams>

const priceCreate = { product: filled(), unit_amount: amount, currency } satisfies Names<Stripe.PriceCreateParams>

const intentCreate = {
  ...{ amount, currency, description: filled().optional(), confirm: flag.optional(), shipping: shipping.optional() },
  payment_method: filled().optional(),
} satisfies Names<Stripe.PaymentIntentCreateParams>

const methodCreate = {
  type: z.enum(['card', 'sepa_debit']),
  card: z.strictObject({ token: filled() }).optional(),
  sepa_debit: z.strictObject({ iban: filled() }).optional(),
  billing_details: z
    .strictObject({ name: filled(), email: email.optional(), phone: filled().optional(), address: address.optional() })
    .optional(),
} satisfies Names<Stripe.PaymentMethodCreateParams>

const evidence = { uncategorized_text: filled(20_000).optional() } satisfies Names<Stripe.DisputeUpdateParams.Evidence>

const disputeUpdate = {
  ...{ metadata: metadata.optional(), evidence: z.strictObject(evidence).optional(), submit: flag.optional(), expand },
} satisfies Names<Stripe.DisputeUpdateParams>

export const PARAMETERS = {
  productCreate: z.strictObject(productCreate),
  priceCreate: z.strictObject(priceCreate),
  intentCreate: z.strictObject({ ...intentCreate, ...ofOldVersions }),
  methodCreate: z.strictObject(methodCreate),
  /** Of Stripe's own page, which is no public API: as its CLI does what a buyer does there. */
  pageConfirm: z.strictObject({ payment_method: filled(), expected_amount: amount }),
  disputeList: z.strictObject({
    ...page,
    payment_intent: filled().optional(),
  } satisfies Names<Stripe.DisputeListParams>),
  /** All that anybody changes of a refund here, and of a dispute. */
  metadataUpdate: z.strictObject({ metadata, expand }),
  disputeUpdate: z.strictObject(disputeUpdate),
  sessionCreate: z.strictObject({ ...sessionCreate, ...ofOldVersions }),
  sessionList: z.strictObject(sessionList),
  refundCreate: z.strictObject(refundCreate),
  refundList: z.strictObject(refundList),
  eventList: z.strictObject(eventList),
  /** A retrieval, and an action without words. */
  expandOnly: z.strictObject({ expand }),
}

/** Throws Stripe's refusal, which names the parameter as it was sent: `line_items[0][quantity]`. */
export function readParameters<T extends z.ZodType>(schema: T, form: string): z.infer<T> {
  const fields: Form = parseForm(form)
  const parsed = schema.safeParse(fields)
  if (parsed.success) return parsed.data
  const { issues } = parsed.error
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue
    const param = nameOf([...issue.path, issue.keys[0] ?? ''])
    throw invalid(`Received unknown parameter: ${param}`, { code: 'parameter_unknown', param })
  }
  const [issue] = issues
  const param = nameOf(issue?.path ?? [])
  if (!isSent(fields, issue?.path ?? [])) {
    throw invalid(`Missing required param: ${param}.`, { code: 'parameter_missing', param })
  }
  throw invalid(`Invalid ${param}: ${issue?.message}`, { param })
}

function isSent(fields: Form, path: readonly PropertyKey[]): boolean {
  let value: unknown = fields
  for (const part of path) value = typeof value === 'object' ? Reflect.get(Object(value), part) : undefined
  return value !== undefined
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (index === 0 ? String(part) : `[${String(part)}]`)).join('')
}
