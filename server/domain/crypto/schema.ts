import * as z from 'zod'
import { COINS } from '../../kernel/networks'
import { Email, HttpUrl, Instant, NextCursor, PageInput, Text, TimeRange } from '../../kernel/wire'
import { Network } from '../addresses/schema'
import { PAYMENT_STATUSES } from './table'

const CoinName = z
  .enum(COINS, `must be one of ${COINS.join(', ')}`)
  .describe("native is the network's own coin. TRON has no usdc and no busd")
  .meta({ examples: ['usdt'] })

const Units = z.string().describe('Decimal text in units of the coin')

/** Document B's shape, and what it leaves open beside it. Texts that were not given are empty, as there. */
export const Payment = z.object({
  payment_number: z.string().describe('PAY-YYYYMMDD-XXXXXX'),
  status: z
    .enum(PAYMENT_STATUSES)
    .describe('Fulfil a confirmed one. failed: the rest did not come, or the chain took it back'),
  network: Network,
  currency: CoinName,
  amount_usd_cents: z.int().describe('In US cents'),
  expected_crypto_amount: Units.describe('What the buyer must send, decimal'),
  actual_crypto_amount: Units.nullable().describe('What has come in time'),
  late_crypto_amount: Units.nullable().describe('What came too late to count'),
  assigned_address: z.string().describe('Where the buyer pays to'),
  tx_hash: z.string().describe('Empty until a transfer is seen'),
  confirmations: z.int().describe('Of tx_hash'),
  required_confirmations: z.int(),
  order_id: z.uuid().nullable().describe('The order of your checkout page that it pays; null for a payment of its own'),
  is_surplus: z.boolean().describe('The order had been paid otherwise: send it back'),
  external_order_id: z.string(),
  customer_email: z.string(),
  redirect_url: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  rate: z.string().describe('Dollars for one coin'),
  rate_source: z.string(),
  rate_at: Instant,
  payment_token: z.string().describe('Part of checkout_url; keep it on your server'),
  // Made by us, as a product's is.
  checkout_url: z.string().meta({ format: 'uri' }).describe('Send the buyer here'),
  expires_at: Instant.describe('A transfer mined later does not count'),
  confirmed_at: Instant.nullable(),
  is_test: z.boolean(),
  created_at: Instant,
})

const MAX_METADATA_BYTES = 8_192

/** Opaque to us, so it may be nested; only its size is limited. */
const Opaque = z
  .record(z.string().max(100), z.unknown())
  .refine(
    (value) => JSON.stringify(value).length <= MAX_METADATA_BYTES,
    `must have at most ${MAX_METADATA_BYTES} characters as JSON`,
  )
  .describe('Key/value pairs of your own, echoed on every answer and event')
  .meta({ examples: [{ sku: 'GOLD-PLAN' }] })

export const MAX_USD_CENTS = 99_999_999

export const NewPayment = z.strictObject({
  amount_usd_cents: z
    .int('must be a whole number of US cents, such as 5000 for $50.00')
    .min(1, 'must be at least 1')
    .max(MAX_USD_CENTS, `must be at most ${MAX_USD_CENTS}`)
    .describe('In US cents: 5000 is $50.00')
    .meta({ examples: [5000] }),
  network: Network,
  currency: CoinName,
  external_order_id: Text(255).nullish().describe('Your own id, echoed on every event'),
  customer_email: Email.nullish().describe('Shown on the hosted page'),
  redirect_url: HttpUrl.nullish().describe('Where the hosted page sends the buyer after the confirmation'),
  metadata: Opaque.nullish(),
})
export type NewPayment = z.infer<typeof NewPayment>

export const PaymentRef = z.strictObject({
  payment_number: z
    .string()
    .max(64)
    .describe('PAY-…')
    .meta({ examples: ['PAY-20260302-7K2M9Q'] }),
})

export const PaymentQuery = z.strictObject({
  status: z.enum(PAYMENT_STATUSES).optional(),
  network: Network.optional(),
  currency: CoinName.optional(),
  address: z.string().trim().max(64).optional().describe('Only payments that were assigned this address'),
  external_order_id: z.string().max(255).optional(),
  order_id: z.uuid('must be the uuid of an order').optional().describe('Only payments of this order'),
  ...TimeRange,
  ...PageInput,
})
export type PaymentQuery = z.infer<typeof PaymentQuery>

export const PaymentPage = z.object({ payments: z.array(Payment), next_cursor: NextCursor })

export const SIMULATIONS = ['detect', 'confirm', 'underpay', 'overpay', 'late', 'expire', 'reorg'] as const

export const NewSimulation = PaymentRef.extend({
  action: z
    .enum(SIMULATIONS)
    .describe(
      [
        'detect: the buyer pays what is still missing',
        'confirm: the chain grows, and the buyer pays first where they had not',
        'underpay: half of what is missing comes',
        'overpay: what is missing and half as much again comes',
        'late: the money comes after the payment has expired',
        'expire: the time of the payment, or of its grace, is over',
        'reorg: the chain takes back what it held for this payment',
      ].join('; '),
    ),
  blocks: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Of confirm: by how many blocks the chain grows; as many as the payment still needs, unless said'),
  amount: z
    .string()
    .max(40)
    .optional()
    .describe('Of detect, underpay, overpay and late: what comes, decimal, instead of the usual'),
})
export type NewSimulation = z.infer<typeof NewSimulation>
