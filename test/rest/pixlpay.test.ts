import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { callRest } from '../support/calls'
import { type Receiver, startReceiver } from '../support/receiver'
import { createWorld, type World } from '../support/world'

/** Document E to the letter. */

let world: World
let store: Awaited<ReturnType<World['openStore']>>
let receiver: Receiver
beforeAll(async () => {
  world = await createWorld()
  store = await world.openStore()
  receiver = await startReceiver()
})
afterEach(() => receiver.answer(200))
afterAll(async () => {
  await receiver.close()
  await world.close()
})

type Data = { id: number; [field: string]: unknown }
type Wire<D = Data> = { success: boolean; data: D; message?: string; errors?: Record<string, string[]> }

const ALL = '/api/external/v1/webhooks'
const call = <D = Data>(method: string, path = '', body?: unknown, key: string | undefined = store.testKey) =>
  callRest<Wire<D>>(world.url, method, `${ALL}${path}`, { key, body })

let urls = 0
const newUrl = () => `${receiver.url}/hook/${urls++}`
const events = ['order.created', 'order.paid', 'order.completed']
const create = async (url = newUrl(), key?: string) => (await call('POST', '', { url, events }, key)).body.data

test('POST answers the endpoint with an integer id and, this once, its secret', async () => {
  const url = newUrl()
  const { status, body } = await call('POST', '', { url, events, is_active: false, name: 'x' })
  expect(status).toBe(201)
  expect(body).toEqual({
    success: true,
    data: {
      id: expect.any(Number),
      url,
      events,
      is_active: true,
      secret: expect.stringMatching(/^whsec_/),
      created_at: '2026-03-02T09:00:00.000Z',
    },
    message: 'Webhook created successfully',
  })
  expect(Number.isSafeInteger(body.data.id)).toBe(true)
  const { secret: _, ...shown } = body.data
  expect((await call('GET', `/${shown.id}`)).body).toEqual({ success: true, data: shown })
  const all = (await call<Data[]>('GET')).body
  expect(Object.keys(all)).toEqual(['success', 'data'])
  expect(all.data.find(({ id }) => id === shown.id)).toEqual(shown)
})

test('PUT changes only what is sent', async () => {
  const { secret: _, ...made } = await create()
  const moved = { url: newUrl(), events: ['order.created'], is_active: false }
  expect(await call('PUT', `/${made.id}`, moved)).toMatchObject({ status: 200 })
  expect((await call('PUT', `/${made.id}`, { is_active: true })).body).toEqual({
    success: true,
    data: { ...made, ...moved, is_active: true },
    message: 'Webhook updated successfully',
  })
})

test('DELETE says so, once', async () => {
  const { id } = await create()
  const gone = await call('DELETE', `/${id}`)
  expect([gone.status, gone.body]).toEqual([200, { success: true, message: 'Webhook deleted successfully' }])
  const again = await call('DELETE', `/${id}`)
  expect([again.status, again.body]).toEqual([404, { success: false, message: 'Webhook endpoint not found' }])
})

test('the test send says what the receiver answered, and how fast', async () => {
  const { id } = await create(`${receiver.url}/tested`)
  const good = await call('POST', `/${id}/test`)
  expect(good.status).toBe(200)
  expect(good.body).toEqual({
    success: true,
    data: { delivered: true, response_code: 200, response_time_ms: expect.any(Number) },
    message: 'Test webhook delivered successfully',
  })
  const sent = receiver.received.find(({ path }) => path === '/tested')
  expect(JSON.parse(sent?.body ?? '')).toMatchObject({ event: 'order.created', data: { status: 'pending' } })
  receiver.answer(500)
  expect((await call('POST', `/${id}/test`)).body).toMatchObject({
    success: true,
    data: { delivered: false, response_code: 500 },
    message: 'Test webhook was not delivered: The receiver answered 500.',
  })
})

test('the list has all endpoints in one answer; who asks for a page gets one', async () => {
  const { testKey: key } = await world.openStore('Many')
  for (let n = 0; n < 103; n++) await create(`${receiver.url}/many/${n}`, key)
  const all = await call<Data[]>('GET', '', undefined, key)
  expect(new Set(all.body.data.map(({ id }) => id)).size).toBe(103)
  expect((await call<Data[]>('GET', '?limit=2&offset=1', undefined, key)).body.data).toEqual(all.body.data.slice(1, 3))
})

