import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { paymentClaims } from '../../../server/domain/addresses/table'
import { events } from '../../../server/domain/webhooks/table'
import { evmAddress, tronWallet } from '../../support/crypto'
import { type PaymentWire, usePaymentCalls } from '../../support/payment-calls'

const api = usePaymentCalls()
const { call, create, get, openShop, simulate, told } = api

describe('create_payment', () => {
  test('answers every field of the document', async () => {
    const shop = await openShop()
    const extra = {
      external_order_id: 'order-9837',
      customer_email: 'buyer@example.com',
      redirect_url: 'https://merchant.com/orders/9837/thanks',
      metadata: { sku: 'GOLD-PLAN', nested: { deep: [1, null] } },
    }
    const made = await create(shop.key, extra)
    expect(made.status).toBe(201)
    const { payment_token: token, payment_number: number } = made.body
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(made.body).toEqual({
      payment_number: expect.stringMatching(/^PAY-20260302-[0-9A-Z]{6}$/),
      status: 'pending',
      network: 'bsc',
      currency: 'usdt',
      amount_usd_cents: 5_000,
      expected_crypto_amount: '50.000000',
      actual_crypto_amount: null,
      late_crypto_amount: null,
      assigned_address: evmAddress(0),
      tx_hash: '',
      confirmations: 0,
      required_confirmations: 15,
      order_id: null,
      is_surplus: false,
      ...extra,
      rate: '1.00',
      rate_source: 'par',
      rate_at: '2026-03-02T09:00:00.000Z',
      payment_token: token,
      checkout_url: `${api.world.url}/pay/${token}`,
      expires_at: '2026-03-02T09:30:00.000Z',
      confirmed_at: null,
      is_test: true,
      created_at: '2026-03-02T09:00:00.000Z',
    })
    expect(await get(shop.key, number)).toEqual(made.body)
    expect((await call(shop.key, 'GET', `/payments/${number}`)).body).toEqual(made.body)
  })

  test('what was not given is empty, never null', async () => {
    const shop = await openShop()
    expect((await create(shop.key, { external_order_id: null, metadata: null })).body).toMatchObject({
      external_order_id: '',
      customer_email: '',
      redirect_url: '',
      metadata: {},
    })
  })

  test.each([
    ['ethereum', 'native', 5_000, '0.02000000'],
    ['bsc', 'native', 1, '0.00001667'],
    ['tron', 'native', 5_000, '200.000000'],
    ['tron', 'usdt', 1_999, '19.990000'],
    ['ethereum', 'busd', 1, '0.010000'],
  ])('%s %s: %i cents are %s, rounded up', async (network, currency, amount_usd_cents, expected) => {
    const shop = await openShop(0)
    const address = network === 'tron' ? tronWallet(1) : evmAddress(1)
    await call(shop.key, 'POST', '/addresses', { network, address })
    const made = await create(shop.key, { network, currency, amount_usd_cents })
    expect(made.body).toMatchObject({
      expected_crypto_amount: expected,
      rate_source: currency === 'native' ? 'simulated' : 'par',
    })
  })

  test('errors have the shapes of the document', async () => {
    const shop = await openShop(0)
    expect(await create(shop.key)).toMatchObject({ status: 400, body: { code: 'NoAddressConfiguredError' } })
    await call(shop.key, 'POST', '/addresses', { network: 'bsc', address: evmAddress(1) })
    expect((await create(shop.key)).status).toBe(201)
    const held = await create(shop.key)
    expect(held).toMatchObject({ status: 503, body: { code: 'all_addresses_held' } })
    expect(Object.keys(held.body)).toEqual(['error', 'code'])
    const answer = await fetch(`${api.world.url}/api/v1/payments/`, { headers: { 'X-API-Key': 'pk_0123' } })
    expect([answer.status, await answer.json()]).toEqual([401, { detail: 'Invalid API key' }])
  })

  test.each([
    [{ amount_usd_cents: 0 }, 'amount_usd_cents'],
    [{ amount_usd_cents: '5000' }, 'amount_usd_cents'],
    [{ amount_usd_cents: 1.5 }, 'amount_usd_cents'],
    [{ network: 'solana' }, 'network'],
    [{ currency: 'doge' }, 'currency'],
    [{ network: 'tron', currency: 'usdc' }, 'currency'],
    [{ customer_email: 'nobody' }, 'customer_email'],
    [{ redirect_url: 'javascript:alert(1)' }, 'redirect_url'],
    [{ metadata: 'x' }, 'metadata'],
    [{ metadata: { x: 'y'.repeat(9_000) } }, 'metadata'],
  ])('%j is a 400 that names the field', async (extra, field) => {
    const shop = await openShop()
    const refused = await create(shop.key, extra)
    expect(refused).toMatchObject({ status: 400, body: { errors: { [field]: [expect.any(String)] } } })
    expect(Object.keys(refused.body)).toEqual(['errors'])
  })

  test('a live key hears clearly that the network is not enabled', async () => {
    const { liveKey } = await api.world.openStore()
    expect(await create(liveKey)).toMatchObject({
      status: 400,
      body: { code: 'network_not_enabled', error: expect.stringContaining('BNB Smart Chain') },
    })
  })

  test('100 parallel calls on 10 addresses: exactly 10 get one, 90 a 503', async () => {
    const shop = await openShop(10)
    const made = await Promise.all(Array.from({ length: 100 }, () => create(shop.key)))
    const won = made.filter(({ status }) => status === 201)
    expect(won).toHaveLength(10)
    expect(made.filter(({ status }) => status === 503)).toHaveLength(90)
    expect(new Set(won.map(({ body }) => body.assigned_address)).size).toBe(10)
    const claims = await api.world.deps.db
      .select()
      .from(paymentClaims)
      .where(eq(paymentClaims.storeId, shop.store.storeId))
    expect(claims).toHaveLength(10)
  })

  test('the address that has rested longest is next', async () => {
    const shop = await openShop(3)
    const order: unknown[] = []
    for (let n = 0; n < 6; n++) {
      api.world.clock.advance(1_000)
      const { body } = await create(shop.key)
      order.push(body.assigned_address)
      await call(shop.key, 'POST', `/payments/${body.payment_number}/cancel`)
    }
    expect(new Set(order.slice(0, 3)).size).toBe(3)
    expect(order.slice(3)).toEqual(order.slice(0, 3))
  })

  test('a disabled address is passed over, and one with a payment cannot be removed', async () => {
    const shop = await openShop(2)
    await call(shop.key, 'PATCH', `/addresses/${evmAddress(0)}`, { is_active: false })
    const { body } = await create(shop.key)
    expect(body.assigned_address).toBe(evmAddress(1))
    expect(await call(shop.key, 'GET', `/addresses/${evmAddress(1)}`)).toMatchObject({
      body: { state: 'held', held_by: body.payment_number, payments_count: 1 },
    })
    expect(await call(shop.key, 'DELETE', `/addresses/${evmAddress(1)}`)).toMatchObject({
      status: 409,
      body: { code: 'address_held' },
    })
  })

  test('a pool that runs low is warned of once an hour', async () => {
    const shop = await openShop(5)
    for (let n = 0; n < 5; n++) await create(shop.key)
    const rows = await api.world.deps.db.select().from(events).where(eq(events.storeId, shop.store.storeId))
    expect(rows.map(({ type, data }) => [type, data])).toEqual([
      ['addresses.low', { network: 'bsc', free: 2, is_test: true }],
    ])
  })
})

