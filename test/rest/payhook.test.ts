import { expect, test } from 'vitest'
import { products } from '../../server/domain/products/table'
import { newRowId } from '../../server/kernel/ids'
import { seen, UNKNOWN_ID, usePayhook } from './payhook-api'

const api = usePayhook()
const { call, createProduct } = api

test('a created product is returned with its checkout link and can be fetched', async () => {
  const made = await call('POST', '/api/v1/products', { name: 'Kit', price_cents: 3900, currency: 'gbp' })
  expect(made.status).toBe(201)
  const { product } = (await made.json()) as { product: { id: string } }
  expect(product).toEqual({
    id: product.id,
    name: 'Kit',
    description: null,
    price_cents: 3900,
    currency: 'gbp',
    status: 'active',
    checkout_url: `${api.world.url}/checkout/${product.id}`,
    created_at: '2026-03-02T09:00:00.000Z',
  })
  const got = await call('GET', `/api/v1/products/${product.id}`)
  expect(await got.json()).toEqual({ product })
})

test('currency defaults to usd, fields that A does not know are ignored, and our own API refuses them by name', async () => {
  const fields = { name: 'Kit', price_cents: 50, colour: 'red', constructor: 1, store_id: 'sto_00000000' }
  expect(await seen(call('POST', '/api/v1/products', fields))).toMatchObject([201, { product: { currency: 'usd' } }])
  const refused = await call('POST', '/v1/products', fields)
  expect(await seen(refused)).toMatchObject([
    400,
    { code: 'invalid_request', field: expect.stringMatching(/colour|constructor/) },
  ])
})

test('PATCH changes only what is sent, null clears the description, and an empty body returns the product', async () => {
  const product = await createProduct({ description: 'All of it' })
  const path = `/api/v1/products/${product.id}`
  const renamed = { ...product, name: 'Box' }
  expect(await seen(call('PATCH', path, { name: 'Box' }))).toEqual([200, { product: renamed }])
  expect(await seen(call('PATCH', path))).toEqual([200, { product: renamed }])
  expect(await seen(call('PATCH', path, {}))).toEqual([200, { product: renamed }])
  const cleared = { ...renamed, description: null }
  expect(await seen(call('PATCH', path, { description: null }))).toEqual([200, { product: cleared }])
  expect(await seen(call('PATCH', path, { name: null }))).toMatchObject([
    400,
    { error: expect.stringMatching(/^name: /) },
  ])
})

test('DELETE archives: the list loses the product, it stays readable, and twice is fine', async () => {
  const product = await createProduct()
  const path = `/api/v1/products/${product.id}`
  for (let times = 0; times < 2; times++) {
    expect(await seen(call('DELETE', path))).toEqual([200, { ok: true, message: 'Product archived' }])
  }
  expect(await seen(call('GET', path))).toEqual([200, { product: { ...product, status: 'archived' } }])
  const listed = (await (await call('GET', '/api/v1/products')).json()) as { products: { id: string }[] }
  expect(listed.products.map(({ id }) => id)).not.toContain(product.id)
})

test('without a limit all products come in one answer; with one they come in pages that meet', async () => {
  const { liveKey } = await api.world.openStore('Many')
  for (let batch = 0; batch < 6; batch++) {
    await Promise.all(Array.from({ length: 10 }, () => createProduct({ status: 'draft' }, liveKey)))
    api.world.clock.advance(1)
  }
  const read = async (query: string) =>
    (await (await call('GET', `/api/v1/products${query}`, undefined, liveKey)).json()) as {
      products: { id: string }[]
      next_cursor?: string
    }
  const all = await read('')
  expect(all.products).toHaveLength(60)
  expect(Object.keys(all)).toEqual(['products'])
  const paged: { id: string }[] = []
  for (let query = '?limit=25'; query !== ''; ) {
    const page = await read(query)
    paged.push(...page.products)
    query = page.next_cursor ? `?limit=25&cursor=${page.next_cursor}` : ''
  }
  expect(paged).toEqual(all.products)
  expect((await read('?search=nothing')).products).toEqual([])
  expect((await read('?status=archived')).products).toEqual([])
})

