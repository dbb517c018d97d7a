import crypto from 'node:crypto'
import { verify as verifyOctokit } from '@octokit/webhooks-methods'
import fc from 'fast-check'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { Webhook as SvixWebhook } from 'svix'
import { describe, expect, test } from 'vitest'
import { CATALOGUE, EVENT_TYPES, type EventType, typesOf } from '../../../server/domain/webhooks/catalogue'
import { bodySchemaOf, signRequest } from '../../../server/domain/webhooks/formats'
import {
  bodySignature,
  payhookSignature,
  standardSignature,
  timestampedSignature,
} from '../../../server/domain/webhooks/signatures'
import { newRowId, newSigningSecret } from '../../../server/kernel/ids'

/** Document A's sample, copied from it. */
function verifySignature(body: string, signature: string, secret: string) {
  const expected = `sha256=${crypto.createHmac('sha256', secret).update(body).digest('hex')}`
  return crypto.timingSafeEqual(Buffer.from(expected), Buffer.from(signature))
}

/** Document B's sample, copied from it. */
function verifyPayhookSignature(rawBody: string, header: string, secret: string, toleranceSec = 300) {
  const parts = Object.fromEntries(header.split(',').map((p) => p.split('=').map((s) => s.trim())))
  if (!parts.t || !parts.v1) return false

  const ts = Number.parseInt(parts.t, 10)
  if (Math.abs(Date.now() / 1000 - ts) > toleranceSec) return false

  const signed = `${ts}.${rawBody}`
  const expected = crypto.createHmac('sha256', secret).update(signed).digest('hex')

  try {
    return crypto.timingSafeEqual(Buffer.from(expected, 'hex'), Buffer.from(parts.v1, 'hex'))
  } catch {
    return false
  }
}

/** Document D's sample, copied from it: it signs what it makes of the parsed body. */
function verifyWebhook(payload: unknown, signature: string, secret: string) {
  const expected = crypto.createHmac('sha256', secret).update(JSON.stringify(payload)).digest('hex')

  return crypto.timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(expected, 'hex'))
}

const stripe = new Stripe('sk_test_unused')
const secret = newSigningSecret()
const older = newSigningSecret()

const eventOf = (type: string, data: Record<string, unknown>) => ({
  id: newRowId(5n),
  type,
  data,
  createdAt: new Date('2026-03-02T09:00:00.000Z'),
})
const sign = (type: string, data: Record<string, unknown>, at = new Date(), ...rest: string[]) =>
  signRequest(eventOf(type, data), { secrets: [secret, ...rest], deliveryNumber: 4_711, at })
const headerOf = (headers: Record<string, string>, name: string) => {
  const value = headers[name]
  if (value === undefined) throw new Error(`there is no ${name}`)
  return value
}

const verified = (body: string, headers: Record<string, string>, key = secret): true => {
  new StandardWebhook(key).verify(body, headers)
  new SvixWebhook(key).verify(body, headers)
  return true
}

test('the vectors of the docstrings hold', () => {
  const known = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='
  const body = '{"event":"sale.completed"}'
  expect(payhookSignature(body, known)).toBe('sha256=1dd25d75f4770521c63f1bae888b23f2101550a920552d30996c3ae216e41321')
  expect(standardSignature('evt_1', '1772442000', body, [known])).toBe(
    'v1,cwBslPFZ1hsLKtC5YqmHFJHRMc5vU3PuNgqS92xkUGY=',
  )
  expect(timestampedSignature('1772442000', '{"event":"payment.confirmed"}', [known])).toBe(
    't=1772442000,v1=7eba1218ec61b4ca1ae7457f331925b1261c4f5dbb268746131e396bfaf67324',
  )
  expect(bodySignature('{"event":"payment.completed"}', known)).toBe(
    '7724fde9a84bf99e6d1b1931ebee9a102cf50fad1bcf093cc6b02f5e8440fc14',
  )
})

describe('sale.* (document A)', () => {
  test('is the document’s body field for field, and its data keeps its order', () => {
    const { body, headers } = sign('sale.completed', { z: 1, a: 'ü' }, new Date('2026-03-02T09:00:05.900Z'))
    expect(body).toBe('{"event":"sale.completed","created_at":"2026-03-02T09:00:00.000Z","data":{"z":1,"a":"ü"}}')
    expect(headers).toMatchObject({
      'Content-Type': 'application/json',
      'User-Agent': 'Payhook/1',
      'webhook-timestamp': '1772442005',
    })
    expect(headers['webhook-id']).toMatch(/^evt_/)
  })

  test('every body passes the document’s sample and octokit; during a rotation the newest secret signs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (data) => {
        const { body, headers } = sign('sale.completed', data, new Date(), older)
        const documented = headerOf(headers, 'X-Payhook-Signature')
        expect(verifySignature(body, documented, secret)).toBe(true)
        expect(await verifyOctokit(secret, body, documented)).toBe(true)
        expect(await verifyOctokit(older, body, documented)).toBe(false)
        expect(await verifyOctokit(secret, `${body} `, documented)).toBe(false)
      }),
      { numRuns: 100 },
    )
  })
})

