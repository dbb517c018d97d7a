import type * as z from 'zod'
import { PoolLow } from '../addresses/schema'
import * as billed from '../billing/payloads'
import { StoreConnection } from '../connections/schema'
import { Order } from '../orders/schema'
import { billing, card, checkout, crypto, define, dispute, type EventFamily, order, sale } from './event-schema'
import * as ordered from './order-payloads'
import * as payloads from './payloads'

const seen = { ...payloads.cryptoPending, tx_hash: payloads.cryptoSample.tx_hash }
const refund = { id: '0f1e2d3c-4b7d-8abc-9def-0123456789ab', amount_cents: 1900, reason: 'Customer requested refund' }

/** Every event there is, by its type. */
export const CATALOGUE = {
  'sale.completed': sale('A sale was completed', 'A buyer has paid: what, how much, and who.', [
    payloads.SaleCompleted,
    payloads.saleSample,
  ]),
  'sale.refunded': sale(
    'A sale was refunded',
    'A sale was paid back, in part or in full; amount_cents is what this refund gave back.',
    [
      payloads.SaleRefunded,
      { ...payloads.saleSample, amount_cents: 900, sale_amount_cents: 1900, total_refunded_cents: 1900 },
    ],
  ),
  'payment.completed': card('An order was paid', 'A card or crypto has paid the order.', [
    payloads.CardPayment,
    payloads.cardSample,
  ]),
  'payment.failed': card(
    'A card payment failed',
    'A card was declined. The buyer may try again in the same checkout.',
    [payloads.CardPaymentFailed, { ...payloads.cardSample, status: 'failed', failure_code: 'insufficient_funds' }],
  ),
  'payment.refunded': card(
    'A card payment was refunded',
    'The money of a card payment went back, in part or in full.',
    [
      payloads.CardPaymentRefunded,
      { ...payloads.cardSample, status: 'refunded', refund_amount: 49.99, refunded_amount: 49.99 },
    ],
  ),
  'payment.disputed': card('A card payment was disputed', 'The buyer has asked their bank for the money back.', [
    payloads.CardPaymentDisputed,
    {
      ...payloads.cardSample,
      status: 'disputed',
      dispute_id: payloads.disputeSample.id,
      dispute_amount: 49.99,
      dispute_reason: payloads.disputeSample.reason,
      dispute_due_by: payloads.disputeSample.due_by,
    },
  ]),
  'payment.detected': crypto('A transfer was seen', 'A transfer to the address of the payment is on the chain.', {
    ...seen,
    actual_crypto_amount: seen.amount,
    confirmations: 1,
  }),
  'payment.confirmed': crypto(
    'A crypto payment was confirmed',
    'The transfer has its confirmations.',
    payloads.cryptoSample,
  ),
  'payment.expired': crypto('A crypto payment expired', 'Nothing came in time; the address is free again.', {
    ...payloads.cryptoPending,
    status: 'expired',
  }),
  'payment.cancelled': crypto('A crypto payment was cancelled', 'It was cancelled before anything came.', {
    ...payloads.cryptoPending,
    status: 'cancelled',
  }),
  'payment.underpaid': crypto('Too little was transferred', 'Less came than expected.', {
    ...seen,
    amount: '40.000000',
    actual_crypto_amount: '40.000000',
    confirmations: 15,
  }),
  'payment.overpaid': crypto('Too much was transferred', 'More came than expected; the payment is confirmed.', {
    ...payloads.cryptoSample,
    amount: '60.000000',
    actual_crypto_amount: '60.000000',
  }),
  'payment.late': crypto('A transfer came too late', 'A transfer came after the payment had expired.', {
    ...seen,
    status: 'expired',
    tx_hash: '',
    late_crypto_amount: '50.000000',
  }),
  'payment.reversed': crypto('A transfer was reversed', 'The chain dropped a transfer that had been seen.', {
    ...payloads.cryptoPending,
    status: 'failed',
  }),
  'order.created': order('An order was made', 'An order was made and waits for its payment.', [
    Order,
    ordered.orderPending,
  ]),
  'order.paid': order('An order was paid', 'The money of an order has come.', [Order, ordered.orderSample]),
  'order.completed': order('An order is complete', 'An order is paid and can be fulfilled.', [
    Order,
    ordered.orderSample,
  ]),
  'order.refunded': order('An order was refunded', 'An order was refunded, in part or in full.', [
    ordered.OrderRefunded,
    { ...ordered.orderSample, status: 'refunded', refunded_cents: 1900, refund },
  ]),
  'order.refund_failed': order(
    'A refund failed',
    'The gateway or the bank of the buyer refused a refund, perhaps days after it went through: the order has its money again, and you owe the buyer. Refund it anew, or pay them in another way.',
    [ordered.OrderRefundFailed, { ...ordered.orderSample, refund: { ...refund, failure_code: 'returned' } }],
  ),
  'order.surplus_returned': order(
    'A surplus payment was sent back',
    'Money came that the order had no use for, since it was paid otherwise or is over; the buyer has it back.',
    [ordered.OrderWithSurplus, { ...ordered.orderSample, surplus_cents: 1900 }],
  ),
  'order.surplus_received': order(
    'A surplus crypto payment arrived',
    'A crypto payment was confirmed for an order that had been paid otherwise. The money is in your wallet: send it back from there.',
    [
      ordered.OrderWithCryptoSurplus,
      {
        ...ordered.orderSample,
        surplus: {
          payment_number: payloads.cryptoSample.payment_number,
          ...{ network: 'bsc', currency: 'usdt', amount: '19.000000', tx_hash: payloads.cryptoSample.tx_hash },
        },
      },
    ],
  ),
  'order.expired': order('An order expired', 'Nobody paid the order within its hour.', [Order, ordered.orderExpired]),
  'checkout.created': checkout(
    'A checkout was opened',
    'A checkout session was opened for a buyer.',
    ordered.checkoutSample,
  ),
  'checkout.completed': checkout('A checkout was completed', 'The buyer has paid.', {
    ...ordered.checkoutSample,
    status: 'completed',
  }),
  'checkout.expired': checkout('A checkout expired', 'The session ended without a payment.', {
    ...ordered.checkoutSample,
    status: 'expired',
  }),
  'dispute.won': dispute('A dispute was won', 'The bank has decided for you: what was held is yours again.', {
    ...payloads.disputeSample,
    ...{ status: 'won', taken_cents: 0, due_by: null, closed_at: '2026-04-20T09:00:00.000Z' },
  }),
  'dispute.lost': dispute('A dispute was lost', 'The bank has given the money back to the buyer.', {
    ...payloads.disputeSample,
    ...{ status: 'lost', due_by: null, closed_at: '2026-04-20T09:00:00.000Z' },
  }),
  'addresses.low': define({
    family: 'addresses',
    title: 'A pool of receive addresses runs low',
    description: 'Fewer than 3 addresses are free for new crypto payments. At most once an hour and network.',
    data: PoolLow,
    sample: { network: 'bsc', free: 2, is_test: false },
  }),
  'store.connection_updated': define({
    family: 'store',
    title: "A store's connection changed",
    description:
      'The Stripe account that your sales are paid into has changed: it can take payments now, or not any more, or Stripe wants to know something.',
    data: StoreConnection,
    sample: {
      ...{ status: 'active', account_id: 'acct_1RYhC2Kq8sTvXw3n', can_sell: true, payouts_enabled: true },
      ...{ requirements: [], requirements_due_by: null, disabled_reason: null, next_step: null, is_test: false },
      updated_at: '2026-03-02T09:00:00.000Z',
    },
  }),
  'billing.renewed': billing('The plan was renewed', 'A new period has begun, and its price was debited.', [
    billed.Renewed,
    billed.renewedSample,
  ]),
  'billing.downgraded': billing(
    'The plan ended',
    'The balance did not cover the next period: the plan is Free now. Payments that are under way go on.',
    [billed.Downgraded, billed.downgradedSample],
  ),
  'billing.balance_low': billing(
    'The prepaid balance is low',
    'It is below the threshold of the operator, or does not cover the renewal in 3 days. Once until the next top-up.',
    [billed.BalanceLow, billed.balanceLowSample],
  ),
  'billing.topped_up': billing('A top-up was credited', 'Its transfer is confirmed and on your prepaid balance.', [
    billed.BalanceMoved,
    billed.toppedUpSample,
  ]),
  'billing.topup_reversed': billing(
    'A top-up was taken back',
    'The chain took a confirmed top-up back, and so did your prepaid balance.',
    [billed.BalanceMoved, { ...billed.toppedUpSample, balance_usdt: '0.000000' }],
  ),
  'webhook.disabled': define({
    family: 'webhook',
    title: 'A webhook endpoint was switched off',
    description: 'Fired to your other endpoints when one is switched off: it answered 410, or failed for 5 days.',
    data: payloads.WebhookDisabled,
    sample: {
      webhook_id: '0f1e2d3c-4b8e-8abc-adef-0123456789ab',
      url: 'https://example.com/hooks/payhook',
      reason: 'Every delivery has failed for 5 days. The last time: The receiver answered 503.',
      failing_since: '2026-02-25T09:00:00.000Z',
    },
  }),
}

export type EventType = keyof typeof CATALOGUE

/** What an event of this type says. */
export type EventData<T extends EventType> = z.infer<(typeof CATALOGUE)[T]['data']>

export const EVENT_TYPES = Object.keys(CATALOGUE) as EventType[]

export function isEventType(text: string): text is EventType {
  return Object.hasOwn(CATALOGUE, text)
}

/** A type that left the catalogue keeps a format, so that its last deliveries still go out. */
export function familyOf(type: string): EventFamily {
  return isEventType(type) ? CATALOGUE[type].family : 'order'
}

export function typesOf(family: EventFamily): EventType[] {
  return EVENT_TYPES.filter((type) => CATALOGUE[type].family === family)
}
