import { expect, test } from 'vitest'
import { parseConfig } from '../../server/config'
import { startMessage } from '../../server/start-message'

const publicUrl = 'http://localhost:3000'
const firstStore = { id: 'sto_01234567', liveKey: 'sk_live_a', testKey: 'sk_test_b', signingKey: 'whsec_c' }
const config = parseConfig({})

test('the first start shows every key, a configuration for agents and a call to copy', () => {
  const text = startMessage({ config, publicUrl, firstStore })
  for (const part of ['sto_01234567', 'sk_live_a', 'sk_test_b', 'whsec_c', `${publicUrl}/docs`, `${publicUrl}/mcp`]) {
    expect(text).toContain(part)
  }
  const json = text.slice(text.indexOf('{\n'), text.lastIndexOf('\n}') + 2)
  expect(JSON.parse(json)).toEqual({
    mcpServers: {
      payhook: { type: 'http', url: `${publicUrl}/mcp`, headers: { Authorization: 'Bearer sk_test_b' } },
    },
  })
  expect(text).toContain(`curl ${publicUrl}/api/v1/products -H 'Authorization: Bearer sk_test_b'`)
})

test('a later start shows no key', () => {
  const text = startMessage({ config, publicUrl, firstStore: undefined })
  expect(text).not.toMatch(/whsec_|sk_live_|sk_test_\w/)
  expect(text).toContain('Bearer sk_test_…')
})

test('the built-in database is said not to survive a power cut; PostgreSQL is shown without its password', () => {
  expect(startMessage({ config, publicUrl, firstStore: undefined })).toContain('power cut')
  const postgres = parseConfig({ DATABASE_URL: 'postgres://shop:hunter2@db.example/sales' })
  const text = startMessage({ config: postgres, publicUrl, firstStore: undefined })
  expect(text).toContain('db.example/sales (PostgreSQL)')
  expect(text).not.toContain('hunter2')
  expect(text).not.toContain('power cut')
})
