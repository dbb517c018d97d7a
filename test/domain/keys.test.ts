import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../../server/app'
import { openPostgres } from '../../server/db/client'
import { toRows } from '../../server/db/migrate'
import { createDeps } from '../../server/deps'
import type { ApiKey } from '../../server/domain/keys/schema'
import { type CallOptions, callRest } from '../support/calls'
import { createWorld, type World } from '../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

type Key = ApiKey & { api_key: string }

const call = <T = Record<string, unknown>>(method: string, path: string, options: CallOptions = {}) =>
  callRest<T>(world.url, method, path, options)

async function newKey(by: string, body: Record<string, unknown> = {}): Promise<Key> {
  const made = await call<Key>('POST', '/v1/api_keys', { key: by, body: { name: 'Another', ...body } })
  expect(made.status).toBe(201)
  return made.body
}

async function listed(by: string): Promise<ApiKey[]> {
  return (await call<{ api_keys: ApiKey[] }>('GET', '/v1/api_keys', { key: by })).body.api_keys
}

/** Some call that a working key may make. */
const statusWith = async (key: string, path = '/v1/store') => (await call('GET', path, { key })).status

/** A second server process on the same database. On PGlite, which has one process, a second app with its own look-ups. */
async function secondServer(): Promise<{ url: string; close(): Promise<void> }> {
  const own = world.database.url === undefined ? undefined : await openPostgres(world.database.url, 4)
  const { config, publicUrl, clock, log } = world.deps
  const app = createApp(createDeps({ config, publicUrl, clock, log, database: own ?? world.database }))
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => app.fetch(request) })
  const close = async () => {
    await server.stop(true)
    await own?.close()
  }
  return { url: `http://127.0.0.1:${server.port}`, close }
}

describe('a key', () => {
  test.each(['Authorization', 'X-API-Key', 'X-Api-Key', 'x-api-key'])('is taken in the header %s', async (header) => {
    const { liveKey } = await world.openStore()
    const value = header === 'Authorization' ? `Bearer ${liveKey}` : liveKey
    for (const path of ['/v1/store', '/api/v1/products']) {
      expect((await call('GET', path, { headers: { [header]: value } })).status).toBe(200)
    }
  })

  test('says its mode, and a missing or unknown one answers 401', async () => {
    const { liveKey, testKey } = await world.openStore()
    expect(liveKey).toMatch(/^sk_live_/)
    expect(testKey).toMatch(/^sk_test_/)
    const flipped = liveKey.slice(0, -1) + (liveKey.endsWith('0') ? '1' : '0')
    for (const key of [undefined, '', 'nonsense', flipped, liveKey.replace('live', 'test')]) {
      const answer = await call('GET', '/api/v1/products', { key })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toContain('Bearer')
    }
  })

  test('is shown once and kept nowhere', async () => {
    const store = await world.openStore()
    const made = await newKey(store.liveKey)
    const rolled = await call<Key>('POST', `/v1/api_keys/${made.id}/roll`, { key: store.liveKey })
    const secrets = [store.liveKey, store.testKey, made.api_key, rolled.body.api_key]
    expect(JSON.stringify(await listed(store.liveKey))).not.toMatch(/sk_(live|test)_[0-9a-z]{10}/)
    const tables = toRows<{ name: string }>(
      await world.deps.db.execute(sql`select tablename as name from pg_tables where schemaname = 'public'`),
    )
    expect(tables.length).toBeGreaterThan(10)
    for (const { name } of tables) {
      const rows = toRows<{ row: string }>(
        await world.deps.db.execute(sql.raw(`select t::text as row from "${name}" t`)),
      )
      for (const { row } of rows) for (const secret of secrets) expect(row).not.toContain(secret.slice(16))
    }
    const logged = JSON.stringify(world.log)
    for (const secret of secrets) expect(logged).not.toContain(secret.slice(16))
  })

  test('notes when it was last used', async () => {
    const { liveKey } = await world.openStore()
    const made = await newKey(liveKey)
    expect(made.last_used_at).toBeNull()
    await statusWith(made.api_key)
    await world.deps.keyUsage.flush(world.deps.db)
    const found = (await listed(liveKey)).find((key) => key.id === made.id)
    expect(found?.last_used_at).toBe(world.clock.now().toISOString())
  })
})

describe('scopes', () => {
  test('a key does what its scopes say and nothing else', async () => {
    const { liveKey } = await world.openStore()
    const reader = await newKey(liveKey, { scopes: ['products:read'] })
    expect(await statusWith(reader.api_key, '/api/v1/products')).toBe(200)
    const body = { name: 'Kit', price_cents: 100 }
    const refused = await call('POST', '/v1/products', { key: reader.api_key, body })
    expect(refused).toMatchObject({ status: 403, body: { code: 'missing_scope' } })
    expect(refused.body.error).toContain('products:write')
    for (const path of ['/v1/store', '/v1/api_keys', '/v1/revenue'])
      expect(await statusWith(reader.api_key, path)).toBe(403)
  })

  test('a key grants no scope that it lacks, neither by making a key nor by rolling one', async () => {
    const { liveKey } = await world.openStore()
    const keeper = await newKey(liveKey, { scopes: ['keys:read', 'keys:write'] })
    const body = { name: 'More', scopes: ['keys:read', 'products:write'] }
    const refused = await call('POST', '/v1/api_keys', { key: keeper.api_key, body })
    expect(refused).toMatchObject({ status: 403, body: { code: 'missing_scope', field: 'scopes' } })
    expect((await newKey(keeper.api_key)).scopes).toEqual(['keys:read', 'keys:write'])
    for (const { id, scopes } of await listed(liveKey)) {
      if (scopes.length > 0) continue
      const rolled = await call('POST', `/v1/api_keys/${id}/roll`, { key: keeper.api_key })
      expect(rolled).toMatchObject({ status: 403, body: { code: 'missing_scope' } })
      const revoked = await call('DELETE', `/v1/api_keys/${id}`, { key: keeper.api_key })
      expect(revoked).toMatchObject({ status: 403, body: { code: 'missing_scope' } })
    }
    expect(await statusWith(liveKey)).toBe(200)
    expect((await call('POST', `/v1/api_keys/${keeper.id}/roll`, { key: keeper.api_key })).status).toBe(200)
  })

  test('an unknown scope is refused by name', async () => {
    const { liveKey } = await world.openStore()
    const body = { name: 'X', scopes: ['products:own'] }
    const refused = await call('POST', '/v1/api_keys', { key: liveKey, body })
    expect(refused).toMatchObject({ status: 400, body: { field: 'scopes.0' } })
  })
})

