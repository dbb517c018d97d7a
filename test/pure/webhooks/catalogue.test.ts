import { expect, test } from 'vitest'
import { EVENT_TYPES, familyOf } from '../../../server/domain/webhooks/catalogue'
import { nearestEventTypes } from '../../../server/domain/webhooks/nearest'

/** Every event that the documents name, and those of our own. */
test('the catalogue has every documented event', () => {
  expect([...EVENT_TYPES].sort()).toEqual([
    'addresses.low',
    'billing.balance_low',
    'billing.downgraded',
    'billing.renewed',
    'billing.topped_up',
    'billing.topup_reversed',
    'checkout.completed',
    'checkout.created',
    'checkout.expired',
    'dispute.lost',
    'dispute.won',
    'order.completed',
    'order.created',
    'order.expired',
    'order.paid',
    'order.refund_failed',
    'order.refunded',
    'order.surplus_received',
    'order.surplus_returned',
    'payment.cancelled',
    'payment.completed',
    'payment.confirmed',
    'payment.detected',
    'payment.disputed',
    'payment.expired',
    'payment.failed',
    'payment.late',
    'payment.overpaid',
    'payment.refunded',
    'payment.reversed',
    'payment.underpaid',
    'sale.completed',
    'sale.refunded',
    'store.connection_updated',
    'webhook.disabled',
  ])
})

test.each([
  ['sale.complete', 'sale.completed'],
  ['sale_refunded', 'sale.refunded'],
  ['SALE.REFUNDED', 'sale.refunded'],
  ['order.payed', 'order.paid'],
  ['checkout.session.completed', 'checkout.completed'],
  ['payment.confirm', 'payment.confirmed'],
])('%s may have meant %s', (mistaken, meant) => {
  expect(nearestEventTypes(mistaken)).toContain(meant)
  expect(nearestEventTypes(mistaken).length).toBeLessThanOrEqual(3)
})

test('what resembles nothing has no nearest event', () => {
  expect(nearestEventTypes('zzz')).toEqual([])
})

test('an event that left the catalogue still has a format', () => {
  expect(familyOf('sale.upgraded')).toBe('order')
})
