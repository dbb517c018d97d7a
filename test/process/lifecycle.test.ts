import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { callRest } from '../support/calls'
import { startReceiver } from '../support/receiver'
import { eventually, printedKeys, type ServerProcess } from '../support/server'
import { openRequest } from './open-request'
import { newPlace, start } from './places'

test('the printed curl line creates a product as it stands, and a second start keeps it and prints no key', async (finishing) => {
  const environment = await newPlace(finishing)
  const first = await start(finishing, environment)
  const { test: key } = printedKeys(first)
  const command = /^curl [\s\S]*?'\n/m.exec(first.stdout())?.[0] ?? ''
  const { product } = JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: 'pipe' }))
  expect(product).toMatchObject({ name: 'My first product', price_cents: 1900, status: 'active' })
  expect(await first.end('SIGTERM')).toBe(0)

  const second = await start(finishing, environment)
  expect(second.stdout()).not.toMatch(/sk_live_|sk_test_\w|whsec_/)
  const answer = await fetch(`${second.url}/api/v1/products`, { headers: { Authorization: `Bearer ${key}` } })
  const { products } = (await answer.json()) as { products: { id: string }[] }
  expect(products.map(({ id }) => id)).toEqual([product.id])
})

test('SIGTERM lets a running request finish, refuses new ones and ends with 0', async (finishing) => {
  const server = await start(finishing, await newPlace(finishing))
  const request = await openRequest(server)
  const ended = server.end('SIGTERM')
  await eventually('refusing new connections', () =>
    fetch(`${server.url}/healthz`).then(
      () => undefined,
      () => true,
    ),
  )
  request.finish()
  expect(await request.answer()).toMatch(/^HTTP\/1.1 201 /)
  expect(await ended).toBe(0)
})

test('SIGTERM while a webhook’s receiver hangs ends with 0 within seconds, and whoever runs next sends it at once', async (finishing) => {
  const environment = await newPlace(finishing)
  const receiver = await startReceiver(() => undefined)
  finishing.onTestFinished(receiver.close)
  const first = await start(finishing, environment)
  const key = printedKeys(first).test
  await sellHeard(first, receiver.url)
  await eventually('the hanging send', () => receiver.received[0])
  const started = performance.now()
  expect(await first.end('SIGTERM')).toBe(0)
  expect(performance.now() - started).toBeLessThan(25_000)

  receiver.answer(200)
  const second = await start(finishing, environment)
  // Its lease would have lasted for another twenty seconds.
  await eventually('the delivery again', () => receiver.received[1], 15_000)
  const ids = receiver.received.map(({ headers, body }) => [headers['webhook-id'], body])
  expect(ids[1]).toEqual(ids[0])
  expect(receiver.received[1]?.headers).not.toHaveProperty('x-payhook-test')
  const delivered = await eventually('the note of it', async () => {
    const { body } = await callRest<{ deliveries: { status: string }[] }>(second.url, 'GET', '/v1/webhook_deliveries', {
      key,
    })
    return body.deliveries.find(({ status }) => status === 'succeeded')
  })
  expect(delivered).toMatchObject({ attempts: 1, error: null })
})

/** A paid order whose `sale.completed` goes to `url`. */
async function sellHeard(server: ServerProcess, url: string): Promise<void> {
  const call = (path: string, body: object) =>
    callRest(server.url, 'POST', path, { key: printedKeys(server).test, body })
  await call('/v1/webhooks', { url, events: ['sale.completed'] })
  const { body: product } = await call('/v1/products', { name: 'Kit', price_cents: 1900 })
  const { body: order } = await call('/v1/orders', { product_id: product.id })
  expect(await call(`/v1/orders/${order.id}/pay_test`, {})).toMatchObject({ status: 200, body: { state: 'paid' } })
}
