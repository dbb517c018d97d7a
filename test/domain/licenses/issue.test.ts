import { and, eq } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeContext } from '../../../server/context'
import { getLicense, listLicenses, revokeLicense } from '../../../server/domain/licenses/service'
import { licenses } from '../../../server/domain/licenses/table'
import { getOrder } from '../../../server/domain/orders/service'
import { recoverAttempts } from '../../../server/domain/payments/recovery'
import { refundOrder } from '../../../server/domain/payments/refunds'
import { archiveVariant, updateVariant } from '../../../server/domain/products/variants'
import { events } from '../../../server/domain/webhooks/table'
import { DAY_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { formatRowId } from '../../../server/kernel/ids'
import { type Answer, callRest } from '../../support/calls'
import { buyLicense, orderVariant, sellLicensed } from '../../support/licenses'
import { openShop, type Shop } from '../../support/shop'
import { createWorld, type World } from '../../support/world'

const PARALLEL = 100

let world: World
let shop: Shop
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
})
afterAll(() => world.close())

const licensesOf = (orderId: string) =>
  shop.ctx.db
    .select()
    .from(licenses)
    .where(and(eq(licenses.storeId, shop.ctx.storeId), eq(licenses.orderId, orderId)))

const told = async (type: string, orderId: string) =>
  (await shop.ctx.db.select().from(events).where(eq(events.storeId, shop.ctx.storeId))).filter(
    (event) => event.type === type && event.data.id === orderId,
  )

const rest = (method: string, path: string, key = shop.opened.testKey, body?: unknown): Promise<Answer> =>
  callRest(world.url, method, path, { key, body })

test('a payment issues one key on the terms of its variant, which the order and order.completed hold', async () => {
  const variant = await sellLicensed(shop, { activation_limit: 3, duration_days: 365 })
  const { order, key } = await buyLicense(shop, variant)
  const expiresAt = new Date(world.clock.now().getTime() + 365 * DAY_MS).toISOString()
  const license = { key, expires_at: expiresAt, activation_limit: 3 }
  expect(key).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/)
  expect((await rest('GET', `/v1/orders/${order.number}`)).body).toMatchObject({ license, product_name: 'Kit – Team' })
  expect((await told('order.completed', order.id)).map(({ data }) => data.license)).toEqual([license])
  expect((await told('order.created', order.id)).map(({ data }) => data.license)).toEqual([null])
  expect((await rest('GET', `/v1/licenses/${key}`)).body).toMatchObject({
    ...license,
    status: 'active',
    product_id: shop.product.id,
    variant_id: formatRowId('var', variant.id),
    order_id: order.id,
    activations: 0,
    revoked_at: null,
    revoked_reason: null,
    is_test: true,
    instances: [],
  })
})

test('without limits a key is valid for ever and anywhere; without terms there is none', async () => {
  const { order } = await buyLicense(shop, await sellLicensed(shop, {}))
  expect(order.license).toMatchObject({ expires_at: null, activation_limit: null })
  const plain = await orderVariant(shop, await sellLicensed(shop, null))
  expect((await shop.pay(plain.sessionId)).checkout.order).toMatchObject({ status: 'completed', license: null })
  expect((await shop.buy()).license).toBeNull()
})

test(`${PARALLEL} payments of one session at once issue one key`, async () => {
  const { id, sessionId } = await orderVariant(shop, await sellLicensed(shop))
  await Promise.all(Array.from({ length: PARALLEL }, () => shop.pay(sessionId)))
  const issued = await licensesOf(id)
  expect(issued).toHaveLength(1)
  expect((await getOrder(shop.ctx, id)).license?.key).toBe(issued[0]?.key)
  expect(await told('order.completed', id)).toHaveLength(1)
})

test(`${PARALLEL} payments of as many sessions at once issue as many different keys`, async () => {
  const variant = await sellLicensed(shop)
  const keys = await Promise.all(Array.from({ length: PARALLEL }, async () => (await buyLicense(shop, variant)).key))
  expect(new Set(keys).size).toBe(PARALLEL)
})

test('a payment whose process died before the answer issues its key once, however many recover it', async () => {
  const { id, sessionId } = await orderVariant(shop, await sellLicensed(shop))
  shop.bank.trouble = 'answer_lost'
  await shop.pay(sessionId)
  shop.bank.trouble = 'none'
  expect(await licensesOf(id)).toHaveLength(0)
  world.clock.advance(2 * MINUTE_MS)
  await Promise.all(Array.from({ length: 10 }, () => recoverAttempts(shop.deps)))
  await recoverAttempts(shop.deps)
  expect((await getOrder(shop.ctx, id)).status).toBe('completed')
  expect(await licensesOf(id)).toHaveLength(1)
})

test('what changes of a variant changes no key that was issued; the terms are those of the payment', async () => {
  const variant = await sellLicensed(shop, { activation_limit: 1 })
  const before = await buyLicense(shop, variant)
  const open = await orderVariant(shop, variant)
  await updateVariant(shop.ctx, {
    id: formatRowId('var', variant.id),
    license: { activation_limit: 9, duration_days: null },
  })
  expect(await getLicense(shop.ctx, before.key)).toMatchObject({ activationLimit: 1 })
  expect((await shop.pay(open.sessionId)).checkout.order.license).toMatchObject({ activation_limit: 9 })
})

