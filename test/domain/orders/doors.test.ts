import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Order, Refund } from '../../../server/domain/orders/schema'
import { stores } from '../../../server/domain/stores/table'
import { createWorld, type World } from '../../support/world'

type Wire = Record<string, unknown> & { id: string }
type OrderWire = ReturnType<typeof Order.parse>
type RefundWire = ReturnType<typeof Refund.parse>

let world: World
let testKey: string
let liveKey: string
let productId: string
beforeAll(async () => {
  world = await createWorld()
  ;({ testKey, liveKey } = await world.openStore())
  productId = await newProduct(testKey)
})
afterAll(() => world.close())

async function call<T>(
  key: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${world.url}/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as T, headers: response.headers }
}

async function newProduct(key: string): Promise<string> {
  return (await call<Wire>(key, 'POST', '/products', { name: 'Kit', price_cents: 1_900 })).body.id
}

async function newOrder(extra: Record<string, unknown> = {}) {
  const made = await call<OrderWire>(testKey, 'POST', '/orders', { product_id: productId, ...extra })
  expect(made.status).toBe(201)
  return made.body
}

const pay = (id: string, body: Record<string, unknown> = {}) =>
  call<{ state: string; order: OrderWire; code?: string }>(testKey, 'POST', `/orders/${id}/pay_test`, body)

test("a test payment is the order's own customer's, unless it says whose", async () => {
  const customer = { customer_email: 'ada@example.com', customer_name: 'Ada' }
  const paid = await pay((await newOrder(customer)).id)
  expect(paid.body.order).toMatchObject(customer)
  expect((await pay((await newOrder()).id)).body.order.customer_email).toBe('buyer@example.com')
  const other = await pay((await newOrder(customer)).id, { email: 'bob@example.com' })
  expect(other.body.order.customer_email).toBe('bob@example.com')
})

test.each(['ledger_entries', 'disputes', 'emails'])(
  '%s of an unknown order name the field that was sent',
  async (list) => {
    const asked = await call<{ field: string }>(testKey, 'GET', `/${list}?order_id=PP-2611-NOSUCH`)
    expect([asked.status, asked.body.field]).toEqual([404, 'order_id'])
  },
)

describe('create_order', () => {
  test('answers every field and a checkout link that lives an hour', async () => {
    const extra = {
      customer_email: 'buyer@example.com',
      order_reference: 'INV-1',
      metadata: { plan: 'premium', seats: 3, trial: false, note: null },
      success_url: 'https://example.com/thanks',
    }
    const order = await newOrder(extra)
    expect(order).toEqual({
      id: expect.any(String),
      number: expect.stringMatching(/^PP-2603-[0-9A-Z]{6}$/),
      transaction_id: expect.stringMatching(/^txn_/),
      session_id: expect.stringMatching(/^cs_test_/),
      product_id: productId,
      variant_id: null,
      product_name: 'Kit',
      subtotal_cents: 1_900,
      discount_cents: 0,
      coupon_code: null,
      amount_cents: 1_900,
      fee_cents: 0,
      net_cents: 1_900,
      gateway_fee_cents: null,
      gateway_fee_currency: null,
      currency: 'usd',
      status: 'pending',
      failure_code: null,
      payment_method: null,
      customer_name: null,
      refunded_cents: 0,
      dispute_status: null,
      disputed_cents: 0,
      checkout_url: `${world.url}/checkout/${order.session_id}`,
      cancel_url: null,
      webhook_url: null,
      license: null,
      is_test: true,
      created_at: '2026-03-02T09:00:00.000Z',
      expires_at: '2026-03-02T10:00:00.000Z',
      completed_at: null,
      ...extra,
    })
  })

  test.each([
    [{ metadata: { deep: { er: 1 } } }, 400, 'metadata.deep'],
    [{ metadata: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, n])) }, 400, 'metadata'],
    [{ customer_email: 'nobody' }, 400, 'customer_email'],
    [{ success_url: 'javascript:alert(1)' }, 400, 'success_url'],
    [{ product_id: 'nonsense' }, 404, 'product_id'],
  ])('names the field of bad input %#', async (extra, status, field) => {
    const refused = await call<{ field: string }>(testKey, 'POST', '/orders', { product_id: productId, ...extra })
    expect(refused).toMatchObject({ status, body: { field } })
  })

  test("another store's product, and the other mode's, are not found", async () => {
    const stranger = (await world.openStore()).testKey
    for (const key of [stranger, liveKey]) {
      const refused = await call(key, 'POST', '/orders', { product_id: productId })
      expect(refused).toMatchObject({ status: 404, body: { code: 'product_not_found' } })
    }
  })

  test("the platform fee is a part of the amount, frozen with the order's price", async () => {
    const { store, testKey: key } = await world.openStore()
    await world.deps.db.update(stores).set({ feeBasisPoints: 250 }).where(eq(stores.storeId, store.storeId))
    const order = await call<OrderWire>(key, 'POST', '/orders', { product_id: await newProduct(key) })
    expect(order.body).toMatchObject({ amount_cents: 1_900, fee_cents: 48, net_cents: 1_852 })
  })

  test('a live key without a gateway is told so', async () => {
    const refused = await call(liveKey, 'POST', '/orders', { product_id: await newProduct(liveKey) })
    expect(refused).toMatchObject({ status: 503, body: { code: 'gateway_not_configured' } })
  })
})

