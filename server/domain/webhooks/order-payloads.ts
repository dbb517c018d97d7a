import * as z from 'zod'
import { Cents, Instant } from '../../kernel/wire'
import { Payment } from '../crypto/schema'
import { Order } from '../orders/schema'
import { cardSample, Metadata, saleSample, Units } from './payloads'

/** What events about orders and checkouts say, and samples of them. */

export const OrderWithSurplus = Order.extend({
  surplus_cents: Cents.describe('What went back to the buyer beside the order'),
})

export const OrderWithCryptoSurplus = Order.extend({
  surplus: z
    .object({
      payment_number: z.string(),
      network: Payment.shape.network,
      currency: Payment.shape.currency,
      amount: Units.describe('What came, as decimal text'),
      tx_hash: z.string(),
    })
    .describe('In your wallet already'),
})

export const OrderRefunded = Order.extend({
  refund: z.object({
    id: z.uuid(),
    amount_cents: Cents.describe('What this refund gave back'),
    reason: z.string().nullable(),
  }),
})

export const OrderRefundFailed = Order.extend({
  refund: z.object({
    id: z.uuid(),
    amount_cents: Cents.describe('What the buyer was to have back'),
    reason: z.string().nullable(),
    failure_code: z
      .string()
      .nullable()
      .describe('gateway_refused: it never went through; returned: it had, and its money came back to the gateway'),
  }),
})

export const orderSample: z.infer<typeof Order> = {
  id: saleSample.purchase_id,
  number: cardSample.order_id,
  transaction_id: cardSample.transaction_id,
  session_id: saleSample.stripe_session_id,
  product_id: saleSample.product_id,
  variant_id: 'var_01y7geed2vd2y9ne0vmdyf1vy3',
  product_name: 'Template pack – Team',
  subtotal_cents: 1900,
  discount_cents: 0,
  coupon_code: null,
  amount_cents: 1900,
  fee_cents: 48,
  net_cents: 1852,
  gateway_fee_cents: 85,
  gateway_fee_currency: 'usd',
  currency: 'usd',
  status: 'completed',
  failure_code: null,
  payment_method: 'card',
  customer_email: 'buyer@example.com',
  customer_name: 'Ada Buyer',
  order_reference: 'INV-001',
  metadata: { plan: 'premium' },
  refunded_cents: 0,
  dispute_status: null,
  disputed_cents: 0,
  checkout_url: `https://pay.example.com/checkout/${saleSample.stripe_session_id}`,
  success_url: 'https://shop.example.com/thanks',
  cancel_url: null,
  webhook_url: null,
  license: {
    key: 'ABCDE-FGH12-JKM34-NPQ56-RST78',
    expires_at: '2027-03-02T09:00:00.000Z',
    activation_limit: 3,
  },
  is_test: true,
  created_at: '2026-03-02T08:55:00.000Z',
  expires_at: '2026-03-02T09:55:00.000Z',
  completed_at: '2026-03-02T09:00:00.000Z',
}

export const orderPending = {
  ...orderSample,
  status: 'pending' as const,
  payment_method: null,
  gateway_fee_cents: null,
  gateway_fee_currency: null,
  license: null,
  completed_at: null,
}

export const orderExpired = { ...orderPending, status: 'failed' as const, failure_code: 'session_expired' }

export const Checkout = z.object({
  session_id: z.string().describe('cs_…: whoever knows it may pay'),
  status: z.enum(['open', 'completed', 'expired']),
  checkout_url: z.url(),
  order_id: z.uuid().describe('get_order knows the order by it'),
  order_number: z.string().describe('PP-YYMM-XXXXXX'),
  product_id: z.uuid().nullable(),
  product_name: z.string(),
  amount_cents: Cents,
  currency: z.string().describe('ISO 4217 code in lower case'),
  customer_email: z.string().nullable(),
  order_reference: z.string().nullable(),
  metadata: Metadata,
  is_test: z.boolean(),
  expires_at: Instant,
})

export const checkoutSample: z.infer<typeof Checkout> = {
  session_id: orderSample.session_id,
  status: 'open',
  checkout_url: orderSample.checkout_url,
  order_id: orderSample.id,
  order_number: orderSample.number,
  product_id: orderSample.product_id,
  product_name: orderSample.product_name,
  amount_cents: orderSample.amount_cents,
  currency: orderSample.currency,
  customer_email: orderSample.customer_email,
  order_reference: orderSample.order_reference,
  metadata: orderSample.metadata,
  is_test: true,
  expires_at: orderSample.expires_at,
}
