import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { callRest } from '../../support/calls'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

type Body = Record<string, unknown>

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
})
beforeEach(async () => {
  shop = await openShop(world)
})
afterAll(() => world.close())

const call = (method: string, path: string, body?: Body, key = shop.opened.testKey) =>
  callRest<Body>(world.url, method, path, { key, body })

async function create(body: Body = {}): Promise<Body & { id: string }> {
  const { status, body: made } = await call('POST', '/v1/coupons', {
    code: 'summer25',
    discount_basis_points: 2_500,
    ...body,
  })
  expect(status, JSON.stringify(made)).toBe(201)
  return { ...made, id: String(made.id) }
}

const preview = async (query: Record<string, string>) =>
  (await call('GET', `/v1/coupon_preview?${new URLSearchParams(query)}`)).body

describe('coupons', () => {
  test('are made with a code in capitals and read, listed and changed', async () => {
    const made = await create({ max_uses: 5, expires_at: '2026-12-31T23:59:59+01:00' })
    expect(made).toMatchObject({
      id: expect.stringMatching(/^coup_[0-9a-z]{26}$/),
      code: 'SUMMER25',
      discount_type: 'percentage',
      discount_basis_points: 2_500,
      discount_cents: null,
      currency: 'usd',
      min_amount_cents: null,
      max_uses: 5,
      max_uses_per_customer: null,
      uses: 0,
      is_active: true,
      expires_at: '2026-12-31T22:59:59.000Z',
    })
    expect((await call('GET', `/v1/coupons/${made.id}`)).body).toEqual(made)
    const changed = await call('PATCH', `/v1/coupons/${made.id}`, { max_uses: null, is_active: false })
    expect(changed.body).toMatchObject({ max_uses: null, is_active: false, expires_at: made.expires_at })
    expect((await call('GET', '/v1/coupons?is_active=true')).body).toMatchObject({ coupons: [], total: 0 })
    expect((await call('GET', '/v1/coupons?is_active=false')).body).toMatchObject({
      coupons: [{ id: made.id }],
      total: 1,
    })
  })

  test('are listed newest first, by cursor and by offset', async () => {
    for (let number = 1; number <= 5; number++) {
      world.clock.advance(1)
      await create({ code: `C${number}` })
    }
    const codes = (body: Body) => (body.coupons as Body[]).map(({ code }) => code)
    const first = (await call('GET', '/v1/coupons?limit=2')).body
    const second = (await call('GET', `/v1/coupons?limit=2&cursor=${first.next_cursor}`)).body
    expect([codes(first), codes(second)]).toEqual([
      ['C5', 'C4'],
      ['C3', 'C2'],
    ])
    const rest = (await call('GET', '/v1/coupons?limit=2&offset=3')).body
    expect([codes(rest), rest.total, rest.next_cursor]).toEqual([['C2', 'C1'], 5, null])
    expect((await call('GET', `/v1/coupons?offset=1&cursor=${first.next_cursor}`)).status).toBe(400)
  })

  test('have a code of their own in a store and mode, also when many are made at once', async () => {
    const body = { code: 'Once', discount_cents: 500 }
    const answers = await Promise.all(Array.from({ length: 10 }, () => call('POST', '/v1/coupons', body)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    for (const { status, body: said } of answers.filter((answer) => answer.status !== 201)) {
      expect([status, said.code, said.field]).toEqual([409, 'coupon_exists', 'code'])
    }
    expect((await call('POST', '/v1/coupons', body, shop.opened.liveKey)).status).toBe(201)
  })

  test.each([
    [{ discount_cents: 500 }, 'discount_basis_points'],
    [{ discount_basis_points: undefined }, 'discount_basis_points'],
    [{ discount_basis_points: 99 }, 'discount_basis_points'],
    [{ discount_basis_points: 10_001 }, 'discount_basis_points'],
    [{ discount_basis_points: 12.5 }, 'discount_basis_points'],
    [{ code: 'two words' }, 'code'],
    [{ max_uses: 0 }, 'max_uses'],
    [{ max_uses_per_customer: 1.5 }, 'max_uses_per_customer'],
    [{ expires_at: 'tomorrow' }, 'expires_at'],
    [{ expires_at: '9999-12-31T23:59:59-10:00' }, 'expires_at'],
    [{ currency: 'dollars' }, 'currency'],
  ])('refuse %j by its field', async (change, field) => {
    const { status, body } = await call('POST', '/v1/coupons', {
      code: 'SAVE',
      discount_basis_points: 2_500,
      ...change,
    })
    expect([status, body.field]).toEqual([400, field])
  })

  test.each(['code', 'discount_type', 'discount_value', 'discount_basis_points', 'discount_cents', 'currency'])(
    'keep their %s, and say so',
    async (field) => {
      const { id } = await create()
      const { status, body } = await call('PATCH', `/v1/coupons/${id}`, { [field]: 'X' })
      expect([status, body.field]).toEqual([400, field])
      expect(body.error).toContain("can't be changed")
    },
  )

  test('of another store or mode are not found, as those that never were', async () => {
    const { id } = await create()
    const stranger = await world.openStore()
    const keys = [shop.opened.liveKey, stranger.testKey]
    const answers = [
      ...(await Promise.all(keys.map((key) => call('GET', `/v1/coupons/${id}`, undefined, key)))),
      ...(await Promise.all(keys.map((key) => call('PATCH', `/v1/coupons/${id}`, { is_active: false }, key)))),
      ...(await Promise.all(keys.map((key) => call('DELETE', `/v1/coupons/${id}`, undefined, key)))),
      await call('GET', '/v1/coupons/coup_a1b2c3d4'),
    ]
    for (const { status, body } of answers) expect([status, body.code]).toEqual([404, 'coupon_not_found'])
    expect((await call('GET', `/v1/coupons/${id}`)).status).toBe(200)
  })

  test('that are deleted are gone for good; orders keep code and discount, and the code can be had anew', async () => {
    const { id } = await create({ max_uses: 1 })
    const order = await call('POST', '/v1/orders', { product_id: shop.product.id, coupon_code: 'summer25' })
    expect((await call('DELETE', `/v1/coupons/${id}`)).body).toEqual({ id, deleted: true })
    expect((await call('GET', `/v1/coupons/${id}`)).status).toBe(404)
    expect((await call('DELETE', `/v1/coupons/${id}`)).status).toBe(404)
    const paid = await call('POST', `/v1/orders/${order.body.id}/pay_test`)
    expect(paid.body).toMatchObject({
      order: { status: 'completed', coupon_code: 'SUMMER25', discount_cents: 475, amount_cents: 1_425 },
    })
    expect(await create({ max_uses: 1 })).toMatchObject({ uses: 0 })
  })
})

describe('an order', () => {
  test('has the price after its coupon, and its fee of that', async () => {
    await create({ discount_basis_points: 1_250 })
    const { body } = await call('POST', '/v1/orders', { product_id: shop.product.id, coupon_code: 'Summer25' })
    // 19.00 × 12.5 % = 2.375, rounded half up once.
    expect(body).toMatchObject({
      subtotal_cents: 1_900,
      discount_cents: 238,
      amount_cents: 1_662,
      coupon_code: 'SUMMER25',
    })
    expect(body).toMatchObject({ net_cents: 1_662, fee_cents: 0 })
  })

  test('is not made with a coupon that does not apply, and the error says why', async () => {
    await create({ min_amount_cents: 5_000 })
    const refused = await call('POST', '/v1/orders', { product_id: shop.product.id, coupon_code: 'summer25' })
    expect([refused.status, refused.body.code, refused.body.field]).toEqual([
      422,
      'coupon_not_applicable',
      'coupon_code',
    ])
    expect(refused.body.error).toContain('$50.00')
    const unknown = await call('POST', '/v1/orders', { product_id: shop.product.id, coupon_code: 'nope' })
    expect(unknown.body.error).toBe('There is no coupon NOPE.')
    expect((await call('GET', '/v1/orders')).body).toMatchObject({ orders: [] })
  })

  test('of a call that is repeated with its idempotency key uses its coupon once', async () => {
    const { id } = await create({ max_uses: 1 })
    const body = { product_id: shop.product.id, coupon_code: 'summer25' }
    const send = () =>
      callRest(world.url, 'POST', '/v1/orders', {
        key: shop.opened.testKey,
        body,
        headers: { 'Idempotency-Key': 'once' },
      })
    const first = await send()
    expect(await send()).toMatchObject({ status: 201, body: first.body })
    expect((await call('GET', `/v1/coupons/${id}`)).body).toMatchObject({ uses: 1 })
  })
})

describe('a preview', () => {
  test('says what a coupon would do to an amount, a product and a variant, and takes no use', async () => {
    const { id } = await create({ max_uses: 1 })
    const variant = await call('POST', `/v1/products/${shop.product.id}/variants`, {
      name: 'Team',
      price_cents: 9_900,
      license: null,
    })
    expect(await preview({ code: 'summer25', amount_cents: '4999' })).toMatchObject({
      applies: true,
      reason: null,
      subtotal_cents: 4_999,
      discount_cents: 1_250,
      total_cents: 3_749,
      currency: 'usd',
      coupon: { id },
    })
    expect(await preview({ code: 'summer25', product_id: shop.product.id })).toMatchObject({ total_cents: 1_425 })
    expect(await preview({ code: 'summer25', variant_id: String(variant.body.id) })).toMatchObject({
      total_cents: 7_425,
    })
    expect((await call('GET', `/v1/coupons/${id}`)).body).toMatchObject({ uses: 0 })
  })

  test.each([
    [{}, { code: 'NOPE' }, 'not_found'],
    [{ is_active: false }, {}, 'inactive'],
    [{ expires_at: '2026-01-01T00:00:00Z' }, {}, 'expired'],
    [{ min_amount_cents: 5_000 }, {}, 'below_minimum_amount'],
    [{ min_amount_cents: 1 }, { currency: 'eur' }, 'other_currency'],
    [{ discount_basis_points: 9_900 }, {}, 'total_too_small'],
  ])('of a coupon with %j for %j says %s', async (change, query, reason) => {
    await create(change)
    const said = await preview({ code: 'summer25', amount_cents: '1900', ...query })
    expect(said).toMatchObject({ applies: false, reason, discount_cents: 0, total_cents: 1_900 })
    expect(String(said.message).length).toBeGreaterThan(10)
  })

  test('says that a coupon is used up, by all or by this customer in any spelling', async () => {
    await create({ max_uses: 1 })
    await create({ code: 'ONCE', max_uses_per_customer: 1 })
    const order = { product_id: shop.product.id, customer_email: 'Ada@Example.com' }
    await call('POST', '/v1/orders', { ...order, coupon_code: 'summer25' })
    await call('POST', '/v1/orders', { ...order, coupon_code: 'once' })
    expect(await preview({ code: 'summer25', amount_cents: '1900' })).toMatchObject({ reason: 'used_up' })
    const asked = { code: 'once', amount_cents: '1900' }
    expect(await preview({ ...asked, customer_email: 'ada@example.COM' })).toMatchObject({ reason: 'used_by_customer' })
    expect(await preview({ ...asked, customer_email: 'bob@example.com' })).toMatchObject({ applies: true })
  })

  test('needs one price', async () => {
    await create()
    expect((await call('GET', '/v1/coupon_preview?code=SUMMER25')).body).toMatchObject({ field: 'amount_cents' })
    const both = `code=SUMMER25&amount_cents=100&product_id=${shop.product.id}`
    expect((await call('GET', `/v1/coupon_preview?${both}`)).body).toMatchObject({ field: 'amount_cents' })
  })
})