test('an archived variant is not paid for any more, in an open session either', async () => {
  const variant = await sellLicensed(shop)
  const { id, sessionId } = await orderVariant(shop, variant)
  await archiveVariant(shop.ctx, formatRowId('var', variant.id))
  await expect(shop.pay(sessionId)).rejects.toMatchObject({ code: 'product_not_available', field: 'variant_id' })
  expect(await licensesOf(id)).toHaveLength(0)
})

test('a partial refund leaves the key alone; the one that pays back the rest revokes it, for that reason', async () => {
  const { order, key } = await buyLicense(shop, await sellLicensed(shop))
  await refundOrder(shop.ctx, { id: order.id, amountCents: 4_899 })
  expect(await getLicense(shop.ctx, key)).toMatchObject({ revokedAt: null })
  world.clock.advance(MINUTE_MS)
  await refundOrder(shop.ctx, { id: order.id })
  const license = await getLicense(shop.ctx, key)
  expect(license).toMatchObject({ revokedAt: world.clock.now(), revokedReason: 'order_refunded' })
  expect((await getOrder(shop.ctx, order.id)).license?.key).toBe(key)
})

test('a key is revoked once a lost dispute leaves nothing of the payment, and not by one that is open, partial or won', async () => {
  const buy = async () => {
    const { id } = await orderVariant(shop, await sellLicensed(shop))
    const paid = await rest('POST', `/v1/orders/${id}/pay_test`, shop.opened.testKey, {})
    return { id, key: (paid.body.order as { license: { key: string } }).license.key }
  }
  const dispute = async (id: string, input: object, outcome: 'won' | 'lost') => {
    const raised = await rest('POST', `/v1/orders/${id}/dispute_test`, shop.opened.testKey, input)
    const during = await rest('GET', `/v1/orders/${id}`)
    await rest('POST', `/v1/disputes/${raised.body.id}/resolve_test`, shop.opened.testKey, { outcome })
    return [raised.status, during.status]
  }
  const [won, partial, lost] = [await buy(), await buy(), await buy()]
  expect(await dispute(won.id, {}, 'won')).toEqual([201, 200])
  expect(await dispute(partial.id, { amount_cents: 100 }, 'lost')).toEqual([201, 200])
  expect(await dispute(lost.id, {}, 'lost')).toEqual([201, 200])
  const reasons = await Promise.all(
    [won, partial, lost].map(async ({ key }) => (await getLicense(shop.ctx, key)).revokedReason),
  )
  expect(reasons).toEqual([null, null, 'dispute_lost'])
  await rest('POST', `/v1/orders/${partial.id}/refund`, shop.opened.testKey, {})
  expect(await getLicense(shop.ctx, partial.key)).toMatchObject({ revokedReason: 'order_refunded' })
})

test('a refund of one order revokes no key of another', async () => {
  const variant = await sellLicensed(shop)
  const [kept, returned] = [await buyLicense(shop, variant), await buyLicense(shop, variant)]
  await refundOrder(shop.ctx, { id: returned.order.id })
  expect(await getLicense(shop.ctx, kept.key)).toMatchObject({ revokedAt: null })
})

test('revoking is for good and keeps its first reason', async () => {
  const { order, key } = await buyLicense(shop, await sellLicensed(shop))
  const first = await revokeLicense(shop.ctx, key)
  world.clock.advance(MINUTE_MS)
  await refundOrder(shop.ctx, { id: order.id })
  expect(await revokeLicense(shop.ctx, first.id)).toEqual(first)
  expect(first.revokedReason).toBe('seller')
})

test('licences are listed newest first, all or those of a product, page by page', async () => {
  const product = await shop.sell(700)
  const variant = await sellLicensed(shop, {}, product)
  const keys: string[] = []
  for (let index = 0; index < 3; index++) {
    world.clock.advance(1_000)
    keys.unshift((await buyLicense(shop, variant)).key)
  }
  const keysOf = ({ body }: Answer) => (body.licenses as { key: string }[]).map(({ key }) => key)
  const page = await rest('GET', `/v1/licenses?product_id=${product.id}&limit=2`)
  expect(keysOf(page)).toEqual(keys.slice(0, 2))
  const next = await rest('GET', `/v1/licenses?product_id=${product.id}&limit=2&cursor=${page.body.next_cursor}`)
  expect(keysOf(next)).toEqual(keys.slice(2))
  expect(keysOf(await rest('GET', '/v1/licenses?limit=3'))).toEqual(keys)
})

