import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { expect, test } from 'vitest'
import {
  bodySignature,
  payhookSignature,
  standardSignature,
  timestampedSignature,
} from '../../../server/domain/webhooks/signatures'
import { newSigningSecret } from '../../../server/kernel/ids'
import { type VerifyWebhookOptions, verifyWebhook, type WebhookVerificationCode } from '../../../server/receiver/verify'

const secret = newSigningSecret()
const now = new Date('2026-03-02T09:00:00.000Z')
const seconds = now.getTime() / 1_000

/** The headers of each format, made for a body at a time with a secret. */
type Sign = (body: string, key: string, at: number) => Record<string, string>
const FORMATS: Record<string, Sign> = {
  'Standard Webhooks': (body, key, at) => ({
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(at),
    'webhook-signature': standardSignature('evt_1', String(at), body, [key]),
  }),
  'document A': (body, key) => ({ 'X-Payhook-Signature': payhookSignature(body, key) }),
  'document B': (body, key, at) => ({ 'X-PayHook-Signature': timestampedSignature(String(at), body, [key]) }),
  'document D': (body, key) => ({ 'X-Webhook-Signature': bodySignature(body, key) }),
}
const TIMED = ['Standard Webhooks', 'document B']
const each = Object.entries(FORMATS)

const bodies = fc
  .tuple(fc.string(), fc.dictionary(fc.string(), fc.jsonValue()))
  .map(([event, data]) => JSON.stringify({ event, data }))

/** Any format, which whoever verifies has to ask for. */
const verify = (options: VerifyWebhookOptions) => verifyWebhook({ standardOnly: false, ...options })

const refusal = (options: VerifyWebhookOptions) =>
  verify({ now, ...options }).then(
    () => 'accepted' as const,
    (error: { name: string; code: WebhookVerificationCode }) => {
      if (error.name !== 'WebhookVerificationError') throw error
      return error.code
    },
  )

test.each(each)('whatever was signed in the format of %s is verified, as text and as bytes', async (_, sign) => {
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const headers = sign(body, secret, seconds)
      expect(await verify({ body, headers, secret, now })).toEqual(JSON.parse(body))
      const bytes = Buffer.from(body)
      expect(await verify({ body: bytes, headers: new Headers(headers), secret, now })).toEqual(JSON.parse(body))
    }),
  )
})

test.each(each)('any flipped bit of the body or of a header of %s is refused', async (_, sign) => {
  const flip = (bytes: Uint8Array, bit: number) =>
    bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
  await fc.assert(
    fc.asyncProperty(bodies, fc.nat(), async (body, random) => {
      const bytes = Buffer.from(body)
      const headers = sign(body, secret, seconds)
      const flippedBody = flip(bytes, random % (bytes.length * 8))
      expect(await refusal({ body: flippedBody, headers, secret })).toBe('signature_mismatch')
      for (const [name, value] of Object.entries(headers)) {
        const changed = Buffer.from(flip(Buffer.from(value), random % (value.length * 8))).toString('latin1')
        expect(await refusal({ body, headers: { ...headers, [name]: changed }, secret })).not.toBe('accepted')
      }
    }),
  )
})

test('every single bit of every header counts', async () => {
  const body = '{"event":"sale.completed"}'
  for (const [, sign] of each) {
    for (const [name, value] of Object.entries(sign(body, secret, seconds))) {
      for (let bit = 0; bit < value.length * 8; bit++) {
        const bytes = Buffer.from(value)
        bytes[bit >> 3] = Number(bytes[bit >> 3]) ^ (1 << (bit & 7))
        const headers = { ...sign(body, secret, seconds), [name]: bytes.toString('latin1') }
        expect([name, bit, await refusal({ body, headers, secret })]).not.toContain('accepted')
      }
    }
  }
})

test('a signature has one spelling, though base64 has four for its last letter', async () => {
  const body = '{"event":"sale.completed"}'
  const headers = FORMATS['Standard Webhooks']?.(body, secret, seconds) ?? {}
  const signature = headers['webhook-signature'] ?? ''
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const spellings = [...letters].map((letter) => `${signature.slice(0, -2)}${letter}=`)
  const accepted: string[] = []
  for (const spelling of [...spellings, signature.slice(0, -1), `${signature}=`]) {
    const changed = { ...headers, 'webhook-signature': spelling }
    if ((await refusal({ body, headers: changed, secret })) === 'accepted') accepted.push(spelling)
  }
  expect(accepted).toEqual([signature])
})