describe('get_order and list_orders', () => {
  test('an order is found by each of its names', async () => {
    const order = await newOrder()
    for (const name of [order.id, order.number, order.number.toLowerCase(), order.transaction_id, order.session_id]) {
      expect((await call(testKey, 'GET', `/orders/${name}`)).body).toEqual(order)
    }
  })

  test("another store's order, and a test order asked for with a live key, are not found by any name", async () => {
    const order = await newOrder()
    const stranger = (await world.openStore()).testKey
    for (const key of [stranger, liveKey]) {
      for (const name of [order.id, order.number, order.transaction_id, order.session_id, 'x', '%00', "';--"]) {
        expect(await call(key, 'GET', `/orders/${name}`)).toMatchObject({
          status: 404,
          body: { code: 'order_not_found' },
        })
        expect((await call(key, 'POST', `/orders/${name}/refund`, {})).status).toBe(404)
      }
    }
  })

  test('lists newest first, page by page, and by status', async () => {
    const key = (await world.openStore()).testKey
    const product_id = await newProduct(key)
    const ids: string[] = []
    for (let n = 0; n < 5; n++) {
      world.clock.advance(1)
      ids.unshift((await call<Wire>(key, 'POST', '/orders', { product_id })).body.id)
    }
    await call(key, 'POST', `/orders/${ids[2]}/pay_test`, {})
    type Page = { orders: OrderWire[]; next_cursor: string | null }
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path: string = `/orders?limit=2${cursor && `&cursor=${cursor}`}`
      const page: Page = (await call<Page>(key, 'GET', path)).body
      seen.push(...page.orders.map(({ id }) => id))
      cursor = page.next_cursor
    }
    expect(seen).toEqual(ids)
    const completed = (await call<Page>(key, 'GET', '/orders?status=completed')).body
    expect(completed.orders.map(({ id }) => id)).toEqual([ids[2]])
    expect(await call(key, 'GET', '/orders?status=paid')).toMatchObject({ status: 400, body: { field: 'status' } })
  })
})

describe('pay_test_order', () => {
  test('pays with the success card by itself, once', async () => {
    const order = await newOrder()
    const paid = await pay(order.number)
    expect(paid.body).toMatchObject({
      state: 'paid',
      order: { id: order.id, status: 'completed', payment_method: 'card', completed_at: expect.any(String) },
    })
    expect(await pay(order.id)).toMatchObject({ status: 409, body: { code: 'order_already_paid' } })
  })

  test('a 3-D Secure card waits for the buyer, or takes the answer along', async () => {
    const card_number = '4000 0000 0000 1091'
    const [first, second] = [await newOrder(), await newOrder()]
    expect((await pay(first.id, { card_number })).body.state).toBe('requires_action')
    expect((await pay(first.id, { approve_authentication: true })).body.state).toBe('paid')
    const refused = await pay(second.id, { card_number, approve_authentication: false })
    expect(refused).toMatchObject({ status: 402, body: { code: 'payment_declined', field: 'card_number' } })
  })

  test('a decline says why and what to try', async () => {
    const order = await newOrder()
    const declined = await pay(order.id, { card_number: '4000000000000119' })
    expect(declined).toMatchObject({
      status: 402,
      body: { error: 'The card was declined: insufficient_funds.', hint: expect.stringContaining('4000000000000002') },
    })
    expect((await call<OrderWire>(testKey, 'GET', `/orders/${order.id}`)).body).toMatchObject({
      status: 'failed',
      failure_code: 'insufficient_funds',
    })
  })

  test('is refused to a live key', async () => {
    const order = await newOrder()
    expect(await call(liveKey, 'POST', `/orders/${order.id}/pay_test`, {})).toMatchObject({ status: 400 })
  })
})

describe('refund_order', () => {
  test('repeats with one idempotency key are one refund, the replay marked', async () => {
    const order = await newOrder()
    await pay(order.id)
    const body = { amount_cents: 700, reason: 'Too small' }
    const key = { 'Idempotency-Key': 'refund-1' }
    const first = await call<RefundWire>(testKey, 'POST', `/orders/${order.id}/refund`, body, key)
    expect(first.body).toMatchObject({
      amount_cents: 700,
      status: 'succeeded',
      reason: 'Too small',
      order: { status: 'completed', refunded_cents: 700 },
    })
    const again = await call<RefundWire>(testKey, 'POST', `/orders/${order.id}/refund`, body, key)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    const rest = await call<RefundWire>(testKey, 'POST', `/orders/${order.id}/refund`, {})
    expect(rest.body).toMatchObject({ amount_cents: 1_200, order: { status: 'refunded', refunded_cents: 1_900 } })
  })

  test('refunds with different keys are different refunds, also in parallel', async () => {
    const order = await newOrder()
    await pay(order.id)
    const send = (n: number) =>
      call(testKey, 'POST', `/orders/${order.id}/refund`, { amount_cents: 500 }, { 'Idempotency-Key': `part-${n}` })
    const results = await Promise.all([1, 2, 3, 4, 5, 6].map(send))
    expect(results.map(({ status }) => status).sort()).toEqual([200, 200, 200, 422, 422, 422])
  })

  test.each([[0], [-5], [1.5], ['100']])('refuses %j as an amount', async (amount_cents) => {
    const order = await newOrder()
    const refused = await call(testKey, 'POST', `/orders/${order.id}/refund`, { amount_cents })
    expect(refused).toMatchObject({ status: 400, body: { field: 'amount_cents' } })
  })
})
