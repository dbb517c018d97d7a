import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../server/db/transaction'
import { updateProduct } from '../../server/domain/products/service'
import { products } from '../../server/domain/products/table'
import { createBuyer, hiddenFields } from '../support/buyer'
import { callRest } from '../support/calls'
import { createStripeWorld, openStripeShop, runJobs, type StripeShop, type StripeWorld } from '../support/stripe/shop'

let world: StripeWorld
let shop: StripeShop
beforeAll(async () => {
  world = await createStripeWorld()
})
beforeEach(async () => {
  shop = await openStripeShop(world)
  world.stripe.trouble = () => undefined
})
afterAll(() => world.close())

const email = 'buyer@example.com'

/** Follows our own redirects, as a browser does. */
async function send(path: string, fields?: Record<string, string>, buyer = createBuyer(world)) {
  const page = await (await buyer.get(path)).text()
  let response = fields ? await buyer.post(path, { ...hiddenFields(page), ...fields }) : await buyer.get(path)
  const visited = [path]
  for (let next = response.headers.get('location'); next?.startsWith('/'); next = response.headers.get('location')) {
    visited.push(next)
    response = await buyer.get(next)
  }
  const location = response.headers.get('location')
  return { status: response.status, html: await response.text(), path: visited.at(-1) ?? '', location, buyer, response }
}

const leadsTo = (html: string) => /<meta http-equiv="refresh" content="0; url=([^"]*)"/.exec(html)?.[1]
const pageOf = (html: string) => /\/c\/pay\/(cs_live_\w+)/.exec(html)?.[1] ?? ''

describe('a checkout that is paid at Stripe', () => {
  test('asks for no card, and leads to Stripe’s page and back to the receipt', async () => {
    const checkout = `/checkout/${shop.product.id}`
    const form = await (await createBuyer(world).get(checkout)).text()
    expect(form).not.toMatch(/name="(number|cvc|expiry)"/)
    expect(form).toContain('secure page of our payment service')
    const sent = await send(checkout, { email })
    expect(sent.path).toMatch(/^\/checkout\/cs_live_\w+\/pay$/)
    const url = leadsTo(sent.html) ?? ''
    expect(url).toContain(`${world.stripe.url}/c/pay/cs_live_`)
    expect(sent.response.headers.get('content-security-policy')).toContain("form-action 'self'")
    const { success_url: successUrl } =
      world.stripe.account.confirm(pageOf(url)) && world.stripe.account.getSession(pageOf(url))
    const back = await send(new URL(successUrl).pathname)
    expect(back.html).toContain('You paid $19.00')
    const { sessions } = world.stripe.account
    const before = sessions.size
    expect((await send(checkout, undefined, sent.buyer)).html).toContain('You already paid')
    expect(sessions.size).toBe(before)
  })

  test('shows who comes back unpaid the way there, by a press', async () => {
    const sent = await send(`/checkout/${shop.product.id}`, { email })
    const page = pageOf(sent.html)
    const { cancel_url: cancelUrl } = world.stripe.account.getSession(page)
    const back = await send(new URL(cancelUrl ?? '').pathname)
    expect(leadsTo(back.html)).toBeUndefined()
    expect(back.html).toContain('Nothing has been charged so far')
    expect(back.html).toContain(`href="${world.stripe.url}/c/pay/${page}"`)
    // Another tab of the same browser comes to the same page.
    const again = await send(`/checkout/${shop.product.id}`, undefined, sent.buyer)
    expect(pageOf(again.html)).toBe(page)
  })

  test('says that money which takes days is on its way, and asks for no second payment', async () => {
    const sent = await send(`/checkout/${shop.product.id}`, { email })
    world.stripe.account.confirm(pageOf(sent.html), 'delayed')
    const back = await send(sent.path.replace(/pay$/, 'return'))
    expect(back.html).toContain('Your payment is on its way')
    expect(back.html).not.toContain('<form')
    expect((await send(`/checkout/${shop.product.id}`, undefined, sent.buyer)).html).toContain('is on its way')
  })

  test('says that nothing was charged when Stripe opens no page', async () => {
    world.stripe.trouble = () => 'cut_before'
    const sent = await send(`/checkout/${shop.product.id}`, { email })
    expect([sent.status, sent.html.includes('Nothing was charged. Try again in a moment.')]).toEqual([502, true])
    world.stripe.trouble = () => undefined
    expect((await send(`/checkout/${shop.product.id}`, { email }, sent.buyer)).path).toMatch(/\/pay$/)
  })

  test('says which field is wrong before anything is begun', async () => {
    const before = world.stripe.account.sessions.size
    const sent = await send(`/checkout/${shop.product.id}`, { email: 'nobody' })
    expect([sent.status, sent.html.includes('Enter an e-mail address such as')]).toEqual([422, true])
    expect(world.stripe.account.sessions.size).toBe(before)
  })

  test('in a frame opens Stripe’s page in a tab of its own and waits for it', async () => {
    const { storeId } = shop.ctx
    const link = `/checkout/embed?store_id=${(await callRest(world.url, 'GET', '/v1/store', { key: shop.opened.liveKey })).body.id}`
    expect(storeId).toBeGreaterThan(0n)
    const sent = await send(`${link}&amount=25.00`, { email })
    expect(sent.html).toMatch(/target="_blank"/)
    expect(leadsTo(sent.html)).toBeUndefined()
    expect(sent.html).toMatch(/http-equiv="refresh" content="\d"/)
    world.stripe.account.confirm(pageOf(sent.html))
    await world.stripe.webhooks.drain()
    await runJobs(shop.deps)
    const after = await send(sent.path.replace('/pay', ''))
    expect(after.html).toContain('payment_complete')
  })
})

