import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ConfigError, environmentVariables, parseConfig } from '../../server/config'
import { DEFAULT_BILLING } from '../../server/kernel/plans'

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

test('proxies are named as addresses and networks, and everybody is none', () => {
  const count = (text: string) => parseConfig({ PAYHOOK_TRUSTED_PROXIES: text }).trustedProxies.length
  expect([count(''), count('10.0.0.0/8, 127.0.0.1,::1')]).toEqual([0, 3])
  for (const bad of ['10.0.0.0/33', 'nginx', '127.1', '0.0.0.0/0', '::/0']) {
    expect(() => count(bad)).toThrow(/^Bad environment. PAYHOOK_TRUSTED_PROXIES: [^\n]*$/)
  }
})

test('approval needs somebody who can approve', () => {
  const refusal = () => parseConfig({ PAYHOOK_REQUIRE_APPROVAL: '1' })
  expect(refusal).toThrow(/PAYHOOK_ADMIN_KEY is not set/)
  const key = 'an-operator-key-of-some-length'
  expect(parseConfig({ PAYHOOK_REQUIRE_APPROVAL: '1', PAYHOOK_ADMIN_KEY: key }).requireApproval).toBe(true)
})

test('billing is off, on by default plans, or as a file says; a bad file stops the start with its name and the place', () => {
  expect([parseConfig({}).billing, parseConfig({ PAYHOOK_BILLING: 'off' }).billing]).toEqual([undefined, undefined])
  for (const on of ['on', 'default']) expect(parseConfig({ PAYHOOK_BILLING: on }).billing).toBe(DEFAULT_BILLING)
  const refusal = () => parseConfig({ PAYHOOK_BILLING: 'tsconfig.json' })
  expect(refusal).toThrow(ConfigError)
  expect(refusal).toThrow(/^PAYHOOK_BILLING: tsconfig\.json can't be used: [^\n]+$/)
  expect(() => parseConfig({ PAYHOOK_BILLING: 'nowhere.json' })).toThrow(/PAYHOOK_BILLING: nowhere\.json .*ENOENT/)
})

test('a trailing slash of the public URL is dropped, since paths are added to it', () => {
  expect(parseConfig({ PUBLIC_URL: 'https://shop.example/' }).publicUrl).toBe('https://shop.example')
})

test('STRIPE_CONNECT makes both modes of Stripe a platform, and needs a key', () => {
  const environment = { STRIPE_SECRET_KEY: 'sk_live_a1', STRIPE_TEST_SECRET_KEY: 'sk_test_b2' }
  const secrets = { STRIPE_CONNECT_WEBHOOK_SECRET: 'whsec_live', STRIPE_TEST_CONNECT_WEBHOOK_SECRET: 'whsec_test' }
  const { stripe } = parseConfig({ ...environment, ...secrets, STRIPE_CONNECT: 'true' })
  expect([stripe.live?.connect, stripe.test?.connect]).toEqual([
    { webhookSecret: 'whsec_live' },
    { webhookSecret: 'whsec_test' },
  ])
  expect(parseConfig({ ...environment, ...secrets }).stripe.live?.connect).toBeUndefined()
  expect(() => parseConfig({ STRIPE_CONNECT: '1' })).toThrow(/Set STRIPE_SECRET_KEY/)
  expect(() => parseConfig({ ...environment, STRIPE_CONNECT: 'perhaps' })).toThrow(/STRIPE_CONNECT/)
})

test('a test key of Stripe never serves live mode: buyers would get for nothing what others pay for', () => {
  const [live, test] = ['sk_live_a1', 'sk_test_b2']
  const modes = (environment: Record<string, string>) => {
    const { stripe } = parseConfig(environment)
    return [stripe.live?.secretKey, stripe.test?.secretKey]
  }
  expect(modes({})).toEqual([undefined, undefined])
  expect(modes({ STRIPE_SECRET_KEY: live })).toEqual([live, undefined])
  expect(modes({ STRIPE_SECRET_KEY: test })).toEqual([undefined, test])
  expect(modes({ STRIPE_SECRET_KEY: live, STRIPE_TEST_SECRET_KEY: test })).toEqual([live, test])
  expect(() => modes({ STRIPE_TEST_SECRET_KEY: live })).toThrow(/STRIPE_TEST_SECRET_KEY is a live key/)
  expect(() => modes({ STRIPE_SECRET_KEY: test, STRIPE_TEST_SECRET_KEY: test })).toThrow(/both test keys/)
  expect(() => modes({ STRIPE_SECRET_KEY: 'pk_live_public' })).toThrow(/STRIPE_SECRET_KEY: must be a secret key/)
})

test('nodes are URLs with commas between them; what is wrong with them is said in one line, without the keys in them', () => {
  const key = 'v3/a-secret-key'
  const { nodes } = parseConfig({
    ETHEREUM_RPC_URLS: ` https://a.example/${key} ,http://10.0.0.5:8545,`,
    TRON_RPC_URLS: 'https://t.example/jsonrpc',
    TRON_API_URL: 'https://api.example',
  }).chains
  expect(nodes).toEqual({
    ethereum: [`https://a.example/${key}`, 'http://10.0.0.5:8545'],
    bsc: [],
    tron: ['https://t.example/jsonrpc'],
    tronApi: ['https://api.example'],
  })
  for (const [bad, words] of [
    [
      { BSC_RPC_URLS: `https://ok.example,bsc.example/${key}` },
      /^[^\n]*BSC_RPC_URLS: must be http or https URLs[^\n]*$/,
    ],
    [{ BSC_RPC_URLS: `wss://b.example/${key}` }, /BSC_RPC_URLS: must be http or https URLs/],
    [{ ETHEREUM_RPC_URLS: `https://me:${key}@a.example` }, /ETHEREUM_RPC_URLS: must not hold a user and a password/],
    [
      { ETHEREUM_RPC_URLS: `https://a.example/${key},https://a.example/${key}` },
      /ETHEREUM_RPC_URLS: names a URL twice/,
    ],
    [{ TRON_API_URL: 'https://api.example' }, /TRON_API_URL is set, but TRON_RPC_URLS is not/],
  ] as const) {
    expect(() => parseConfig(bad)).toThrow(words)
    expect(() => parseConfig(bad)).not.toThrow(key)
  }
})
