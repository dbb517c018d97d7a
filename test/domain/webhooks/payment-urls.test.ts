import crypto from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { storeContext } from '../../../server/context'
import { createOrder } from '../../../server/domain/payments/creation'
import { createProduct } from '../../../server/domain/products/service'
import { getStore, type OpenedStore } from '../../../server/domain/stores/service'
import { deliverDue } from '../../../server/domain/webhooks/deliver'
import { pruneWebhooks } from '../../../server/domain/webhooks/retention'
import { webhookEndpoints } from '../../../server/domain/webhooks/table'
import { DAY_MS, HOUR_MS } from '../../../server/kernel/clock'
import { createSender } from '../../../server/sender/pinned'
import { callRest } from '../../support/calls'
import { type Receiver, startReceiver } from '../../support/receiver'
import { createWorld, type World } from '../../support/world'

let world: World
let store: OpenedStore
let receiver: Receiver
beforeEach(async () => {
  world = await createWorld()
  store = await world.openStore()
  receiver = await startReceiver()
})
afterEach(async () => {
  await receiver.close()
  await world.close()
})

const call = <T = Record<string, unknown>>(method: string, path: string, body?: unknown, key = store.testKey) =>
  callRest<T>(world.url, method, `/v1${path}`, { key, body })

const setUrl = (webhook_url: string | null, key?: string) => call('PATCH', '/store', { webhook_url }, key)

async function order(extra: Record<string, unknown> = {}) {
  const product = (await call('POST', '/products', { name: 'Kit', price_cents: 1_900 })).body
  return (await call<{ id: string; number: string }>('POST', '/orders', { product_id: product.id, ...extra })).body
}

async function buy(extra: Record<string, unknown> = {}) {
  const made = await order(extra)
  expect((await call('POST', `/orders/${made.id}/pay_test`, {})).status).toBe(200)
  return made
}

const deliver = async () => {
  await deliverDue(world.deps)
  return receiver.received.map(({ path, body }) => `${path} ${JSON.parse(body).event}`).sort()
}

/** Document D's sample handler, its code unchanged. */
function verifyWebhook(payload: unknown, signature: string, secret: string) {
  const expected = crypto.createHmac('sha256', secret).update(JSON.stringify(payload)).digest('hex')

  return crypto.timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(expected, 'hex'))
}

test('the URL of the store hears of payments only, signed with its signing key for the verifier of document D', async () => {
  expect((await setUrl(`${receiver.url}/store`)).body).toMatchObject({ webhook_url: `${receiver.url}/store` })
  const { id } = await buy({ metadata: { plan: 'premium', 7: 'seven' }, order_reference: 'ORD-1' })
  await call('POST', `/orders/${id}/refund`, {})
  expect(await deliver()).toEqual(['/store payment.completed', '/store payment.refunded'])
  for (const { body, headers } of receiver.received) {
    const payload = JSON.parse(body) as { transaction_id: string }
    expect(verifyWebhook(payload, headers['x-webhook-signature'] ?? '', store.store.signingSecret)).toBe(true)
    expect(headers['x-webhook-id']).toBe(payload.transaction_id)
    expect(payload).toMatchObject({ is_test: true, metadata: { plan: 'premium' }, order_reference: 'ORD-1' })
  }
  expect(new Set(receiver.received.map(({ headers }) => headers['x-webhook-id'])).size).toBe(1)
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(2)
})

test('it is no subscription: the lists and look-ups of endpoints do not show it', async () => {
  await setUrl(`${receiver.url}/store`)
  await order({ webhook_url: `${receiver.url}/order` })
  expect((await call('GET', '/webhooks')).body).toMatchObject({ webhooks: [], total: 0 })
  const subscribed = await call('POST', '/webhooks', { url: `${receiver.url}/store`, events: ['sale.completed'] })
  expect(subscribed.status).toBe(201)
})