test('no call of another store, or of the other mode, shows or ends a licence', async () => {
  const { order, key } = await buyLicense(shop, await sellLicensed(shop))
  const stranger = await world.openStore('Other')
  const { id } = await getLicense(shop.ctx, key)
  for (const apiKey of [stranger.testKey, stranger.liveKey, shop.opened.liveKey]) {
    for (const name of [id, key]) {
      const answers = [
        await rest('GET', `/v1/licenses/${name}`, apiKey),
        await rest('POST', `/v1/licenses/${name}/revoke`, apiKey),
      ]
      expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
        [404, 'license_not_found'],
        [404, 'license_not_found'],
      ])
    }
    const list = await rest('GET', '/v1/licenses', apiKey)
    expect(list.body.licenses).toEqual([])
    const ofProduct = await rest('GET', `/v1/licenses?product_id=${shop.product.id}`, apiKey)
    expect(ofProduct.body.licenses ?? ofProduct.body.code).toEqual(
      apiKey === shop.opened.liveKey ? [] : 'product_not_found',
    )
    expect((await rest('GET', `/v1/orders/${order.id}`, apiKey)).status).toBe(404)
  }
  const live = storeContext(world.deps, shop.ctx.storeId, false)
  expect((await listLicenses(live, { limit: 5 })).rows).toEqual([])
  expect(await getLicense(shop.ctx, key)).toMatchObject({ revokedAt: null })
})

test('a live key rehearses with a live variant: the key is a test one, which lives apart', async () => {
  const live = { key: shop.opened.liveKey }
  const product = await callRest(world.url, 'POST', '/v1/products', {
    ...live,
    body: { name: 'App', price_cents: 900 },
  })
  const variant = await callRest(world.url, 'POST', `/v1/products/${product.body.id}/variants`, {
    ...live,
    body: { name: 'Pro', price_cents: 900, license: { activation_limit: 1 } },
  })
  const order = await rest('POST', '/v1/orders', live.key, { variant_id: variant.body.id, mode: 'test' })
  const paid = await rest('POST', `/v1/orders/${order.body.id}/pay_test`, shop.opened.testKey, {})
  const { license } = paid.body.order as { license: { key: string } }
  const asked = { key: license.key, product_id: product.body.id, instance: 'laptop' }
  const call = (what: string, body: object) => callRest(world.url, 'POST', `/v1/licenses/${what}`, { body })
  expect((await call('validate', asked)).body).toEqual({ valid: false, reason: 'unknown', license: null })
  expect((await call('activate', asked)).body).toMatchObject({ code: 'license_not_found' })
  expect((await call('activate', { ...asked, mode: 'test' })).body).toMatchObject({ license: { is_test: true } })
  expect((await call('validate', { ...asked, mode: 'test' })).body).toMatchObject({ valid: true })
  expect((await call('validate', { ...asked, mode: 'live' })).body).toMatchObject({ reason: 'unknown' })
  const path = `/v1/licenses/${license.key}`
  expect((await rest('GET', path, live.key)).status).toBe(404)
  expect((await rest('GET', `${path}?mode=test`, live.key)).body).toMatchObject({ is_test: true, activations: 1 })
  expect(
    (await rest('GET', `/v1/licenses?mode=test&product_id=${product.body.id}`, live.key)).body.licenses,
  ).toHaveLength(1)
  expect((await rest('POST', `${path}/revoke`, live.key, { mode: 'test' })).body).toMatchObject({ status: 'revoked' })
})

test('random payments, refunds and revocations leave each paid order one key, valid unless all was paid back', async () => {
  const act = fc.record({
    step: fc.constantFrom('pay', 'refund_all', 'refund_part', 'revoke', 'recover'),
    order: fc.nat({ max: 4 }),
    isLost: fc.boolean(),
  })
  const property = fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 25 }), async (acts) => {
    const variant = await sellLicensed(shop)
    const opened = await Promise.all(Array.from({ length: 5 }, () => orderVariant(shop, variant)))
    const revoked = new Set<string>()
    await Promise.allSettled(
      acts.map(async ({ step, order: index, isLost }) => {
        const order = opened[index]
        if (!order) return
        if (step === 'pay') {
          shop.bank.trouble = isLost ? 'answer_lost' : 'none'
          await shop.pay(order.sessionId)
        }
        if (step === 'recover') await recoverAttempts(shop.deps)
        if (step === 'refund_all') await refundOrder(shop.ctx, { id: order.id })
        if (step === 'refund_part') await refundOrder(shop.ctx, { id: order.id, amountCents: 100 })
        const key = (await getOrder(shop.ctx, order.id)).license?.key
        if (step === 'revoke' && key) {
          await revokeLicense(shop.ctx, key)
          revoked.add(order.id)
        }
      }),
    )
    shop.bank.trouble = 'none'
    world.clock.advance(2 * MINUTE_MS)
    while (await recoverAttempts(shop.deps));
    for (const { id } of opened) {
      const order = await getOrder(shop.ctx, id)
      const issued = await licensesOf(id)
      const isPaid = order.completedAt !== null
      expect(issued).toHaveLength(isPaid ? 1 : 0)
      expect(order.license?.key).toBe(issued[0]?.key)
      expect(issued[0]?.revokedAt != null).toBe(isPaid && (order.status === 'refunded' || revoked.has(id)))
    }
  })
  await fc.assert(property, { numRuns: 12, seed: 20_261_122, endOnFailure: true })
})
