import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWorld, type World } from '../support/world'

let world: World
let key: string
let id: string
beforeAll(async () => {
  world = await createWorld()
  key = (await world.openStore()).testKey
  const answer = await send('POST', '/v1/products', { body: '{"name":"Kit","price_cents":1900}' })
  id = (JSON.parse(answer.body) as { id: string }).id
})
afterAll(() => world.close())

type Sent = { body?: string; headers?: Record<string, string> }

async function send(method: string, path: string, { body, headers = {} }: Sent = {}) {
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  const answer = await fetch(world.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...type, ...headers },
    ...(body !== undefined && { body }),
  })
  const { 'x-request-id': requestId, date: _, ...rest } = Object.fromEntries(answer.headers)
  return { requestId, answer: { status: answer.status, headers: rest }, body: await answer.text() }
}

const CASES: Record<string, () => [method: string, path: string, query?: string, sent?: Sent]> = {
  'a product': () => ['GET', `/v1/products/${id}`],
  'a product as document A shows it': () => ['GET', `/api/v1/products/${id}`],
  'an id in capitals': () => ['GET', `/v1/products/${id.toUpperCase()}`],
  'a list with a query': () => ['GET', '/v1/products', '?limit=1&status=active&search=a%20b'],
  'a query that is said twice': () => ['GET', '/v1/products', '?limit=1&limit=2'],
  'a field that nobody knows': () => ['GET', '/v1/products', '?colour=red'],
  'a product that does not exist': () => ['GET', '/api/v1/products/00000000-0000-8000-8000-000000000000'],
  'an id that is none': () => ['GET', '/v1/products/x%2Fy'],
  'a key that is unknown': () => ['GET', `/v1/products/${id}`, '', { headers: { authorization: 'Bearer sk_x' } }],
  'a body that is no JSON': () => ['POST', '/v1/products', '', { body: '{"name":' }],
  'a body of another type': () => [
    'POST',
    '/v1/products',
    '',
    { body: 'a', headers: { 'content-type': 'text/plain' } },
  ],
  'a body that is too large': () => [
    'POST',
    '/v1/products',
    '',
    { body: JSON.stringify({ name: 'x'.repeat(300_000) }) },
  ],
  'an input that is wrong': () => ['POST', '/api/v1/products', '', { body: '{"name":"","price_cents":1}' }],
  'a change': () => ['PATCH', `/v1/products/${id}`, '', { body: '{"name":"Set"}' }],
  'a method that is not there': () => ['PUT', `/v1/products/${id}`, '', { body: '{}' }],
  'a path that is not there': () => ['GET', '/v1/nothing'],
}

/** A letter that is escaped is the one thing that leaves the short way and changes nothing else. */
test.each(Object.keys(CASES))('%s is answered the same on the short way and by Hono', async (name) => {
  const [method, path, query = '', sent] = CASES[name]?.() ?? ['GET', '/']
  const short = await send(method, path + query, sent)
  const slash = await send(method, `${path}/${query}`, sent)
  const long = await send(method, path.replace('v1', '%761') + query, sent)
  expect(short.answer).toEqual(long.answer)
  expect(short.body).toBe(long.body)
  expect(slash.answer).toEqual(long.answer)
  expect(slash.body.replaceAll(`${path}/`, path)).toBe(long.body)
  expect(short.requestId).toMatch(/^req_[0-9a-f-]{36}$/)
})

test('a call on the short way is counted under its route, and its request id is in the log', async () => {
  const { requestId } = await send('PATCH', `/v1/products/${id}`, { body: '{"name":"Bag"}' })
  expect(world.log.map(({ fields }) => fields.request_id)).toContain(requestId)
  const { body } = await send('GET', '/metrics')
  expect(body).toContain('route="/v1/products/:id"')
})

test('two calls with one idempotency key make one product, marked as a replay', async () => {
  const sent = { body: '{"name":"Once","price_cents":500}', headers: { 'idempotency-key': 'direct-1' } }
  const [first, second] = [await send('POST', '/api/v1/products', sent), await send('POST', '/api/v1/products', sent)]
  expect(second.body).toBe(first.body)
  expect(second.answer.headers['idempotency-replayed']).toBe('true')
})
