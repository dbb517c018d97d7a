import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CallOptions, callRest } from '../support/calls'
import { createWorld, type World } from '../support/world'

const OPERATOR = 'operator_key_of_this_test'

let open: World
let guarded: World
beforeAll(async () => {
  open = await createWorld()
  guarded = await createWorld({ PAYHOOK_REQUIRE_APPROVAL: '1', PAYHOOK_ADMIN_KEY: OPERATOR })
})
afterAll(() => Promise.all([open.close(), guarded.close()]))

type SignUp = {
  store: { id: string; status: string }
  api_key: string
  test_api_key: string
  webhook_signing_key: string
}

const call = <T = Record<string, unknown>>(world: World, method: string, path: string, options: CallOptions = {}) =>
  callRest<T>(world.url, method, path, options)

const signUp = (world: World, body: unknown = { name: 'Ada', email: 'ada@example.com' }) =>
  call<SignUp>(world, 'POST', '/api/v1/stores', { body })

describe('signing up', () => {
  test('needs no key and answers the store, both keys and the signing key', async () => {
    const made = await signUp(open)
    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      store: {
        id: expect.stringMatching(/^sto_[0-9a-z]{8}$/),
        name: 'Ada',
        email: 'ada@example.com',
        status: 'approved',
        reporting_currency: 'usd',
        fee_basis_points: 0,
        accent_color: null,
        logo_url: null,
        created_at: open.clock.now().toISOString(),
      },
      api_key: expect.stringMatching(/^sk_live_/),
      test_api_key: expect.stringMatching(/^sk_test_/),
      webhook_signing_key: expect.stringMatching(/^whsec_/),
    })
    for (const key of [made.body.api_key, made.body.test_api_key]) {
      const store = await call(open, 'GET', '/v1/store', { key })
      expect(store).toMatchObject({ status: 200, body: made.body.store })
      expect(JSON.stringify(store.body)).not.toContain('whsec_')
    }
  })

  test.each([
    [{ email: 'ada@example.com' }, 'name'],
    [{ name: ' ', email: 'ada@example.com' }, 'name'],
    [{ name: 'a'.repeat(101), email: 'ada@example.com' }, 'name'],
    [{ name: 'a\0b', email: 'ada@example.com' }, 'name'],
    [{ name: 'Ada' }, 'email'],
    [{ name: 'Ada', email: 'ada' }, 'email'],
    [{ name: 'Ada', email: 'ada@example.com', status: 'approved' }, 'status'],
  ])('refuses %j with 400 and names the field', async (body, field) => {
    expect(await signUp(open, body)).toMatchObject({ status: 400, body: { code: 'invalid_request', field } })
  })
})

describe('a store', () => {
  test('changes only what is sent', async () => {
    const { api_key: key, store } = (await signUp(open)).body
    const changed = await call(open, 'PATCH', '/v1/store', { key, body: { accent_color: '#3b5bdb', name: 'Countess' } })
    expect(changed.body).toEqual({
      ...store,
      webhook_url: null,
      webhook_disabled_reason: null,
      accent_color: '#3b5bdb',
      name: 'Countess',
    })
    const unchanged = await call(open, 'PATCH', '/v1/store', { key, body: {} })
    expect(unchanged.body).toEqual(changed.body)
    const cleared = await call(open, 'PATCH', '/v1/store', { key, body: { accent_color: null } })
    expect(cleared.body.accent_color).toBeNull()
  })

  test.each([
    [{ accent_color: 'red' }, 'accent_color'],
    [{ logo_url: 'javascript:alert(1)' }, 'logo_url'],
    [{ reporting_currency: 'doge' }, 'reporting_currency'],
    [{ fee_basis_points: 0 }, 'fee_basis_points'],
  ])('refuses the change %j and names the field', async (body, field) => {
    const { api_key: key } = (await signUp(open)).body
    expect(await call(open, 'PATCH', '/v1/store', { key, body })).toMatchObject({ status: 400, body: { field } })
  })

  test('is not changed by a test key, since live buyers see it', async () => {
    const { api_key: live, test_api_key: key } = (await signUp(open)).body
    const refused = await call(open, 'PATCH', '/v1/store', { key, body: { name: 'Rehearsal' } })
    expect(refused).toMatchObject({ status: 403, body: { code: 'missing_scope' } })
    expect((await call(open, 'GET', '/v1/store', { key: live })).body.name).toBe('Ada')
  })

  test('cannot change another one', async () => {
    const [own, other] = [(await signUp(open)).body, (await signUp(open)).body]
    await call(open, 'PATCH', '/v1/store', { key: own.api_key, body: { name: 'Mine' } })
    expect((await call(open, 'GET', '/v1/store', { key: other.api_key })).body.name).toBe('Ada')
  })
})

