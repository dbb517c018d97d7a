import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeContext } from '../../../server/context'
import { EVENT_TYPES } from '../../../server/domain/webhooks/catalogue'
import { createWebhook } from '../../../server/domain/webhooks/service'
import { createSender } from '../../../server/sender/pinned'
import { type Receiver, startReceiver } from '../../support/receiver'
import { createWorld, type World } from '../../support/world'

let world: World
let store: Awaited<ReturnType<World['openStore']>>
let receiver: Receiver
beforeAll(async () => {
  world = await createWorld()
  store = await world.openStore()
  receiver = await startReceiver()
})
afterAll(async () => {
  await receiver.close()
  await world.close()
})

type Answer = { status: number; body: Record<string, unknown> }

async function call(
  method: string,
  path: string,
  body?: unknown,
  options: { key?: string; idempotencyKey?: string; at?: World } = {},
): Promise<Answer> {
  const response = await fetch(`${(options.at ?? world).url}/v1${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${options.key ?? store.testKey}`,
      ...(body ? { 'Content-Type': 'application/json' } : {}),
      ...(options.idempotencyKey ? { 'Idempotency-Key': options.idempotencyKey } : {}),
    },
    body: body ? JSON.stringify(body) : undefined,
  })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

let urls = 0
const newUrl = () => `${receiver.url}/hook/${urls++}`
const events = ['sale.completed']
const create = async (url = newUrl()) => (await call('POST', '/webhooks', { url, events })).body

test('the secret is shown on creation and never again', async () => {
  const url = newUrl()
  const made = await call('POST', '/webhooks', {
    url,
    events: ['sale.completed', 'sale.completed'],
    description: 'Mine',
  })
  expect(made.status).toBe(201)
  const { secret, ...rest } = made.body
  expect(secret).toMatch(/^whsec_[\w+/]{43}=$/)
  expect(rest).toEqual({
    id: expect.any(String),
    number: expect.any(Number),
    url,
    description: 'Mine',
    events,
    is_active: true,
    disabled_reason: null,
    failing_since: null,
    rate_limit_per_second: null,
    created_at: '2026-03-02T09:00:00.000Z',
    updated_at: '2026-03-02T09:00:00.000Z',
  })
  expect((await call('GET', `/webhooks/${rest.id}`)).body).toEqual(rest)
  expect((await call('PATCH', `/webhooks/${rest.id}`, { description: 'Yours' })).body).not.toHaveProperty('secret')
  for (const webhook of (await call('GET', '/webhooks')).body.webhooks as object[])
    expect(webhook).not.toHaveProperty('secret')
})

test('one URL is one endpoint of a mode: 409 on create and on update, also when both come at once', async () => {
  const url = 'https://127.0.0.1:9/one'
  const twice = await Promise.all([1, 2, 3].map(() => call('POST', '/webhooks', { url, events })))
  expect(twice.map(({ status }) => status).sort()).toEqual([201, 409, 409])
  const other = await create()
  const moved = await call('PATCH', `/webhooks/${other.id}`, { url })
  expect(moved).toMatchObject({ status: 409, body: { code: 'webhook_exists', field: 'url' } })
  expect((await call('POST', '/webhooks', { url, events }, { key: store.liveKey })).status).toBe(201)
})

test('a repeated create with one idempotency key is one endpoint and the same secret', async () => {
  const body = { url: newUrl(), events }
  const first = await call('POST', '/webhooks', body, { idempotencyKey: 'create-1' })
  const again = await call('POST', '/webhooks', body, { idempotencyKey: 'create-1' })
  expect(again).toEqual(first)
  expect(first.status).toBe(201)
})

test('a create whose answer was lost in a crash gets its endpoint when it is repeated', async () => {
  const ctx = storeContext(world.deps, store.store.storeId, true)
  const input = { url: newUrl(), events }
  const first = await createWebhook(ctx, input, 'key\nseed')
  expect(await createWebhook(ctx, input, 'key\nseed')).toEqual(first)
  await expect(createWebhook(ctx, input, 'other\nseed')).rejects.toMatchObject({ code: 'webhook_exists' })
})

test('an unknown event is refused with the nearest right ones and all of them', async () => {
  const made = await call('POST', '/webhooks', { url: newUrl(), events: ['sale.completed', 'sale.refund'] })
  expect(made).toMatchObject({
    status: 400,
    body: {
      code: 'unknown_event',
      field: 'events.1',
      error: 'There is no event "sale.refund". Did you mean sale.refunded, order.refunded or payment.refunded?',
      hint: expect.stringMatching(/^The events are: sale\.completed, sale\.refunded, payment\.completed, .*\.$/),
    },
  })
  const { id } = await create()
  expect((await call('PATCH', `/webhooks/${id}`, { events: ['toString'] })).body.code).toBe('unknown_event')
})

test.each([
  [{ events }, 'url'],
  [{ url: 'nonsense', events }, 'url'],
  [{ url: 'ftp://example.com/', events }, 'url'],
  [{ url: 'https://example.com/' }, 'events'],
  [{ url: 'https://example.com/', events: [] }, 'events'],
  [{ url: 'https://example.com/', events, secret: 'mine' }, 'secret'],
])('%j is a 400 that names the field', async (body, field) => {
  expect(await call('POST', '/webhooks', body)).toMatchObject({ status: 400, body: { field } })
})