describe('idempotency', () => {
  test('one key is one payment, in parallel too, and the replay shows its live status', async () => {
    const shop = await openShop(3)
    const key = { 'Idempotency-Key': 'order-1' }
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(shop.key, {}, key)))
    const made = answers.filter(({ status }) => status === 201)
    expect(new Set(made.map(({ body }) => body.payment_number)).size).toBe(1)
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true)
    const number = made[0]?.body.payment_number ?? ''
    await simulate(shop.key, number, 'confirm')
    const replay = await create(shop.key, {}, key)
    expect(replay).toMatchObject({ status: 201, body: { payment_number: number, status: 'confirmed' } })
    expect(replay.headers.get('idempotency-replayed')).toBe('true')
    expect(replay.body).toEqual(await get(shop.key, number))
    expect(await create(shop.key, { amount_usd_cents: 1 }, key)).toMatchObject({ status: 422 })
  })
})

describe('get, list and cancel', () => {
  test('another merchant’s payment, the other mode’s and one that never was are the same 404, byte for byte', async () => {
    const shop = await openShop()
    const stranger = await openShop()
    const { payment_number: number } = (await create(shop.key)).body
    const texts = new Set<string>()
    for (const [key, path] of [
      [stranger.key, number],
      [shop.liveKey, number],
      [shop.key, 'PAY-20260302-ZZZZZZ'],
      [shop.key, 'nonsense'],
      [shop.key, `${number}/cancel`],
    ] as const) {
      const method = path.endsWith('cancel') ? 'POST' : 'GET'
      const headers = { 'X-API-Key': path.endsWith('cancel') ? stranger.key : key }
      const answer = await fetch(`${api.world.url}/api/v1/payments/${path}/`, { method, headers })
      expect(answer.status).toBe(404)
      texts.add(await answer.text())
    }
    expect([...texts]).toEqual(['{"detail":"Not found."}'])
  })

  test('cancelling frees the address and is told once; money that comes later is late', async () => {
    const shop = await openShop()
    const { payment_number: number } = (await create(shop.key)).body
    for (let n = 0; n < 2; n++) {
      expect((await call(shop.key, 'POST', `/payments/${number}/cancel/`)).body).toMatchObject({ status: 'cancelled' })
    }
    expect((await simulate(shop.key, number, 'late')).body).toMatchObject({
      status: 'cancelled',
      actual_crypto_amount: null,
      late_crypto_amount: '50.000000',
    })
    expect(await told(shop, number)).toEqual(['cancelled', 'late'])
    expect((await create(shop.key)).status).toBe(201)
  })

  test('a payment that money has come for cannot be cancelled', async () => {
    const shop = await openShop()
    const { payment_number: number } = (await create(shop.key)).body
    await simulate(shop.key, number, 'underpay')
    expect(await call(shop.key, 'POST', `/payments/${number}/cancel`)).toMatchObject({
      status: 409,
      body: { code: 'payment_not_cancellable' },
    })
  })

  test('the list filters and pages', async () => {
    const shop = await openShop(4)
    const numbers: string[] = []
    for (const external_order_id of ['a', 'b', 'c', 'd']) {
      api.world.clock.advance(1)
      numbers.unshift((await create(shop.key, { external_order_id })).body.payment_number)
    }
    await simulate(shop.key, numbers[1] ?? '', 'confirm')
    type Page = { payments: PaymentWire[]; next_cursor: string | null }
    const list = async (query: string) => (await call<Page>(shop.key, 'GET', `/payments/${query}`)).body
    const of = async (query: string) => (await list(query)).payments.map(({ payment_number }) => payment_number)
    expect(await of('')).toEqual(numbers)
    expect(await of('?status=confirmed')).toEqual([numbers[1]])
    expect(await of('?external_order_id=b')).toEqual([numbers[2]])
    expect(await of('?network=tron')).toEqual([])
    const { assigned_address } = await get(shop.key, numbers[0] ?? '')
    expect(await of(`?address=${assigned_address}`)).toEqual([numbers[0]])
    const first = await list('?limit=3')
    expect(await of(`?limit=3&cursor=${first.next_cursor}`)).toEqual(numbers.slice(3))
    expect(await call(shop.key, 'GET', '/payments?status=paid')).toMatchObject({
      status: 400,
      body: { errors: { status: [expect.any(String)] } },
    })
  })
})
