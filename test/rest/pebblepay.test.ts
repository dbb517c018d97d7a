import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDecimal } from '../../server/kernel/money'
import { amountLimits } from '../../server/kernel/wire'
import { callRest } from '../support/calls'
import { type Page, type Payment, usePebblepay } from './pebblepay-shop'

/** Document D to the letter. Its curl lines and its webhook handler are in pebblepay-samples.test.ts. */

const shop = usePebblepay()
const { call, create, pay, post } = shop
const OUT_OF_RANGE = 'amount is required and must be between 0.50 and 50000.00'

test('POST answers the payment with its checkout, bare; the session lives an hour', async () => {
  const fields = {
    product_name: 'Premium Subscription',
    order_reference: 'ORD-2024-001',
    customer_email: 'john@example.com',
    customer_name: 'John Doe',
    return_url: 'https://yoursite.com/success',
    cancel_url: 'https://yoursite.com/cancel',
    metadata: { plan: 'premium', user_id: '123' },
  }
  const { status, body } = await call('POST', '', { amount: 49.99, ...fields, unheard_of: true })
  expect(status).toBe(201)
  expect(body).toEqual({
    order_id: expect.stringMatching(/^PP-2603-[0-9A-Z]{6}$/),
    transaction_id: expect.stringMatching(/^txn_/),
    checkout_session_id: expect.stringMatching(/^cs_live_/),
    checkout_url: `${shop.world.url}/checkout/${body.checkout_session_id}`,
    status: 'pending',
    amount: 49.99,
    subtotal: 49.99,
    discount_amount: 0,
    coupon_code: null,
    fee_amount: 0,
    net_amount: 49.99,
    refunded_amount: 0,
    currency: 'USD',
    variant_id: null,
    webhook_url: null,
    failure_code: null,
    is_test: false,
    created_at: '2026-03-02T09:00:00.000Z',
    expires_at: '2026-03-02T10:00:00.000Z',
    completed_at: null,
    ...fields,
  })
  for (const id of [body.order_id, body.transaction_id, body.checkout_session_id]) {
    expect(await call('GET', `/${id}`)).toMatchObject({ status: 200, body })
  }
})

test('success_url is an alias of return_url, and what a form leaves empty is as if it were not there', async () => {
  const body = { amount: 1, success_url: 'https://yoursite.com/a', return_url: '', customer_name: null, variant_id: '' }
  expect(await create(body)).toMatchObject({
    return_url: 'https://yoursite.com/a',
    customer_name: null,
    product_name: 'Corner shop',
  })
})

test('a variant fixes the price: an amount beside it is ignored', async () => {
  const rest = (path: string, body: unknown) =>
    callRest(shop.world.url, 'POST', `/v1${path}`, { key: shop.store.liveKey, body })
  const { id } = (await rest('/products', { name: 'App', price_cents: 100 })).body
  const variant = (await rest(`/products/${id}/variants`, { name: 'Pro', price_cents: 9_900 })).body
  for (const amount of [0.01, 5, 'nonsense', undefined]) {
    expect(await create({ variant_id: variant.id, amount, product_name: 'Mine', currency: 'eur' })).toMatchObject({
      amount: 99,
      currency: 'USD',
      variant_id: variant.id,
      product_name: 'App – Pro',
    })
  }
  expect(await call('POST', '', { variant_id: 'var_nonsense' })).toMatchObject({
    status: 404,
    body: { error: 'Variant not found' },
  })
})

describe('amounts', () => {
  test.each([
    ['29.99', 29.99],
    ['0.50', 0.5],
    ['50000', 50_000],
    ['50000.00', 50_000],
    ['1e2', 100],
    ['2999E-2', 29.99],
    ['19.990', 19.99],
    ['"29.99"', 29.99],
    ['" 5 "', 5],
  ])('%s is read as %d', async (text, amount) => {
    expect(await post(`{"amount":${text},"product_name":"x"}`)).toMatchObject({ status: 201, body: { amount } })
  })

  test.each([
    '0.49',
    '0',
    '-5',
    '50000.01',
    '1e5',
    '1e300',
    '1e999',
    'null',
    '""',
    '"1e2"',
    '"12,50"',
    '"$5"',
    '[5]',
    '{"a":5}',
    'true',
    '9'.repeat(60),
  ])('%s is refused in the words of the document', async (text) => {
    expect(await post(`{"amount":${text}}`)).toEqual({ status: 400, body: { error: OUT_OF_RANGE } })
  })

  test('a missing amount is too', async () => {
    expect(await post('{"product_name":"x"}')).toEqual({ status: 400, body: { error: OUT_OF_RANGE } })
    expect(await post('')).toEqual({ status: 400, body: { error: OUT_OF_RANGE } })
  })

  test.each(['19.999', '0.30000000000000004', '"19.999"', '19.990000000000000001'])(
    '%s has more digits than USD, also where a float would hide them',
    async (text) => {
      const refused = await post(`{"amount":${text}}`)
      expect(refused.status).toBe(400)
      expect(refused.body.error).toMatch(/^amount must have at most 2 digits after the point in USD, and /)
    },
  )

  test.each(['jpy', 'usd', 'kwd', 'EUR'])(
    'any amount of %s within its limits comes out as it went in',
    async (currency) => {
      const { min, max } = amountLimits(currency.toLowerCase())
      const minor = fc.bigInt({ min, max })
      await fc.assert(
        fc.asyncProperty(minor, fc.boolean(), async (amount, quoted) => {
          const text = formatDecimal(amount, currency.toLowerCase())
          const made = await post(`{"amount":${quoted ? `"${text}"` : text},"currency":"${currency}"}`)
          expect(made).toMatchObject({ status: 201, body: { currency: currency.toUpperCase() } })
          expect(made.body.amount).toBe(Number(text))
          const own = await callRest(shop.world.url, 'GET', `/v1/orders/${made.body.order_id}`, {
            key: shop.store.liveKey,
          })
          expect(own.body.amount_cents).toBe(Number(amount))
        }),
        { numRuns: 15 },
      )
    },
  )

  test('another currency has limits of its own, and an unknown one is named', async () => {
    expect((await call('POST', '', { amount: 49, currency: 'jpy' })).body.error).toBe(
      'amount is required and must be between 50 and 99999999 JPY',
    )
    expect((await call('POST', '', { amount: 1.5, currency: 'jpy' })).body.error).toMatch(/at most 0 digits .* in JPY/)
    expect((await call('POST', '', { amount: 5, currency: 'xxx' })).body.error).toMatch(/^currency: /)
  })
})

