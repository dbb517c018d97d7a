import { createTRPCClient, httpBatchLink, httpLink, TRPCClientError } from '@trpc/client'
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest'
import type { AppRouter } from '../../server/router'
import { MAX_BATCH } from '../../server/trpc-http'
import { createWorld, type World } from '../support/world'

let world: World
let key: string
beforeAll(async () => {
  world = await createWorld()
  key = (await world.openStore()).liveKey
})
afterAll(() => world.close())

/** The client of the docs, counting its requests. */
function connect(headers: Record<string, string> = { Authorization: `Bearer ${key}` }) {
  const sent: string[] = []
  const counted = (url: RequestInfo | URL | string, init?: RequestInit) => {
    sent.push(String(url))
    return fetch(String(url), init)
  }
  const client = createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url: `${world.url}/trpc`, headers, fetch: counted as typeof fetch })],
  })
  return { client, sent }
}

const failure = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(TRPCClientError)
  return error as TRPCClientError<AppRouter>
}

test('a typed client creates, reads and changes a product', async () => {
  const { client } = connect()
  const product = await client.products.create.mutate({ name: 'Kit', price_cents: 1900 })
  expectTypeOf(product.price_cents).toEqualTypeOf<number>()
  expectTypeOf(product.description).toEqualTypeOf<string | null>()
  expectTypeOf(product.status).toEqualTypeOf<'draft' | 'active' | 'archived'>()
  expectTypeOf(client.products.create.mutate).parameter(0).toExtend<{ name: string; price_cents: number }>()
  expectTypeOf<{ name: string }>().not.toExtend<Parameters<typeof client.products.create.mutate>[0]>()
  expect(await client.products.get.query({ id: product.id })).toEqual(product)
  const changed = await client.products.update.mutate({ id: product.id, status: 'draft' })
  expect(changed).toEqual({ ...product, status: 'draft' })
})

test('calls of one tick travel in one request, and one that fails spoils no other', async () => {
  const { client, sent } = connect()
  const [list, missing, store] = await Promise.allSettled([
    client.products.list.query({}),
    client.products.get.query({ id: 'nonsense' }),
    client.stores.get.query({}),
  ])
  expect(sent).toHaveLength(1)
  expect([list.status, missing.status, store.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test("an error's data carries our code, status, field and hint", async () => {
  const { client } = connect()
  const error = await failure(client.products.create.mutate({ name: 'Kit', price_cents: 1 }))
  expect(error.message).toBe('price_cents: must be at least 50')
  expect(error.data).toEqual({
    code: 'invalid_request',
    httpStatus: 400,
    path: 'products.create',
    field: 'price_cents',
    hint: null,
    retryable: false,
  })
  expectTypeOf<NonNullable<typeof error.data>['code']>().toExtend<string>()
  const nobody = await failure(connect({}).client.products.list.query({}))
  expect(nobody.data).toMatchObject({ code: 'unauthorized', httpStatus: 401 })
})

test('an Idempotency-Key header makes a mutation run once, and the replay is marked', async () => {
  let replayed: (string | null)[] = []
  const client = createTRPCClient<AppRouter>({
    links: [
      httpLink({
        url: `${world.url}/trpc`,
        headers: { 'X-API-Key': key, 'Idempotency-Key': 'once' },
        fetch: (async (url: string, init?: RequestInit) => {
          const answer = await fetch(url, init)
          replayed = [...replayed, answer.headers.get('idempotency-replayed')]
          return answer
        }) as typeof fetch,
      }),
    ],
  })
  const first = await client.products.create.mutate({ name: 'Once', price_cents: 1900 })
  expect(await client.products.create.mutate({ name: 'Once', price_cents: 1900 })).toEqual(first)
  expect(replayed).toEqual([null, 'true'])
  const other = await failure(client.products.create.mutate({ name: 'Twice', price_cents: 1900 }))
  expect(other.data?.code).toBe('idempotency_conflict')
})

const json = { 'Content-Type': 'application/json' }
const tooMany = Array.from({ length: MAX_BATCH + 1 }, () => 'products.list').join(',')
const refusals: readonly [name: string, status: number, code: string, path: string, init: RequestInit][] = [
  ['an unknown procedure', 404, 'not_found', '/trpc/products.sell', {}],
  ['the name of a prototype', 404, 'not_found', '/trpc/__proto__', {}],
  ['no procedure at all', 404, 'not_found', '/trpc', {}],
  ['GET on a mutation', 405, 'method_not_allowed', '/trpc/products.create', {}],
  ['DELETE', 405, 'method_not_allowed', '/trpc/products.create', { method: 'DELETE', headers: json }],
  [
    'a body that is no JSON',
    400,
    'malformed_json',
    '/trpc/products.create',
    { method: 'POST', body: '{', headers: json },
  ],
  ['a list for a body', 400, 'invalid_request', '/trpc/products.create', { method: 'POST', body: '[]', headers: json }],
  ['a query input that is no JSON', 400, 'malformed_json', '/trpc/products.list?input={', {}],
  ['a batch input that is no object', 400, 'invalid_request', '/trpc/products.list?batch=1&input=1', {}],
  [
    'a form',
    415,
    'unsupported_media_type',
    '/trpc/products.create',
    { method: 'POST', body: 'a=1', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
  ],
  [
    '300 KiB',
    413,
    'body_too_large',
    '/trpc/products.create',
    { method: 'POST', body: 'x'.repeat(300 * 1024), headers: json },
  ],
  ['too large a batch', 400, 'invalid_request', `/trpc/${tooMany}?batch=1&input={}`, {}],
  ['a bad percent-encoding', 400, 'invalid_request', '/trpc/%E0%A4%A', {}],
]
test.each(refusals)('%s is a clean error %i %s', async (_name, status, code, path, init) => {
  const answer = await fetch(world.url + path, {
    ...init,
    headers: { Authorization: `Bearer ${key}`, ...(init.headers as Record<string, string> | undefined) },
  })
  const text = await answer.text()
  const parsed: unknown = JSON.parse(text)
  const [body] = (Array.isArray(parsed) ? parsed : [parsed]) as { error: { message: string; data: { code: string } } }[]
  expect([answer.status, body?.error.data.code]).toEqual([status, code])
  expect(body?.error.message).toMatch(/\w/)
  expect(text).not.toMatch(/stack|node_modules|\.ts:\d/)
})
