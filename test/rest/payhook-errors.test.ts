import { describe, expect, test } from 'vitest'
import { seen, UNKNOWN_ID, usePayhook } from './payhook-api'

const api = usePayhook()
const { call, createProduct } = api

describe('errors are {"error": string} and nothing else', () => {
  const json = { 'Content-Type': 'application/json' }
  const cases: readonly [name: string, status: number, error: RegExp, path: string, init: RequestInit][] = [
    ['no key', 401, /^Missing API key$/, '/api/v1/products', { headers: { Authorization: '' } }],
    ['a wrong key', 401, /^Invalid API key$/, '/api/v1/products', { headers: { Authorization: 'Bearer sk_live_x' } }],
    ['a malformed id', 404, /^Product not found$/, '/api/v1/products/12', {}],
    ['an id that never was', 404, /^Product not found$/, `/api/v1/products/${UNKNOWN_ID}`, {}],
    ['percent-encoded garbage', 404, /^Product not found$/, '/api/v1/products/%E0%A4%A', {}],
    ['another method', 405, /PUT is not allowed/, '/api/v1/products', { method: 'PUT' }],
    ['another method on one', 405, /POST is not allowed/, `/api/v1/products/${UNKNOWN_ID}/`, { method: 'POST' }],
    ['an unknown path', 404, /nothing at/, '/api/v1/nothing', {}],
    ['a body that is no JSON', 400, /not valid JSON/, '/api/v1/products', { method: 'POST', body: '{', headers: json }],
    [
      'a body that is no object',
      400,
      /JSON object/,
      '/api/v1/products',
      { method: 'POST', body: '[1]', headers: json },
    ],
    ['a null body', 400, /JSON object/, '/api/v1/products', { method: 'POST', body: 'null', headers: json }],
    ['a form', 415, /Content-Type/, '/api/v1/products', { method: 'POST', body: new URLSearchParams({ name: 'x' }) }],
    ['300 KiB', 413, /256 KiB/, '/api/v1/products', { method: 'POST', body: 'x'.repeat(300 * 1024), headers: json }],
    [
      'no name',
      400,
      /^name: is required$/,
      '/api/v1/products',
      { method: 'POST', body: '{"price_cents":50}', headers: json },
    ],
    [
      '49 cents',
      400,
      /^price_cents: must be at least 50$/,
      '/api/v1/products',
      { method: 'POST', body: '{"name":"x","price_cents":49}', headers: json },
    ],
    [
      'a fraction',
      400,
      /^price_cents: must be a whole/,
      '/api/v1/products',
      { method: 'POST', body: '{"name":"x","price_cents":50.5}', headers: json },
    ],
    [
      'text for a price',
      400,
      /^price_cents: /,
      '/api/v1/products',
      { method: 'POST', body: '{"name":"x","price_cents":"50"}', headers: json },
    ],
    [
      'a huge price',
      400,
      /^price_cents: /,
      '/api/v1/products',
      { method: 'POST', body: '{"name":"x","price_cents":1e400}', headers: json },
    ],
    [
      'no such currency',
      400,
      /^currency: /,
      '/api/v1/products',
      { method: 'POST', body: '{"name":"x","price_cents":50,"currency":"zzz"}', headers: json },
    ],
    [
      'a NUL character',
      400,
      /^name: /,
      '/api/v1/products',
      { method: 'POST', body: '{"name":"a\\u0000","price_cents":50}', headers: json },
    ],
    [
      'a deep body with an idempotency key',
      400,
      /nested|name/,
      '/api/v1/products',
      {
        method: 'POST',
        body: `{"name":${'['.repeat(60_000)}${']'.repeat(60_000)}}`,
        headers: { ...json, 'Idempotency-Key': 'deep' },
      },
    ],
    [
      'a bad idempotency key',
      400,
      /^idempotency_key: /,
      '/api/v1/products',
      { method: 'POST', body: '{}', headers: { ...json, 'Idempotency-Key': 'x'.repeat(300) } },
    ],
  ]
  test.each(cases)('%s answers %i', async (_name, status, error, path, init) => {
    const answer = await fetch(api.world.url + path, {
      ...init,
      headers: { Authorization: `Bearer ${api.key}`, ...(init.headers as Record<string, string> | undefined) },
    })
    expect(await seen(answer)).toEqual([status, { error: expect.stringMatching(error) }])
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test("another store's product and a test product seen with a live key are not found", async () => {
    const other = await api.world.openStore('Other')
    for (const bearer of [other.liveKey, other.testKey]) {
      const product = await createProduct({}, bearer)
      expect(await seen(call('GET', `/api/v1/products/${product.id}`))).toEqual([404, { error: 'Product not found' }])
      expect(await seen(call('PATCH', `/api/v1/products/${product.id}`, { name: 'Mine' }))).toEqual([
        404,
        { error: 'Product not found' },
      ])
    }
  })
})
