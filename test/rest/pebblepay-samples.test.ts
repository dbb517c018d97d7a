import { createRequire } from 'node:module'
import selfsigned from 'selfsigned'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deliverDue } from '../../server/domain/webhooks/deliver'
import { createSender } from '../../server/sender/pinned'
import { createBank } from '../support/bank'
import { CARD_FORM, createBuyer } from '../support/buyer'
import { callRest } from '../support/calls'
import { curl } from '../support/curl'
import { type Received, type Receiver, startReceiver } from '../support/receiver'
import { createWorld, type World } from '../support/world'
import {
  CREATE_COUPON,
  DELETE_COUPON,
  FIRST_CALL,
  GET,
  GET_COUPON,
  HANDLER,
  HOST,
  LIST_COUPONS,
  LISTS,
  PUT_COUPON,
  REFUND,
  TEST_MODE,
  WITH_WEBHOOK,
} from './pebblepay-lines'

/** What document D tells its readers to copy, run as it stands there. */

let world: World
let store: Awaited<ReturnType<World['openStore']>>
let receiver: Receiver
beforeAll(async () => {
  world = await createWorld()
  world.deps.gateways.live = createBank(world.clock)
  store = await world.openStore()
  const alternatives = [{ type: 2 as const, value: 'yoursite.com' }]
  const pems = await selfsigned.generate([{ name: 'commonName', value: 'yoursite.com' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: alternatives }],
  })
  receiver = await startReceiver(200, { key: pems.private, cert: pems.cert })
  const resolve = async () => ['127.0.0.1']
  world.deps.sender = createSender({ allowPrivate: true, resolve, certificateAuthority: pems.cert })
})
afterAll(async () => {
  await receiver.close()
  await world.close()
})

/** The shop that the document has made up is our receiver, on a port of its own. */
const run = (line: string) =>
  curl(line.replaceAll('https://yoursite.com/webhooks', `https://yoursite.com:${receiver.port}/webhooks`), {
    host: HOST,
    base: world.url,
    key: store.liveKey,
  })

test('the curl lines about coupons do what the document says', async () => {
  const made = await run(CREATE_COUPON)
  expect(made).toEqual({
    status: 201,
    body: {
      id: expect.stringMatching(/^coup_/),
      code: 'LUCKY27',
      discount_type: 'percentage',
      discount_value: 27,
      currency: 'USD',
      description: 'Lucky discount - one per customer',
      min_amount: null,
      max_uses: null,
      max_uses_per_customer: 1,
      uses: 0,
      is_active: true,
      expires_at: '2026-12-31T23:59:59.000Z',
      created_at: '2026-03-02T09:00:00.000Z',
      updated_at: '2026-03-02T09:00:00.000Z',
    },
  })
  const named = (line: string) => run(line.replace('coup_a1b2c3d4', String(made.body.id)))
  const total = { total: 1, limit: 50, offset: 0 }
  expect(await run(LIST_COUPONS)).toEqual({ status: 200, body: { coupons: [made.body], ...total } })
  expect(await named(GET_COUPON)).toEqual({ status: 200, body: made.body })
  const changed = { ...made.body, max_uses_per_customer: 2, is_active: false }
  expect(await named(PUT_COUPON)).toEqual({ status: 200, body: changed })
  expect((await run(LIST_COUPONS)).body.total).toBe(0)
  expect((await run(LIST_COUPONS.replace('true', 'false'))).body.coupons).toEqual([changed])
  expect(await named(DELETE_COUPON)).toMatchObject({ status: 200, body: { deleted: true } })
  for (const line of [GET_COUPON, PUT_COUPON, DELETE_COUPON]) {
    expect(await named(line)).toEqual({ status: 404, body: { error: 'Coupon not found' } })
  }
})

/** The coupon that the document's order has. */
const summer = (mode: 'live' | 'test') =>
  callRest(world.url, 'POST', '/api/v1/coupons', {
    key: mode === 'live' ? store.liveKey : store.testKey,
    body: { code: 'summer25', discount_type: 'fixed', discount_value: 5.25 },
  })

