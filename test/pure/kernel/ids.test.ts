import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  concealLicenseKeys,
  derivedRowId,
  formatRowId,
  formatStoreId,
  hashSecret,
  newApiKey,
  newLicenseKey,
  newOrderNumber,
  newRowId,
  newSessionId,
  newSigningSecret,
  newStoreNumber,
  newTransactionId,
  parseLicenseKey,
  parseRowId,
  parseSessionId,
  parseStoreId,
  storeOfApiKey,
  storeOfRowId,
} from '../../../server/kernel/ids'

const MAX_STORE = 2n ** 40n - 1n
const store = fc.oneof(fc.bigInt({ min: 0n, max: MAX_STORE }), fc.constantFrom(0n, 1n, MAX_STORE))
const UUID_V8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('every kind of id finds the way back to its store', () => {
  fc.assert(
    fc.property(store, fc.boolean(), fc.string(), (number, isTest, seed) => {
      expect(parseStoreId(formatStoreId(number))).toBe(number)
      expect(storeOfRowId(newRowId(number))).toBe(number)
      expect(storeOfRowId(newRowId(number).toUpperCase())).toBe(number)
      expect(storeOfRowId(derivedRowId(number, seed))).toBe(number)
      expect(storeOfApiKey(newApiKey(number, isTest))).toBe(number)
      expect(parseSessionId(newSessionId(number, isTest))).toEqual({ store: number, isTest })
    }),
  )
})

test('a row id and its documented form are each other, and nothing else is one', () => {
  fc.assert(
    fc.property(store, fc.string(), (number, text) => {
      const id = newRowId(number)
      const documented = formatRowId('var', id)
      expect(documented).toMatch(/^var_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
      expect(parseRowId('var', documented)).toBe(id)
      for (const wrong of [
        text,
        `var_${text}`,
        documented.slice(1),
        documented.replace('var', 'cs'),
        `${documented}0`,
      ]) {
        expect(parseRowId('var', wrong)).toBeUndefined()
      }
    }),
  )
  expect(parseRowId('var', `var_${'z'.repeat(26)}`)).toBeUndefined()
})

test('a licence key is read however it was typed, and concealed wherever it stands', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('', ' ', '-', '–', '\n'), { minLength: 24, maxLength: 24 }), (separators) => {
      const key = newLicenseKey()
      const typed = [...key.replaceAll('-', '').toLowerCase().replaceAll('0', 'o').replaceAll('1', 'i')]
      expect(parseLicenseKey(typed.map((char, index) => `${char}${separators[index] ?? ''}`).join(''))).toBe(key)
      expect(parseLicenseKey(key.slice(0, -1))).toBeUndefined()
      expect(parseLicenseKey(`${key}0`)).toBeUndefined()
      expect(parseLicenseKey(key.replace(/\w$/, 'U'))).toBeUndefined()
      expect(concealLicenseKeys(`<b>${key}</b>: ${key}, PP-2603-7K2M9Q`)).toBe(
        '<b>•••••-•••••-•••••-•••••-•••••</b>: •••••-•••••-•••••-•••••-•••••, PP-2603-7K2M9Q',
      )
      const session = newSessionId(1n, true)
      expect(concealLicenseKeys(`https://x.test/checkout/${session}/receipt`)).toBe(
        `https://x.test/checkout/cs_test_${'•'.repeat(session.length - 8)}/receipt`,
      )
    }),
  )
})

test('a row id is a version-8 UUID, derived ones too', () => {
  fc.assert(
    fc.property(store, fc.string(), (number, seed) => {
      expect(newRowId(number)).toMatch(UUID_V8)
      expect(derivedRowId(number, seed)).toMatch(UUID_V8)
      expect(derivedRowId(number, seed)).toBe(derivedRowId(number, seed))
    }),
  )
  expect(derivedRowId(7n, 'sale 1')).not.toBe(derivedRowId(7n, 'sale 2'))
  expect(derivedRowId(7n, 'sale 1')).not.toBe(derivedRowId(8n, 'sale 1'))
})