describe('crypto payment.* (document B)', () => {
  test('has the flat body of the document and its four headers', () => {
    const { body, headers } = sign('payment.confirmed', CATALOGUE['payment.confirmed'].sample)
    expect(Object.keys(JSON.parse(body)).slice(0, 8)).toEqual([
      'event',
      'payment_id',
      'external_order_id',
      'amount',
      'currency',
      'chain',
      'tx_hash',
      'confirmed_at',
    ])
    expect(JSON.parse(body)).toMatchObject({ amount: '50.000000', currency: 'USDT', chain: 'BNB Smart Chain' })
    expect(headers).toMatchObject({
      'Content-Type': 'application/json',
      'X-PayHook-Event': 'payment.confirmed',
      'X-PayHook-Delivery-Id': '4711',
      'X-PayHook-Signature': expect.stringMatching(/^t=\d{10},v1=[0-9a-f]{64}$/),
    })
  })

  test('every body passes the document’s sample and Stripe’s own verifier, with each secret of a rotation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (data) => {
        const { body, headers } = sign('payment.expired', data, new Date(), older)
        const documented = headerOf(headers, 'X-PayHook-Signature')
        expect(verifyPayhookSignature(body, documented, secret)).toBe(true)
        for (const valid of [secret, older]) {
          expect(await stripe.webhooks.constructEventAsync(body, documented, valid)).toEqual(JSON.parse(body))
        }
        await expect(stripe.webhooks.constructEventAsync(`${body} `, documented, secret)).rejects.toThrow(/signature/)
        await expect(stripe.webhooks.constructEventAsync(body, documented, newSigningSecret())).rejects.toThrow(
          /signature/,
        )
      }),
      { numRuns: 100 },
    )
  })

  test('a signature of ten minutes ago is refused by both', async () => {
    const old = sign('payment.confirmed', {}, new Date(Date.now() - 600_000))
    const documented = headerOf(old.headers, 'X-PayHook-Signature')
    expect(verifyPayhookSignature(old.body, documented, secret)).toBe(false)
    await expect(stripe.webhooks.constructEventAsync(old.body, documented, secret)).rejects.toThrow(/tolerance/)
  })
})

describe('card payment.* (document D)', () => {
  test('is the document’s body field for field, with JSON numbers', () => {
    const { body, headers } = sign('payment.completed', CATALOGUE['payment.completed'].sample)
    expect(body).toBe(
      '{"event":"payment.completed","transaction_id":"txn_0f1e2d3c4b5a69788796a5b4","order_id":"PP-2603-7K2M9Q",' +
        '"status":"completed","amount":49.99,"fee_amount":2.5,"net_amount":47.49,"currency":"USD",' +
        '"customer_email":"john@example.com","customer_name":"John Doe","product_name":"Premium Subscription",' +
        '"order_reference":"ORD-2024-001","metadata":{"plan":"premium","user_id":"123"},"is_test":false,' +
        '"timestamp":"2026-03-02T09:00:00.000Z"}',
    )
    expect(headers['X-Webhook-Id']).toBe('txn_0f1e2d3c4b5a69788796a5b4')
  })

  test('every body passes the document’s sample, which parses it first, and a verifier of the raw bytes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (data, metadata) => {
        const { body, headers } = sign('payment.refunded', { ...data, metadata }, new Date(), older)
        const documented = headerOf(headers, 'X-Webhook-Signature')
        expect(verifyWebhook(JSON.parse(body), documented, secret)).toBe(true)
        expect(documented).toBe(crypto.createHmac('sha256', secret).update(Buffer.from(body)).digest('hex'))
        expect(verifyWebhook(JSON.parse(body), documented, older)).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})

describe.each(EVENT_TYPES)('%s', (type: EventType) => {
  const { data, sample } = CATALOGUE[type]

  test('its sample is what its schema says, and what is sent is what the published schema says', () => {
    expect(data.parse(sample)).toEqual(sample)
    const { body } = sign(type, sample)
    expect(bodySchemaOf(type).strict().parse(JSON.parse(body))).toEqual(JSON.parse(body))
    expect(JSON.parse(body).event).toBe(type)
  })

  test('passes standardwebhooks and svix with each secret of a rotation, and nothing forged does', () => {
    const { body, headers } = sign(type, sample, new Date(), older)
    for (const valid of [secret, older]) expect(verified(body, headers, valid)).toBe(true)
    expect(() => verified(body, headers, newSigningSecret())).toThrow()
    expect(() => verified(`${body} `, headers)).toThrow()
    expect(() => verified(body, { ...headers, 'webhook-id': 'evt_other' })).toThrow()
  })

  test('its bytes survive being parsed and written again', () => {
    const { body } = sign(type, sample)
    expect(JSON.stringify(JSON.parse(body))).toBe(body)
  })
})

test('each family has the signature headers of its document and no other’s', () => {
  const own: Record<string, string[]> = {
    sale: ['X-Payhook-Signature'],
    card_payment: ['X-Webhook-Id', 'X-Webhook-Signature'],
    crypto_payment: ['X-PayHook-Delivery-Id', 'X-PayHook-Event', 'X-PayHook-Signature'],
    order: [],
    checkout: [],
    webhook: [],
  }
  for (const [family, names] of Object.entries(own)) {
    const types = EVENT_TYPES.filter((type) => CATALOGUE[type].family === family)
    expect(types.length).toBeGreaterThan(0)
    for (const type of types) {
      const { headers } = sign(type, CATALOGUE[type].sample)
      expect(
        Object.keys(headers)
          .filter((name) => name.startsWith('X-'))
          .sort(),
      ).toEqual(names)
    }
  }
  expect(typesOf('card_payment').map((type) => type.split('.')[1])).toEqual([
    'completed',
    'failed',
    'refunded',
    'disputed',
  ])
})
