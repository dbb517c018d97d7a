import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { orders } from '../../server/domain/orders/table'
import { findCheckout } from '../../server/domain/payments/checkout'
import { archiveVariant, createVariant } from '../../server/domain/products/variants'
import { setStoreStatus, updateStore } from '../../server/domain/stores/service'
import { HOUR_MS, MINUTE_MS } from '../../server/kernel/clock'
import { formatRowId, formatStoreId } from '../../server/kernel/ids'
import { CARD_FORM, createBuyer, hiddenFields } from '../support/buyer'
import { dumpDatabase, openShop, type Shop } from '../support/shop'
import { createWorld, type World } from '../support/world'

let world: World
let shop: Shop
let store: string
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
  store = formatStoreId(shop.ctx.storeId)
})
afterAll(() => world.close())

const link = (query: string) => `/checkout/${store}?testMode=true&${query}`
const embed = (query: string) => `/checkout/embed?store_id=${store}&testMode=true&${query}`
const locationOf = (response: Response) => response.headers.get('location') ?? ''
const sessionOf = (response: Response) => /cs_test_\w+/.exec(locationOf(response))?.[0] ?? ''
const textOf = async (path: string, language?: string) => (await createBuyer(world, language).get(path)).text()

test('a link shows its product, its price and the test badge, and writes nothing', async () => {
  const before = await dumpDatabase(world.deps)
  const page = await textOf(link('amount=49.99&product=Premium%20Plan'))
  for (const words of ['Premium Plan', '$49.99', 'Test store', 'class="badge"']) expect(page).toContain(words)
  expect(await dumpDatabase(world.deps)).toBe(before)
})

test('a paid link keeps its reference and sends the buyer on as documented', async () => {
  const buyer = createBuyer(world)
  const path = link('amount=99.90&product=Order&ref=INV-001&return_url=https://shop.example/success?from=mail')
  const paid = await buyer.submit(path)
  expect(paid.status).toBe(303)
  const { order } = await findCheckout(world.deps, sessionOf(paid))
  expect(order).toMatchObject({
    ...{ productId: null, productName: 'Order', amountMinor: 9_990n, currency: 'usd', orderReference: 'INV-001' },
    ...{ isTest: true, status: 'completed', customerEmail: CARD_FORM.email },
  })
  const next = new URL(locationOf(await buyer.get(locationOf(paid))))
  expect(`${next.origin}${next.pathname}`).toBe('https://shop.example/success')
  expect(Object.fromEntries(next.searchParams)).toEqual({
    ...{ from: 'mail', order_id: order.number, transaction_id: order.transactionId },
    ...{ amount: '99.90', status: 'completed' },
  })
})

test('each link of a store is a purchase of its own; the same one again says "already paid"', async () => {
  const buyer = createBuyer(world)
  const [small, large] = [link('amount=5&product=Small'), link('amount=50&product=Large')]
  const paid = await buyer.submit(small)
  expect(await (await buyer.get(large)).text()).toContain('$50.00')
  const again = await (await buyer.get(small)).text()
  expect(again).toContain('You already paid')
  const other = await buyer.submit(large)
  expect(sessionOf(other)).not.toBe(sessionOf(paid))
  expect(locationOf(await buyer.get(`${small}&again=1`))).toBe(small)
  expect(sessionOf(await buyer.submit(small))).not.toBe(sessionOf(paid))
})

test('after its first post a link goes on where its session is, at the price that the buyer saw', async () => {
  const buyer = createBuyer(world)
  const path = link('amount=12&product=Cap')
  const declined = await buyer.submit(path, { number: '4000 0000 0000 0119' })
  expect(declined.status).toBe(402)
  const page = await declined.text()
  expect(page).toMatch(/action="\/checkout\/cs_test_\w+" class="form"/)
  const session = locationOf(await buyer.get(path))
  expect(session).toMatch(/^\/checkout\/cs_test_/)
  expect(await (await buyer.get(session)).text()).toContain('There is not enough money on this card')
  expect((await buyer.submit(session)).status).toBe(303)
})

