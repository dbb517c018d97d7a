import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeContext } from '../../server/context'
import { findCheckout } from '../../server/domain/payments/checkout'
import { createProduct, updateProduct } from '../../server/domain/products/service'
import { setStoreStatus } from '../../server/domain/stores/service'
import { HOUR_MS } from '../../server/kernel/clock'
import { formatStoreId } from '../../server/kernel/ids'
import { CARD_FORM, createBuyer, hiddenFields } from '../support/buyer'
import { dumpDatabase, openShop, type Shop } from '../support/shop'
import { createWorld, type World } from '../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

const pathOf = (product: { id: string }) => `/checkout/${product.id}`
const locationOf = (response: Response) => response.headers.get('location') ?? ''
const sessionOf = (response: Response) => /cs_test_\w+/.exec(locationOf(response))?.[0] ?? ''

test('a visit shows what is sold, by whom and for how much, and writes nothing', async () => {
  const before = await dumpDatabase(world.deps)
  const response = await createBuyer(world).get(pathOf(shop.product))
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  const page = await response.text()
  for (const words of ['Kit', '$19.00', 'Test store', 'autocomplete="cc-number"', '4000 0000 0000 1091']) {
    expect(page).toContain(words)
  }
  expect(await dumpDatabase(world.deps)).toBe(before)
})

test("the session's cookie is out of reach of scripts and of other products", async () => {
  const cookie = (await createBuyer(world).get(pathOf(shop.product))).headers.get('set-cookie')
  expect(cookie).toMatch(
    /^payhook_session=cs_test_\w+; Max-Age=3600; Path=\/checkout\/[0-9a-f-]{36}; HttpOnly; SameSite=Lax$/,
  )
  expect(cookie).toContain(`Path=${pathOf(shop.product)};`)
})

test('a payment ends on a receipt, and the product then says "already paid" until a new purchase is asked for', async () => {
  const buyer = createBuyer(world)
  const paid = await buyer.submit(pathOf(shop.product))
  expect([paid.status, locationOf(paid)]).toEqual([303, `/checkout/${sessionOf(paid)}`])
  const receipt = await (await buyer.get(locationOf(paid))).text()
  for (const words of ['Thank you', '$19.00', 'buyer@example.com', 'Visa ending in 0002', 'PP-2603-']) {
    expect(receipt).toContain(words)
  }
  const again = await (await buyer.get(pathOf(shop.product))).text()
  expect(again).toContain('You already paid')
  expect(again).toContain(`/checkout/${sessionOf(paid)}/receipt`)
  expect(locationOf(await buyer.get(`${pathOf(shop.product)}?again=1`))).toBe(pathOf(shop.product))
  const second = await buyer.submit(pathOf(shop.product))
  expect(sessionOf(second)).not.toBe(sessionOf(paid))
})

test('a form sent again after its payment charges nothing and leads to the receipt', async () => {
  const buyer = createBuyer(world)
  const fields = hiddenFields(await (await buyer.get(pathOf(shop.product))).text())
  const post = () => buyer.post(pathOf(shop.product), { ...fields, ...CARD_FORM })
  const [first, second] = [await post(), await post()]
  expect(locationOf(second)).toBe(locationOf(first))
  const { order } = await findCheckout(world.deps, sessionOf(first))
  expect((await shop.ledger(order.id)).attempts).toHaveLength(1)
})

test('without cookies the form itself remembers its session', async () => {
  const buyer = createBuyer(world)
  const fields = hiddenFields(await (await buyer.get(pathOf(shop.product))).text())
  const post = () => {
    buyer.forgetCookies()
    return buyer.post(pathOf(shop.product), { ...fields, ...CARD_FORM })
  }
  expect(sessionOf(await post())).toBe(fields.session)
  expect(sessionOf(await post())).toBe(fields.session)
})

test('slips are named under their fields, in words, and neither number nor security code comes back', async () => {
  const response = await createBuyer(world).submit(pathOf(shop.product), { email: 'nobody', expiry: '13/30' })
  expect(response.status).toBe(422)
  const page = await response.text()
  expect(page).toContain('2 fields need your attention')
  expect(page).toContain('href="#email"')
  expect(page).toContain('value="nobody"')
  expect(page).toContain('Enter the expiry date as month and year')
  expect(page).not.toContain(`value="${CARD_FORM.number}"`)
  expect(page).not.toContain(`value="${CARD_FORM.cvc}"`)
})

test('a decline says why and what to do, and the next card pays', async () => {
  const buyer = createBuyer(world)
  const declined = await buyer.submit(pathOf(shop.product), { number: '4000000000000119' })
  expect(declined.status).toBe(402)
  const page = await declined.text()
  expect(page).toContain('There is not enough money on this card. Nothing was charged. Use another card.')
  expect(page).toContain('value="Ada Buyer"')
  // The reason is still there after a reload, without a second try.
  expect(await (await buyer.get(pathOf(shop.product))).text()).toContain('There is not enough money')
  expect((await buyer.submit(pathOf(shop.product))).status).toBe(303)
})

test("a buyer who failed the bank's check is told so and may try again", async () => {
  const buyer = createBuyer(world)
  const sent = await buyer.submit(pathOf(shop.product), { number: '4000000000001091' })
  const session = locationOf(sent)
  expect(locationOf(await buyer.get(session))).toBe(`${session}/challenge`)
  expect(await (await buyer.get(`${session}/challenge`)).text()).toContain('Visa ending in 1091')
  expect(locationOf(await buyer.get(pathOf(shop.product)))).toBe(session)
  expect(locationOf(await buyer.post(`${session}/challenge`, { result: 'fail' }))).toBe(session)
  expect(await (await buyer.get(session)).text()).toContain('Your bank could not confirm that it is you')
  const retried = await buyer.submit(session, { number: '5200 0000 0000 1096' })
  expect(locationOf(retried)).toBe(session)
  await buyer.post(`${session}/challenge`, { result: 'complete' })
  expect(await (await buyer.get(session)).text()).toContain('Thank you')
})