test('what may not be called is refused when it is saved, in words', async () => {
  const strict = await createWorld({ PAYHOOK_ALLOW_PRIVATE_WEBHOOKS: '0' })
  strict.deps.sender = createSender({ allowPrivate: false, resolve: async () => ['93.184.216.34', '10.1.2.3'] })
  const { liveKey } = await strict.openStore()
  const made = (url: string) => call('POST', '/webhooks', { url, events }, { key: liveKey, at: strict })
  for (const url of [
    'http://example.com/',
    'https://mixed.example.test/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://0.0.0.0/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://169.254.169.254/',
    'https://me:secret@example.com/',
  ]) {
    const answer = await made(url)
    expect(answer, url).toMatchObject({ status: 400, body: { code: 'webhook_url_refused', field: 'url' } })
    expect(answer.body.error).toMatch(/^This URL can't be a webhook endpoint\. It/)
  }
  strict.deps.sender = createSender({ allowPrivate: false, resolve: async () => ['93.184.216.34'] })
  const { body, status } = await made('https://good.example.test/')
  expect(status).toBe(201)
  const moved = await call('PATCH', `/webhooks/${body.id}`, { url: 'https://[::1]/' }, { key: liveKey, at: strict })
  expect(moved.body.code).toBe('webhook_url_refused')
  await strict.close()
})

test("another store's endpoint, and a test one seen by a live key, is not found", async () => {
  const { id } = await create()
  const other = await world.openStore('Other')
  for (const key of [other.testKey, store.liveKey]) {
    for (const [method, path, body] of [
      ['GET', `/webhooks/${id}`],
      ['PATCH', `/webhooks/${id}`, { is_active: false }],
      ['DELETE', `/webhooks/${id}`],
      ['POST', `/webhooks/${id}/test`],
      ['GET', `/webhook_deliveries?endpoint_id=${id}`],
    ] as const) {
      const answer = await call(method, path, body, { key })
      expect(answer, `${method} ${path}`).toMatchObject({ status: 404, body: { code: 'webhook_not_found' } })
    }
  }
  expect((await call('GET', '/webhooks/not-a-uuid')).status).toBe(404)
  expect((await call('GET', `/webhooks/${id}`)).body.is_active).toBe(true)
})

test('only what is sent changes', async () => {
  const made = await create()
  world.clock.advance(1_000)
  const off = await call('PATCH', `/webhooks/${made.id}`, { is_active: false })
  expect(off.body).toMatchObject({ url: made.url, events, is_active: false, disabled_reason: null })
  expect(off.body.updated_at).not.toBe(made.updated_at)
})

test('a deleted endpoint is gone and its URL is free again', async () => {
  const url = newUrl()
  const { id } = await create(url)
  expect(await call('DELETE', `/webhooks/${id}`)).toEqual({ status: 200, body: { id, deleted: true } })
  expect((await call('DELETE', `/webhooks/${id}`)).status).toBe(404)
  expect((await call('POST', '/webhooks', { url, events })).status).toBe(201)
})

test('pages lead through all endpoints once, newest first', async () => {
  const { testKey: key } = await world.openStore('Pages')
  const made: unknown[] = []
  for (let i = 0; i < 5; i++) {
    world.clock.advance(i % 2)
    made.unshift((await call('POST', '/webhooks', { url: newUrl(), events }, { key })).body.id)
  }
  const seen: unknown[] = []
  let cursor = ''
  do {
    const page = (await call('GET', `/webhooks?limit=2${cursor}`, undefined, { key })).body
    seen.push(...(page.webhooks as { id: string }[]).map(({ id }) => id))
    cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`
  } while (cursor)
  expect(seen).toHaveLength(5)
  expect(new Set(seen)).toEqual(new Set(made))
  expect((await call('GET', '/webhooks?cursor=zzz', undefined, { key })).status).toBe(400)
})

test('a test sends a signed and marked sample at once and says how the receiver answered', async () => {
  const { id } = await create(`${receiver.url}/sample`)
  const good = await call('POST', `/webhooks/${id}/test`)
  expect(good).toEqual({
    status: 200,
    body: { delivered: true, response_code: 200, response_time_ms: expect.any(Number), error: null },
  })
  const sent = receiver.received.find(({ path }) => path === '/sample')
  expect(JSON.parse(sent?.body ?? '')).toMatchObject({ event: 'sale.completed', data: { amount_cents: 1900 } })
  expect(sent?.headers['x-payhook-signature']).toMatch(/^sha256=[0-9a-f]{64}$/)
  expect(sent?.headers['x-payhook-test']).toBe('true')
  receiver.answer(500)
  expect((await call('POST', `/webhooks/${id}/test`)).body).toMatchObject({
    delivered: false,
    response_code: 500,
    error: 'The receiver answered 500.',
  })
  receiver.answer(200)
  const dead = await create('http://127.0.0.1:1/')
  expect((await call('POST', `/webhooks/${dead.id}/test`)).body).toMatchObject({
    delivered: false,
    response_code: null,
    error: 'The receiver refused the connection.',
  })
})

test('the event types are listed with their fields and a sample', async () => {
  const types = (await call('GET', '/event_types')).body.event_types as { type: string }[]
  expect(types.map(({ type }) => type)).toEqual(EVENT_TYPES)
  expect(types[1]).toMatchObject({
    type: 'sale.refunded',
    family: 'sale',
    body_schema: { properties: { data: { properties: { total_refunded_cents: { type: 'integer' } } } } },
    sample: { event: 'sale.refunded', created_at: '2026-03-02T09:00:00.000Z', data: { amount_cents: 900 } },
  })
  expect(types.find(({ type }) => type === 'payment.confirmed')).toMatchObject({
    sample: { event: 'payment.confirmed', currency: 'USDT' },
  })
})

test('a key without the scope can neither read nor change endpoints', async () => {
  const made = await call('POST', '/api_keys', { name: 'Reader', mode: 'test', scopes: ['webhooks:read'] })
  const key = String(made.body.api_key)
  expect((await call('GET', '/webhooks', undefined, { key })).status).toBe(200)
  expect((await call('POST', '/webhooks', { url: newUrl(), events }, { key })).status).toBe(403)
})