test.each(TIMED)(
  'a request of %s is taken within the tolerance, and refused outside of it in both directions',
  async (name) => {
    const body = '{"event":"sale.completed"}'
    const at = (offset: number) => FORMATS[name]?.(body, secret, seconds + offset) ?? {}
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -4_000, max: 4_000 }), fc.nat(2_000), async (offset, toleranceSeconds) => {
        const expected = offset < -toleranceSeconds ? 'timestamp_too_old' : 'timestamp_too_new'
        expect(await refusal({ body, headers: at(offset), secret, toleranceSeconds })).toBe(
          Math.abs(offset) <= toleranceSeconds ? 'accepted' : expected,
        )
      }),
    )
    expect(await refusal({ body, headers: at(-300), secret })).toBe('accepted')
    expect(await refusal({ body, headers: at(-301), secret })).toBe('timestamp_too_old')
    expect(await refusal({ body, headers: at(301), secret })).toBe('timestamp_too_new')
    expect(await refusal({ body, headers: at(0), secret, toleranceSeconds: Number.NaN })).not.toBe('accepted')
  },
)

test('without a time of its own the present is this machine’s', async () => {
  const body = '{"event":"sale.completed"}'
  const present = Math.floor(Date.now() / 1_000)
  for (const name of TIMED) {
    const sign = FORMATS[name] ?? (() => ({}))
    await expect(verify({ body, headers: sign(body, secret, present), secret })).resolves.toBeDefined()
    await expect(verify({ body, headers: sign(body, secret, present - 400), secret })).rejects.toMatchObject({
      code: 'timestamp_too_old',
    })
  }
})

test.each(each)('of several secrets one has to fit, in the format of %s', async (_, sign) => {
  const body = '{"event":"sale.completed"}'
  const [old, other] = [newSigningSecret(), newSigningSecret()]
  const headers = sign(body, old, seconds)
  expect(await refusal({ body, headers, secret: [secret, old] })).toBe('accepted')
  expect(await refusal({ body, headers, secret: [old, secret] })).toBe('accepted')
  expect(await refusal({ body, headers, secret: [secret, other] })).toBe('signature_mismatch')
  expect(await refusal({ body, headers, secret })).toBe('signature_mismatch')
})

test('of several signatures one has to fit, and those of other versions do not count', async () => {
  const body = '{"event":"sale.completed"}'
  const old = newSigningSecret()
  const sign = (name: string, key: string) => Object.values(FORMATS[name]?.(body, key, seconds) ?? {}).at(-1) ?? ''
  const fresh = sign('Standard Webhooks', secret)
  const standard = (signature: string) =>
    refusal({
      body,
      secret,
      headers: { 'webhook-id': 'evt_1', 'webhook-timestamp': String(seconds), 'webhook-signature': signature },
    })
  expect(await standard(`${sign('Standard Webhooks', old)} ${fresh}`)).toBe('accepted')
  expect(await standard(`v1a,abc v2,x v1,short ${fresh}`)).toBe('accepted')
  expect(await standard(fresh.replace('v1,', 'v2,'))).toBe('malformed_signature')
  expect(await standard(`${`${sign('Standard Webhooks', old)} `.repeat(500)}${fresh}`)).toBe('signature_mismatch')
  const timestamped = `${sign('document B', old)},v1=${sign('document B', secret).split('v1=')[1]}`
  expect(await refusal({ body, secret, headers: { 'x-payhook-signature': timestamped } })).toBe('accepted')
})

test('a forger cannot choose a weaker format; the older ones are taken only where they are asked for', async () => {
  const body = '{"event":"sale.completed"}'
  const weak = FORMATS['document A']?.(body, secret, seconds) ?? {}
  const strong = FORMATS['Standard Webhooks']?.(body, secret, seconds) ?? {}
  expect(await refusal({ body, headers: { ...weak, ...strong, 'webhook-timestamp': '1' }, secret })).toBe(
    'signature_mismatch',
  )
  expect(await refusal({ body, headers: { ...weak, 'webhook-signature': '' }, secret })).toBe('malformed_signature')
  for (const [name, sign] of each) {
    const headers = sign(body, secret, seconds)
    const expected = name === 'Standard Webhooks' ? 'accepted' : 'missing_signature'
    const byDefault = verifyWebhook({ body, headers, secret, now }).then(
      () => 'accepted',
      ({ code }) => code,
    )
    expect(await byDefault).toBe(expected)
    expect(await refusal({ body, headers, secret, standardOnly: false })).toBe('accepted')
  }
})

