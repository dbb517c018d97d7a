import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newRowId } from '../../../server/kernel/ids'
import {
  Currency,
  decodeCursor,
  Email,
  encodeCursor,
  HttpUrl,
  RequiredText,
  toInstant,
} from '../../../server/kernel/wire'

const instant = fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true })

describe('cursors', () => {
  test('a position survives the way to a cursor and back', () => {
    fc.assert(
      fc.property(instant, (at) => {
        const position = { at, id: newRowId(5n) }
        const cursor = encodeCursor(position)
        expect(cursor).toMatch(/^[\w-]+$/)
        expect(cursor.length).toBeLessThanOrEqual(200)
        expect(decodeCursor(cursor)).toEqual(position)
      }),
    )
  })

  test('any other text is no position, and none makes decoding throw', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const position = decodeCursor(text)
        // What is decodable by chance names an instant and an id all the same.
        if (position) expect(Number.isNaN(position.at.getTime())).toBe(false)
      }),
    )
    const encode = (text: string) => Buffer.from(text).toString('base64url')
    for (const text of [
      '',
      '_',
      '1',
      '_a',
      'x_a',
      '-1_a',
      '1_',
      '1_a b',
      `1_${'a'.repeat(65)}`,
      '999999999999999999_a',
    ]) {
      expect(decodeCursor(encode(text))).toBeUndefined()
    }
    // Beyond what a Date can hold.
    expect(decodeCursor(encode('999999999999999_a'))).toEqual({ at: new Date(999_999_999_999_999), id: 'a' })
  })
})

test('instants are ISO 8601 in UTC with milliseconds', () => {
  expect(toInstant(new Date('2026-03-01T13:00:00+01:00'))).toBe('2026-03-01T12:00:00.000Z')
})

test('a currency is taken in any case and an unknown one refused in words', () => {
  expect(Currency.parse(' USD ')).toBe('usd')
  const refused = Currency.safeParse('usdt')
  expect(refused.error?.issues[0]?.message).toBe('must be a three-letter ISO 4217 code such as usd, eur or jpy')
})

test('text is trimmed, and empty, long or unstorable text is refused', () => {
  const Name = RequiredText(5)
  expect(Name.parse('  abc ')).toBe('abc')
  for (const text of ['', '   ', 'abcdef', 'a\0b']) expect(Name.safeParse(text).success).toBe(false)
  expect(Name.parse('\u{1f600}')).toBe('\u{1f600}')
})

test('only http and https are links: nothing that a browser would run', () => {
  for (const url of ['https://example.com/thanks?a=1', 'http://localhost:3000']) expect(HttpUrl.parse(url)).toBe(url)
  const refused = ['javascript:alert(1)', 'data:text/html,x', 'ftp://example.com', '//example.com', 'example.com', '']
  for (const url of refused) expect(HttpUrl.safeParse(url).success).toBe(false)
})

test('an address needs a name, an at sign and a domain', () => {
  expect(Email.parse(' buyer@example.com ')).toBe('buyer@example.com')
  for (const text of ['buyer', 'buyer@', '@example.com', 'a@b', `${'a'.repeat(250)}@example.com`]) {
    expect(Email.safeParse(text).success).toBe(false)
  }
})