test('a form sent twice, also without cookies, makes one order and one charge', async () => {
  const buyer = createBuyer(world)
  const path = link('amount=7&product=Once')
  const fields = hiddenFields(await (await buyer.get(path)).text())
  buyer.forgetCookies()
  const answers = await Promise.all([1, 2, 3].map(() => buyer.post(path, { ...fields, ...CARD_FORM })))
  expect(new Set(answers.map(sessionOf))).toEqual(new Set([fields.session]))
  const made = await world.deps.db
    .select()
    .from(orders)
    .where(and(eq(orders.storeId, shop.ctx.storeId), eq(orders.productName, 'Once')))
  expect(made).toHaveLength(1)
  expect((await shop.ledger(made[0]?.id ?? '')).attempts).toHaveLength(1)
})

test('a form with another amount than its link is not charged', async () => {
  const buyer = createBuyer(world)
  const fields = hiddenFields(await (await buyer.get(link('amount=90'))).text())
  const response = await buyer.post(link('amount=9'), { ...fields, ...CARD_FORM })
  expect(response.status).toBe(409)
  expect(await response.text()).toContain('It is $9.00 now. Nothing was charged.')
})

test('without an amount the buyer names one, within the limits, and may change it', async () => {
  const buyer = createBuyer(world, 'de-DE')
  const path = link('product=Spende&currency=eur')
  const question = await (await buyer.get(path)).text()
  expect(question).toContain('Wie viel möchten Sie zahlen?')
  expect(question).toContain('Von 0,50')
  expect(hiddenFields(question)).toEqual({ testMode: 'true', product: 'Spende', currency: 'eur' })
  for (const [text, words] of [
    ['', 'Geben Sie den Betrag ein'],
    ['1.250', 'in Ziffern ein, zum Beispiel 12,50'],
    ['1000000', 'zwischen'],
  ] as const) {
    const refused = await buyer.get(`${path}&own_amount=${text}`)
    expect([refused.status, (await refused.text()).includes(words)]).toEqual([422, true])
  }
  const answered = `${path}&own_amount=12,50`
  const page = await (await buyer.get(answered)).text()
  expect(page).toContain('12,50')
  expect(page).toContain('Betrag ändern')
  const { order } = await findCheckout(world.deps, sessionOf(await buyer.submit(answered)))
  expect([order.amountMinor, order.currency]).toEqual([1_250n, 'eur'])
})

test("a variant's price holds, whatever the link says, and it makes its own mode of the session", async () => {
  const sell = (isTest: boolean, price_cents: number) =>
    createVariant(
      { ...shop.ctx, isTest },
      { product_id: shop.product.id, name: 'Pro', price_cents, status: 'active', license: null },
    )
  const variant = formatRowId('var', (await sell(true, 9_900)).id)
  const buyer = createBuyer(world)
  const path = `/checkout/${store}?variant_id=${variant}&amount=1&product=Cheap`
  const page = await (await buyer.get(path)).text()
  for (const words of ['Kit – Pro', '$99.00', 'class="badge"']) expect(page).toContain(words)
  const { order } = await findCheckout(world.deps, sessionOf(await buyer.submit(path)))
  expect([order.productName, order.amountMinor, order.productId]).toEqual(['Kit – Pro', 9_900n, shop.product.id])
  await archiveVariant(shop.ctx, variant)
  expect((await createBuyer(world).get(path)).status).toBe(410)
  const strange = await createBuyer(world).get(`/checkout/${store}?variant_id=var_nothing`)
  expect([strange.status, (await strange.text()).includes('variant_id is no variant of this store')]).toEqual([
    400,
    true,
  ])
  const other = formatStoreId((await world.openStore()).store.storeId)
  expect((await createBuyer(world).get(`/checkout/${other}?variant_id=${variant}`)).status).toBe(400)
})

