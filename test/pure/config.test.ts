import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ConfigError, environmentVariables, parseConfig } from '../../server/config'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

test('README lists every variable that the process reads, in the same words, and no other', () => {
  const rows = [...readme.matchAll(/^\| `(\w+)` +\| (.*?) +\|/gm)].map(([, name, meaning]) => ({ name, meaning }))
  expect(rows).toEqual(environmentVariables)
})

test('without any variable the documented defaults hold', () => {
  expect(parseConfig({})).toMatchObject({ port: 3000, host: '127.0.0.1', dataDir: '.payhook', requireApproval: false })
  expect(parseConfig({})).toMatchObject({ databaseUrl: undefined, roles: ['api', 'webhooks', 'chain', 'jobs'] })
})

test('an empty variable counts as unset', () => {
  expect(parseConfig({ PORT: '', DATABASE_URL: '', PAYHOOK_ROLES: '' })).toEqual(parseConfig({}))
})

test('every bad variable is named, in one line', () => {
  const bad = { PORT: '99999', PUBLIC_URL: 'ftp://x', PAYHOOK_REQUIRE_APPROVAL: 'maybe', PAYHOOK_ADMIN_KEY: 'short' }
  const refusal = () => parseConfig(bad)
  expect(refusal).toThrow(ConfigError)
  for (const name of Object.keys(bad)) expect(refusal).toThrow(new RegExp(`^[^\\n]*${name}[^\\n]*$`))
})

test('approval needs somebody who can approve', () => {
  const refusal = () => parseConfig({ PAYHOOK_REQUIRE_APPROVAL: '1' })
  expect(refusal).toThrow(/PAYHOOK_ADMIN_KEY is not set/)
  const key = 'an-operator-key-of-some-length'
  expect(parseConfig({ PAYHOOK_REQUIRE_APPROVAL: '1', PAYHOOK_ADMIN_KEY: key }).requireApproval).toBe(true)
})

test('a trailing slash of the public URL is dropped, since paths are added to it', () => {
  expect(parseConfig({ PUBLIC_URL: 'https://shop.example/' }).publicUrl).toBe('https://shop.example')
})
