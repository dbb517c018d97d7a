import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyPlace, type Place, type ServerProcess, startServer } from '../support/server'

let place: Place
let server: ServerProcess
beforeAll(async () => {
  place = await emptyPlace()
  server = await startServer(place.environment)
})
afterAll(async () => {
  await server.end('SIGKILL')
  place.remove()
})

test.each([20_000, 100_000])('a URL of %i bytes is refused at every door, in the words of the door', async (length) => {
  const long = 'a'.repeat(length)
  const refused = { code: 'url_too_long', message: 'The URL is longer than 16 KiB.' }
  for (const path of ['/v1/products/', '/v1/products?cursor=', '/webhook/', '/checkout/', '/mcp?x=']) {
    const answer = await fetch(server.url + path + long)
    expect([path, answer.status, JSON.stringify(await answer.json())]).toEqual([
      path,
      414,
      expect.stringContaining(refused.message),
    ])
  }
  const answer = await fetch(`${server.url}/trpc/products.list?input=${long}`)
  const body = (await answer.json()) as { error: { message: string; data: { code: string } } }
  expect([answer.status, body.error.message, body.error.data.code]).toEqual([414, refused.message, refused.code])
})

test('a URL of 16 KiB is answered like every other', async () => {
  const path = '/v1/products/'
  const answer = await fetch(server.url + path + 'a'.repeat(16 * 1024 - server.url.length - path.length))
  expect(answer.status).toBe(401)
})

test('what is longer than is read at all gets 431 and a closed connection, and the server goes on', async () => {
  const answer = await new Promise<string>((resolve) => {
    const chunks: string[] = []
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.setEncoding('utf8').on('data', (chunk) => chunks.push(String(chunk)))
    socket.on('error', () => undefined).on('close', () => resolve(chunks.join('')))
    socket.write(`GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  })
  expect(answer).toMatch(/^(HTTP\/1.1 431 |$)/)
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
})
