import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../server/app'
import { createWorld, type World } from './support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const get = (path: string, init?: RequestInit) => fetch(world.url + path, init)

test('a living process with a database that answers is healthy and ready', async () => {
  expect((await get('/healthz')).status).toBe(200)
  const ready = await get('/readyz')
  expect(ready.status).toBe(200)
  expect(await ready.json()).toEqual({ status: 'ready', database: 'ok' })
})

test('a draining process is alive but not ready', async () => {
  const app = createApp(world.deps, () => true)
  expect((await app.fetch(new Request('http://localhost/healthz'))).status).toBe(200)
  const ready = await app.fetch(new Request('http://localhost/readyz'))
  expect(ready.status).toBe(503)
  expect(await ready.json()).toMatchObject({ status: 'draining' })
})

test('a process whose database is gone is alive but not ready, and says which part is missing', async () => {
  const other = await createWorld()
  await other.database.close()
  expect((await fetch(`${other.url}/healthz`)).status).toBe(200)
  const ready = await fetch(`${other.url}/readyz`)
  expect(ready.status).toBe(503)
  expect(await ready.json()).toEqual({ status: 'unavailable', database: 'no answer' })
})

test('requests are counted by door, route pattern and status, never by id or key', async () => {
  const { liveKey } = await world.openStore()
  const id = '00000000-0000-8000-8000-000000000000'
  const authorized = { headers: { Authorization: `Bearer ${liveKey}` } }
  await get(`/api/v1/products/${id}`, authorized)
  await get(`/trpc/products.get?input=${encodeURIComponent(JSON.stringify({ id }))}`, authorized)
  await get(`/no/such/place/${id}`)
  const text = await (await get('/metrics')).text()
  const counted = (labels: string) => text.includes(`payhook_http_request_duration_seconds_count{${labels}} 1`)
  expect(counted('door="rest",method="GET",route="/api/v1/products/:id",status="404"')).toBe(true)
  expect(counted('door="trpc",method="GET",route="/trpc/*",status="404"')).toBe(true)
  expect(text).not.toContain(id)
  expect(text).not.toContain(liveKey)
  expect(text).toContain('process_cpu_seconds_total')
})

test('two apps in one process count for themselves', async () => {
  const other = await createWorld()
  await get('/api/v1/products')
  expect(await (await fetch(`${other.url}/metrics`)).text()).not.toContain('/api/v1/products')
  await other.close()
})
