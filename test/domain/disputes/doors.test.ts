import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Dispute } from '../../../server/domain/disputes/schema'
import type { Balance } from '../../../server/domain/ledger/schema'
import type { Order } from '../../../server/domain/orders/schema'
import type { OpenedStore } from '../../../server/domain/stores/service'
import { callRest } from '../../support/calls'
import { createWorld, type World } from '../../support/world'

type Refusal = { code: string; field: string | null }

let world: World
let opened: OpenedStore
let order: Order
beforeAll(async () => {
  world = await createWorld()
})
beforeEach(async () => {
  opened = await world.openStore()
  const product = await call<{ id: string }>('POST', '/products', { name: 'Kit', price_cents: 1_900 })
  const made = await call<Order>('POST', '/orders', { product_id: product.body.id })
  order = (await call<{ order: Order }>('POST', `/orders/${made.body.id}/pay_test`, {})).body.order
})
afterAll(() => world.close())

const call = <T = Dispute>(method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  callRest<T>(world.url, method, `/v1${path}`, { key: opened.testKey, body, headers })

const raise = (body: object = {}) => call('POST', `/orders/${order.number}/dispute_test`, body)
const resolve = (id: string, outcome: string) => call('POST', `/disputes/${id}/resolve_test`, { outcome })
const balance = async () => (await call<Balance>('GET', '/balance')).body.balances[0]

test('an agent rehearses a dispute from its beginning to its end', async () => {
  const raised = await raise({ amount_cents: 500, reason: 'product_not_received' })
  expect(raised).toMatchObject({
    status: 201,
    body: {
      ...{ order_id: order.id, status: 'needs_response', amount_cents: 500, taken_cents: 500, currency: 'usd' },
      ...{ reason: 'product_not_received', is_test: true, closed_at: null },
    },
  })
  const { id } = raised.body
  expect(await balance()).toMatchObject({ available_cents: 1_400, pending_cents: 500 })
  const shown = await call<Order>('GET', `/orders/${order.id}`)
  expect(shown.body).toMatchObject({ status: 'completed', dispute_status: 'needs_response', disputed_cents: 500 })
  expect((await call('GET', `/disputes/${id}`)).body).toEqual(raised.body)
  const listed = await call<{ disputes: Dispute[] }>('GET', `/disputes?order_id=${order.number}&status=needs_response`)
  expect(listed.body.disputes).toEqual([raised.body])
  const lost = await resolve(id, 'lost')
  expect(lost).toMatchObject({ status: 200, body: { status: 'lost', taken_cents: 500, due_by: null } })
  expect((await resolve(id, 'lost')).body).toEqual(lost.body)
  expect(await balance()).toMatchObject({ available_cents: 1_400, pending_cents: 0, disputes_cents: 500 })
})

test('a call that is repeated with its idempotency key raises one dispute', async () => {
  const headers = { 'Idempotency-Key': randomUUID() }
  const path = `/orders/${order.id}/dispute_test`
  const answers = [await call('POST', path, {}, headers), await call('POST', path, {}, headers)]
  expect(answers.map(({ body }) => body.id)).toEqual([answers[0]?.body.id, answers[0]?.body.id])
  expect((await call<{ disputes: Dispute[] }>('GET', '/disputes')).body.disputes).toHaveLength(1)
})

test('what can’t be disputed or decided is refused in words, with the field at fault', async () => {
  const refusal = async (answer: Promise<{ status: number; body: unknown }>) => {
    const { status, body } = await answer
    const { code, field } = body as Refusal
    return [status, code, field]
  }
  const unpaid = await call<Order>('POST', '/orders', { product_id: order.product_id })
  expect(await refusal(call('POST', `/orders/${unpaid.body.id}/dispute_test`, {}))).toEqual([
    409,
    'order_not_disputable',
    'id',
  ])
  expect(await refusal(raise({ amount_cents: 1_901 }))).toEqual([409, 'order_not_disputable', 'amount_cents'])
  expect(await refusal(raise({ amount_cents: 0 }))).toEqual([400, 'invalid_request', 'amount_cents'])
  const { id } = (await raise()).body
  expect(await refusal(raise())).toEqual([409, 'order_not_disputable', 'id'])
  expect(await refusal(call('POST', `/orders/${order.id}/refund`, {}))).toEqual([409, 'order_disputed', 'id'])
  expect(await refusal(resolve(id, 'maybe'))).toEqual([400, 'invalid_request', 'outcome'])
  await resolve(id, 'won')
  expect(await refusal(resolve(id, 'lost'))).toEqual([409, 'dispute_closed', 'outcome'])
  for (const unknown of ['x', randomUUID(), order.id]) {
    expect(await refusal(call('GET', `/disputes/${unknown}`))).toEqual([404, 'dispute_not_found', 'id'])
  }
})

test('a live key raises nothing and sees no test dispute; another store sees none either', async () => {
  const { id } = (await raise()).body
  const other = await world.openStore()
  for (const key of [opened.liveKey, other.testKey]) {
    expect(await callRest(world.url, 'GET', `/v1/disputes/${id}`, { key })).toMatchObject({ status: 404 })
    expect((await callRest(world.url, 'GET', '/v1/disputes', { key })).body.disputes).toEqual([])
  }
  const live = await callRest(world.url, 'POST', `/v1/orders/${order.id}/dispute_test`, {
    key: opened.liveKey,
    body: {},
  })
  expect(live).toMatchObject({ status: 400, body: { code: 'invalid_request', field: 'id' } })
})
