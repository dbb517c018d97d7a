import { expect, test } from 'vitest'
import { eventually, printedKeys } from '../support/server'
import { openRequest } from './open-request'
import { newPlace, start } from './places'

test('Ctrl-C under npm, which arrives twice at once, still ends in order', async (finishing) => {
  const server = await start(finishing, await newPlace(finishing))
  const request = await openRequest(server)
  server.child.kill('SIGINT')
  const ended = server.end('SIGINT')
  request.finish()
  expect(await request.answer()).toMatch(/^HTTP\/1.1 201 /)
  expect(await ended).toBe(0)
})

test('a request that never ends holds the process for some seconds only', async (finishing) => {
  const server = await start(finishing, await newPlace(finishing))
  const request = await openRequest(server)
  const started = performance.now()
  expect(await server.end('SIGTERM')).toBe(0)
  expect(performance.now() - started).toBeLessThan(25_000)
  request.socket.destroy()
})

test('a second signal, later, ends the process at once', async (finishing) => {
  const server = await start(finishing, await newPlace(finishing))
  const request = await openRequest(server)
  server.child.kill('SIGTERM')
  const code = await eventually('the end', () => {
    // Nothing is said of when the second comes; it is repeated until it is late enough to be one of its own.
    server.child.kill('SIGTERM')
    return server.child.exitCode ?? undefined
  })
  expect(code).toBe(130)
  request.socket.destroy()
})

test('each change is one JSON line on standard error, without the key', async (finishing) => {
  const server = await start(finishing, await newPlace(finishing))
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
