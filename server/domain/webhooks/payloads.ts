import * as z from 'zod'
import { Cents, Instant } from '../../kernel/wire'
import { Payment } from '../crypto/schema'
import type { Dispute } from '../disputes/schema'

/** What each kind of event says, and a sample of it; those about orders and checkouts are in `order-payloads.ts`. */

export const SaleCompleted = z.object({
  purchase_id: z.uuid(),
  product_id: z.uuid().nullable(),
  buyer_email: z.string().nullable().describe('Null when the sale was made without one, as test payments may be'),
  amount_cents: Cents,
  currency: z.string().describe('ISO 4217 code in lower case'),
  stripe_session_id: z.string().describe('The checkout session'),
})

export const SaleRefunded = SaleCompleted.extend({
  amount_cents: Cents.describe('What this refund gave back'),
  sale_amount_cents: Cents.describe('What the buyer had paid'),
  total_refunded_cents: Cents.describe('What all refunds of the purchase gave back, this one included'),
})

export const saleSample: z.infer<typeof SaleCompleted> = {
  purchase_id: '0f1e2d3c-4b5a-8678-9a0b-1c2d3e4f5061',
  product_id: '0f1e2d3c-4b6c-8abc-8def-0123456789ab',
  buyer_email: 'buyer@example.com',
  amount_cents: 1900,
  currency: 'usd',
  stripe_session_id: 'cs_test_0f1e2d3c4b5a69788796a5b4c3d2e1f00f',
}

const Decimal = z.number().describe('Decimal in the unit of the currency: 49.99 is $49.99')

export const Metadata = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))

/** Document D's payload, without the `event` before it and the `timestamp` behind it. */
export const CardPayment = z.object({
  transaction_id: z.string().describe('txn_…; every event of the payment has the same'),
  order_id: z.string().describe('PP-YYMM-XXXXXX'),
  status: z.string(),
  amount: Decimal,
  fee_amount: Decimal.describe('The platform fee within the amount'),
  net_amount: Decimal.describe('The amount without the fee'),
  currency: z.string().describe('ISO 4217 code in upper case'),
  customer_email: z.string().nullable(),
  customer_name: z.string().nullable(),
  product_name: z.string(),
  order_reference: z.string().nullable().describe('Your own id of the order'),
  metadata: Metadata,
  is_test: z.boolean().describe('True: do not fulfil it, no money moved'),
})

export const CardPaymentFailed = CardPayment.extend({
  failure_code: z.string().nullable().describe('Why, such as insufficient_funds'),
})

export const CardPaymentRefunded = CardPayment.extend({
  refund_amount: Decimal.describe('What this refund gave back'),
  refunded_amount: Decimal.describe('What all refunds of the order gave back, this one included'),
})

export const CardPaymentDisputed = CardPayment.extend({
  dispute_id: z.uuid().describe('get_dispute knows the dispute by it'),
  dispute_amount: Decimal.describe('What the buyer asks back'),
  dispute_reason: z.string().nullable().describe("The card network's reason"),
  dispute_due_by: Instant.nullable().describe('Until when evidence is taken'),
})

export const disputeSample: z.infer<typeof Dispute> = {
  id: '0f1e2d3c-4bd1-8abc-9def-0123456789ab',
  order_id: saleSample.purchase_id,
  status: 'needs_response',
  amount_cents: 4999,
  taken_cents: 4999,
  currency: 'usd',
  gateway_fee_cents: null,
  gateway_fee_currency: null,
  reason: 'fraudulent',
  due_by: '2026-03-16T23:59:59.000Z',
  is_test: false,
  created_at: '2026-03-09T09:00:00.000Z',
  closed_at: null,
}

export const cardSample: z.infer<typeof CardPayment> = {
  transaction_id: 'txn_0f1e2d3c4b5a69788796a5b4',
  order_id: 'PP-2603-7K2M9Q',
  status: 'completed',
  amount: 49.99,
  fee_amount: 2.5,
  net_amount: 47.49,
  currency: 'USD',
  customer_email: 'john@example.com',
  customer_name: 'John Doe',
  product_name: 'Premium Subscription',
  order_reference: 'ORD-2024-001',
  metadata: { plan: 'premium', user_id: '123' },
  is_test: false,
}

export const Units = z.string().describe('Decimal text in units of the coin')

/**
 * Document B's body, without the `event` before it: the fields of its sample, then the rest of what `retrieve` returns, since the
 * document says that the body is that too.
 */
export const CryptoPayment = z.object({
  payment_id: z.string().describe('The payment number'),
  external_order_id: z.string(),
  amount: Units.describe('What was paid, as decimal text; what is expected before that'),
  currency: z.string().describe('The coin in upper case'),
  chain: z.string().describe("The network's name, for people"),
  tx_hash: z.string().describe('Empty until a transfer is seen'),
  confirmed_at: z.iso.datetime({ offset: true }).nullable(),
  ...Payment.omit({ external_order_id: true, currency: true, tx_hash: true, confirmed_at: true }).shape,
})

export const cryptoSample: z.infer<typeof CryptoPayment> = {
  payment_id: 'PAY-20260514-ABC123',
  external_order_id: 'order-123',
  amount: '50.000000',
  currency: 'USDT',
  chain: 'BNB Smart Chain',
  tx_hash: '0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060',
  confirmed_at: '2026-05-14T12:34:56+00:00',
  payment_number: 'PAY-20260514-ABC123',
  status: 'confirmed',
  network: 'bsc',
  amount_usd_cents: 5000,
  expected_crypto_amount: '50.000000',
  actual_crypto_amount: '50.000000',
  assigned_address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  late_crypto_amount: null,
  confirmations: 15,
  required_confirmations: 15,
  rate: '1.00',
  rate_source: 'par',
  rate_at: '2026-05-14T12:30:00.000Z',
  order_id: null,
  is_surplus: false,
  customer_email: '',
  redirect_url: 'https://merchant.example.com/orders/123/thanks',
  metadata: { sku: 'GOLD-PLAN' },
  payment_token: 'Dx4tPEtcSm9ZkQ0uV1bqXw7sLzK2mN8pR1dYfHjGc3e',
  checkout_url: 'https://pay.example.com/pay/Dx4tPEtcSm9ZkQ0uV1bqXw7sLzK2mN8pR1dYfHjGc3e',
  expires_at: '2026-05-14T13:00:00.000Z',
  created_at: '2026-05-14T12:30:00.000Z',
  is_test: false,
}

export const cryptoPending = {
  ...cryptoSample,
  tx_hash: '',
  confirmed_at: null,
  status: 'pending' as const,
  actual_crypto_amount: null,
  confirmations: 0,
}

export const WebhookDisabled = z.object({
  webhook_id: z.uuid().describe('The endpoint that was switched off'),
  url: z.string(),
  reason: z.string().describe('Why, in words'),
  failing_since: Instant.nullable().describe('Since when nothing arrived there; null when it asked for no more'),
})