describe('wrong input', () => {
  test.each([
    [{ events }, 'url'],
    [{ url: 'nonsense', events }, 'url'],
    [{ url: 'ftp://example.com/', events }, 'url'],
    [{ url: 'https://169.254.169.254/', events }, 'url'],
    [{ url: 'https://example.com/' }, 'events'],
    [{ url: 'https://example.com/', events: [] }, 'events'],
    [{ url: 'https://example.com/', events: {} }, 'events'],
    [{ url: 'https://example.com/', events: ['order.payed'] }, 'events.0'],
  ])('POST %j is a 422 with the errors of its field', async (body, field) => {
    const refused = await call('POST', '', body)
    expect(refused.status).toBe(422)
    expect(refused.body).toEqual({
      success: false,
      message: expect.any(String),
      errors: { [field]: [refused.body.message] },
    })
  })

  test('http is refused to a live key, and a wrong is_active on PUT', async () => {
    const refused = await call('POST', '', { url: 'http://example.com/', events }, store.liveKey)
    expect(refused).toMatchObject({ status: 422, body: { errors: { url: [expect.stringMatching(/https/)] } } })
    const { id } = await create()
    expect(await call('PUT', `/${id}`, { is_active: 'no' })).toMatchObject({
      status: 422,
      body: { errors: { is_active: [expect.any(String)] } },
    })
  })

  test('a URL that is registered already is an invalid one', async () => {
    const { url } = await create()
    expect(await call('POST', '', { url, events })).toMatchObject({
      status: 422,
      body: { errors: { url: [expect.stringMatching(/already/)] } },
    })
  })

  test.each(['limit=0', 'limit=101', 'limit=x', 'offset=-1'])('%s is a 422', async (query) => {
    expect((await call('GET', `?${query}`)).status).toBe(422)
  })

  test('malformed JSON is a 422', async () => {
    const answer = await fetch(world.url + ALL, {
      method: 'POST',
      headers: { Authorization: `Bearer ${store.testKey}`, 'Content-Type': 'application/json' },
      body: '{',
    })
    expect([answer.status, await answer.json()]).toEqual([422, { success: false, message: expect.any(String) }])
  })

  test('what is no number, an unknown one, another store’s and the other mode’s are the same 404', async () => {
    const { id } = await create()
    const stranger = (await world.openStore()).testKey
    const notFound = { success: false, message: 'Webhook endpoint not found' }
    for (const path of ['/0', '/999999999', '/nonsense', '/-1', '/1e3', `/${'9'.repeat(40)}`, '/%00']) {
      for (const method of ['GET', 'DELETE']) {
        const { status, body } = await call(method, path)
        expect([path, status, body]).toEqual([path, 404, notFound])
      }
      expect((await call('PUT', path, {})).status).toBe(404)
      expect((await call('POST', `${path}/test`)).status).toBe(404)
    }
    for (const key of [stranger, store.liveKey]) {
      const { status, body } = await call('GET', `/${id}`, undefined, key)
      expect([status, body]).toEqual([404, notFound])
    }
  })

  test('no key and a wrong key are a 401', async () => {
    for (const key of ['', 'sk_test_wrong']) {
      const { status, body } = await call('GET', '', undefined, key)
      expect([status, body]).toEqual([401, { success: false, message: expect.any(String) }])
    }
  })

  test('a key that lacks the scope is a 403', async () => {
    const made = await callRest(world.url, 'POST', '/v1/api_keys', {
      key: store.testKey,
      body: { name: 'Reader', mode: 'test', scopes: ['webhooks:read'] },
    })
    const key = String(made.body.api_key)
    expect((await call('GET', '', undefined, key)).status).toBe(200)
    const refused = await call('POST', '', { url: newUrl(), events }, key)
    expect([refused.status, refused.body]).toEqual([
      403,
      { success: false, message: 'This API key lacks the scope webhooks:write.' },
    ])
  })
})