test('the curl lines about orders do what the document says', async () => {
  expect(await run(FIRST_CALL)).toMatchObject({
    status: 201,
    body: {
      amount: 29.99,
      product_name: 'Premium License',
      checkout_url: expect.stringContaining('/checkout/cs_live_'),
    },
  })
  const made = await run(TEST_MODE)
  expect(made).toMatchObject({ status: 201, body: { is_test: true } })
  expect(await run(WITH_WEBHOOK)).toMatchObject({ status: 400, body: { error: expect.stringContaining('SUMMER25') } })
  await Promise.all([summer('live'), summer('test')])
  expect(await run(WITH_WEBHOOK)).toMatchObject({
    status: 201,
    body: { amount: 44.74, subtotal: 49.99, discount_amount: 5.25, coupon_code: 'SUMMER25' },
  })
  const { transaction_id, order_id } = made.body as Record<string, string>
  const named = (line: string, id = transaction_id) => run(line.replace('txn_abc123', String(id)))
  await callRest(world.url, 'POST', `/v1/orders/${order_id}/pay_test`, { key: store.testKey, body: {} })
  expect(await named(GET)).toMatchObject({ status: 200, body: { order_id, status: 'completed' } })
  expect((await named(GET, order_id)).body).toEqual((await named(GET)).body)
  const [all, completed, referenced] = await Promise.all(LISTS.map((line) => run(line.replace(/^#.*\n/, ''))))
  expect(all).toMatchObject({ status: 200, body: { total: 3, limit: 50, offset: 0 } })
  expect(completed?.body).toMatchObject({ orders: [{ order_id }], total: 1 })
  expect(referenced?.body).toMatchObject({ orders: [{ order_reference: 'ORD-2024-001', amount: 44.74 }], total: 1 })
  expect(await named(REFUND)).toMatchObject({ status: 200, body: { status: 'refunded', refunded_amount: 29.99 } })
})

type Request = { headers: Record<string, string>; body: Record<string, unknown> }
type Reply = { status(code: number): Reply; send(text: string): void }
type Handler = (request: Request, reply: Reply) => void

/** The document's handler on as much of Express as it uses. */
function handlerOf(secret: string, said: string[]): Handler {
  const handlers: Handler[] = []
  const app = { post: (_path: string, given: Handler) => handlers.push(given) }
  const quiet = {
    error: (...words: unknown[]) => said.push(words.join(' ')),
    log: (...words: unknown[]) => said.push(words.join(' ')),
  }
  const load = new Function('require', 'process', 'app', 'console', HANDLER)
  load(createRequire(import.meta.url), { env: { PEBBLEPAY_WEBHOOK_SECRET: secret } }, app, quiet)
  const [handler] = handlers
  if (!handler) throw new Error('the sample registered nothing')
  return handler
}

test('the webhook handler takes every event of a payment that a buyer makes in the browser, and no other', async () => {
  const said: string[] = []
  const handler = handlerOf(store.store.signingSecret, said)
  const answered: number[] = []
  receiver.answer(({ headers, body }: Received, response) => {
    const reply: Reply = {
      status: (code) => {
        response.statusCode = code
        return reply
      },
      send: (text) => {
        answered.push(response.statusCode)
        response.end(text)
      },
    }
    handler({ headers, body: JSON.parse(body) }, reply)
  })
  const before = receiver.received.length
  const live = (await run(WITH_WEBHOOK)).body
  const rehearsal = (await run(WITH_WEBHOOK.replace('"amount"', '"testMode": true, "amount"'))).body
  for (const payment of [live, rehearsal]) {
    const path = new URL(String(payment.checkout_url)).pathname
    const buyer = createBuyer(world)
    await buyer.submit(path, { number: '4000 0000 0000 0119' })
    const paid = await buyer.submit(path, CARD_FORM)
    expect(paid.status).toBe(303)
  }
  await run(REFUND.replace('txn_abc123', String(rehearsal.transaction_id)))
  while (await deliverDue(world.deps));
  const told = receiver.received.slice(before).map(({ body }) => JSON.parse(body) as Record<string, unknown>)
  const of = ({ transaction_id }: Record<string, unknown>) =>
    told
      .filter((event) => event.transaction_id === transaction_id)
      .map(({ event }) => event)
      .sort()
  expect(of(live)).toEqual(['payment.completed', 'payment.failed'])
  expect(of(rehearsal)).toEqual(['payment.completed', 'payment.failed', 'payment.refunded'])
  expect(told.find(({ event, is_test }) => event === 'payment.completed' && !is_test)).toMatchObject({
    order_id: live.order_id,
    status: 'completed',
    amount: 44.74,
    currency: 'USD',
    order_reference: 'ORD-2024-001',
  })
  expect(new Set(answered)).toEqual(new Set([200]))
  expect(said.filter((line) => line.startsWith('Test payment received'))).toHaveLength(3)
  // Changed on the way: refused.
  const [first] = receiver.received.slice(before)
  await world.deps.sender.send({
    url: `https://yoursite.com:${receiver.port}/webhooks/pebblepay`,
    isTest: false,
    headers: { 'x-webhook-signature': String(first?.headers['x-webhook-signature']) },
    body: String(first?.body).replace('44.74', '0.50'),
    timeoutMs: 5_000,
  })
  expect(answered.at(-1)).toBe(401)
  expect(said.at(-1)).toMatch(/possible attack/)
})