test.each([
  'limit=0',
  'limit=1001',
  'limit=ten',
  'limit=1e3',
  `limit=${'9'.repeat(29)}`,
  'status=sold',
  'cursor=x',
  'limit=1&limit=2',
  'search=%00',
])('?%s is refused with 400 and never clamped', async (query) => {
  const [status, body] = await seen(call('GET', `/api/v1/products?${query}`))
  expect([status, Object.keys(body)]).toEqual([400, ['error']])
  expect(body.error).toMatch(new RegExp(`^${query.split('=')[0]}: `))
})

test('405 names every method of the path in Allow, HEAD included, whichever surface serves it', async () => {
  expect((await call('PUT', '/api/v1/products')).headers.get('allow')).toBe('GET, HEAD, POST')
  expect((await call('PUT', `/api/v1/products/${UNKNOWN_ID}`)).headers.get('allow')).toBe('DELETE, GET, HEAD, PATCH')
  expect((await call('PUT', '/api/v1/stores')).headers.get('allow')).toBe('GET, HEAD, POST')
})

test('a trailing slash changes nothing, HEAD answers like GET, and the key is taken from either header', async () => {
  const product = await createProduct()
  for (const [name, value] of [
    ['x-api-key', api.key],
    ['X-API-Key', api.key],
    ['authorization', `bearer ${api.key}`],
  ] as const) {
    const answer = await fetch(`${api.world.url}/api/v1/products/${product.id}/`, { headers: { [name]: value } })
    expect(await seen(answer)).toEqual([200, { product }])
  }
  const head = await call('HEAD', `/api/v1/products/${product.id}`)
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect((await call('HEAD', '/api/v1/products/12')).status).toBe(404)
})

test('a field belongs in one place: what the path says cannot be said again, and a POST reads no query', async () => {
  const product = await createProduct()
  expect(await seen(call('PATCH', `/v1/products/${product.id}`, { id: UNKNOWN_ID }))).toMatchObject([
    400,
    { field: 'id' },
  ])
  expect(await seen(call('POST', '/v1/products?price_cents=50', { name: 'x' }))).toMatchObject([
    400,
    { field: 'price_cents' },
  ])
  expect(await seen(call('POST', '/api/v1/products?price_cents=50', { name: 'x' }))).toMatchObject([
    400,
    { error: expect.stringContaining('price_cents') },
  ])
})

test('a repeated POST with one Idempotency-Key makes one product and says that it is a replay', async () => {
  const send = (name: string) =>
    fetch(`${api.world.url}/api/v1/products`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${api.key}`, 'Content-Type': 'application/json', 'Idempotency-Key': 'order-7' },
      body: JSON.stringify({ name, price_cents: 1900 }),
    })
  const first = await send('Once')
  const again = await send('Once')
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
  expect(await again.json()).toEqual(await first.json())
  expect(await seen(send('Twice'))).toEqual([422, { error: expect.stringContaining('idempotency key') }])
})

test('a list longer than the largest page is still one answer, newest first, with nothing lost or doubled', async () => {
  const { liveKey, store } = await api.world.openStore('Huge')
  const { storeId } = store
  const rows = Array.from({ length: 1_001 }, (_, index) => ({
    storeId,
    id: newRowId(storeId),
    isTest: false,
    name: `Product ${index}`,
    description: null,
    priceMinor: 50n,
    currency: 'usd',
    status: 'active' as const,
    createdAt: new Date(Date.UTC(2026, 0, 1) + Math.floor(index / 7)),
    updatedAt: api.world.clock.now(),
  }))
  await api.world.deps.db.insert(products).values(rows)
  const answer = await call('GET', '/api/v1/products', undefined, liveKey)
  const listed = ((await answer.json()) as { products: { id: string; created_at: string }[] }).products
  expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(rows.map(({ id }) => id)))
  expect(listed).toHaveLength(1_001)
  const times = listed.map(({ created_at }) => created_at)
  expect(times).toEqual([...times].sort().reverse())
})
