import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newRowId } from '../../server/kernel/ids'
import { callRest } from '../support/calls'
import { createWorld, type World } from '../support/world'

/** Document C to the letter. */

let world: World
let store: Awaited<ReturnType<World['openStore']>>
beforeAll(async () => {
  world = await createWorld()
  store = await world.openStore()
})
afterAll(() => world.close())

type Wire = { id: string; [field: string]: unknown }
type List = { webhooks: Wire[]; total: number; limit: number; offset: number }

const call = <T = Wire>(method: string, path: string, body?: unknown, key: string | undefined = store.liveKey) =>
  callRest<T>(world.url, method, path, { key, body })

let urls = 0
const newUrl = () => `https://127.0.0.1:9/hook/${urls++}`
const events = ['checkout.completed', 'order.created']
const create = async (extra: Record<string, unknown> = {}, key?: string) =>
  (await call('POST', '/webhook', { url: newUrl(), events, ...extra }, key)).body
const UNKNOWN = 'e6866e28-5b3f-466b-8e2e-21eb368508cd'

test('POST answers 201 with the bare object and its secret, which is never shown again', async () => {
  const url = newUrl()
  const made = await call('POST', '/webhook', { url, events, description: 'Main', colour: 'red', active: false })
  expect(made.status).toBe(201)
  const { secret, ...webhook } = made.body
  expect(secret).toMatch(/^whsec_/)
  expect(webhook).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    url,
    description: 'Main',
    events,
    active: true,
    created_at: '2026-03-02T09:00:00.000Z',
    updated_at: '2026-03-02T09:00:00.000Z',
  })
  expect(await call('GET', `/webhook/${webhook.id}`)).toMatchObject({ status: 200, body: webhook })
  expect((await call('GET', `/webhook/${webhook.id}`)).body).toEqual(webhook)
  expect((await call('PUT', `/webhook/${webhook.id}`, {})).body).toEqual(webhook)
  const { body } = await call<List>('GET', '/webhook')
  expect(body.webhooks.find(({ id }) => id === webhook.id)).toEqual(webhook)
})

test('PUT changes only what is sent, each field by itself', async () => {
  const { secret: _, ...made } = await create({ description: 'Old' })
  world.clock.advance(1_000)
  const path = `/webhook/${made.id}`
  const off = await call('PUT', path, { active: false })
  expect(off).toMatchObject({ status: 200 })
  expect(off.body).toEqual({ ...made, active: false, updated_at: world.clock.now().toISOString() })
  const url = newUrl()
  expect((await call('PUT', path, { url })).body).toEqual({ ...off.body, url })
  expect((await call('PUT', path, { events: ['order.paid'] })).body).toMatchObject({ events: ['order.paid'], url })
  expect((await call('PUT', path, { description: 'New', is_active: true })).body).toMatchObject({
    description: 'New',
    active: false,
  })
})

test('DELETE is for good', async () => {
  const { id } = await create()
  expect((await call('DELETE', `/webhook/${id}`)).status).toBe(200)
  for (const method of ['GET', 'PUT', 'DELETE'])
    expect((await call(method, `/webhook/${id}`, method === 'PUT' ? {} : undefined)).status).toBe(404)
})

describe('the list', () => {
  let key: string
  const made: string[] = []
  beforeAll(async () => {
    key = (await world.openStore('Lists')).liveKey
    for (let n = 0; n < 25; n++) {
      world.clock.advance(1)
      const { id } = await create({ events: n % 5 === 0 ? ['order.paid'] : events }, key)
      if (n % 2 === 0) await call('PUT', `/webhook/${id}`, { active: false }, key)
      made.unshift(id)
    }
  })
  const list = (query = '') => call<List>('GET', `/webhook${query}`, undefined, key)
  const ids = async (query: string) => (await list(query)).body.webhooks.map(({ id }) => id)

  test('has 20 at first, newest first, with the total, the limit and the offset', async () => {
    const { body } = await list()
    expect(body).toMatchObject({ total: 25, limit: 20, offset: 0 })
    expect(Object.keys(body)).toEqual(['webhooks', 'total', 'limit', 'offset'])
    expect(body.webhooks.map(({ id }) => id)).toEqual(made.slice(0, 20))
  })

  test('goes on at an offset, also past its end', async () => {
    expect(await ids('?offset=20')).toEqual(made.slice(20))
    expect(await ids('?limit=3&offset=4')).toEqual(made.slice(4, 7))
    expect((await list('?limit=100')).body.webhooks).toHaveLength(25)
    expect((await list('?offset=99')).body).toEqual({ webhooks: [], total: 25, limit: 20, offset: 99 })
  })

  test('filters by active and by event, and counts what it filtered', async () => {
    expect((await list('?active=true&limit=1')).body).toMatchObject({ total: 12, limit: 1 })
    expect((await list('?active=false')).body.total).toBe(13)
    expect((await list('?event=order.paid')).body.total).toBe(5)
    expect((await list('?event=order.paid&active=true')).body.webhooks.every(({ active }) => active)).toBe(true)
    expect((await list('?event=sale.completed')).body).toMatchObject({ webhooks: [], total: 0 })
  })

  test.each([
    ['limit=0', /^limit/],
    ['limit=101', /^limit/],
    ['limit=-1', /^limit/],
    ['limit=1.5', /^limit/],
    ['limit=many', /^limit/],
    ['limit=', /^limit/],
    ['limit=5&limit=6', /^limit/],
    ['offset=-1', /^offset/],
    ['offset=x', /^offset/],
    ['active=maybe', /^active/],
    ['active=1', /^active/],
    ['event=order.payed', /Did you mean order\.paid/],
  ])('%s is a 400, not clamped and not ignored', async (query, words) => {
    expect(await list(`?${query}`)).toMatchObject({ status: 400, body: { error: expect.stringMatching(words) } })
  })

  test('parameters that it does not know are ignored', async () => {
    expect((await list('?page=2&cursor=x&is_active=false')).body).toMatchObject({ total: 25, limit: 20 })
  })
})

