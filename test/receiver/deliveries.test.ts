import { afterAll, beforeAll, expect, test } from 'vitest'
import { refundOrder } from '../../server/domain/payments/refunds'
import { EVENT_TYPES } from '../../server/domain/webhooks/catalogue'
import { deliverDue } from '../../server/domain/webhooks/deliver'
import { sendSample } from '../../server/domain/webhooks/samples'
import { rotateSecret } from '../../server/domain/webhooks/secrets'
import { createWebhook } from '../../server/domain/webhooks/service'
import { HOUR_MS } from '../../server/kernel/clock'
import { verifyWebhook } from '../../server/receiver/verify'
import { type Receiver, startReceiver } from '../support/receiver'
import { openShop } from '../support/shop'
import { createWorld, type World } from '../support/world'

let world: World
let receiver: Receiver
beforeAll(async () => {
  world = await createWorld()
  receiver = await startReceiver()
})
afterAll(async () => {
  await receiver.close()
  await world.close()
})

/** The headers that say by whom a request was made, each format's alone. */
const FORMATS = [/^webhook-/, /^x-payhook-signature$/, /^x-webhook-signature$/]

test('every event of a sale, of its refund and a sample arrive verifiable, in each format that they are signed in', async () => {
  const shop = await openShop(world)
  const events = [...EVENT_TYPES]
  const endpoint = await createWebhook(shop.ctx, { url: receiver.url, events }, undefined)
  const order = await shop.buy()
  await refundOrder(shop.ctx, { id: order.id, amountCents: 900 })
  await sendSample(shop.ctx, endpoint.id)
  await deliverDue(shop.deps)
  const { secret } = endpoint
  const now = world.clock.now()
  const read = receiver.received.map(async ({ body, headers }) => {
    const event = await verifyWebhook({ body, headers, secret, now })
    for (const format of FORMATS) {
      const alone = Object.fromEntries(Object.entries(headers).filter(([name]) => format.test(name)))
      if (Object.keys(alone).length === 0) continue
      expect(await verifyWebhook({ body, headers: alone, secret, now, standardOnly: false })).toEqual(event)
      const changed = { body: `${body} `, headers: alone, secret, now, standardOnly: false }
      await expect(verifyWebhook(changed)).rejects.toMatchObject({
        code: 'signature_mismatch',
      })
    }
    return event
  })
  const told = await Promise.all(read)
  const types = new Set(told.map(({ event }) => event))
  for (const type of ['sale.completed', 'sale.refunded', 'payment.completed', 'order.paid'] as const)
    expect(types).toContain(type)
  const refund = told.find((event) => event.event === 'sale.refunded')
  expect(refund?.data).toMatchObject({ purchase_id: order.id, amount_cents: 900, total_refunded_cents: 900 })
})

test('in the overlap of a rotation the old secret and the new one verify the same delivery, after it the new one only', async () => {
  const shop = await openShop(world)
  const url = `${receiver.url}/rotated`
  const old = await createWebhook(shop.ctx, { url, events: ['sale.completed'] }, undefined)
  const { secret } = await rotateSecret(shop.ctx, { id: old.id, overlap_hours: 1 })
  const arrives = async () => {
    await shop.buy()
    await deliverDue(shop.deps)
    const { body, headers } = receiver.received.filter(({ path }) => path === '/rotated').at(-1) ?? {}
    if (body === undefined || headers === undefined) throw new Error('nothing came')
    return { body, headers, now: world.clock.now() }
  }
  const during = await arrives()
  for (const one of [old.secret, secret])
    expect(await verifyWebhook({ ...during, secret: one })).toMatchObject({ event: 'sale.completed' })
  world.clock.advance(2 * HOUR_MS)
  const after = await arrives()
  await expect(verifyWebhook({ ...after, secret: old.secret })).rejects.toMatchObject({ code: 'signature_mismatch' })
  expect(await verifyWebhook({ ...after, secret: [old.secret, secret] })).toMatchObject({ event: 'sale.completed' })
})