test('a real card number is refused in test mode and written down nowhere', async () => {
  const response = await createBuyer(world).submit(pathOf(shop.product), { number: '4539 1488 0343 6467' })
  expect(response.status).toBe(402)
  expect(await response.text()).toContain('real cards are refused')
  const traces = (await dumpDatabase(world.deps)) + JSON.stringify(world.log)
  for (const secret of ['4539148803436467', '4539 1488']) expect(traces).not.toContain(secret)
  // Between a value's ends only: random ids hold any three or four digits.
  for (const secret of ['6467', CARD_FORM.cvc]) expect(traces).not.toMatch(new RegExp(`[,"(:_]${secret}[,")}]`))
})

test('a price that was raised after the buyer saw it is shown before anything is charged', async () => {
  const product = await shop.sell(2_000)
  const buyer = createBuyer(world)
  const fields = hiddenFields(await (await buyer.get(pathOf(product))).text())
  await updateProduct(shop.ctx, { id: product.id, price_cents: 9_900 })
  const response = await buyer.post(pathOf(product), { ...fields, ...CARD_FORM })
  expect(response.status).toBe(409)
  expect(await response.text()).toContain('It is $99.00 now. Nothing was charged.')
  expect((await buyer.submit(pathOf(product))).status).toBe(303)
})

test('a form of another site is refused in words', async () => {
  const buyer = createBuyer(world)
  const fields = hiddenFields(await (await buyer.get(pathOf(shop.product))).text())
  const post = (headers: Record<string, string>) =>
    buyer.post(pathOf(shop.product), { ...fields, ...CARD_FORM }, headers)
  const others: Record<string, string>[] = [
    { Origin: 'https://evil.example' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { Origin: 'null' },
  ]
  for (const headers of others) {
    const response = await post(headers)
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('This form was sent from another site')
  }
  await expect(findCheckout(world.deps, fields.session ?? '')).rejects.toThrow('no such checkout')
})

test('what cannot be bought says so, with what to do next', async () => {
  const buyer = createBuyer(world)
  const stateOf = async (path: string) => {
    const response = await buyer.get(path)
    return [response.status, /<h1>(.*?)<\/h1>/.exec(await response.text())?.[1]]
  }
  const product = await shop.sell(1_000)
  for (const [status, answer] of [
    ['draft', [404, 'Not for sale yet']],
    ['archived', [410, 'No longer for sale']],
  ] as const) {
    await updateProduct(shop.ctx, { id: product.id, status })
    expect(await stateOf(pathOf(product))).toEqual(answer)
    expect((await buyer.post(pathOf(product), CARD_FORM)).status).toBe(answer[0])
  }
  const ghost = `${product.id.slice(0, -4)}ffff`
  for (const path of [
    `/checkout/${ghost}`,
    '/checkout/nothing',
    '/checkout/cs_test_nothing',
    '/checkout',
    '/checkout/a/b',
  ]) {
    expect(await stateOf(path)).toEqual([404, 'There is no checkout here'])
  }
})

test('live mode without a gateway, and a store that is not approved, say so instead of failing', async () => {
  const { store } = await world.openStore('Other store')
  const live = storeContext(world.deps, store.storeId, false)
  const product = await createProduct(live, { name: 'Live', price_cents: 500, currency: 'eur', status: 'active' })
  const buyer = createBuyer(world)
  const closed = await buyer.get(pathOf(product))
  expect(closed.status).toBe(503)
  expect(await closed.text()).toContain('This store cannot take payments yet')
  expect((await buyer.post(pathOf(product), CARD_FORM)).status).toBe(503)
  await setStoreStatus(world.deps, formatStoreId(store.storeId), 'suspended')
  const suspended = await buyer.get(pathOf(product))
  expect(suspended.status).toBe(403)
  expect(await suspended.text()).toContain('This store cannot sell yet')
})

test('an expired session says that nothing was charged, and starts again', async () => {
  const buyer = createBuyer(world)
  const declined = await buyer.submit(pathOf(shop.product), { number: '4000000000000069' })
  const { session = '' } = hiddenFields(await declined.text())
  world.clock.advance(HOUR_MS)
  const response = await buyer.get(`/checkout/${session}`)
  expect(response.status).toBe(410)
  expect(await response.text()).toContain(`href="${pathOf(shop.product)}"`)
  // The stale cookie is no obstacle.
  expect((await buyer.submit(pathOf(shop.product))).status).toBe(303)
})

test('German buyers read German, with amounts as they write them', async () => {
  const page = await (await createBuyer(world, 'de-DE,de;q=0.9').get(pathOf(shop.product))).text()
  expect(page).toContain('<html lang="de">')
  expect(page).toContain('19,00\u00a0$ zahlen')
})

test("a seller's words are text, whatever they look like", async () => {
  const name = '<script>alert(1)</script>"\'&'
  const product = await createProduct(shop.ctx, {
    name,
    description: name,
    price_cents: 500,
    currency: 'usd',
    status: 'active',
  })
  const page = await (await createBuyer(world).get(pathOf(product))).text()
  expect(page).not.toContain('<script>alert')
  expect(page).toContain('&lt;script&gt;alert(1)')
})
