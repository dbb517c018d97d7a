import { eq } from 'drizzle-orm'
import { Webhook as Verifier } from 'standardwebhooks'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deliveries as deliveryTable } from '../../../server/domain/webhooks/table'
import { HOUR_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { newRowId } from '../../../server/kernel/ids'
import { openStage, type Stage } from './stage'

let stage: Stage
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage.close())

type Delivery = { id: string; number: number; webhook_id: string; event_id: string; status: string; attempts: number }
type Page = { deliveries: Delivery[]; next_cursor: string | null }

const deliveries = async (query = ''): Promise<Delivery[]> =>
  ((await stage.call('GET', `/webhook_deliveries${query}`)).body as Page).deliveries
const only = async (): Promise<Delivery> => {
  const [delivery, ...others] = await deliveries()
  if (!delivery || others.length > 0) throw new Error('expected one delivery')
  return delivery
}

test('a delivery shows each request and answer, byte for byte', async () => {
  stage.world.clock.set(new Date())
  const hook = await stage.receiver((_, response) =>
    response.writeHead(hook.received.length === 1 ? 503 : 202, { 'X-Turn': String(hook.received.length) }).end('noted'),
  )
  const { secret } = await stage.subscribe(`${hook.url}/a`)
  await stage.record()
  await stage.run()
  stage.world.clock.advance(5_000)
  await stage.run()
  const { body } = await stage.call('GET', `/webhook_deliveries/${(await only()).id}`)
  expect(body).toMatchObject({
    status: 'succeeded',
    attempts: 2,
    response: { code: 202, body: 'noted', headers: { 'x-turn': '2' } },
    request: { url: `${hook.url}/a`, body: hook.received[1]?.body },
    attempt_log: [
      { number: 1, error: 'The receiver answered 503.', response: { code: 503, body: 'noted' } },
      { number: 2, error: null, request: { body: hook.received[1]?.body } },
    ],
  })
  const log = body.attempt_log as { request: { headers: Record<string, string>; body: string } }[]
  for (const [index, { request }] of log.entries()) {
    const lower = Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value])
    expect(hook.received[index]?.headers).toMatchObject(Object.fromEntries(lower))
    new Verifier(secret).verify(request.body, Object.fromEntries(lower))
  }
  expect(body.duration_ms).toEqual(expect.any(Number))
})

test('a delivery that no answer came to shows its request and the error', async () => {
  const hook = await stage.receiver((request, response) => void (request.body && response.destroy()))
  await stage.subscribe(hook.url)
  await stage.record()
  await stage.run()
  const { body } = await stage.call('GET', `/webhook_deliveries/${(await only()).id}`)
  expect(body).toMatchObject({ status: 'pending', response: null, request: { url: hook.url } })
  expect(body.error).toMatch(/closed the connection|connection failed/)
})

test('a replay is a new delivery with a new number and the same webhook-id', async () => {
  const hook = await stage.receiver()
  await stage.subscribe(hook.url)
  await stage.record()
  await stage.run()
  const first = await only()
  const made = await stage.call('POST', `/webhook_deliveries/${first.id}/replay`)
  expect(made).toMatchObject({ status: 201, body: { status: 'pending', attempts: 0, webhook_id: first.webhook_id } })
  expect(made.body.number).not.toBe(first.number)
  await stage.run()
  const [one, two] = hook.received
  expect(hook.received).toHaveLength(2)
  expect(two?.headers['webhook-id']).toBe(one?.headers['webhook-id'])
  expect(two?.body).toBe(one?.body)
  expect((await deliveries()).map(({ status }) => status)).toEqual(['succeeded', 'succeeded'])
})

test('nothing is sent again to an endpoint that is switched off: 409 says how to switch it on', async () => {
  const hook = await stage.receiver(400)
  const { id } = await stage.subscribe(hook.url)
  const [eventId] = await stage.record()
  await stage.run()
  await stage.call('PATCH', `/webhooks/${id}`, { is_active: false })
  const refused = { status: 409, body: { code: 'webhook_disabled', hint: expect.stringContaining('update_webhook') } }
  expect(await stage.call('POST', `/webhook_deliveries/${(await only()).id}/replay`)).toMatchObject(refused)
  expect(await stage.call('POST', `/webhooks/${id}/recover`, { since: '2026-01-01T00:00:00Z' })).toMatchObject(refused)
  expect(await stage.call('POST', `/events/${eventId}/send`, { webhook_id: id })).toMatchObject(refused)
})

