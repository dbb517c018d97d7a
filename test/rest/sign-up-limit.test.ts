import { afterAll, beforeAll, expect, test } from 'vitest'
import { type App, createApp } from '../../server/app'
import { createRateLimit, SIGN_UPS_PER_HOUR } from '../../server/rate-limit'
import { createWorld, type World } from '../support/world'

const STORE = { name: 'Shop', email: 'owner@example.com' }

let world: World
let app: App
beforeAll(async () => {
  world = await createWorld()
  app = createApp(world.deps)
})
afterAll(() => world.close())

const signUp = (address: string | undefined, path = '/v1/stores') => {
  const request = new Request(`${world.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(STORE),
  })
  return app.fetch(request, { address })
}

test('one address opens a limited number of stores an hour, by whichever door, and is told how long to wait', async () => {
  const paths = ['/v1/stores', '/api/v1/stores', '/trpc/stores.create']
  for (let made = 0; made < SIGN_UPS_PER_HOUR; made++) {
    expect((await signUp('203.0.113.7', paths[made % 3])).ok).toBe(true)
  }
  for (const path of paths) {
    const refused = await signUp('203.0.113.7', path)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_500)
    expect(await refused.text()).toContain('"rate_limited"')
  }
  expect((await signUp('::ffff:203.0.113.7')).status).toBe(429)
  expect((await signUp('203.0.113.8')).status).toBe(201)
  expect((await signUp(undefined)).status).toBe(201)
})

test('the MCP door counts with the others', async () => {
  const address = '203.0.113.9'
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'create_store', arguments: STORE } }
  const open = async () => {
    const request = new Request(`${world.url}/mcp`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        Host: new URL(world.url).host,
      },
      body: JSON.stringify(call),
    })
    return (await app.fetch(request, { address })).text()
  }
  for (let made = 0; made < SIGN_UPS_PER_HOUR; made++) expect(await open()).toContain('sk_live_')
  expect(await open()).toContain('rate_limited')
  expect((await signUp(address)).status).toBe(429)
})

test('behind a trusted proxy each client has its own share, and writing other addresses into the header buys none', async () => {
  const behind = await createWorld({ PAYHOOK_TRUSTED_PROXIES: '127.0.0.1' })
  const proxied = createApp(behind.deps)
  const open = (forwarded: string, address = '127.0.0.1') => {
    const headers = { 'Content-Type': 'application/json', 'X-Forwarded-For': forwarded }
    const request = new Request(`${behind.url}/v1/stores`, { method: 'POST', headers, body: JSON.stringify(STORE) })
    return proxied.fetch(request, { address })
  }
  for (let made = 0; made < SIGN_UPS_PER_HOUR; made++) {
    expect((await open(`198.51.100.${made}, 203.0.113.7`)).status).toBe(201)
  }
  for (const claimed of ['', '198.51.100.99, ', '127.0.0.1, ', 'nonsense, ']) {
    expect((await open(`${claimed}203.0.113.7`)).status).toBe(429)
  }
  // Whoever connects directly is who they are, whatever they write.
  expect((await open('198.51.100.99', '203.0.113.7')).status).toBe(429)
  expect((await open('203.0.113.8')).status).toBe(201)
  await behind.close()
})

test('an IPv6 network of 64 bits counts as one client; this machine is not limited', async () => {
  const limit = createRateLimit(1, 60)
  expect(await limit.exceededFor('2001:db8:1:2::1')).toBeUndefined()
  expect(await limit.exceededFor('2001:db8:1:2:ffff::9')).toBeGreaterThan(0)
  expect(await limit.exceededFor('2001:db8:1:3::1')).toBeUndefined()
  for (const own of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    expect([await limit.exceededFor(own), await limit.exceededFor(own)]).toEqual([undefined, undefined])
  }
})
