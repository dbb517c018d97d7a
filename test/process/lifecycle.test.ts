import { execFileSync } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { callRest } from '../support/calls'
import { startReceiver } from '../support/receiver'
import { emptyPlace, eventually, type Place, printedKeys, type ServerProcess, startServer } from '../support/server'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function place(): Promise<Place> {
  const made = await emptyPlace()
  cleanups.push(made.remove)
  return made
}

async function start(environment: Record<string, string>): Promise<ServerProcess> {
  const server = await startServer(environment)
  cleanups.push(() => server.end('SIGKILL'))
  return server
}

test('the printed curl line creates a product as it stands, and a second start keeps it and prints no key', async () => {
  const { environment } = await place()
  const first = await start(environment)
  const { test: key } = printedKeys(first)
  const command = /^curl [\s\S]*?'\n/m.exec(first.stdout())?.[0] ?? ''
  const { product } = JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: 'pipe' }))
  expect(product).toMatchObject({ name: 'My first product', price_cents: 1900, status: 'active' })
  expect(await first.end('SIGTERM')).toBe(0)

  const second = await start(environment)
  expect(second.stdout()).not.toMatch(/sk_live_|sk_test_\w|whsec_/)
  const answer = await fetch(`${second.url}/api/v1/products`, { headers: { Authorization: `Bearer ${key}` } })
  const { products } = (await answer.json()) as { products: { id: string }[] }
  expect(products.map(({ id }) => id)).toEqual([product.id])
})

test('SIGTERM lets a running request finish, refuses new ones and ends with 0', async () => {
  const server = await start((await place()).environment)
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

test('Ctrl-C under npm, which arrives twice at once, still ends in order', async () => {
  const server = await start((await place()).environment)
  const request = await openRequest(server)
  server.child.kill('SIGINT')
  const ended = server.end('SIGINT')
  request.finish()
  expect(await request.answer()).toMatch(/^HTTP\/1.1 201 /)
  expect(await ended).toBe(0)
})

test('a request that never ends holds the process for less than ten seconds', async () => {
  const server = await start((await place()).environment)
  const request = await openRequest(server)
  const started = performance.now()
  expect(await server.end('SIGTERM')).toBe(0)
  expect(performance.now() - started).toBeLessThan(10_000)
  request.socket.destroy()
})

test('SIGTERM while a webhook’s receiver hangs ends with 0 in ten seconds, and whoever runs next sends it at once', async () => {
  const { environment } = await place()
  const receiver = await startReceiver(() => undefined)
  cleanups.push(receiver.close)
  const first = await start(environment)
  const key = printedKeys(first).test
  await sellHeard(first, receiver.url)
  await eventually('the hanging send', () => receiver.received[0])
  const started = performance.now()
  expect(await first.end('SIGTERM')).toBe(0)
  expect(performance.now() - started).toBeLessThan(10_000)

  receiver.answer(200)
  const second = await start(environment)
  // Its lease would have lasted for another twenty seconds.
  await eventually('the delivery again', () => receiver.received[1], 10_000)
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
}, 60_000)

/** A paid order whose `sale.completed` goes to `url`. */
async function sellHeard(server: ServerProcess, url: string): Promise<void> {
  const call = (path: string, body: object) =>
    callRest(server.url, 'POST', path, { key: printedKeys(server).test, body })
  await call('/v1/webhooks', { url, events: ['sale.completed'] })
  const { body: product } = await call('/v1/products', { name: 'Kit', price_cents: 1900 })
  const { body: order } = await call('/v1/orders', { product_id: product.id })
  expect(await call(`/v1/orders/${order.id}/pay_test`, {})).toMatchObject({ status: 200, body: { state: 'paid' } })
}

test('a second signal, later, ends the process at once', async () => {
  const server = await start((await place()).environment)
  const request = await openRequest(server)
  server.child.kill('SIGTERM')
  const started = performance.now()
  const code = await eventually('the end', () => {
    // Nothing is said of when the second comes; it is repeated until it is late enough to be one of its own.
    server.child.kill('SIGTERM')
    return server.child.exitCode ?? undefined
  })
  expect(code).toBe(130)
  expect(performance.now() - started).toBeLessThan(5_000)
  request.socket.destroy()
})

test('each change is one JSON line on standard error, without the key', async () => {
  const server = await start((await place()).environment)
  const { test: key } = printedKeys(server)
  await fetch(`${server.url}/api/v1/products`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'Kit', price_cents: 3900 }),
  })
  await server.end('SIGTERM')
  const lines = server
    .stderr()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines).toContainEqual(expect.objectContaining({ level: 'info', operation: 'products.create', outcome: 'ok' }))
  expect(server.stderr()).not.toContain(key)
})

type OpenRequest = { socket: Socket; answer(): Promise<string>; finish(): void }

/** A request whose body is still on its way: the server is at work on it until `finish`. */
async function openRequest(server: ServerProcess): Promise<OpenRequest> {
  const body = JSON.stringify({ name: 'Slow', price_cents: 500 })
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  const chunks: string[] = []
  socket.setEncoding('utf8').on('data', (chunk) => chunks.push(String(chunk)))
  socket.on('error', () => undefined)
  socket.write(
    `POST /api/v1/products HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${printedKeys(server).test}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
  )
  // The server asks for the body, so it is inside the request.
  await eventually('100 Continue', () => (chunks[0]?.startsWith('HTTP/1.1 100') ? true : undefined))
  chunks.length = 0
  socket.write(body.slice(0, 10))
  const answer = () => eventually('an answer', () => chunks[0])
  return { socket, answer, finish: () => void socket.write(body.slice(10)) }
}
