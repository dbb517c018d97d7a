import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectStore, getConnection } from '../../server/domain/connections/service'
import { DAY_MS, MINUTE_MS } from '../../server/kernel/clock'
import { createBuyer } from '../support/buyer'
import { createStripeWorld, openStripeShop, type StripeShop, type StripeWorld } from '../support/stripe/shop'

let world: StripeWorld
let shop: StripeShop
beforeAll(async () => {
  world = await createStripeWorld({ connect: true })
})
beforeEach(async () => {
  shop = await openStripeShop(world)
  world.stripe.trouble = () => undefined
})
afterAll(() => world.close())

describe('the pages that a seller comes back to', () => {
  async function links() {
    await connectStore(shop.ctx, {})
    const link = world.stripe.account.connect.links.at(-1)
    if (!link) throw new Error('there is a link')
    const path = (address: string) => new URL(address).pathname
    return { account: link.account, back: path(link.returnUrl), refresh: path(link.refreshUrl) }
  }
  const visit = async (path: string, language = 'en') => {
    const response = await fetch(world.url + path, { redirect: 'manual', headers: { 'Accept-Language': language } })
    return { status: response.status, location: response.headers.get('location'), html: await response.text() }
  }

  test('say how far they are, without waiting for Stripe to tell, and lead on', async () => {
    const { account, back, refresh } = await links()
    const open = await visit(back)
    expect([open.status, open.html.includes('Stripe still has questions'), open.html.includes(refresh)]).toEqual([
      200,
      true,
      true,
    ])
    const next = await visit(refresh)
    expect([next.status, next.location?.startsWith(`${world.stripe.url}/setup/e/${account}/`)]).toEqual([303, true])
    world.stripe.account.connect.complete(account)
    expect((await visit(back)).html).toContain('Your store can take cards')
    expect((await visit(refresh, 'de')).html).toContain('Ihr Shop kann Karten annehmen')
    expect((await getConnection(shop.ctx)).status).toBe('active')
  })

  test('are good for a day, and only as they were given', async () => {
    const { back, refresh } = await links()
    const forged = refresh.replace(/-[0-9a-f]{8}/, '-00000000')
    for (const path of [forged, refresh.replace('-live-', '-test-'), '/connect/nothing/refresh']) {
      expect(await visit(path)).toMatchObject({ status: 410, location: null })
    }
    world.clock.advance(DAY_MS + MINUTE_MS)
    expect((await visit(back)).status).toBe(410)
    expect((await visit(refresh)).html).toContain('connect_store')
  })

  test('say that Stripe did not answer, and never fail', async () => {
    const { back, refresh } = await links()
    world.stripe.trouble = () => 'cut_before'
    expect([(await visit(back)).status, (await visit(refresh)).status]).toEqual([502, 502])
  })
})

test('a buyer is told that the store takes no cards yet, and its seller what to do', async () => {
  const buyer = createBuyer(world)
  const page = await buyer.get(`/checkout/${shop.product.id}`)
  const html = await page.text()
  expect(page.status).toBe(409)
  expect(html).toContain('This store cannot take cards at the moment')
  expect(html).toContain('connect_store')
  expect(html).not.toContain('<form')
})
