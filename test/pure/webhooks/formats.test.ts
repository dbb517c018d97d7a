import crypto from 'node:crypto'
import { verify as verifyOctokit } from '@octokit/webhooks-methods'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { signRequest } from '../../../server/domain/webhooks/formats'
import { payhookSignature, standardSignature } from '../../../server/domain/webhooks/signatures'
import { newRowId, newSigningSecret } from '../../../server/kernel/ids'

/** Document A's sample, copied from it. */
function verifySignature(body: string, signature: string, secret: string) {
  const expected = `sha256=${crypto.createHmac('sha256', secret).update(body).digest('hex')}`
  return crypto.timingSafeEqual(Buffer.from(expected), Buffer.from(signature))
}

const secret = newSigningSecret()
const sale = (data: Record<string, unknown>) => ({
  id: newRowId(5n),
  type: 'sale.completed',
  data,
  createdAt: new Date('2026-03-02T09:00:00.000Z'),
})

test('the vectors of the docstrings hold', () => {
  const known = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='
  const body = '{"event":"sale.completed"}'
  expect(payhookSignature(body, known)).toBe('sha256=1dd25d75f4770521c63f1bae888b23f2101550a920552d30996c3ae216e41321')
  expect(standardSignature('evt_1', '1772442000', body, known)).toBe('v1,cwBslPFZ1hsLKtC5YqmHFJHRMc5vU3PuNgqS92xkUGY=')
})

test('a sale is documented field for field, and its data keeps its order', () => {
  const { body, headers } = signRequest(sale({ z: 1, a: 'ü' }), [secret], new Date('2026-03-02T09:00:05.900Z'))
  expect(body).toBe('{"event":"sale.completed","created_at":"2026-03-02T09:00:00.000Z","data":{"z":1,"a":"ü"}}')
  expect(headers).toMatchObject({
    'Content-Type': 'application/json',
    'User-Agent': 'Payhook/1',
    'webhook-timestamp': '1772442005',
  })
  expect(headers['webhook-id']).toMatch(/^evt_/)
})

test('every body passes the sample of the document, octokit and standardwebhooks, and JSON round trips keep its bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (data) => {
      const { body, headers } = signRequest(sale(data), [secret], new Date())
      const documented = headers['X-Payhook-Signature'] ?? ''
      expect(JSON.stringify(JSON.parse(body))).toBe(body)
      expect(verifySignature(body, documented, secret)).toBe(true)
      expect(await verifyOctokit(secret, body, documented)).toBe(true)
      expect(() => new Webhook(secret).verify(body, headers)).not.toThrow()
      expect(() => new Webhook(newSigningSecret()).verify(body, headers)).toThrow()
      expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow()
    }),
    { numRuns: 200 },
  )
})