test('a link takes what an order by the API may cost, in every currency', async () => {
  for (const [amount, currency, status] of [
    ['60000', 'jpy', 200],
    ['250000', 'idr', 200],
    ['100000000', 'jpy', 400],
    ['49', 'jpy', 400],
    ['50000.01', 'usd', 400],
  ]) {
    const { status: answered } = await createBuyer(world).get(link(`amount=${amount}&currency=${currency}`))
    expect([amount, currency, answered]).toEqual([amount, currency, status])
  }
})

test('nobody is asked how much to pay where nothing can be paid', async () => {
  const page = await createBuyer(world).get(`/checkout/${store}?product=Donation`)
  expect([page.status, (await page.text()).includes('cannot take payments yet')]).toEqual([503, true])
})

test('what is wrong with a link is said in words, all of it at once, and nothing is made', async () => {
  const response = await createBuyer(world).get(link('amount=0.10&currency=xxx&cancel_url=nowhere'))
  expect(response.status).toBe(400)
  const page = await response.text()
  expect(page).toContain('currency must be a currency of three letters')
  expect(page).toContain('amount must be between $0.50 and $50,000.00')
  expect(page).toContain('cancel_url must be a whole address')
})

test('a store that there is not, or that may not sell, says so', async () => {
  expect((await createBuyer(world).get('/checkout/sto_zzzzzzzz?amount=5')).status).toBe(404)
  expect((await createBuyer(world).get('/checkout/sto_YOUR_STORE_ID')).status).toBe(404)
  expect(await textOf('/checkout/embed')).toContain('store_id is missing')
  const closed = (await world.openStore()).store
  await setStoreStatus(world.deps, formatStoreId(closed.storeId), 'suspended')
  const refused = await createBuyer(world).get(`/checkout/${formatStoreId(closed.storeId)}?amount=5&testMode=true`)
  expect([refused.status, (await refused.text()).includes('This store cannot sell yet')]).toEqual([403, true])
  // Without testMode the same link is a live one, and this server has no gateway for those.
  expect((await createBuyer(world).get(`/checkout/${store}?amount=5`)).status).toBe(503)
})

test('webhook_url is called only on a host that the store has registered itself', async () => {
  const path = link(`amount=5&webhook_url=${encodeURIComponent('http://127.0.0.1:9/hooks/a')}`)
  const refused = await createBuyer(world).get(path)
  expect([refused.status, (await refused.text()).includes('webhook_url must be on a host that the store')]).toEqual([
    400,
    true,
  ])
  expect((await createBuyer(world).post(path, CARD_FORM)).status).toBe(400)
  await updateStore(shop.ctx, { webhook_url: 'http://127.0.0.1:9/hooks/main' })
  const paid = await createBuyer(world).submit(path)
  const { order } = await findCheckout(world.deps, sessionOf(paid))
  expect([order.status, order.webhookUrl]).toEqual(['completed', 'http://127.0.0.1:9/hooks/a'])
  // What a buyer has named does not count as registered: another port of it neither.
  const other = link(`amount=5&webhook_url=${encodeURIComponent('http://127.0.0.1:10/hooks/a')}`)
  expect((await createBuyer(world).get(other)).status).toBe(400)
  await updateStore(shop.ctx, { webhook_url: null })
  expect((await createBuyer(world).get(path)).status).toBe(400)
})