describe('wrong input', () => {
  test.each([
    [{ events }, /^url: /],
    [{ url: 'nonsense', events }, /^url: /],
    [{ url: 'http://example.com/hook', events }, /https/],
    [{ url: 'https://example.com/hook\0', events }, /^url: must not contain control/],
    [{ url: 'https://169.254.169.254/', events }, /reserved/],
    [{ url: 7, events }, /^url: /],
    [{ url: 'https://example.com/' }, /^events: /],
    [{ url: 'https://example.com/', events: [] }, /^events: /],
    [{ url: 'https://example.com/', events: 'order.paid' }, /^events: /],
    [
      { url: 'https://example.com/', events: ['order.payed'] },
      /There is no event "order\.payed"\. Did you mean order\.paid/,
    ],
    [{ url: 'https://example.com/', events: [null] }, /^events\.0: /],
    [{ url: 'https://example.com/', events, description: 'x'.repeat(501) }, /^description: /],
  ])('POST %j is a 400 that says what to change', async (body, words) => {
    const refused = await call('POST', '/webhook', body)
    expect(refused).toMatchObject({ status: 400, body: { error: expect.stringMatching(words) } })
    expect(Object.keys(refused.body)).toEqual(['error'])
  })

  test('PUT names active by the document’s word', async () => {
    const { id } = await create()
    const refused = await call('PUT', `/webhook/${id}`, { active: 'yes' })
    expect(refused).toMatchObject({ status: 400, body: { error: expect.stringMatching(/^active: /) } })
  })

  test('malformed JSON is a 400', async () => {
    const answer = await fetch(`${world.url}/webhook`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${store.liveKey}`, 'Content-Type': 'application/json' },
      body: '{"url":',
    })
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: expect.any(String) }])
  })

  test.each(['nonsense', '12', 'e6866e28', '%00'])('an id that is no UUID (%s) is a 400', async (id) => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const refused = await call(method, `/webhook/${id}`, method === 'PUT' ? { active: true } : undefined)
      expect(refused).toMatchObject({ status: 400, body: { error: expect.stringMatching(/^id: must be a UUID/) } })
    }
  })

  test('an unknown UUID, another store’s and the other mode’s are the same 404', async () => {
    const { id } = await create()
    const stranger = (await world.openStore()).liveKey
    const answers = [
      await call('GET', `/webhook/${UNKNOWN}`),
      await call('GET', `/webhook/${newRowId(store.store.storeId)}`),
      await call('GET', `/webhook/${id}`, undefined, stranger),
      await call('PUT', `/webhook/${id}`, { active: false }, stranger),
      await call('DELETE', `/webhook/${id}`, undefined, store.testKey),
    ]
    for (const { status, body } of answers) expect([status, body]).toEqual([404, answers[0]?.body])
    expect(answers[0]?.status).toBe(404)
  })

  test('a URL that is subscribed already is a 409, on POST and PUT', async () => {
    const [first, second] = [await create(), await create()]
    const again = await call('POST', '/webhook', { url: first.url, events })
    expect(again).toMatchObject({ status: 409, body: { error: expect.stringMatching(/already/) } })
    expect((await call('PUT', `/webhook/${second.id}`, { url: first.url })).status).toBe(409)
    expect((await call('PUT', `/webhook/${first.id}`, { url: first.url })).status).toBe(200)
  })

  test('no key and a wrong key are a 401, in either header', async () => {
    for (const headers of [{}, { Authorization: 'Bearer sk_live_wrong' }, { 'X-API-Key': 'pk_wrong' }]) {
      const answer = await fetch(`${world.url}/webhook`, { headers: headers as Record<string, string> })
      expect([answer.status, await answer.json()]).toMatchObject([401, { error: expect.any(String) }])
    }
    const answer = await fetch(`${world.url}/webhook`, { headers: { 'X-API-Key': store.liveKey } })
    expect(answer.status).toBe(200)
  })

  test('another method is a 405 that says which there are', async () => {
    const answer = await fetch(`${world.url}/webhook/${UNKNOWN}`, { method: 'PATCH' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD, PUT'])
  })
})
