import { afterEach, expect, test } from 'vitest'
import { callRest } from '../support/calls'
import { startReceiver } from '../support/receiver'
import { emptyPlace, eventually, printedKeys, type ServerProcess, startServer } from '../support/server'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(environment: Record<string, string>): Promise<ServerProcess> {
  const server = await startServer(environment)
  cleanups.push(() => server.end('SIGKILL'))
  return server
}

async function place(): Promise<Record<string, string>> {
  const { environment, remove } = await emptyPlace()
  cleanups.push(remove)
  return environment
}

test('a process that only works in the background says that it lives, and answers nothing else', async () => {
  const server = await start({ ...(await place()), PAYHOOK_ROLES: 'jobs' })
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

test('what a process with the role api sold is told by one with the role webhooks', async () => {
  const environment = await place()
  const receiver = await startReceiver()
  cleanups.push(receiver.close)
  const api = await start({ ...environment, PAYHOOK_ROLES: 'api' })
  const call = (path: string, body: object) => callRest(api.url, 'POST', path, { key: printedKeys(api).test, body })
  await call('/v1/webhooks', { url: receiver.url, events: ['sale.completed'] })
  const { body: product } = await call('/v1/products', { name: 'Kit', price_cents: 1900 })
  const { body: order } = await call('/v1/orders', { product_id: product.id })
  await call(`/v1/orders/${order.id}/pay_test`, {})
  expect(await api.end()).toBe(0)
  // A send that had begun would have been waited for.
  expect(receiver.received).toHaveLength(0)

  const worker = await start({ ...environment, PAYHOOK_ROLES: 'webhooks' })
  const { body } = await eventually('the delivery', () => receiver.received[0])
  expect(JSON.parse(body)).toMatchObject({ event: 'sale.completed', data: { purchase_id: order.id } })
  expect((await fetch(`${worker.url}/v1/orders`)).status).toBe(503)
})
