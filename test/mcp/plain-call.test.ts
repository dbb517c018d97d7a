import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorld, type World } from '../support/world'

let world: World
let key: string
let productId: string
beforeAll(async () => {
  world = await createWorld()
  key = (await world.openStore()).testKey
  const answer = await fetch(`${world.url}/v1/products`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Kit', price_cents: 1900 }),
  })
  productId = ((await answer.json()) as { id: string }).id
})
afterAll(() => world.close())

async function post(body: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${world.url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(body),
  })
  return { status: answer.status, type: answer.headers.get('content-type'), body: withoutId(await answer.text()) }
}

/** What tells two requests apart. */
const withoutId = (text: string) => text.replace(/req_[0-9a-f-]{36}/g, 'req_…')

const message = (params: unknown, more: object = {}) => ({
  jsonrpc: '2.0',
  id: 7,
  method: 'tools/call',
  params,
  ...more,
})
const get = (id: string) => ({ name: 'get_product', arguments: { id } })

/** The SDK answers a batch of one as it answers its message, and what is in a batch is never answered by our short way. */
describe('a call is answered as the SDK answers it', () => {
  const cases: Record<string, () => { body: object; headers?: Record<string, string> }> = {
    'a call': () => ({ body: message(get(productId)) }),
    'a call with a text as its id': () => ({ body: message(get(productId), { id: 'seven' }) }),
    'a tool without arguments': () => ({ body: message({ name: 'get_store' }) }),
    'an operation that fails': () => ({ body: message(get('00000000-0000-8000-8000-000000000000')) }),
    'an input that is wrong': () => ({ body: message({ name: 'create_product', arguments: { price_cents: 1 } }) }),
    'no key': () => ({ body: message(get(productId)), headers: { authorization: '' } }),
    'a tool that does not exist': () => ({ body: message({ name: 'get_nothing', arguments: {} }) }),
    'a progress token': () => ({
      body: message({ ...get(productId), _meta: { progressToken: 3, 'agent/turn': 'x' } }),
    }),
    'a version that is spoken': () => ({
      body: message(get(productId)),
      headers: { 'mcp-protocol-version': '2025-06-18' },
    }),
    'a version that nobody speaks': () => ({
      body: message(get(productId)),
      headers: { 'mcp-protocol-version': '1999-01-01' },
    }),
    'no event stream accepted': () => ({ body: message(get(productId)), headers: { accept: 'application/json' } }),
    'arguments that are a list': () => ({ body: message({ name: 'get_product', arguments: [productId] }) }),
    'a name that is a number': () => ({ body: message({ name: 7 }) }),
    'no params': () => ({ body: { jsonrpc: '2.0', id: 7, method: 'tools/call' } }),
    'a field too many': () => ({ body: message({ ...get(productId), more: 1 }) }),
  }
  test.each(Object.keys(cases))('%s', async (name) => {
    const { body, headers } = cases[name]?.() ?? { body: {} }
    const [plain, batch] = [await post(body, headers), await post([body], headers)]
    expect(plain).toEqual(batch)
  })
})

test.each([
  { jsonrpc: '1.0' },
  { id: 1.5 },
  { id: null },
  { id: {} },
  { params: { name: 'get_store', _meta: { progressToken: {} } } },
])('%j is refused as no message', async (more) => {
  const { status, body } = await post(message(get(productId), more))
  expect(status).toBe(400)
  expect(JSON.parse(body)).toMatchObject({ error: { code: -32_600 } })
})