describe('test keys', () => {
  test('see and change neither live keys nor live data', async () => {
    const { liveKey, testKey } = await world.openStore()
    const live = (await listed(liveKey)).find((key) => key.mode === 'live')
    expect((await listed(testKey)).map((key) => key.mode)).toEqual(['test'])
    expect((await listed(liveKey)).map((key) => key.mode).sort()).toEqual(['live', 'test'])
    expect((await call('DELETE', `/v1/api_keys/${live?.id}`, { key: testKey })).status).toBe(404)
    expect((await call('POST', `/v1/api_keys/${live?.id}/roll`, { key: testKey })).status).toBe(404)
    expect(await statusWith(liveKey)).toBe(200)
    const made = await call<{ id: string }>('POST', '/v1/products', {
      key: liveKey,
      body: { name: 'K', price_cents: 99 },
    })
    expect(await statusWith(testKey, `/v1/products/${made.body.id}`)).toBe(404)
  })

  test('make test keys only', async () => {
    const { testKey } = await world.openStore()
    expect((await newKey(testKey)).mode).toBe('test')
    const refused = await call('POST', '/v1/api_keys', { key: testKey, body: { name: 'X', mode: 'live' } })
    expect(refused).toMatchObject({ status: 403, body: { field: 'mode' } })
  })
})

describe('a rolled or revoked key', () => {
  test('answers 401 from the next request on, and the new one works', async () => {
    const { liveKey } = await world.openStore()
    const [rolled, revoked] = [await newKey(liveKey), await newKey(liveKey)]
    const fresh = await call<Key>('POST', `/v1/api_keys/${rolled.id}/roll`, { key: liveKey })
    expect((await call('DELETE', `/v1/api_keys/${revoked.id}`, { key: liveKey })).status).toBe(200)
    expect(await statusWith(rolled.api_key)).toBe(401)
    expect(await statusWith(revoked.api_key)).toBe(401)
    expect(await statusWith(fresh.body.api_key)).toBe(200)
    expect(fresh.body).toMatchObject({ name: rolled.name, mode: rolled.mode, scopes: rolled.scopes })
    for (const { id } of [rolled, revoked]) {
      expect((await call('DELETE', `/v1/api_keys/${id}`, { key: liveKey })).status).toBe(404)
    }
    expect((await listed(liveKey)).map((key) => key.id)).not.toContain(rolled.id)
  })

  test.each(['roll', 'revoke'] as const)(
    'answers 401 at once while 50 requests at a time use it on two servers (%s)',
    async (how) => {
      const { liveKey } = await world.openStore()
      const { id, api_key: key } = await newKey(liveKey)
      const other = await secondServer()
      let ended = false
      const statuses = { before: new Set<number>(), after: new Set<number>() }
      const use = async (url: string) => {
        for (let last = false; !last; ) {
          // Whoever starts after the answer to the roll must hear 401; before it, either is right.
          last = ended
          const { status } = await callRest(url, 'GET', '/v1/store', { key })
          statuses[last ? 'after' : 'before'].add(status)
        }
      }
      const users = Promise.all(Array.from({ length: 50 }, (_, user) => use(user % 2 ? other.url : world.url)))
      await expect.poll(() => statuses.before.has(200)).toBe(true)
      const path = how === 'roll' ? `/v1/api_keys/${id}/roll` : `/v1/api_keys/${id}`
      const end = call(how === 'roll' ? 'POST' : 'DELETE', path, { key: liveKey }).then(({ status }) => {
        ended = true
        expect(status).toBe(200)
      })
      await Promise.all([users, end])
      await other.close()
      expect([...statuses.after]).toEqual([401])
      expect([...statuses.before].every((status) => status === 200 || status === 401)).toBe(true)
      expect(statuses.before).toContain(200)
    },
  )

  test('of another store is not found', async () => {
    const [own, other] = [await world.openStore(), await world.openStore()]
    const foreign = await newKey(other.liveKey)
    expect((await call('DELETE', `/v1/api_keys/${foreign.id}`, { key: own.liveKey })).status).toBe(404)
    expect((await call('POST', `/v1/api_keys/${foreign.id}/roll`, { key: own.liveKey })).status).toBe(404)
    expect((await call('DELETE', '/v1/api_keys/nonsense', { key: own.liveKey })).status).toBe(400)
    expect(await statusWith(foreign.api_key)).toBe(200)
  })

  test('rolled by two callers at once gives one new key', async () => {
    const { liveKey } = await world.openStore()
    const { id } = await newKey(liveKey)
    const rolls = await Promise.all(
      Array.from({ length: 10 }, () => call('POST', `/v1/api_keys/${id}/roll`, { key: liveKey })),
    )
    expect(rolls.map((roll) => roll.status).sort()).toEqual([200, ...Array(9).fill(404)])
  })
})