test('changing it moves it, null removes it, and a test key leaves the live one alone', async () => {
  const live = 'https://127.0.0.1:9/live'
  await setUrl(live, store.liveKey)
  const shown = async (key: string) => (await call('GET', '/store', undefined, key)).body.webhook_url
  expect([await shown(store.liveKey), await shown(store.testKey)]).toEqual([live, live])
  await setUrl(`${receiver.url}/a`)
  await setUrl(`${receiver.url}/b`)
  expect([await shown(store.liveKey), await shown(store.testKey)]).toEqual([live, `${receiver.url}/b`])
  await buy()
  expect(await deliver()).toEqual(['/b payment.completed'])
  await setUrl(null)
  await buy()
  expect(await deliver()).toHaveLength(1)
  expect([await shown(store.liveKey), await shown(store.testKey)]).toEqual([live, null])
  expect((await call('PATCH', '/store', { name: 'Renamed' }, store.liveKey)).body).toMatchObject({ webhook_url: live })
})

test('two that set it at the same time leave one', async () => {
  const urls = ['/1', '/2', '/3', '/4'].map((path) => receiver.url + path)
  await Promise.all(urls.map((url) => setUrl(url)))
  await buy()
  expect(await deliver()).toHaveLength(1)
})

test('the URL of an order hears of its own payments, not of other orders', async () => {
  await buy({ webhook_url: `${receiver.url}/one` })
  await buy({ webhook_url: `${receiver.url}/two` })
  await buy({ webhook_url: `${receiver.url}/two` })
  await buy()
  expect(await deliver()).toEqual(['/one payment.completed', '/two payment.completed', '/two payment.completed'])
})

test('where the URL of the store is also the order’s, a payment arrives once', async () => {
  await setUrl(`${receiver.url}/same`)
  await buy({ webhook_url: `${receiver.url}/same` })
  expect(await deliver()).toEqual(['/same payment.completed'])
})

test('a URL that answered 410 is told in the store, and is on again when it is set or named again', async () => {
  await setUrl(`${receiver.url}/store`)
  receiver.answer(410)
  await buy({ webhook_url: `${receiver.url}/order` })
  await deliver()
  expect((await call('GET', '/store')).body.webhook_disabled_reason).toMatch(/410/)
  receiver.answer(200)
  await setUrl(`${receiver.url}/store`)
  expect((await call('GET', '/store')).body.webhook_disabled_reason).toBeNull()
  await buy({ webhook_url: `${receiver.url}/order` })
  expect(await deliver()).toHaveLength(4)
})

test('orders of one URL don’t queue for its endpoint while nothing is wrong with it; a day later it is noted that it is in use', async () => {
  const url = `${receiver.url}/order`
  const namedAt = async () => {
    await order({ webhook_url: url })
    const [endpoint] = await world.deps.db.select().from(webhookEndpoints)
    return endpoint?.updatedAt.getTime()
  }
  const first = await namedAt()
  world.clock.advance(HOUR_MS)
  expect(await namedAt()).toBe(first)
  world.clock.advance(DAY_MS)
  expect(await namedAt()).toBe(world.clock.now().getTime())
  await world.deps.db.update(webhookEndpoints).set({ failingSince: world.clock.now() })
  await namedAt()
  expect(await world.deps.db.select().from(webhookEndpoints)).toMatchObject([{ url, failingSince: null }])
})

test('what may not be called is refused when it is saved, by its field', async () => {
  world.deps.sender = createSender({ allowPrivate: false, resolve: async () => ['93.184.216.34', '10.1.2.3'] })
  const product = (await call('POST', '/products', { name: 'Kit', price_cents: 1_900 })).body
  for (const url of ['https://mixed.example.test/', 'http://example.com/', 'https://169.254.169.254/']) {
    const refused = { status: 400, body: { code: 'webhook_url_refused', field: 'webhook_url' } }
    expect(await setUrl(url)).toMatchObject(refused)
    expect(await call('POST', '/orders', { product_id: product.id, webhook_url: url })).toMatchObject(refused)
  }
  expect((await call('GET', '/orders')).body).toMatchObject({ orders: [] })
})

test('an order whose answer was lost in a crash is the same one when its call is repeated', async () => {
  const ctx = storeContext(world.deps, store.store.storeId, true)
  const product = await createProduct(ctx, { name: 'Kit', price_cents: 1_900, currency: 'usd', status: 'active' })
  const input = { product_id: product.id, metadata: {}, webhook_url: `${receiver.url}/order` }
  const first = await createOrder(ctx, input, 'run-1')
  expect(await createOrder(ctx, input, 'run-1')).toEqual(first)
  expect((await createOrder(ctx, input, 'run-2')).id).not.toBe(first.id)
})

