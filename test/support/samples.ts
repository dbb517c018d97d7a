import type { OpenedStore } from '../../server/domain/stores/service'
import { formatStoreId } from '../../server/kernel/ids'

/** What a sample may use to set up: any operation of its own fresh store, by its path. */
export type SampleStore = {
  opened: OpenedStore
  call(operation: string, input: Record<string, unknown>): Promise<Record<string, unknown>>
}

export type Sample = {
  /** Whose key calls; the store's live one unless said. `test` sets up with the test key too. */
  as?: 'operator' | 'nobody' | 'test'
  /** A valid input, after whatever it needs has been set up. */
  input(store: SampleStore): Record<string, unknown> | Promise<Record<string, unknown>>
}

const product = async ({ call }: SampleStore) => ({
  id: (await call('products.create', { name: 'Kit', price_cents: 1900 })).id,
})
const order = async (store: SampleStore) => ({
  id: (await store.call('orders.create', { product_id: (await product(store)).id })).id,
})
const paidOrder = async (store: SampleStore) => {
  const { id } = await order(store)
  await store.call('orders.pay_test', { id })
  return { id }
}
const LICENSE = { activation_limit: 3, duration_days: 365 }
const variant = async (store: SampleStore) => {
  const { id: product_id } = await product(store)
  const made = await store.call('variants.create', { product_id, name: 'Team', price_cents: 4900, license: LICENSE })
  return { id: made.id, product_id }
}
const variantId = async (store: SampleStore) => ({ id: (await variant(store)).id })
const dispute = async (store: SampleStore) => ({
  id: (await store.call('disputes.raise_test', await paidOrder(store))).id,
})
/** Paid by the variant's buyer, with the product that the key belongs to. */
const license = async (store: SampleStore) => {
  const { id: variant_id, product_id } = await variant(store)
  const { id } = await store.call('orders.create', { variant_id })
  const { order } = await store.call('orders.pay_test', { id })
  return { key: (order as { license: { key: string } }).license.key, product_id }
}
const licenseKey = async (store: SampleStore) => ({ id: (await license(store)).key })
/** Nobody listens there: a test delivery fails at once, the same way each time. */
const HOOK = { url: 'https://127.0.0.1:9/hooks', events: ['sale.completed'] }
const webhook = async ({ call }: SampleStore) => ({ id: (await call('webhooks.create', HOOK)).id })
const delivery = async (store: SampleStore) => {
  const { id } = await webhook(store)
  await paidOrder(store)
  const { deliveries } = await store.call('webhooks.list_deliveries', { endpoint_id: id })
  return { id: (deliveries as { id: string }[])[0]?.id }
}
const event = async (store: SampleStore) => {
  await paidOrder(store)
  const { events } = await store.call('events.list', { type: 'sale.completed' })
  return { id: (events as { id: string }[])[0]?.id }
}
const coupon = async ({ call }: SampleStore) => ({
  id: (await call('coupons.create', { code: 'SUMMER25', discount_basis_points: 2500 })).id,
})
/** A pool of test addresses is the store's own, so that every fresh store may have the same ones. */
const ADDRESS = '0x742d35cc6634c0532925a3b844bc9e7595f7e5a3'
const address = async ({ call }: SampleStore) => {
  const { addresses } = await call('addresses.add', { network: 'bsc', addresses: [{ address: ADDRESS }] })
  return { id: (addresses as { id: string }[])[0]?.id }
}
const WANTED = { amount_usd_cents: 5000, network: 'bsc', currency: 'usdt' }
const cryptoPayment = async (store: SampleStore) => {
  await address(store)
  return { payment_number: (await store.call('payments.create', WANTED)).payment_number }
}
const topup = async ({ call }: SampleStore) => ({
  id: (await call('billing.create_topup', { amount_usd_cents: 5000, network: 'bsc' })).id,
})
/** With a month of Pro on the balance. */
const prepaid = async (store: SampleStore) => {
  const { payment_number } = await store.call('billing.create_topup', { amount_usd_cents: 2900, network: 'tron' })
  await store.call('payments.simulate', { payment_number, action: 'confirm' })
}
const apiKey = async ({ call }: SampleStore) => ({ id: (await call('keys.create', { name: 'Spare' })).id })
const storeId = ({ opened }: SampleStore) => ({ id: formatStoreId(opened.store.storeId) })

