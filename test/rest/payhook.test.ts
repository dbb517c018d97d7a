import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWorld, type World } from '../support/world'

let world: World
let key: string
beforeAll(async () => {
  world = await createWorld()
  key = (await world.openStore()).liveKey
})
afterAll(() => world.close())

const call = (method: string, path: string, body?: unknown) =>
  fetch(world.url + path, {
    method,
    headers: { Authorization: `Bearer ${key}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  })

test('a created product is returned with its checkout link and can be fetched', async () => {
  const made = await call('POST', '/api/v1/products', { name: 'Kit', price_cents: 3900, currency: 'gbp' })
  expect(made.status).toBe(201)
  const { product } = (await made.json()) as { product: { id: string } }
  expect(product).toMatchObject({ name: 'Kit', price_cents: 3900, currency: 'gbp', status: 'active' })
  const got = await call('GET', `/api/v1/products/${product.id}`)
  expect(await got.json()).toEqual({ product })
})
