import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clientAddress, parseTrustedProxies } from '../../server/client-address'

const PROXIES = parseTrustedProxies('127.0.0.1, ::1, 10.0.0.0/8, 2001:db8:ffff::/48')
const of = (headers: Record<string, string>, peer: string | undefined = '127.0.0.1', proxies = PROXIES) =>
  clientAddress(peer, new Headers(headers), proxies)
const forwardedFor = (text: string, peer?: string) => of({ 'X-Forwarded-For': text }, peer)

test('without trusted proxies, and from whoever is none, the headers say nothing', () => {
  const headers = { 'X-Forwarded-For': '198.51.100.1', Forwarded: 'for=198.51.100.1' }
  expect(of(headers, '127.0.0.1', [])).toBe('127.0.0.1')
  expect(of(headers, '203.0.113.7')).toBe('203.0.113.7')
  expect(clientAddress(undefined, new Headers(headers), PROXIES)).toBeUndefined()
  expect(of({})).toBe('127.0.0.1')
})

test('the client is the first from the right that is no trusted proxy', () => {
  expect(forwardedFor('203.0.113.7')).toBe('203.0.113.7')
  expect(forwardedFor('198.51.100.1, 203.0.113.7, 10.1.2.3')).toBe('203.0.113.7')
  expect(forwardedFor('203.0.113.7', '::ffff:127.0.0.1')).toBe('203.0.113.7')
  expect(forwardedFor('2001:db8::7, 2001:db8:ffff::1', '::1')).toBe('2001:db8::7')
  expect(forwardedFor('10.9.9.9, 10.1.2.3')).toBe('10.9.9.9')
})

test('ports, brackets and the quotes of RFC 7239 are read', () => {
  for (const text of ['203.0.113.7:4711', ' 203.0.113.7 ', '::ffff:203.0.113.7', '[::ffff:203.0.113.7]:80']) {
    expect([text, forwardedFor(text)]).toEqual([text, '203.0.113.7'])
  }
  expect(of({ Forwarded: 'for=198.51.100.1, For="[2001:db8::7]:4711";proto=https;by=10.0.0.1' })).toBe('2001:db8::7')
})

test('what no proxy would write makes the client unknown instead of trusted', () => {
  for (const text of ['', 'unknown', '_hidden', '1', '0x7f000001', '127.1', '203.0.113.7 x', '999.1.1.1', ',']) {
    expect([text, forwardedFor(text)]).toEqual([text, 'unknown'])
  }
  expect(of({ Forwarded: 'proto=https' })).toBe('unknown')
})

test('a proxied request is never that of this machine, which no limit holds', () => {
  for (const own of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '127.8.8.8']) expect(forwardedFor(own)).toBe('unknown')
})

test('a header that the proxy only hands on cannot speak against the one that it writes', () => {
  const written = 'X-Forwarded-For'
  expect(of({ [written]: '203.0.113.7', Forwarded: 'for=198.51.100.1' })).toBe('unknown')
  expect(of({ [written]: '203.0.113.7, 203.0.113.8', Forwarded: 'for=203.0.113.8' })).toBe('203.0.113.8')
})

test('whatever a client sends itself, it stays who the proxy saw', () => {
  const claimed = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('127.0.0.1', '10.0.0.1', '', 'unknown', ',,', '"'))
  fc.assert(
    fc.property(fc.array(claimed), (claims) => {
      expect(forwardedFor([...claims, '203.0.113.7', '10.0.0.9'].join(', '))).toBe('203.0.113.7')
    }),
  )
})