test('a rolled signing key signs at once, beside the old one for the overlap, also to URLs that orders named before', async () => {
  const old = store.store.signingSecret
  await setUrl(`${receiver.url}/store`)
  const { id } = await buy({ webhook_url: `${receiver.url}/order` })
  await deliver()
  receiver.received.length = 0
  const rolled = await call<{ webhook_signing_key: string; previous_key_expires_at: string }>(
    'POST',
    '/store/roll_signing_key',
    { overlap_hours: 2 },
    store.liveKey,
  )
  expect(rolled).toMatchObject({ status: 200, body: { previous_key_expires_at: '2026-03-02T11:00:00.000Z' } })
  const key = rolled.body.webhook_signing_key
  expect(key).not.toBe(old)
  await call('POST', `/orders/${id}/refund`, { amount_cents: 100 })
  expect(await deliver()).toEqual(['/order payment.refunded', '/store payment.refunded'])
  for (const { body, headers } of receiver.received) {
    const signature = headers['x-webhook-signature'] ?? ''
    const fits = [key, old].map((secret) => verifyWebhook(JSON.parse(body), signature, secret))
    expect(fits).toEqual([true, false])
    const { 'webhook-id': eventId = '', 'webhook-signature': signatures } = headers
    const at = world.clock.now()
    expect(signatures).toBe([key, old].map((secret) => new Webhook(secret).sign(eventId, at, body)).join(' '))
  }
  world.clock.advance(2 * HOUR_MS)
  receiver.received.length = 0
  await call('POST', `/orders/${id}/refund`, { amount_cents: 100 })
  await deliver()
  expect(receiver.received[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(1)
})

test('only a live key rolls the signing key, and of two rolls at once neither loses the other’s', async () => {
  expect((await call('POST', '/store/roll_signing_key', {})).body).toMatchObject({ code: 'missing_scope' })
  const rolls = await Promise.all([1, 2, 3].map(() => call('POST', '/store/roll_signing_key', {}, store.liveKey)))
  const keys = rolls.map(({ body }) => String(body.webhook_signing_key))
  const row = await getStore(world.deps, store.store.storeId)
  expect(new Set(keys).size).toBe(3)
  expect([keys.includes(row.signingSecret), keys.includes(row.previousSigningSecret ?? '')]).toEqual([true, true])
})

test('the URLs of orders are forgotten when nothing is left of them, and a late refund still arrives', async () => {
  const { id } = await buy({ webhook_url: `${receiver.url}/old` })
  await deliver()
  world.clock.advance(31 * DAY_MS)
  await buy({ webhook_url: `${receiver.url}/new` })
  await setUrl(`${receiver.url}/store`)
  const kept = async () => (await world.deps.db.select().from(webhookEndpoints)).map(({ url }) => new URL(url).pathname)
  await pruneWebhooks(world.deps)
  expect((await kept()).sort()).toEqual(['/new', '/store'])
  receiver.received.length = 0
  await call('POST', `/orders/${id}/refund`, {})
  expect(await deliver()).toContain('/old payment.refunded')
})

test('a URL of an order that was switched off stays so, however late its order is refunded', async () => {
  receiver.answer(410)
  const { id } = await buy({ webhook_url: `${receiver.url}/gone` })
  await deliver()
  receiver.answer(200)
  await call('POST', `/orders/${id}/refund`, {})
  expect(await deliver()).toHaveLength(1)
})

test('while URLs of orders are forgotten, no refund loses its event', async () => {
  const orders = await Promise.all(Array.from({ length: 10 }, (_, at) => buy({ webhook_url: `${receiver.url}/${at}` })))
  await deliver()
  world.clock.advance(31 * DAY_MS)
  receiver.received.length = 0
  await Promise.all([
    ...orders.map(({ id }) => call('POST', `/orders/${id}/refund`, {})),
    ...orders.map(() => pruneWebhooks(world.deps)),
  ])
  expect(await deliver()).toEqual(orders.map((_, at) => `/${at} payment.refunded`))
})