describe('testMode', () => {
  test('makes a test order with the live key, which finds, lists and refunds it with that key', async () => {
    const live = await create({ amount: 5, order_reference: 'both' })
    const rehearsal = await create({ amount: 29.99, testMode: true, order_reference: 'both' })
    expect(rehearsal).toMatchObject({ is_test: true, checkout_session_id: expect.stringMatching(/^cs_test_/) })
    expect(live.is_test).toBe(false)
    expect((await pay(rehearsal)).status).toBe(200)
    for (const id of [rehearsal.order_id, rehearsal.transaction_id, rehearsal.checkout_session_id]) {
      expect(await call('GET', `/${id}`)).toMatchObject({ status: 200, body: { is_test: true, status: 'completed' } })
    }
    const listed = async (query: string) =>
      (await call<Page>('GET', `?order_reference=both${query}`)).body.orders.map(({ is_test }) => is_test).sort()
    expect(await listed('')).toEqual([false, true])
    expect(await listed('&is_test=true')).toEqual([true])
    expect(await listed('&is_test=false')).toEqual([false])
    expect((await call('POST', `/${rehearsal.order_id}/refund`, {})).body).toMatchObject({
      status: 'refunded',
      is_test: true,
    })
    const revenue = await callRest(shop.world.url, 'GET', '/api/v1/revenue', { key: shop.store.liveKey })
    expect(JSON.stringify(revenue.body)).not.toContain('29.99')
  })

  test('false and none are the key’s own mode; a test key makes and sees test orders only', async () => {
    const live = await create({ amount: 5, testMode: false })
    expect(live.is_test).toBe(false)
    expect((await create({ amount: 5, testMode: false }, shop.store.testKey)).is_test).toBe(true)
    expect((await call('GET', `/${live.order_id}`, undefined, shop.store.testKey)).status).toBe(404)
    const { orders } = (await call<Page>('GET', '', undefined, shop.store.testKey)).body
    expect(orders.every(({ is_test }) => is_test)).toBe(true)
  })

  test.each(['true', 1, 'yes', {}])('testMode %j is refused: it might have been a live order', async (testMode) => {
    const { status, body } = await call('POST', '', { amount: 5, testMode })
    expect([status, body]).toEqual([400, { error: 'testMode: must be true or false' }])
  })
})

describe('the list', () => {
  test('has total, limit and offset, newest first, with the filters of the document', async () => {
    const { liveKey: key } = await shop.world.openStore()
    const made: Payment[] = []
    for (let n = 0; n < 4; n++) {
      shop.world.clock.advance(1)
      made.unshift(await create({ amount: n + 1, order_reference: n % 2 ? 'odd' : 'even', testMode: n === 3 }, key))
    }
    const get = async (query: string) => (await call<Page>('GET', query, undefined, key)).body
    expect(await get('')).toEqual({ orders: made, total: 4, limit: 50, offset: 0 })
    expect(await get('?limit=2&offset=1')).toEqual({ orders: made.slice(1, 3), total: 4, limit: 2, offset: 1 })
    expect(await get('?order_reference=odd')).toMatchObject({ orders: [made[0], made[2]], total: 2 })
    expect(await get(`?order_id=${made[1]?.order_id}`)).toMatchObject({ orders: [made[1]], total: 1 })
    expect(await get('?order_id=PP-0000-000000')).toMatchObject({ orders: [], total: 0 })
    expect(await get('?status=pending&offset=4')).toMatchObject({ orders: [], total: 4 })
    expect(await get('?status=completed')).toMatchObject({ orders: [], total: 0 })
  })

  test.each([
    'limit=0',
    'limit=101',
    'limit=x',
    'limit=1.5',
    'offset=-1',
    'offset=x',
    'status=paid',
    'status=',
    'is_test=yes',
    'limit=1&limit=2',
  ])('%s is a 400, not clamped', async (query) => {
    const { status, body } = await call('GET', `?${query}`)
    expect([status, body]).toEqual([400, { error: expect.any(String) }])
  })
})
