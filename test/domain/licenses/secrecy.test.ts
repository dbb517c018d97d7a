import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deliverDue } from '../../../server/domain/webhooks/deliver'
import { events } from '../../../server/domain/webhooks/table'
import { formatRowId, parseSessionId } from '../../../server/kernel/ids'
import { type Answer, callRest } from '../../support/calls'
import { buyLicense, orderVariant, sellLicensed } from '../../support/licenses'
import { startReceiver } from '../../support/receiver'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

const told = async (type: string, orderId: string) =>
  (
    await shop.ctx.db
      .select()
      .from(events)
      .where(and(eq(events.storeId, shop.ctx.storeId), eq(events.type, type)))
  ).filter((event) => event.data.id === orderId)

const rest = (method: string, path: string, key = shop.opened.testKey, body?: unknown): Promise<Answer> =>
  callRest(world.url, method, path, { key, body })

async function keyFor(scopes: string[]): Promise<string> {
  const made = await rest('POST', '/v1/api_keys', shop.opened.testKey, { name: 'Limited', mode: 'test', scopes })
  return String(made.body.api_key)
}

test("the receipt that is sent holds the key; an API key without licenses:read doesn't see it there", async () => {
  const { order, key } = await buyLicense(shop, await sellLicensed(shop))
  const limited = await keyFor(['orders:read'])
  const emails = (await rest('GET', `/v1/emails?order_id=${order.id}`)).body.emails as { id: string }[]
  const path = `/v1/emails/${emails[0]?.id}`
  const seen = (await rest('GET', path)).body as { text: string; html: string }
  expect([seen.text.includes(key), seen.html.includes(key)]).toEqual([true, true])
  const concealed = await rest('GET', path, limited)
  expect(concealed.status).toBe(200)
  expect(JSON.stringify(concealed.body)).not.toContain(key)
  expect(concealed.body.text).toContain(key.replace(/\w/g, '•'))
})

test('an API key without licenses:read sees orders without their keys, by every call', async () => {
  const { order } = await buyLicense(shop, await sellLicensed(shop))
  const limited = await keyFor(['orders:read', 'orders:write'])
  expect((await rest('GET', `/v1/orders/${order.id}`, limited)).body).toMatchObject({ id: order.id, license: null })
  const list = (await rest('GET', '/v1/orders', limited)).body.orders as { license: unknown }[]
  expect(list.map(({ license }) => license)).toEqual(list.map(() => null))
  const open = await orderVariant(shop, await sellLicensed(shop))
  const paid = await rest('POST', `/v1/orders/${open.id}/pay_test`, limited, {})
  expect(paid.body.order).toMatchObject({ status: 'completed', license: null })
  const refund = await rest('POST', `/v1/orders/${open.id}/refund`, limited, { amount_cents: 1 })
  expect(refund.body.order).toMatchObject({ refunded_cents: 1, license: null })
  // What its own call did is told in full to whoever listens.
  expect((await told('order.completed', open.id)).map(({ data }) => data.license)).not.toEqual([null])
  expect((await rest('GET', '/v1/licenses', limited)).body.code).toBe('missing_scope')
})

test('an API key without licenses:read finds neither a licence key nor the receipt that shows it, by no call', async () => {
  // Some receivers answer what they were sent.
  const receiver = await startReceiver(({ body }, response) => void response.end(body))
  const variant = await sellLicensed(shop)
  await rest('POST', '/v1/webhooks', shop.opened.testKey, { url: receiver.url, events: ['order.completed'] })
  const limited = await keyFor(['orders:read', 'orders:write', 'webhooks:read'])
  const { order, key } = await buyLicense(shop, variant)
  await deliverDue(shop.deps)
  await receiver.close()
  const events = (await rest('GET', '/v1/events?limit=100')).body.events as { id: string }[]
  const deliveries = (await rest('GET', '/v1/webhook_deliveries')).body.deliveries as { id: string }[]
  const emails = (await rest('GET', `/v1/emails?order_id=${order.id}`)).body.emails as { id: string }[]
  const paths = [
    ...[`/v1/orders/${order.id}`, `/v1/orders/${order.sessionId}`, '/v1/orders', '/v1/events?limit=100'],
    ...events.map(({ id }) => `/v1/events/${id}`),
    ...deliveries.map(({ id }) => `/v1/webhook_deliveries/${id}`),
    ...emails.map(({ id }) => `/v1/emails/${id}`),
    ...[`/api/v1/orders/${order.number}`, '/api/v1/orders'],
  ]
  const read = async (path: string, apiKey: string) => JSON.stringify((await rest('GET', path, apiKey)).body)
  let shown = 0
  for (const path of paths) {
    const all = await read(path, shop.opened.testKey)
    const concealed = await read(path, limited)
    if ([key, order.sessionId].some((secret) => all.includes(secret))) shown++
    expect([path, concealed.includes(key), concealed.includes(order.sessionId)]).toEqual([path, false, false])
  }
  expect(shown).toBeGreaterThan(6)
  // Whoever makes an order sends its buyer to the checkout.
  const own = await rest('POST', '/v1/orders', limited, { variant_id: formatRowId('var', variant.id) })
  expect(own.body.checkout_url).toBe(`${world.url}/checkout/${own.body.session_id}`)
  expect(parseSessionId(String(own.body.session_id))).toBeDefined()
})