/** How many bits take both values over many samples: a constant bit is no random one. */
function movingBits(samples: bigint[]): number {
  const all = (1n << 256n) - 1n
  const ones = samples.reduce((seen, sample) => seen | sample, 0n)
  const zeros = samples.reduce((seen, sample) => seen | (all & ~sample), 0n)
  return (ones & zeros).toString(2).replaceAll('0', '').length
}

test('a row id has at least 80 random bits beside its store, and no two are alike', () => {
  const ids = Array.from({ length: 5_000 }, () => newRowId(123_456n))
  expect(new Set(ids).size).toBe(ids.length)
  expect(movingBits(ids.map((id) => BigInt(`0x${id.replaceAll('-', '')}`)))).toBe(82)
})

/** The same for text: characters that vary, at five bits each. */
function movingChars(make: () => string): number {
  const samples = Array.from({ length: 2_000 }, make)
  expect(new Set(samples).size).toBe(samples.length)
  const length = samples[0]?.length ?? 0
  const seen = Array.from({ length }, (_, index) => new Set(samples.map((text) => text[index])).size)
  return seen.filter((characters) => characters === 32).length
}

test('keys have 200 random bits, sessions 130, transactions 120', () => {
  expect(movingChars(() => newApiKey(99n, false)) * 5).toBe(200)
  expect(movingChars(() => newSessionId(99n, true)) * 5).toBe(130)
  expect(movingChars(() => newTransactionId()) * 5).toBe(120)
})

test('ids say their kind and mode and use no character that is misread aloud', () => {
  expect(formatStoreId(1n)).toMatch(/^sto_[0-9a-hjkmnp-tv-z]{8}$/)
  expect(newApiKey(1n, false)).toMatch(/^sk_live_[0-9a-hjkmnp-tv-z]{48}$/)
  expect(newApiKey(1n, true)).toMatch(/^sk_test_[0-9a-hjkmnp-tv-z]{48}$/)
  expect(newSessionId(1n, false)).toMatch(/^cs_live_[0-9a-hjkmnp-tv-z]{34}$/)
  expect(newSessionId(1n, true)).toMatch(/^cs_test_[0-9a-hjkmnp-tv-z]{34}$/)
  expect(newTransactionId()).toMatch(/^txn_[0-9a-hjkmnp-tv-z]{24}$/)
  expect(newOrderNumber(new Date('2026-03-02T09:00:00Z'))).toMatch(/^PP-2603-[0-9A-HJKMNP-TV-Z]{6}$/)
})

test('a text that is no id of ours names no store', () => {
  const parsers = [parseStoreId, storeOfRowId, storeOfApiKey, parseSessionId]
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const parse of parsers) expect(parse(text)).toBeUndefined()
    }),
  )
  const others = [
    '',
    'sto_',
    'sto_0a1b2c3u', // u is not in the alphabet
    'sto_0a1b2c3d4',
    ' sto_0a1b2c3d',
    'sto_0a1b2c3d\n',
    'a1b2c3d4-e5f6-4a1b-8c3d-e4f5a6b7c8d9', // version 4
    'a1b2c3d4-e5f6-8a1b-cc3d-e4f5a6b7c8d9', // wrong variant
    `sk_prod_${'0'.repeat(48)}`,
    `sk_live_${'0'.repeat(47)}`,
    `cs_live_${'0'.repeat(35)}`,
  ]
  for (const text of others) for (const parse of parsers) expect(parse(text)).toBeUndefined()
})

test('store numbers are random, fit 40 bits and are never the platform', () => {
  const numbers = Array.from({ length: 5_000 }, newStoreNumber)
  for (const number of numbers) expect(number > 0n && number <= MAX_STORE).toBe(true)
  expect(movingBits(numbers)).toBe(40)
})

test('a signing secret holds 32 bytes in base64 behind its prefix', () => {
  const secret = newSigningSecret()
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32)
  expect(newSigningSecret()).not.toBe(secret)
})

test('a hashed secret is SHA-256 in hex', () => {
  expect(hashSecret('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
