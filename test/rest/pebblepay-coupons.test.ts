import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callRest } from '../support/calls'
import { createWorld, type World } from '../support/world'

/** What document D's curl lines about coupons (pebblepay-samples.test.ts) leave open. */

let world: World
let key: string
beforeAll(async () => {
  world = await createWorld()
  key = (await world.openStore()).testKey
})
afterAll(() => world.close())

type Wire = Record<string, unknown> & { id: string; error: string }
const call = (method: string, path = '', body?: unknown) =>
  callRest<Wire>(world.url, method, `/api/v1/coupons${path}`, { key, body })
let codes = 0
const newCode = () => `CODE${codes++}`
const create = (body: Record<string, unknown>) => call('POST', '', { code: newCode(), ...body })
const order = (body: Record<string, unknown>) => callRest<Wire>(world.url, 'POST', '/api/v1/orders', { key, body })

test.each([
  ['percentage', 12.5, 100, 12.5],
  ['percentage', 100, 20, 20],
  ['percentage', '33.33', 0.99, 0.33],
  ['fixed', 0.1, 0.7, 0.1],
  ['fixed', 1e1, 10, 10],
])('a %s of %j takes off %d … %d', async (discount_type, discount_value, amount, off) => {
  const made = await create({ discount_type, discount_value, min_amount: 0.5 })
  expect(made).toMatchObject({
    status: 201,
    body: { discount_type, discount_value: Number(discount_value), min_amount: 0.5 },
  })
  const sold = await order({ amount, coupon_code: String(made.body.code).toLowerCase() })
  expect(sold).toMatchObject({
    status: 201,
    body: { subtotal: amount, discount_amount: off, coupon_code: made.body.code },
  })
  expect((await call('GET', `/${made.body.id}`)).body.uses).toBe(1)
})

test('a date without a time is the last day on which a coupon is good', async () => {
  const made = await create({ discount_type: 'percentage', discount_value: 5, expires_at: '2126-12-31' })
  expect(made.body.expires_at).toBe('2126-12-31T23:59:59.999Z')
  const changed = await call('PUT', `/${made.body.id}`, { expires_at: '2127-02-28' })
  expect(changed.body.expires_at).toBe('2127-02-28T23:59:59.999Z')
})

describe('refused with a 400 that names the field', () => {
  test.each([
    [{ discount_value: 5 }, 'discount_type'],
    [{ discount_type: 'percent', discount_value: 5 }, 'discount_type'],
    [{ discount_type: 'percentage' }, 'discount_value'],
    [{ discount_type: 'percentage', discount_value: 0.99 }, 'discount_value'],
    [{ discount_type: 'percentage', discount_value: 100.01 }, 'discount_value'],
    [{ discount_type: 'percentage', discount_value: 1.005 }, 'discount_value'],
    [{ discount_type: 'fixed', discount_value: 0 }, 'discount_value'],
    [{ discount_type: 'fixed', discount_value: 0.1 + 0.2 }, 'discount_value'],
    [{ discount_type: 'fixed', discount_value: 1e12 }, 'discount_value'],
    [{ discount_type: 'fixed', discount_value: 5, min_amount: -1 }, 'min_amount'],
    [{ discount_type: 'fixed', discount_value: 5, max_uses: 0 }, 'max_uses'],
    [{ discount_type: 'fixed', discount_value: 5, expires_at: 'tomorrow' }, 'expires_at'],
    [{ discount_type: 'fixed', discount_value: 5, expires_at: '2126-02-30' }, 'expires_at'],
    [{ discount_type: 'fixed', discount_value: 5, code: '' }, 'code'],
  ])('%j', async (body, field) => {
    const { status, body: answer } = await create(body)
    expect([status, answer]).toEqual([400, { error: expect.stringMatching(new RegExp(`^${field}\\b`)) }])
  })

  test('a code that is taken, in any spelling', async () => {
    const body = { code: 'Taken', discount_type: 'fixed', discount_value: 5 }
    await call('POST', '', body)
    expect(await call('POST', '', { ...body, code: 'tAKEN' })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('TAKEN') },
    })
  })

  test.each(['limit=0', 'limit=101', 'offset=-1', 'active=yes'])('?%s', async (query) => {
    expect((await call('GET', `?${query}`)).status).toBe(400)
  })
})

test('PUT changes and clears what can be changed, and leaves code and discount', async () => {
  const { body: made } = await create({ discount_type: 'fixed', discount_value: 5, min_amount: 20, max_uses: 3 })
  const sent = { ...made, code: 'OTHER', discount_value: 50, min_amount: 19.99, max_uses: null }
  const { status, body } = await call('PUT', `/${made.id}`, sent)
  expect([status, body]).toEqual([200, { ...made, min_amount: 19.99, max_uses: null }])
  expect((await call('PUT', `/${made.id}`, { min_amount: null })).body.min_amount).toBeNull()
  for (const min_amount of [19.999, 'much', -1, true]) {
    const refused = await call('PUT', `/${made.id}`, { min_amount })
    expect([refused.status, refused.body]).toEqual([400, { error: expect.stringMatching(/^min_amount: /) }])
  }
})

test('a coupon in another currency is read in its own digits', async () => {
  const body = { code: newCode(), discount_cents: 500, currency: 'jpy', min_amount_cents: 1_000 }
  const { id } = (await callRest<Wire>(world.url, 'POST', '/v1/coupons', { key, body })).body
  expect((await call('GET', `/${id}`)).body).toMatchObject({ discount_value: 500, min_amount: 1_000, currency: 'JPY' })
  expect((await call('PUT', `/${id}`, { min_amount: 2_000 })).body.min_amount).toBe(2_000)
  expect((await call('PUT', `/${id}`, { min_amount: 20.5 })).status).toBe(400)
})

test('a coupon of 100 % makes an order that costs nothing; one that leaves a few cents is refused', async () => {
  const all = (await create({ discount_type: 'percentage', discount_value: 100 })).body
  expect((await order({ amount: 5, coupon_code: all.code })).body).toMatchObject({ amount: 0, discount_amount: 5 })
  const most = (await create({ discount_type: 'fixed', discount_value: 4.6 })).body
  const { status, body } = await order({ amount: 5, coupon_code: most.code })
  expect([status, body]).toEqual([400, { error: expect.stringMatching(/too little to be charged/) }])
})
