import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../../server/app'
import { createWorld, type World } from '../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

type Answer = { status: number; type: string; body: string }

/** node:http, because fetch doesn't let a caller choose its Host. */
function post(headers: Record<string, string>, body: string, base = world.url): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL('/mcp', base), { method: 'POST', headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += String(chunk)
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: String(response.headers['content-type']), body: text }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
})

describe('DNS rebinding', () => {
  const call = (headers: Record<string, string>) => post({ ...JSON_HEADERS, ...headers }, INITIALIZE)

  test('a page of another site is refused with 403, and told why', async () => {
    for (const origin of ['http://evil.example', 'https://localhost.evil.example', 'null', 'nonsense']) {
      const answer = await call({ origin })
      expect(answer.status, origin).toBe(403)
      expect(JSON.parse(answer.body)).toMatchObject({ error: { message: expect.stringContaining('Origin') } })
    }
  })

  test('a name that is not ours is refused with 403, and the operator told what to set', async () => {
    for (const host of ['evil.example', 'evil.example:3000', '169.254.169.254']) {
      const answer = await call({ host })
      expect(answer.status, host).toBe(403)
      expect(JSON.parse(answer.body)).toMatchObject({ error: { message: expect.stringContaining('PUBLIC_URL') } })
    }
  })

  test('loopback is ours, with and without an Origin', async () => {
    for (const host of ['localhost:3000', '127.0.0.1', '[::1]:3000']) {
      expect((await call({ host })).status, host).toBe(200)
      expect((await call({ host, origin: `http://${host}` })).status, host).toBe(200)
    }
  })

  test('so is the public address, and no other name of its domain', async () => {
    const app = createApp({ ...world.deps, publicUrl: 'https://shop.example.com' })
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (incoming) => app.fetch(incoming) })
    const status = async (host: string) =>
      (await post({ ...JSON_HEADERS, host }, INITIALIZE, String(server.url))).status
    expect(await status('shop.example.com')).toBe(200)
    expect(await status('other.example.com')).toBe(403)
    await server.stop(true)
  })
})

describe('a malformed message', () => {
  test('is answered with JSON-RPC -32700 and 400 when it is no JSON', async () => {
    for (const body of ['', '{', 'null null']) {
      const answer = await post(JSON_HEADERS, body)
      expect(answer.status).toBe(400)
      expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: '2.0', error: { code: -32700 } })
    }
  })

  test('is answered with 415 when it is declared as something else', async () => {
    expect((await post({ ...JSON_HEADERS, 'content-type': 'text/plain' }, INITIALIZE)).status).toBe(415)
  })

  test('is answered with 413 when it is huge', async () => {
    expect((await post(JSON_HEADERS, `"${'x'.repeat(300_000)}"`)).status).toBe(413)
  })

  test('never ends in a 5xx', async () => {
    const bodies = ['1', 'null', '[]', '{}', '{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","id":1,"method":"tools/call"}']
    for (const body of bodies) expect((await post(JSON_HEADERS, body)).status, body).toBeLessThan(500)
  })
})

test('a 2026-07-28 request whose headers name another method than its body is refused', async () => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } })
  const headers = { ...JSON_HEADERS, 'mcp-protocol-version': '2026-07-28' }
  expect((await post({ ...headers, 'mcp-method': 'tools/list' }, body)).status).toBe(200)
  expect((await post({ ...headers, 'mcp-method': 'tools/call' }, body)).status).toBe(400)
  expect((await post(headers, body)).status).toBe(400)
})

test('GET is answered with 405, since there is no session to stream', async () => {
  expect((await fetch(`${world.url}/mcp`)).status).toBe(405)
})

test('an unexpected failure tells the client a request id and nothing else', async () => {
  const broken = await createWorld()
  const { liveKey } = await broken.openStore()
  broken.deps.lookUpKey = () => ({ current: Promise.reject(new Error('select secret from api_keys')), last: undefined })
  const response = await fetch(`${broken.url}/mcp`, {
    method: 'POST',
    headers: { ...JSON_HEADERS, authorization: `Bearer ${liveKey}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  })
  const text = await response.text()
  expect(text).toContain(response.headers.get('x-request-id'))
  expect(text).not.toContain('secret')
  expect(broken.log.at(-1)).toMatchObject({ level: 'error', message: 'unexpected error' })
  await broken.close()
})
