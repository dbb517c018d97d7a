import { afterAll, beforeAll, expect, test } from 'vitest'
import { type App, createApp } from '../../../server/app'
import { LICENSE_CALLS_PER_MINUTE } from '../../../server/rate-limit'
import { createWorld, type World } from '../../support/world'

let world: World
let app: App
beforeAll(async () => {
  world = await createWorld()
  app = createApp(world.deps)
})
afterAll(() => world.close())

const send = (address: string, path: string, body: unknown = { key: 'x', product_id: 'y', instance: 'z' }) =>
  app.fetch(
    new Request(world.url + path, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        Host: new URL(world.url).host,
      },
      body: JSON.stringify(body),
    }),
    { address },
  )

const tool = (name: string) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: { key: 'x', product_id: 'y' } },
})

test('one address sends a limited number of licence keys a minute, by whichever door and call', async () => {
  const paths = [
    '/v1/licenses/validate',
    '/api/v1/licenses/activate',
    '/trpc/licenses.deactivate',
    '/trpc/licenses.validate',
  ]
  for (let sent = 0; sent < LICENSE_CALLS_PER_MINUTE - 1; sent++) {
    expect((await send('203.0.113.7', paths[sent % paths.length] ?? '')).status).not.toBe(429)
  }
  expect(await (await send('203.0.113.7', '/mcp', tool('validate_license'))).text()).toContain('unknown')
  for (const path of paths) {
    const refused = await send('203.0.113.7', path)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(await refused.text()).toContain('"rate_limited"')
  }
  expect(await (await send('203.0.113.7', '/mcp', tool('validate_license'))).text()).toContain('rate_limited')
  expect((await send('203.0.113.8', '/v1/licenses/validate', { key: 'x', product_id: 'y' })).status).toBe(200)
})

test('keys are counted apart from new stores, and the words say which it was', async () => {
  const store = { name: 'Shop', email: 'owner@example.com' }
  expect((await send('203.0.113.7', '/v1/stores', store)).status).toBe(201)
  expect(await (await send('203.0.113.7', '/v1/licenses/validate')).text()).toContain('Too many licence keys')
})

test('neither the log nor a stored answer holds a key that was sent', async () => {
  const key = 'ABCDE-FGH12-JKM34-NPQ56-RST78'
  const body = { key, product_id: 'y' }
  expect((await send('203.0.113.9', '/v1/licenses/validate', body)).status).toBe(200)
  expect((await send('203.0.113.9', '/v1/licenses/activate', { ...body, instance: 'z' })).status).toBe(404)
  expect(JSON.stringify(world.log)).not.toContain('ABCDE')
  // Asking isn't a change, and isn't logged as one.
  const operations = world.log.map(({ fields }) => fields.operation)
  expect(operations).toContain('licenses.activate')
  expect(operations).not.toContain('licenses.validate')
})