test('an embedded checkout is a session of half an hour that travels in the form, not in a cookie', async () => {
  const buyer = createBuyer(world)
  const path = embed('amount=20&product=Course')
  const first = await buyer.get(path)
  expect(first.headers.getSetCookie()).toEqual([])
  const declined = await buyer.submit(path, { number: '4000 0000 0000 0069' })
  const page = await declined.text()
  expect(page).toContain('data-told="{&quot;type&quot;:&quot;payment_failed&quot;')
  const session = /action="(\/checkout\/embed\/cs_test_\w+)" class="form"/.exec(page)?.[1] ?? ''
  const { order } = await findCheckout(world.deps, session.split('/').at(-1) ?? '')
  expect(order.expiresAt.getTime() - order.createdAt.getTime()).toBe(30 * MINUTE_MS)
  const paid = await buyer.submit(session)
  expect(locationOf(paid)).toBe(session)
  expect(await (await buyer.get(session)).text()).toContain('data-told="{&quot;type&quot;:&quot;payment_complete&quot;')
})

test('a hosted link can be paid for an hour, an embedded one no longer than half of it', async () => {
  const buyer = createBuyer(world)
  const declined = { number: '4000 0000 0000 0119' }
  const hosted = await (await buyer.submit(link('amount=31&product=Hosted'), declined)).text()
  const embedded = await (await buyer.submit(embed('amount=31&product=Embedded'), declined)).text()
  const [page, frame] = [hosted, embedded].map((text) => /action="([^"]+)" class="form"/.exec(text)?.[1] ?? '')
  world.clock.advance(30 * MINUTE_MS)
  expect((await buyer.get(frame ?? '')).status).toBe(410)
  expect((await buyer.get(page ?? '')).status).toBe(200)
  world.clock.advance(HOUR_MS)
  expect((await buyer.get(page ?? '')).status).toBe(410)
})

test('only embedded pages may be framed: all of them, and not one other', async () => {
  const policyOf = async (path: string) => {
    const { headers } = await createBuyer(world).get(path)
    return /frame-ancestors ([^;]*)/.exec(headers.get('content-security-policy') ?? '')?.[1]
  }
  const buyer = createBuyer(world)
  const path = embed('amount=20&theme=light')
  const asked = await buyer.submit(path, { number: '4000 0000 0000 1091' })
  const session = locationOf(asked)
  expect(session).toMatch(/^\/checkout\/embed\/cs_test_\w+\?theme=light$/)
  const challenge = locationOf(await buyer.get(session))
  expect(challenge).toMatch(/\/challenge\?theme=light$/)
  const id = /cs_test_\w+/.exec(session)?.[0]
  const framed = [path, embed('amount=x'), embed(''), challenge, '/checkout/embed', '/checkout/embed/nothing']
  for (const one of framed) expect([one, await policyOf(one)]).toEqual([one, '* file:'])
  const closed = [
    link('amount=20'),
    link(''),
    link('amount=x'),
    `/checkout/${id}/challenge`,
    `/checkout/${shop.product.id}`,
  ]
  for (const one of closed) expect([one, await policyOf(one)]).toEqual([one, "'none'"])
  const answered = await buyer.post(challenge, { result: 'complete' })
  expect(await policyOf(locationOf(answered))).toBe('* file:')
  expect(await policyOf(`/checkout/embed/${id}/receipt`)).toBe('* file:')
  expect(await policyOf(`/checkout/${id}`)).toBe("'none'")
})

test('an embedded form of another site is refused in words, within the frame', async () => {
  const response = await createBuyer(world).post(embed('amount=20'), CARD_FORM, { 'Sec-Fetch-Site': 'cross-site' })
  expect(response.status).toBe(403)
  expect(response.headers.get('content-security-policy')).toContain('frame-ancestors * file:')
})

test('the script for shops is served to any page, and to browsers that have it not again', async () => {
  const { headers, status } = await fetch(`${world.url}/js/payhook.js`)
  expect([status, headers.get('access-control-allow-origin')]).toEqual([200, '*'])
  expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin')
  const again = await fetch(`${world.url}/js/payhook.js`, { headers: { 'If-None-Match': headers.get('etag') ?? '' } })
  expect(again.status).toBe(304)
  expect((await fetch(`${world.url}/js/pebblepay.js`)).status).toBe(200)
  expect((await fetch(`${world.url}/js/other.js`)).status).toBe(404)
})
