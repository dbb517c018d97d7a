import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPaymentPage, returnFromPage } from '../../../server/domain/payments/redirect'
import { MINUTE_MS } from '../../../server/kernel/clock'
import {
  connectShop,
  createStripeWorld,
  openStripeShop,
  runJobs,
  type StripeShop,
  type StripeWorld,
} from '../../support/stripe/shop'

let world: StripeWorld
let shop: StripeShop
let account: string
beforeAll(async () => {
  world = await createStripeWorld({ connect: true })
})
beforeEach(async () => {
  world.stripe.trouble = () => undefined
  world.stripe.webhooks.waiting.length = 0
  shop = await openStripeShop(world)
  account = await connectShop(world, shop)
})
afterAll(() => world.close())

const BUYER = { email: 'buyer@example.com', name: null }

async function arrive(): Promise<void> {
  await world.stripe.webhooks.drain()
  await runJobs(shop.deps)
}

describe('a store whose account is ended', () => {
  test('in the middle of a checkout: its page is closed, nothing can be paid there, and its buyer is told', async () => {
    const { checkout, page } = await shop.begin()
    world.stripe.account.connect.deauthorize(account)
    await arrive()
    expect(world.stripe.account.getSession(page).status).toBe('expired')
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('open')
    const html = await (await fetch(checkoutUrl(checkout.order.sessionId))).text()
    expect(html).toContain('This store cannot take cards at the moment')
    const { sessionId } = checkout.order
    await expect(openPaymentPage(shop.deps, sessionId, BUYER)).rejects.toMatchObject({ code: 'store_not_connected' })
  })

  test('before anybody told us: whoever wants to pay is told, and the store stops', async () => {
    const { order } = await shop.open()
    world.stripe.account.connect.deauthorize(account)
    world.stripe.webhooks.waiting.length = 0
    const begin = () => openPaymentPage(shop.deps, order.sessionId, BUYER)
    await expect(begin()).rejects.toMatchObject({ code: 'store_not_connected' })
    expect(await shop.stateOf(order.sessionId)).toBe('open')
    const html = await (await fetch(checkoutUrl(order.sessionId))).text()
    expect(html).toContain('This store cannot take cards at the moment')
    // Connected again, the same checkout can be paid.
    account = await connectShop(world, shop)
    const { checkout } = await begin()
    world.stripe.account.confirm(checkout.attempt?.gatewayPage ?? '')
    expect((await returnFromPage(shop.deps, order.sessionId)).state).toBe('paid')
    expect(world.stripe.account.connect.balanceOf(account, 'usd')).toBe(1_900)
  })

  test('just after a buyer has paid: the sale counts', async () => {
    const { checkout, page } = await shop.begin()
    world.stripe.account.confirm(page)
    world.stripe.account.connect.deauthorize(account)
    await arrive()
    expect(await shop.stateOf(checkout.order.sessionId)).toBe('paid')
  })

  test('leaves its pages to the next turn while Stripe can’t be asked', async () => {
    const { page } = await shop.begin()
    world.stripe.account.connect.deauthorize(account)
    await world.stripe.webhooks.drain()
    world.stripe.trouble = ({ path }) => (path.endsWith('/expire') ? 'cut_before' : undefined)
    await runJobs(shop.deps)
    expect(world.stripe.account.getSession(page).status).toBe('open')
    world.stripe.trouble = () => undefined
    world.clock.advance(MINUTE_MS)
    await runJobs(shop.deps)
    expect(world.stripe.account.getSession(page).status).toBe('expired')
  })
})

function checkoutUrl(sessionId: string): string {
  return `${world.url}/checkout/${sessionId}`
}
