import { afterAll, beforeAll, expect, test } from 'vitest'
import { type App, createApp } from '../../server/app'
import { storeContext } from '../../server/context'
import { createOrder } from '../../server/domain/payments/creation'
import { refundOrder } from '../../server/domain/payments/refunds'
import { updateProduct } from '../../server/domain/products/service'
import { CARD_FORM, createBuyer, hiddenFields } from '../support/buyer'
import { openShop, type Shop } from '../support/shop'
import { createWorld, type World } from '../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

const order = (extra: { success_url?: string; cancel_url?: string; customer_email?: string } = {}) =>
  createOrder(shop.ctx, { product_id: shop.product.id, metadata: {}, ...extra })
const locationOf = (response: Response) => response.headers.get('location') ?? ''

test("a seller's order is paid at its own link, with the e-mail filled in and a way back", async () => {
  const { sessionId } = await order({ customer_email: 'known@example.com', cancel_url: 'https://shop.example/cart' })
  const buyer = createBuyer(world)
  const page = await (await buyer.get(`/checkout/${sessionId}`)).text()
  expect(page).toContain('value="known@example.com"')
  expect(page).toContain('href="https://shop.example/cart"')
  expect(locationOf(await buyer.submit(`/checkout/${sessionId}`))).toBe(`/checkout/${sessionId}`)
  expect(await (await buyer.get(`/checkout/${sessionId}`)).text()).toContain('Thank you')
})

test('buyers return to the shop with the documented parameters and nothing else about them', async () => {
  const row = await order({ success_url: 'https://shop.example/thanks?lang=en' })
  const path = `/checkout/${row.sessionId}`
  const buyer = createBuyer(world)
  const policy = (await buyer.get(path)).headers.get('content-security-policy')
  expect(policy).toContain("form-action 'self' https://shop.example;")
  await buyer.submit(path)
  const back = new URL(locationOf(await buyer.get(path)))
  expect(back.origin + back.pathname).toBe('https://shop.example/thanks')
  expect(Object.fromEntries(back.searchParams)).toEqual({
    lang: 'en',
    order_id: row.number,
    transaction_id: row.transactionId,
    amount: '19.00',
    status: 'completed',
  })
  const receipt = await (await buyer.get(`${path}/receipt`)).text()
  expect(receipt).toContain('Thank you')
  expect(receipt).toContain('Back to Test store')
})

test('a receipt shows a refund, whole or in part', async () => {
  const buyer = createBuyer(world)
  const { sessionId } = await order()
  await buyer.submit(`/checkout/${sessionId}`)
  const ctx = storeContext(world.deps, shop.ctx.storeId, true)
  await refundOrder(ctx, { id: sessionId, amountCents: 500 })
  expect(await (await buyer.get(`/checkout/${sessionId}`)).text()).toContain('$5.00 of it was given back.')
  await refundOrder(ctx, { id: sessionId, amountCents: undefined })
  const page = await (await buyer.get(`/checkout/${sessionId}`)).text()
  expect(page).toMatch(/<h1>\s*Refunded<\/h1>/)
  expect(page).toContain('$19.00')
})

test('an unpaid session has no receipt, and one that waits for nothing no challenge', async () => {
  const { sessionId } = await order()
  const buyer = createBuyer(world)
  for (const page of ['receipt', 'challenge']) {
    expect(locationOf(await buyer.get(`/checkout/${sessionId}/${page}`))).toBe(`/checkout/${sessionId}`)
  }
  expect(locationOf(await buyer.post(`/checkout/${sessionId}/challenge`, { result: 'complete' }))).toBe(
    `/checkout/${sessionId}`,
  )
  expect(await (await buyer.get(`/checkout/${sessionId}`)).text()).toContain('Pay $19.00')
})

test('an order whose product was taken off sale says so before a card is typed', async () => {
  const product = await shop.sell(700)
  const { sessionId } = await createOrder(shop.ctx, { product_id: product.id, metadata: {} })
  await updateProduct(shop.ctx, { id: product.id, status: 'archived' })
  const response = await createBuyer(world).get(`/checkout/${sessionId}`)
  expect(response.status).toBe(410)
  expect(await response.text()).toContain('No longer for sale')
})

/** The app with a bank that loses its answers, or with a database that fails, asked without a network. */
const asked = (app: App) => ({
  get: (path: string) => app.fetch(new Request(world.url + path)),
  post: (path: string, fields: Record<string, string>) =>
    app.fetch(
      new Request(world.url + path, {
        method: 'POST',
        headers: { Origin: world.url },
        body: new URLSearchParams(fields),
      }),
    ),
})

test('a payment that the bank has not answered yet waits on a page that refreshes itself', async () => {
  const { sessionId } = await order()
  const app = asked(createApp(shop.deps))
  shop.bank.trouble = 'unreachable'
  const seen = hiddenFields(await (await app.get(`/checkout/${sessionId}`)).text())
  const sent = await app.post(`/checkout/${sessionId}`, { ...seen, ...CARD_FORM })
  shop.bank.trouble = 'none'
  expect(locationOf(sent)).toBe(`/checkout/${sessionId}`)
  const page = await (await app.get(`/checkout/${sessionId}`)).text()
  expect(page).toContain('Your payment is being processed')
  expect(page).toContain('<meta http-equiv="refresh" content="2"/>')
})

test('an unexpected failure is a page with an id that the log knows, and no session stands in the log', async () => {
  const { sessionId } = await order()
  const broken = new Proxy(world.deps.db, {
    get: () => {
      throw new Error('the database is away')
    },
  })
  const app = asked(createApp({ ...world.deps, db: broken }))
  const response = await app.get(`/checkout/${sessionId}`)
  expect(response.status).toBe(500)
  const id = /req_[\w-]+/.exec(await response.text())?.[0]
  const line = world.log.find(({ fields }) => fields.request_id === id)
  expect(line?.level).toBe('error')
  expect(JSON.stringify(world.log)).not.toContain(sessionId)
})

test('a form with no fields, and one that is no form, are answered with the problems', async () => {
  const { sessionId } = await order()
  const app = createApp(world.deps)
  const post = (body: string, type: string) =>
    app.fetch(
      new Request(`${world.url}/checkout/${sessionId}`, {
        method: 'POST',
        headers: { Origin: world.url, 'Content-Type': type },
        body,
      }),
    )
  for (const [body, type] of [
    ['', 'application/x-www-form-urlencoded'],
    ['{"email":"a@b.co"}', 'application/json'],
    ['--x', 'multipart/form-data; boundary=x'],
  ] as const) {
    const response = await post(body, type)
    expect(response.status).toBe(422)
    const page = await response.text()
    expect(page).toContain('5 fields need your attention')
    expect(hiddenFields(page).shown).toBe('1900 usd')
  }
})
