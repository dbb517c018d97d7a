import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeContext } from '../../../server/context'
import { DAY_MS, HOUR_MS } from '../../../server/kernel/clock'
import { enter, liveContext, rollAll } from '../../support/revenue'
import { createWorld, type World } from '../../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

async function stats(): Promise<Record<string, unknown>> {
  const answer = await fetch(`${world.url}/api/public/stats`)
  expect(answer.status).toBe(200)
  return (await answer.json()) as Record<string, unknown>
}

const ago = (ms: number) => new Date(world.clock.now().getTime() - ms)

test('public stats need no key, count live sales of all stores, and are at most five seconds old', async () => {
  const asOf = world.clock.now().toISOString()
  const nothing = { sales_today: 0, sales_total: 0, gmv_total_cents: 0, active_sellers: 0, as_of: asOf }
  expect(await stats()).toEqual(nothing)

  const [a, b, idle] = [await world.openStore(), await world.openStore(), await world.openStore()]
  const [first, second] = [liveContext(world, a.store.storeId), liveContext(world, b.store.storeId)]
  await enter(first, { amountMinor: 100n })
  // 09:00: nine hours ago is today, one millisecond more is yesterday.
  await enter(first, { amountMinor: 10n, happenedAt: ago(9 * HOUR_MS) })
  await enter(first, { amountMinor: 1n, happenedAt: ago(9 * HOUR_MS + 1) })
  await enter(second, { amountMinor: 5_000n, currency: 'eur', happenedAt: ago(3 * DAY_MS) })
  await enter(first, { amountMinor: 100n, kind: 'refund' })
  await enter(storeContext(world.deps, idle.store.storeId, true), { amountMinor: 9_999n })

  world.clock.advance(4_999)
  expect(await stats()).toEqual(nothing)
  world.clock.advance(1)
  const counted = { sales_today: 2, sales_total: 4, gmv_total_cents: 111, active_sellers: 2 }
  expect(await stats()).toEqual({ ...counted, as_of: world.clock.now().toISOString() })

  await rollAll(world)
  world.clock.advance(5_000)
  expect(await stats()).toMatchObject(counted)
  await enter(second)
  world.clock.advance(5_000)
  expect(await stats()).toMatchObject({ ...counted, sales_today: 3, sales_total: 5, gmv_total_cents: 1_111 })

  world.clock.set(new Date('2026-03-03T00:00:00.000Z'))
  expect(await stats()).toMatchObject({ sales_today: 0, sales_total: 5 })
})

test('the canonical route and the documented one answer the same', async () => {
  const canonical = await fetch(`${world.url}/v1/public/stats`)
  expect(await canonical.json()).toEqual(await stats())
})

test("anybody's page may read public stats, and no other path", async () => {
  const origin = { Origin: 'https://shop.example' }
  const answer = await fetch(`${world.url}/api/public/stats`, { headers: origin })
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  const preflight = await fetch(`${world.url}/api/public/stats`, {
    method: 'OPTIONS',
    headers: { ...origin, 'Access-Control-Request-Method': 'GET' },
  })
  expect(preflight.status).toBe(204)
  const closed = await fetch(`${world.url}/api/v1/revenue`, { headers: origin })
  expect(closed.headers.get('access-control-allow-origin')).toBeNull()
})

test('a clock that was set back does not keep an answer from the future', async () => {
  await stats()
  world.clock.advance(-DAY_MS)
  expect((await stats()).as_of).toBe(world.clock.now().toISOString())
})