describe('what Stripe doesn’t charge', () => {
  const order = (body: Record<string, unknown>) =>
    callRest(world.url, 'POST', '/v1/orders', { key: shop.opened.liveKey, body })

  test.each([
    [{ amount_cents: 60, currency: 'sek' }, 'amount_too_small', 'amount_cents'],
    [{ amount_cents: 5_124, currency: 'kwd' }, 'amount_not_chargeable', 'amount_cents'],
    [{ amount_cents: 5_000, currency: 'ugx' }, 'currency_not_chargeable', 'currency'],
  ])('%o is refused when the order is made: %s', async (body, code, field) => {
    expect(await order(body)).toMatchObject({ status: 400, body: { code, field } })
  })

  test('0- and 3-decimal currencies are charged in Stripe’s units', async () => {
    for (const [amount_cents, currency, units] of [
      [500, 'jpy', 500],
      [5_120, 'kwd', 5_120],
      [500, 'isk', 50_000],
    ]) {
      const { body } = await order({ amount_cents, currency })
      const sent = await send(new URL(String(body.checkout_url)).pathname, { email })
      const page = pageOf(sent.html)
      expect(world.stripe.account.getSession(page)).toMatchObject({ amount_total: units, currency })
      world.stripe.account.confirm(page)
      await send(sent.path.replace(/pay$/, 'return'))
      const paid = await callRest(world.url, 'GET', `/v1/orders/${body.id}`, { key: shop.opened.liveKey })
      expect(paid.body).toMatchObject({ status: 'completed', amount_cents })
    }
  })

  test('a product in such a currency tells its buyer so, and charges nothing', async () => {
    await inTransaction(shop.ctx, (tx) =>
      tx.db.update(products).set({ currency: 'ugx' }).where(eq(products.storeId, tx.storeId)),
    )
    const sent = await send(`/checkout/${shop.product.id}`, { email })
    expect([sent.status, sent.html.includes('cannot be paid by card')]).toEqual([409, true])
  })
})

test('a product that is archived meanwhile leads nobody to Stripe', async () => {
  const { body } = await callRest(world.url, 'POST', '/v1/orders', {
    ...{ key: shop.opened.liveKey, body: { product_id: shop.product.id } },
  })
  await updateProduct(shop.ctx, { id: shop.product.id, status: 'archived' })
  const sent = await send(new URL(String(body.checkout_url)).pathname, { email })
  expect(sent.html).toContain('no longer for sale')
})

describe('with a test key of Stripe', () => {
  test('test mode is paid at Stripe, live mode is not, and an agent rehearses with the sandbox', async () => {
    const testing = await createStripeWorld({ livemode: false })
    try {
      const store = await openStripeShop(testing, true)
      const { checkout, page } = await store.begin()
      expect(page).toMatch(/^cs_test_/)
      testing.stripe.account.confirm(page)
      await testing.stripe.webhooks.drain()
      await runJobs(store.deps)
      expect(await store.stateOf(checkout.order.sessionId)).toBe('paid')
      const key = store.opened.testKey
      const made = await callRest(testing.url, 'POST', '/v1/orders', { key, body: { amount_cents: 900 } })
      const paid = await callRest(testing.url, 'POST', `/v1/orders/${made.body.id}/pay_test`, { key, body: {} })
      expect(paid.body).toMatchObject({ state: 'paid' })
      const refunded = await callRest(testing.url, 'POST', `/v1/orders/${made.body.id}/refund`, { key, body: {} })
      expect(refunded.body).toMatchObject({ status: 'succeeded' })
      expect(testing.stripe.account.refunds.size).toBe(0)
      const live = await callRest(testing.url, 'POST', '/v1/orders', {
        ...{ key: store.opened.liveKey, body: { amount_cents: 900 } },
      })
      expect(live).toMatchObject({ status: 503, body: { code: 'gateway_not_configured' } })
    } finally {
      await testing.close()
    }
  })
})
