import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../../server/app'
import { createRateLimit, SIGN_UPS_PER_HOUR } from '../../server/rate-limit'
import { createWorld, type World } from '../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const signUp = (address: string | undefined, path = '/v1/stores') => {
  const deps = world.deps
  const request = new Request(`${world.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'Shop', email: 'owner@example.com' }),
  })
  return createApp(deps).fetch(request, { address })
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

test('an IPv6 network of 64 bits counts as one client; this machine is not limited', async () => {
  const limit = createRateLimit(1, 60)
  expect(await limit.exceededFor('2001:db8:1:2::1')).toBeUndefined()
  expect(await limit.exceededFor('2001:db8:1:2:ffff::9')).toBeGreaterThan(0)
  expect(await limit.exceededFor('2001:db8:1:3::1')).toBeUndefined()
  for (const own of ['127.0.0.1', '::1', '::ffff:127.0.0.1', 'unknown']) {
    expect([await limit.exceededFor(own), await limit.exceededFor(own)]).toEqual([undefined, undefined])
  }
})
