import { afterAll, beforeAll, expect, test } from 'vitest'
import { type App, createApp } from '../../server/app'
import { CARD_FORMS_PER_MINUTE } from '../../server/rate-limit'
import { CARD_FORM } from '../support/buyer'
import { openShop, type Shop } from '../support/shop'
import { createWorld, type World } from '../support/world'

let world: World
let shop: Shop
let app: App
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
  app = createApp(world.deps)
})
afterAll(() => world.close())

/** A card form from a client's address, without any of the page's hidden fields: each is a session of its own. */
const tryCard = (address: string, path = `/checkout/${shop.product.id}`) => {
  const body = new URLSearchParams({ ...CARD_FORM, number: '4000000000000119' })
  return app.fetch(new Request(world.url + path, { method: 'POST', headers: { Origin: world.url }, body }), { address })
}

test('one address tries a limited number of cards a minute, and is told in words how long to wait', async () => {
  const session = `/checkout/${(await shop.open()).order.sessionId}`
  for (let tried = 0; tried < CARD_FORMS_PER_MINUTE; tried++)
    expect((await tryCard('203.0.113.7')).status).not.toBe(429)
  for (const path of [undefined, session, `${session}/challenge`]) {
    const refused = await tryCard('203.0.113.7', path)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(await refused.text()).toMatch(/<h1/)
  }
  expect((await tryCard('203.0.113.8')).status).not.toBe(429)
  const look = new Request(world.url + session)
  expect((await app.fetch(look, { address: '203.0.113.7' })).status).toBe(200)
})
