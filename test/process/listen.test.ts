import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyWebhook } from '../../server/receiver/verify'
import { freePort } from '../support/ports'
import { type Received, type Receiver, startReceiver } from '../support/receiver'
import {
  type Environment,
  emptyPlace,
  eventually,
  failToStart,
  type Place,
  printedKeys,
  runServer,
  type ServerProcess,
  startServer,
} from '../support/server'

let place: Place
let server: ServerProcess
let key: string
let local: Receiver
let endpoint: Receiver
beforeAll(async () => {
  place = await emptyPlace()
  server = await startServer(place.environment)
  key = printedKeys(server).test
  local = await startReceiver()
  endpoint = await startReceiver()
})
afterAll(async () => {
  await Promise.all([local.close(), endpoint.close(), server.end('SIGKILL')])
  place.remove()
})

const call = async (path: string, body: object = {}) => {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }
  const answer = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as { id: string; secret: string }
}

async function sell(): Promise<string> {
  const product = await call('/v1/products', { name: 'Kit', price_cents: 1_900 })
  const order = await call('/v1/orders', { product_id: product.id })
  await call(`/v1/orders/${order.id}/pay_test`)
  return order.id
}

async function startListening(...args: string[]) {
  const run = runServer({ PAYHOOK_URL: server.url, PAYHOOK_API_KEY: key }, ['listen', ...args])
  await eventually('listening', () => (run.stderr().includes('Listening') ? true : undefined))
  return run
}

const saleOf = ({ received }: Receiver): Received | undefined =>
  received.find(({ body }) => body.includes('"sale.completed"'))

test('a sale shows up as a line and at the local URL, as an endpoint is sent it, byte for byte; Ctrl-C ends with 0', async () => {
  const { secret } = await call('/v1/webhooks', { url: endpoint.url, events: ['sale.completed'] })
  const run = await startListening('--forward', `${local.url}/hooks`, '--events', 'sale.completed')
  local.answer(202)
  await sell()
  const line = await eventually('the line', () => /^.* sale\.completed .*$/m.exec(run.stdout())?.[0])
  expect(line).toMatch(/^\d\d:\d\d:\d\d {2}sale\.completed +[\w-]+ {2}19\.00 USD {2}.*\(test\)$/)
  await eventually('the answer', () => run.stdout().includes(`→ 202 from ${local.url}/hooks in `) || undefined)
  const forwarded = saleOf(local)
  const delivered = await eventually('the delivery', () => saleOf(endpoint))
  if (!forwarded) throw new Error('nothing was forwarded')
  const printed = /whsec_\S+/.exec(run.stderr())?.[0] ?? ''
  const event = await verifyWebhook({ ...forwarded, secret: printed })
  expect(event).toEqual(await verifyWebhook({ ...delivered, secret }))
  expect(forwarded.path).toBe('/hooks')
  expect(forwarded.body).toBe(delivered.body)
  expect(forwarded.headers['webhook-id']).toBe(delivered.headers['webhook-id'])
  const own = ({ headers }: Received) =>
    Object.keys(headers).filter((name) => /^(webhook|x-|content-type|user-agent)/.test(name))
  expect(own(forwarded).sort()).toEqual(own(delivered).sort())
  expect(await run.end('SIGINT')).toBe(0)
})

test('--json prints one line of JSON for an event, with what the local server answered, and nothing else', async () => {
  const run = await startListening('--json', '--forward', `http://127.0.0.1:${await freePort()}/`)
  await sell()
  await eventually('a line', () => run.stdout().includes('sale.completed') || undefined)
  expect(await run.end('SIGTERM')).toBe(0)
  const lines = run.stdout().trim().split('\n')
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({
      type: expect.any(String),
      is_test: true,
      forwarded: { status: null, error: 'connection refused', duration_ms: expect.any(Number) },
    })
  }
})

describe('what keeps it from listening is said in one line, with status 1', () => {
  const refused = async (environment: Environment, args: string[], line: RegExp) => {
    const { code, stdout, stderr } = await failToStart(environment, ['listen', ...args])
    expect({ code, stdout, lines: stderr.trim().split('\n').length }, stderr).toEqual({ code: 1, stdout: '', lines: 1 })
    expect(stderr).toMatch(line)
  }
  const good = () => ({ PAYHOOK_URL: server.url, PAYHOOK_API_KEY: key })

  test('without a key', () => refused({ PAYHOOK_URL: server.url }, [], /^listen needs PAYHOOK_API_KEY/))

  test('with a key that nobody knows', () =>
    refused({ ...good(), PAYHOOK_API_KEY: 'sk_test_nobody' }, [], /^PAYHOOK_API_KEY is not a key that works/))

  test('without a server', async () =>
    refused(
      { ...good(), PAYHOOK_URL: `http://127.0.0.1:${await freePort()}` },
      [],
      /^No Payhook server answers at .*PAYHOOK_URL/,
    ))

  test('at a server that is another', () =>
    refused({ ...good(), PAYHOOK_URL: local.url }, [], /^What answers at .* is not a Payhook server.*PAYHOOK_URL/))

  test('with an event or an option that there is none of', async () => {
    await refused(good(), ['--events', 'sale.complete'], /Did you mean sale\.completed/)
    await refused(good(), ['--froward', 'x'], /--froward.*--help/)
  })
})