/** One valid call of every operation. test/doors.test.ts fails for an operation that isn't here. */
export const SAMPLES: Readonly<Record<string, Sample>> = {
  'stores.create': { as: 'nobody', input: () => ({ name: 'Shop', email: 'owner@example.com' }) },
  'stores.get': { input: () => ({}) },
  'stores.update': { input: () => ({ name: 'New name', accent_color: '#3b5bdb', logo_url: null }) },
  'stores.roll_signing_key': { input: () => ({ overlap_hours: 12 }) },
  'stores.list': { as: 'operator', input: () => ({ status: 'approved', limit: 1, offset: 0 }) },
  'stores.issue_key': { as: 'operator', input: (store) => ({ ...storeId(store), mode: 'test', name: 'Spare' }) },
  'stores.approve': { as: 'operator', input: storeId },
  'stores.suspend': { as: 'operator', input: storeId },
  'connections.connect': { as: 'test', input: () => ({ country: 'DE' }) },
  'connections.get': { input: () => ({}) },
  'keys.create': { input: () => ({ name: 'Deploy', mode: 'test', scopes: ['products:read'] }) },
  // With a live key two keys of one instant are listed, in either order.
  'keys.list': { as: 'test', input: () => ({}) },
  'keys.roll': { input: apiKey },
  'keys.revoke': { input: apiKey },
  'products.create': { input: () => ({ name: 'Kit', price_cents: 1900, description: null, currency: 'EUR' }) },
  'products.list': {
    input: async (store) => {
      await product(store)
      return { limit: 5, status: 'active', search: 'kit' }
    },
  },
  'products.get': { input: product },
  'products.update': { input: async (store) => ({ ...(await product(store)), name: 'Box', price_cents: 50 }) },
  'products.archive': { input: product },
  'variants.create': {
    input: async (store) => ({
      product_id: (await product(store)).id,
      name: 'Team licence',
      price_cents: 4900,
      license: LICENSE,
    }),
  },
  'variants.list': {
    input: async (store) => ({ product_id: (await variant(store)).product_id, status: 'active', limit: 5 }),
  },
  'variants.get': { input: variantId },
  'variants.update': {
    input: async (store) => ({ ...(await variantId(store)), price_cents: 5900, license: { activation_limit: null } }),
  },
  'variants.archive': { input: variantId },
  'licenses.list': {
    as: 'test',
    input: async (store) => ({ product_id: (await license(store)).product_id, limit: 5 }),
  },
  'licenses.get': { as: 'test', input: licenseKey },
  'licenses.revoke': { as: 'test', input: licenseKey },
  'licenses.validate': { as: 'test', input: async (store) => ({ ...(await license(store)), instance: 'laptop' }) },
  'licenses.activate': { as: 'test', input: async (store) => ({ ...(await license(store)), instance: 'laptop' }) },
  'licenses.deactivate': { as: 'test', input: async (store) => ({ ...(await license(store)), instance: 'laptop' }) },
  'orders.create': {
    as: 'test',
    input: async (store) => ({
      product_id: (await product(store)).id,
      customer_email: 'buyer@example.com',
      metadata: { plan: 'premium', seats: 3, trial: false, note: null },
    }),
  },
  'orders.list': {
    as: 'test',
    input: async (store) => {
      await order(store)
      return { limit: 5, status: 'pending' }
    },
  },
  'orders.get': { as: 'test', input: order },
  'orders.pay_test': {
    as: 'test',
    input: async (store) => ({ ...(await order(store)), card_number: '4000 0000 0000 1091' }),
  },
  'orders.refund': {
    as: 'test',
    input: async (store) => ({ ...(await paidOrder(store)), amount_cents: 500, reason: 'Asked for it' }),
  },
  'emails.list': {
    as: 'test',
    input: async (store) => {
      const { id } = await paidOrder(store)
      return { limit: 5, status: 'queued', order_id: id }
    },
  },
  'emails.get': {
    as: 'test',
    input: async (store) => {
      await paidOrder(store)
      const { emails } = await store.call('emails.list', {})
      return { id: (emails as { id: string }[])[0]?.id }
    },
  },
  'emails.resend_receipt': {
    as: 'test',
    input: async (store) => ({ ...(await paidOrder(store)), email: 'other@example.com' }),
  },
  'disputes.list': {
    as: 'test',
    input: async (store) => {
      await dispute(store)
      return { limit: 5, status: 'needs_response' }
    },
  },
  'disputes.get': { as: 'test', input: dispute },
  'disputes.raise_test': {
    as: 'test',
    input: async (store) => ({ ...(await paidOrder(store)), amount_cents: 500, reason: 'product_not_received' }),
  },
  'disputes.resolve_test': { as: 'test', input: async (store) => ({ ...(await dispute(store)), outcome: 'lost' }) },
  'coupons.create': {
    input: () => ({
      code: 'lucky27',
      discount_basis_points: 2700,
      description: 'Lucky discount',
      max_uses: 100,
      max_uses_per_customer: 1,
      expires_at: '2026-12-31T23:59:59Z',
    }),
  },
  'coupons.list': {
    input: async (store) => {
      await coupon(store)
      return { limit: 5, offset: 0, is_active: true }
    },
  },
  'coupons.get': { input: coupon },
  'coupons.update': {
    input: async (store) => ({ ...(await coupon(store)), max_uses: 10, min_amount_cents: null, is_active: false }),
  },
  'coupons.delete': { input: coupon },
  'coupons.preview': {
    input: async (store) => {
      await coupon(store)
      return { code: 'summer25', amount_cents: 4_999, customer_email: 'buyer@example.com' }
    },
  },
  'payments.create': {
    as: 'test',
    input: async (store) => {
      await address(store)
      return {
        ...WANTED,
        external_order_id: 'order-123',
        customer_email: 'buyer@example.com',
        redirect_url: 'https://example.com/thanks',
        metadata: { sku: 'GOLD-PLAN' },
      }
    },
  },
  'payments.list': {
    as: 'test',
    input: async (store) => {
      await cryptoPayment(store)
      return { limit: 5, status: 'pending', network: 'bsc', currency: 'usdt' }
    },
  },
  'payments.get': { as: 'test', input: cryptoPayment },
  'payments.cancel': { as: 'test', input: cryptoPayment },
  'payments.simulate': {
    as: 'test',
    input: async (store) => ({ ...(await cryptoPayment(store)), action: 'confirm' }),
  },
  'payments.get_settings': { input: () => ({}) },
  'payments.update_settings': {
    as: 'test',
    input: () => ({ expiry_minutes: 60, underpayment_tolerance_basis_points: 50, confirmations: { bsc: 30 } }),
  },
  'chains.list_unmatched': {
    as: 'test',
    input: async (store) => {
      await store.call('payments.simulate', { ...(await cryptoPayment(store)), action: 'late' })
      return { limit: 5, network: 'bsc', reason: 'late' }
    },
  },
  'chains.rescan': { as: 'operator', input: () => ({ network: 'bsc', from_block: 5, to_block: 9 }) },
  'chains.reanchor': { as: 'operator', input: () => ({ network: 'bsc' }) },
  'addresses.add': {
    as: 'test',
    input: () => ({ network: 'bsc', addresses: [{ address: ADDRESS, label: 'Ledger' }] }),
  },
  'addresses.list': {
    as: 'test',
    input: async (store) => {
      await address(store)
      return { limit: 5, network: 'bsc', state: 'free', search: 'cc6634' }
    },
  },
  'addresses.get': { as: 'test', input: address },
  'addresses.update': {
    as: 'test',
    input: async (store) => ({ ...(await address(store)), label: 'Cold', is_active: false }),
  },
  'addresses.remove': { as: 'test', input: address },
  'billing.plans': { as: 'nobody', input: () => ({}) },
  'billing.get': { input: () => ({}) },
  'billing.usage': { input: () => ({}) },
  'billing.subscribe': {
    as: 'test',
    input: async (store) => {
      await prepaid(store)
      return { plan: 'pro', interval: 'monthly' }
    },
  },
  'billing.set_overage': { input: () => ({ allow_overage: true }) },
  'billing.list_invoices': {
    as: 'test',
    input: async (store) => {
      await prepaid(store)
      await store.call('billing.subscribe', { plan: 'pro' })
      return { limit: 5, kind: 'subscription' }
    },
  },
  'billing.create_topup': { as: 'test', input: () => ({ amount_usd_cents: 5000, network: 'bsc' }) },
  'billing.get_topup': { as: 'test', input: topup },
  'billing.list_topups': {
    as: 'test',
    input: async (store) => {
      await topup(store)
      return { limit: 5 }
    },
  },
  'billing.simulate': { as: 'test', input: () => ({ action: 'end_period' }) },
  'billing.adjust': {
    as: 'operator',
    input: (store) => ({ ...storeId(store), amount_usdt: '-12.5', reason: 'Sent too late', mode: 'test' }),
  },
  'revenue.get': { input: () => ({ period: '7d' }) },
  'ledger.balance': { input: () => ({}) },
  'ledger.list': {
    as: 'test',
    input: async (store) => ({ order_id: (await paidOrder(store)).id, kind: 'sale', from: '2026-03-01T00:00:00Z' }),
  },
  'stats.get': { as: 'nobody', input: () => ({}) },
  'webhooks.create': { input: () => ({ ...HOOK, description: 'Main' }) },
  'webhooks.list': {
    input: async (store) => {
      await webhook(store)
      return { limit: 5 }
    },
  },
  'webhooks.get': { input: webhook },
  'webhooks.update': { input: async (store) => ({ ...(await webhook(store)), is_active: false }) },
  'webhooks.delete': { input: webhook },
  'webhooks.test': { input: webhook },
  'webhooks.list_deliveries': {
    as: 'test',
    input: async (store) => {
      const { id } = await webhook(store)
      await paidOrder(store)
      return { endpoint_id: id, status: 'pending' }
    },
  },
  'webhooks.rotate_secret': { input: async (store) => ({ ...(await webhook(store)), overlap_hours: 12 }) },
  'webhooks.get_delivery': { as: 'test', input: delivery },
  'webhooks.replay_delivery': { as: 'test', input: delivery },
  'webhooks.recover_deliveries': {
    input: async (store) => ({ ...(await webhook(store)), since: '2026-03-01T00:00:00Z' }),
  },
  'events.list': {
    as: 'test',
    input: async (store) => {
      await paidOrder(store)
      return { type: 'sale.completed', from: '2026-03-01T00:00:00Z' }
    },
  },
  'events.get': { as: 'test', input: event },
  'events.send': {
    as: 'test',
    input: async (store) => ({ ...(await event(store)), webhook_id: (await webhook(store)).id }),
  },
  'webhooks.list_event_types': { input: () => ({}) },
}
