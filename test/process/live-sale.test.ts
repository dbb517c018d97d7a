import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import selfsigned from 'selfsigned'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyWebhook } from '../../server/receiver/verify'
import { createBuyer, hiddenFields } from '../support/buyer'
import { newWallet, type Started, startChain } from '../support/live-chain'
import { startPriceServer } from '../support/price-server'
import { type Receiver, startReceiver } from '../support/receiver'
import { emptyPlace, eventually, printedKeys, type ServerProcess, startServer } from '../support/server'

/** What a merchant has: a server that runs by itself, a chain, a receiver behind TLS, and nothing of ours in between. */

const cleanups: (() => unknown)[] = []
const LONG_MS = 120_000
let chain: Started
let receiver: Receiver
let server: ServerProcess
let key: string
let secret: string

beforeAll(async () => {
  chain = await startChain('ethereum', 1)
  await chain.anvil.mine(5)
  const prices = startPriceServer(new Date())
  prices.prices.set('tether', '1')
  const pair = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  })
  const folder = mkdtempSync(join(tmpdir(), 'payhook-authority-'))
  const authority = join(folder, 'authority.pem')
  writeFileSync(authority, pair.cert)
  receiver = await startReceiver(200, { key: pair.private, cert: pair.cert })
  const { environment, remove } = await emptyPlace()
  server = await startServer({
    ...environment,
    NODE_EXTRA_CA_CERTS: authority,
    ETHEREUM_RPC_URLS: chain.nodes.map(({ url }) => url).join(),
    PRICE_API_BASE: prices.url,
    PAYHOOK_LOG_LEVEL: 'warn',
  })
  cleanups.push(
    ...[() => server.end('SIGKILL'), remove, prices.stop, receiver.close, () => rmSync(folder, { recursive: true })],
    ...[...chain.nodes.map(({ stop }) => stop), chain.anvil.stop],
  )
  key = printedKeys(server).live
  const addresses = [newWallet('ethereum'), newWallet('ethereum')].map((address) => ({ address }))
  await call('POST', '/api/v1/addresses', { network: 'ethereum', addresses })
  const url = `https://localhost:${receiver.port}/hooks`
  secret = String((await call('POST', '/v1/webhooks', { url, events: ['sale.completed', 'payment.confirmed'] })).secret)
})
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

async function call(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return JSON.parse(text)
}

/** So much from somebody's wallet, and the blocks that make it certain. */
async function pay(to: string, units: bigint): Promise<string> {
  const hash = await chain.pay('usdt', [to, units])
  await chain.anvil.mine(14)
  return hash
}

test('a sale on the checkout page: the buyer chooses a coin and pays, the chain confirms, and the seller is told', async () => {
  const { product } = (await call('POST', '/api/v1/products', { name: 'Template pack', price_cents: 1_900 })) as {
    product: { id: string; checkout_url: string }
  }
  const { pathname } = new URL(product.checkout_url)
  const buyer = createBuyer(server)
  const page = await (await buyer.get(pathname)).text()
  const form = hiddenFields(page.slice(page.indexOf('data-crypto-form')))
  const chosen = await buyer.post(pathname, {
    ...form,
    ...{ method: 'crypto', email: 'buyer@example.com', pay_in: 'ethereum.usdt' },
  })
  expect(chosen.status).toBe(303)
  const session = chosen.headers.get('location') ?? ''
  const asked = await (await buyer.get(session)).text()
  expect(asked).toContain('19.000000')
  const [payment] = (await call('GET', '/api/v1/payments')).payments as { assigned_address: string }[]
  const to = payment?.assigned_address ?? ''
  expect(asked).toContain(to)

  const txHash = await pay(to, 19_000_000n)
  const receipt = await eventually(
    'the receipt',
    async () => {
      const text = await (await buyer.get(session)).text()
      return text.includes('USDT, Ethereum') ? text : undefined
    },
    LONG_MS,
  )
  expect(receipt).toContain('Template pack')
  const { body, headers } = await eventually(
    'sale.completed at the receiver',
    () => receiver.received.find((request) => request.body.includes('"sale.completed"')),
    LONG_MS,
  )
  const event = await verifyWebhook({ body, headers, secret })
  expect(event).toMatchObject({ event: 'sale.completed', data: { product_id: product.id } })
  expect(JSON.stringify(event)).toContain('buyer@example.com')
  const { payments } = (await call('GET', '/api/v1/payments')) as { payments: object[] }
  expect(payments).toMatchObject([{ status: 'confirmed', tx_hash: txHash, is_test: false }])
}, 300_000)

test('a payment of the API: it is paid, and its confirmation arrives, signed as document B says', async () => {
  const wanted = { amount_usd_cents: 5_000, network: 'ethereum', currency: 'usdt', external_order_id: 'order-123' }
  const payment = await call('POST', '/api/v1/payments/', wanted)
  const tx_hash = await pay(String(payment.assigned_address), 50_000_000n)
  const is = (number: unknown) => receiver.received.find(({ body }) => body.includes(`"payment_id":"${number}"`))
  const told = await eventually('payment.confirmed at the receiver', () => is(payment.payment_number), LONG_MS)
  expect(told.headers).toMatchObject({ 'content-type': 'application/json', 'x-payhook-event': 'payment.confirmed' })
  const [, at, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(told.headers['x-payhook-signature'] ?? '') ?? []
  expect(signature).toBe(createHmac('sha256', secret).update(`${at}.${told.body}`).digest('hex'))
  expect(JSON.parse(told.body)).toMatchObject({
    event: 'payment.confirmed',
    external_order_id: 'order-123',
    amount: '50.000000',
    currency: 'USDT',
    chain: 'Ethereum',
    tx_hash,
  })
  expect(await call('GET', `/api/v1/payments/${payment.payment_number}/`)).toMatchObject({
    status: 'confirmed',
    tx_hash,
    actual_crypto_amount: '50.000000',
  })
}, 300_000)