test('recovering sends what failed since a time again, once, and nothing that has arrived', async () => {
  const hook = await stage.receiver(400)
  const { id } = await stage.subscribe(hook.url)
  await stage.record(2)
  await stage.run()
  stage.world.clock.advance(HOUR_MS)
  const since = stage.world.clock.now().toISOString()
  const failed = await stage.record(3)
  await stage.run()
  hook.answer(200)
  const [arrived] = await stage.record(1)
  await stage.run()
  expect(await stage.call('POST', `/webhooks/${id}/recover`, { since })).toMatchObject({
    status: 200,
    body: { recovered: 3, has_more: false },
  })
  // They wait now, and are not made a second time.
  expect((await stage.call('POST', `/webhooks/${id}/recover`, { since })).body).toMatchObject({ recovered: 0 })
  hook.received.length = 0
  await stage.run()
  expect(hook.received.map(({ headers }) => headers['webhook-id']).sort()).toEqual(
    failed.map((one) => `evt_${one}`).sort(),
  )
  expect(failed).not.toContain(arrived)
  expect((await stage.call('POST', `/webhooks/${id}/recover`, { since })).body).toMatchObject({ recovered: 0 })
})

test('more than a batch is recovered in one call', async () => {
  const hook = await stage.receiver(400)
  const { id } = await stage.subscribe(hook.url)
  await stage.record(510)
  // How they failed makes no difference here.
  await stage.ctx.db.update(deliveryTable).set({ status: 'failed' }).where(eq(deliveryTable.storeId, stage.ctx.storeId))
  const since = stage.world.clock.now().toISOString()
  expect((await stage.call('POST', `/webhooks/${id}/recover`, { since })).body).toEqual({
    recovered: 510,
    has_more: false,
  })
})

test('an event is listed, shown with its deliveries, and sent to an endpoint that was made after it', async () => {
  const [older, event] = [...(await stage.record()), ...(await later(() => stage.record()))]
  const hook = await stage.receiver()
  const { id } = await stage.subscribe(hook.url)
  const { body } = await stage.call('GET', '/events?limit=1&type=sale.completed')
  expect(body.events).toMatchObject([
    { id: event, webhook_id: `evt_${event}`, type: 'sale.completed', data: { number: 0 } },
  ])
  const next = await stage.call('GET', `/events?limit=1&cursor=${body.next_cursor}`)
  expect(next.body).toMatchObject({ events: [{ id: older }], next_cursor: null })
  expect((await stage.call('GET', `/events/${event}`)).body.deliveries).toEqual([])
  expect(await stage.call('POST', `/events/evt_${event}/send`, { webhook_id: id })).toMatchObject({ status: 201 })
  await stage.run()
  expect(hook.received[0]?.headers['webhook-id']).toBe(`evt_${event}`)
  expect((await stage.call('GET', `/events/evt_${event}`)).body.deliveries).toMatchObject([{ status: 'succeeded' }])
})

async function later<T>(work: () => Promise<T>): Promise<T> {
  stage.world.clock.advance(MINUTE_MS)
  return work()
}

test('deliveries are filtered by event, type, endpoint, status and time', async () => {
  const hook = await stage.receiver()
  const { id } = await stage.subscribe(`${hook.url}/one`)
  await stage.subscribe(`${hook.url}/two`)
  const [first] = await stage.record()
  await stage.run()
  const between = stage.world.clock.now().getTime() + 1
  const [second] = await later(() => stage.record())
  const count = async (query: string) => (await deliveries(`?${query}`)).length
  const at = new Date(between).toISOString()
  expect(await count('')).toBe(4)
  expect(await count(`event_id=evt_${first}`)).toBe(2)
  expect(await count(`event_id=${second}&endpoint_id=${id}`)).toBe(1)
  expect(await count('event_type=sale.refunded')).toBe(0)
  expect(await count('event_type=sale.completed&status=pending')).toBe(2)
  expect((await deliveries(`?from=${at}`)).map((delivery) => delivery.event_id)).toEqual([second, second])
  expect((await deliveries(`?to=${at}`)).map((delivery) => delivery.event_id)).toEqual([first, first])
  expect(await stage.call('GET', '/webhook_deliveries?from=yesterday')).toMatchObject({
    status: 400,
    body: { field: 'from' },
  })
})