test('what standardwebhooks and stripe accept is accepted, and what they refuse for its signature is refused', async () => {
  const present = new Date()
  const stripe = new Stripe('sk_test_unused')
  const library = new Webhook(secret)
  await fc.assert(
    fc.asyncProperty(bodies, fc.stringMatching(/^[\w.-]{1,40}$/), async (body, id) => {
      const headers = {
        'Webhook-Id': id,
        'Webhook-Timestamp': String(Math.floor(present.getTime() / 1_000)),
        'Webhook-Signature': library.sign(id, present, body),
      }
      expect(() => library.verify(body, headers)).not.toThrow()
      expect(await refusal({ body, headers, secret, now: present })).toBe('accepted')
      const timestamped = await stripe.webhooks.generateTestHeaderStringAsync({ payload: body, secret })
      const ours = { body, headers: { 'X-Payhook-Signature': timestamped }, secret }
      await expect(stripe.webhooks.constructEventAsync(body, timestamped, secret)).resolves.toBeDefined()
      expect(await refusal({ ...ours, now: undefined })).toBe('accepted')
      await expect(stripe.webhooks.constructEventAsync(`${body} `, timestamped, secret)).rejects.toThrow()
      expect(await refusal({ ...ours, now: undefined, body: `${body} ` })).toBe('signature_mismatch')
    }),
    { numRuns: 50 },
  )
})

test('headers are found in any case and in the forms of node:http and fetch', async () => {
  const body = '{"event":"sale.completed"}'
  const headers = FORMATS['Standard Webhooks']?.(body, secret, seconds) ?? {}
  const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]))
  const lists = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
  const buffer = new TextEncoder().encode(body).buffer
  for (const form of [headers, upper, lists, new Headers(headers)])
    expect(await refusal({ body: buffer, headers: form, secret })).toBe('accepted')
  const twice = { ...headers, 'webhook-id': ['evt_1', 'evt_1'] }
  expect(await refusal({ body, headers: twice, secret })).toBe('signature_mismatch')
})

test('a mistake in setting it up is named', async () => {
  const body = '{"event":"sale.completed"}'
  const headers = FORMATS['Standard Webhooks']?.(body, secret, seconds) ?? {}
  const named = async (change: object) => {
    const options: VerifyWebhookOptions = { body, headers, secret, now }
    const error: unknown = await verify(Object.assign(options, change)).catch((thrown) => thrown)
    return error instanceof Error && 'code' in error ? `${error.code}: ${error.message}` : 'accepted'
  }
  expect(await named({ secret: '' })).toMatch(/^invalid_secret: .*is missing/)
  expect(await named({ secret: undefined })).toMatch(/^invalid_secret: .*is missing/)
  expect(await named({ secret: [] })).toMatch(/^invalid_secret: .*is missing/)
  expect(await named({ secret: [secret, undefined] })).toMatch(/^invalid_secret: .*is missing/)
  expect(await named({ secret: `${secret}\n` })).toMatch(/^invalid_secret: .*white space/)
  expect(await named({ secret: 'whsec_not*base64' })).toMatch(/^invalid_secret: .*base64/)
  expect(await named({ body: JSON.parse(body) })).toMatch(/^invalid_body: .*express\.raw/)
  expect(await named({ headers: {} })).toMatch(/^missing_signature: /)
  expect(await named({ headers: { 'webhook-signature': 'v1,x' } })).toMatch(/^malformed_signature: .*webhook-id/)
  expect(await named({ headers: { 'X-Payhook-Signature': 'v1=00' } })).toMatch(/^malformed_signature: .*t=/)
  expect(await named({ headers: { 'X-Webhook-Signature': 'x' } })).toMatch(/^malformed_signature: /)
  const signed = (text: string) => ({ body: text, headers: FORMATS['Standard Webhooks']?.(text, secret, seconds) })
  for (const text of ['', 'hello', 'null', '[]', '{}']) expect(await named(signed(text))).toMatch(/^invalid_body: /)
})
