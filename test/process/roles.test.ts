import { expect, test } from 'vitest'
import { callRest } from '../support/calls'
import { startReceiver } from '../support/receiver'
import { eventually, printedKeys } from '../support/server'
import { newPlace, start } from './places'

test('a process that only works in the background says that it lives, and answers nothing else', async (finishing) => {
  const server = await start(finishing, { ...(await newPlace(finishing)), PAYHOOK_ROLES: 'jobs' })
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    expect([path, (await fetch(server.url + path)).status]).toEqual([path, 200])
  }
  const key = printedKeys(server).test
  for (const path of [
    '/api/v1/products',
    '/v1/orders',
    '/trpc/products.list',
    '/mcp',
    '/checkout/x',
    '/openapi.json',
  ]) {
    const answer = await fetch(server.url + path, { headers: { Authorization: `Bearer ${key}` } })
    expect([path, answer.status]).toEqual([path, 503])
    expect(await answer.text()).toContain('background work only')
  }
})

test('what a process with the role api sold is told by one with the role webhooks', async (finishing) => {
  const environment = await newPlace(finishing)
  const receiver = await startReceiver()
  finishing.onTestFinished(receiver.close)
  const api = await start(finishing, { ...environment, PAYHOOK_ROLES: 'api' })
  const call = (path: string, body: object) => callRest(api.url, 'POST', path, { key: printedKeys(api).test, body })
  await call('/v1/webhooks', { url: receiver.url, events: ['sale.completed'] })
  const { body: product } = await call('/v1/products', { name: 'Kit', price_cents: 1900 })
  const { body: order } = await call('/v1/orders', { product_id: product.id })
  await call(`/v1/orders/${order.id}/pay_test`, {})
  expect(await api.end()).toBe(0)
  // A send that had begun would have been waited for.
  expect(receiver.received).toHaveLength(0)

  const worker = await start(finishing, { ...environment, PAYHOOK_ROLES: 'webhooks' })
  const { body } = await eventually('the delivery', () => receiver.received[0])
  expect(JSON.parse(body)).toMatchObject({ event: 'sale.completed', data: { purchase_id: order.id } })
  expect((await fetch(`${worker.url}/v1/orders`)).status).toBe(503)
})
