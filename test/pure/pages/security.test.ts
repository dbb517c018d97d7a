import { expect, test } from 'vitest'
import { isSameOrigin } from '../../../server/pages/same-origin'
import { pageHeaders } from '../../../server/pages/security'

const PUBLIC_URL = 'https://pay.example.com'
const accepts = (headers: Record<string, string>) => isSameOrigin(new Headers(headers), PUBLIC_URL)

test('a form of our own page is accepted, behind a proxy too', () => {
  expect(accepts({ 'sec-fetch-site': 'same-origin', origin: PUBLIC_URL })).toBe(true)
  expect(accepts({ origin: PUBLIC_URL, host: '10.0.0.7:3000' })).toBe(true)
  expect(accepts({ origin: 'http://shop.local:3000', host: 'shop.local:3000' })).toBe(true)
})

test('a form of any other page is refused', () => {
  expect(accepts({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })).toBe(false)
  expect(accepts({ 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' })).toBe(false)
  expect(accepts({ origin: 'https://evil.example', host: 'pay.example.com' })).toBe(false)
  expect(accepts({ origin: 'null', host: 'pay.example.com' })).toBe(false)
  expect(accepts({ host: 'pay.example.com' })).toBe(false)
})

test('the policy allows our own script and style and nothing else', () => {
  const policy = pageHeaders('abc')['Content-Security-Policy']
  expect(policy).toBe(
    "default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  )
})

test("a seller's URLs can add their origin to the policy, but no directive", () => {
  const policy = pageHeaders('abc', {
    successUrl: "https://shop.example/thanks;script-src 'unsafe-inline'",
    logoUrl: 'javascript:alert(1)',
  })['Content-Security-Policy']
  expect(policy).toContain("form-action 'self' https://shop.example;")
  expect(policy).toContain('img-src data:;')
  expect(policy).not.toContain('unsafe-inline')
})

test('only a page that is made for frames may be framed, by a shop or by a file', () => {
  const closed = pageHeaders('abc')
  expect(closed['X-Frame-Options']).toBe('DENY')
  const open = pageHeaders('abc', {}, true)
  expect(open['Content-Security-Policy']).toContain('; frame-ancestors * file:;')
  expect(open['X-Frame-Options']).toBeUndefined()
})