test("another store's and an unknown event, delivery and endpoint are not found", async () => {
  const foreign = newRowId((await stage.world.openStore()).store.storeId)
  for (const id of [foreign, newRowId(stage.ctx.storeId), 'nonsense']) {
    for (const [method, path, code, body] of [
      ['GET', `/webhook_deliveries/${id}`, 'delivery_not_found'],
      ['POST', `/webhook_deliveries/${id}/replay`, 'delivery_not_found'],
      ['GET', `/events/${id}`, 'event_not_found'],
      ['POST', `/events/${id}/send`, 'event_not_found', { webhook_id: id }],
      ['POST', `/webhooks/${id}/recover`, 'webhook_not_found', { since: '2026-01-01T00:00:00Z' }],
      ['POST', `/webhooks/${id}/rotate_secret`, 'webhook_not_found', {}],
    ] as const) {
      expect(await stage.call(method, path, body)).toMatchObject({ status: 404, body: { code } })
    }
  }
})

test('a rotated secret signs beside the old one for the overlap, then alone', async () => {
  stage.world.clock.set(new Date())
  const hook = await stage.receiver()
  const { id, secret: old } = await stage.subscribe(hook.url)
  const rotated = await stage.call('POST', `/webhooks/${id}/rotate_secret`, {})
  const secret = String(rotated.body.secret)
  expect(secret).toMatch(/^whsec_/)
  expect(secret).not.toBe(old)
  expect(rotated.body.previous_secret_expires_at).toBe(
    new Date(stage.world.clock.now().getTime() + 24 * HOUR_MS).toISOString(),
  )
  expect((await stage.call('GET', `/webhooks/${id}`)).body).not.toHaveProperty('secret')
  await stage.record()
  await stage.run()
  const during = hook.received[0]
  if (!during) throw new Error('nothing came')
  for (const known of [old, secret]) new Verifier(known).verify(during.body, during.headers)
  stage.world.clock.advance(24 * HOUR_MS)
  await stage.record()
  await stage.run()
  expect(hook.received[1]?.headers['webhook-signature']?.split(' ')).toHaveLength(1)
})

test('rotating without an overlap ends the old secret at once; a longer one than a week is refused', async () => {
  stage.world.clock.set(new Date())
  const hook = await stage.receiver()
  const { id, secret: old } = await stage.subscribe(hook.url)
  const { body } = await stage.call('POST', `/webhooks/${id}/rotate_secret`, { overlap_hours: 0 })
  expect(body.previous_secret_expires_at).toBeNull()
  await stage.record()
  await stage.run()
  const [sent] = hook.received
  if (!sent) throw new Error('nothing came')
  new Verifier(String(body.secret)).verify(sent.body, sent.headers)
  expect(() => new Verifier(old).verify(sent.body, sent.headers)).toThrow()
  expect(await stage.call('POST', `/webhooks/${id}/rotate_secret`, { overlap_hours: 169 })).toMatchObject({
    status: 400,
    body: { field: 'overlap_hours' },
  })
})

test('of two rotations at once each gives its own secret, and the last one signs', async () => {
  const hook = await stage.receiver()
  const { id } = await stage.subscribe(hook.url)
  stage.world.clock.set(new Date())
  const rotations = await Promise.all([1, 2].map(() => stage.call('POST', `/webhooks/${id}/rotate_secret`, {})))
  const secrets = rotations.map(({ body }) => String(body.secret))
  expect(new Set(secrets).size).toBe(2)
  await stage.record()
  await stage.run()
  const [sent] = hook.received
  if (!sent) throw new Error('nothing came')
  for (const secret of secrets) new Verifier(secret).verify(sent.body, sent.headers)
})