describe('where the operator approves stores', () => {
  test('a new one answers 403 "account not approved" until then, but can see its status', async () => {
    const { api_key: key, store } = (await signUp(guarded)).body
    expect(store.status).toBe('pending')
    expect(await call(guarded, 'GET', '/api/v1/products', { key })).toMatchObject({
      status: 403,
      body: { error: 'account not approved' },
    })
    const body = { name: 'Kit', price_cents: 100 }
    expect((await call(guarded, 'POST', '/v1/products', { key, body })).status).toBe(403)
    expect(await call(guarded, 'GET', '/v1/store', { key })).toMatchObject({ status: 200, body: { status: 'pending' } })

    const approved = await call(guarded, 'POST', `/v1/stores/${store.id}/approve`, { key: OPERATOR })
    expect(approved).toMatchObject({ status: 200, body: { id: store.id, status: 'approved', fee_basis_points: 0 } })
    expect((await call(guarded, 'GET', '/api/v1/products', { key })).status).toBe(200)
  })

  test('the operator sets the platform fee with it, which the store sees and its orders have', async () => {
    const { store, test_api_key: key } = (await signUp(guarded)).body
    const approve = (body: unknown) => call(guarded, 'POST', `/v1/stores/${store.id}/approve`, { key: OPERATOR, body })
    for (const fee of [-1, 10_001, 2.5]) {
      expect(await approve({ fee_basis_points: fee })).toMatchObject({
        status: 400,
        body: { field: 'fee_basis_points' },
      })
    }
    expect(await approve({ fee_basis_points: 250 })).toMatchObject({ status: 200, body: { fee_basis_points: 250 } })
    // Approving again leaves it.
    expect(await approve({})).toMatchObject({ status: 200, body: { fee_basis_points: 250 } })
    expect(await call(guarded, 'GET', '/v1/store', { key })).toMatchObject({ body: { fee_basis_points: 250 } })
    const order = await call(guarded, 'POST', '/api/v1/orders', { key, body: { amount: 49.99 } })
    expect(order).toMatchObject({ status: 201, body: { amount: 49.99, fee_amount: 1.25, net_amount: 48.74 } })
    const own = await call(guarded, 'PATCH', '/v1/store', { key, body: { fee_basis_points: 0 } })
    expect(own).toMatchObject({ status: 400, body: { field: 'fee_basis_points' } })
  })

  test('a suspended one is stopped at once, for both keys, and may be approved again', async () => {
    const { api_key, test_api_key, store } = (await signUp(guarded)).body
    const set = (what: string) => call(guarded, 'POST', `/v1/stores/${store.id}/${what}`, { key: OPERATOR })
    const statuses = () =>
      Promise.all(
        [api_key, test_api_key].map(async (key) => (await call(guarded, 'GET', '/api/v1/products', { key })).status),
      )
    await set('approve')
    expect(await statuses()).toEqual([200, 200])
    expect((await set('suspend')).body.status).toBe('suspended')
    expect(await statuses()).toEqual([403, 403])
    await set('approve')
    expect(await statuses()).toEqual([200, 200])
  })

  test("only the operator's key approves", async () => {
    const { api_key, store } = (await signUp(guarded)).body
    const path = `/v1/stores/${store.id}/approve`
    expect((await call(guarded, 'POST', path)).status).toBe(401)
    for (const key of [api_key, `${OPERATOR}x`, OPERATOR.slice(1)]) {
      expect(await call(guarded, 'POST', path, { key })).toMatchObject({ status: 403, body: { code: 'operator_only' } })
    }
    expect((await call(guarded, 'GET', '/v1/store', { key: OPERATOR })).status).toBe(401)
    const byHeader = { headers: { 'X-API-Key': OPERATOR } }
    expect((await call(guarded, 'POST', path, byHeader)).status).toBe(200)
  })

  test('the operator lists who waits, and a store that the operator opens does not wait', async () => {
    const { store } = (await signUp(guarded)).body
    const listed = async (status: string) => {
      const path = `/v1/stores?status=${status}&limit=100`
      const { body } = await call<{ stores: { id: string }[] }>(guarded, 'GET', path, { key: OPERATOR })
      return body.stores.map(({ id }) => id)
    }
    expect(await listed('pending')).toContain(store.id)
    const own = await call<SignUp>(guarded, 'POST', '/v1/stores', {
      key: OPERATOR,
      body: { name: 'House', email: 'house@example.com' },
    })
    expect(own.body.store.status).toBe('approved')
    expect(await listed('pending')).not.toContain(own.body.store.id)
    expect(await listed('approved')).toContain(own.body.store.id)
  })

  test('an owner who lost every key gets one from the operator', async () => {
    const { store } = (await signUp(guarded)).body
    await call(guarded, 'POST', `/v1/stores/${store.id}/approve`, { key: OPERATOR })
    const path = `/v1/stores/${store.id}/api_keys`
    const issued = await call<{ api_key: string }>(guarded, 'POST', path, { key: OPERATOR, body: {} })
    expect(issued.status).toBe(201)
    expect((await call(guarded, 'GET', '/v1/store', { key: issued.body.api_key })).body.id).toBe(store.id)
  })

  test('a store that does not exist is not found', async () => {
    for (const id of ['sto_00000000', 'nonsense', '1']) {
      const answer = await call(guarded, 'POST', `/v1/stores/${id}/approve`, { key: OPERATOR })
      expect(answer).toMatchObject({ status: 404, body: { code: 'store_not_found' } })
    }
  })
})

test('without an operator key nobody is the operator', async () => {
  const { store } = (await signUp(open)).body
  for (const key of ['undefined', 'null', OPERATOR]) {
    expect((await call(open, 'POST', `/v1/stores/${store.id}/suspend`, { key })).status).toBe(403)
  }
})
