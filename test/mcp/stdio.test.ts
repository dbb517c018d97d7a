import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockFolder } from '../../server/db/lock'
import { freePort } from '../support/ports'
import { emptyFolder, type Place } from '../support/server'
import { createWorld, type World } from '../support/world'
import { bearer, connectHttp, connectStdio, errorOf, GENERATIONS, protocolErrorOf, STDIO_SCRIPT } from './clients'

let world: World
let keys: { liveKey: string; testKey: string }
let folder: string
let place: Place
beforeAll(async () => {
  place = await emptyFolder()
  world = await createWorld()
  keys = await world.openStore()
  folder = mkdtempSync(join(tmpdir(), 'payhook-stdio-'))
})
afterAll(async () => {
  await world.close()
  rmSync(folder, { recursive: true, force: true })
  place.remove()
})

/** Without a server in between: the world's PostgreSQL, or a data folder, which a process takes that isn't told otherwise. */
const embedded = () => ({
  PORT: '0',
  PAYHOOK_DATA_DIR: join(folder, 'data'),
  DATABASE_URL: world.database.url ?? '',
})
const inFolder = () => ({ PORT: '0', ...place.environment })

/** Runs it with nothing on standard input until it ends by itself. */
async function ended(environment: Record<string, string>) {
  const child = spawn(process.execPath, [STDIO_SCRIPT], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
  })
  const [code] = (await once(child, 'close')) as [number]
  return { code, stdout, stderr }
}

describe.each([
  [GENERATIONS[0], 'a data folder', inFolder],
  [GENERATIONS[1], 'PostgreSQL', embedded],
] as const)('embedded, with a client of %s on %s', (generation, _, environment) => {
  test('opens a store, and with its test key sells from the same database after a restart', async () => {
    const first = await connectStdio(generation, environment())
    expect(errorOf(await first.callTool('list_products'))).toMatchObject({
      code: 'unauthorized',
      hint: expect.stringContaining('PAYHOOK_API_KEY'),
    })
    const opened = await first.callTool('create_store', { name: 'Stdio', email: 'stdio@example.com' })
    const testKey = String(opened.structuredContent?.test_api_key)
    await first.close()

    const client = await connectStdio(generation, { ...environment(), PAYHOOK_API_KEY: testKey })
    expect((await client.listTools())._meta).toMatchObject({ 'payhook/key': 'test' })
    const args = { name: 'Kit', price_cents: 900, idempotency_key: 'k' }
    const made = await client.callTool('create_product', args)
    expect((await client.callTool('create_product', args))._meta).toMatchObject({ 'payhook/idempotent_replay': true })
    expect(await protocolErrorOf(client.callTool('create_moon'))).toMatchObject({ code: -32602 })
    // The buyer's pages are served by this process: its REST door answers under the same address.
    const { origin } = new URL(String(made.structuredContent?.checkout_url))
    const overHttp = await fetch(`${origin}/v1/products/${made.structuredContent?.id}`, { headers: bearer(testKey) })
    expect(await overHttp.json()).toEqual(made.structuredContent)
    await client.close()
  }, 120_000)
})

describe.each(GENERATIONS)('as a client of a running server, with a client of %s', (generation) => {
  test('shows and answers what the server shows and answers over HTTP', async () => {
    const direct = await connectHttp(generation, world.url, bearer(keys.liveKey))
    const client = await connectStdio(generation, { PAYHOOK_URL: world.url, PAYHOOK_API_KEY: keys.liveKey })
    expect((await client.listTools()).tools).toEqual((await direct.listTools()).tools)
    const args = { name: 'Größe 9 🎈', price_cents: 900, idempotency_key: `remote-${generation}` }
    const made = await client.callTool('create_product', args)
    const replayed = await direct.callTool('create_product', args)
    expect(replayed).toMatchObject({ structuredContent: made.structuredContent, content: made.content })
    expect(replayed._meta).toMatchObject({ 'payhook/idempotent_replay': true })
    const bad = { name: '', price_cents: 900 }
    expect(errorOf(await client.callTool('create_product', bad))).toEqual(
      errorOf(await direct.callTool('create_product', bad)),
    )
    expect(await protocolErrorOf(client.callTool('create_moon'))).toMatchObject({ code: -32602 })
    const uri = `payhook://products/${made.structuredContent?.id}`
    expect((await client.raw.readResource({ uri })).contents).toEqual((await direct.raw.readResource({ uri })).contents)
    const prompt = { name: 'sell_a_product', arguments: { name: 'Kit', price: '9' } }
    expect((await client.raw.getPrompt(prompt)).messages).toEqual((await direct.raw.getPrompt(prompt)).messages)
    await Promise.all([client.close(), direct.close()])
  })

  test('tells the agent that the server went away, and that repeating is safe', async () => {
    const other = await createWorld()
    const { liveKey } = await other.openStore()
    const client = await connectStdio(generation, { PAYHOOK_URL: other.url, PAYHOOK_API_KEY: liveKey })
    await client.listTools()
    await other.close()
    expect(errorOf(await client.callTool('list_products'))).toMatchObject({
      code: 'unavailable',
      retryable: true,
      hint: expect.stringContaining('idempotency_key'),
    })
    await client.close()
  })
})

describe('a start that cannot work ends with one clear line on standard error', () => {
  const refused = async (environment: Record<string, string>, line: RegExp) => {
    const { code, stdout, stderr } = await ended(environment)
    expect({ code, stdout, lines: stderr.trim().split('\n').length }, stderr).toEqual({ code: 1, stdout: '', lines: 1 })
    expect(stderr).toMatch(line)
  }

  test('when the key is unknown to the running server', () =>
    refused({ PAYHOOK_URL: world.url, PAYHOOK_API_KEY: 'sk_live_nobody' }, /^PAYHOOK_API_KEY is not a key that works/))

  test('when the key is unknown to the database', () =>
    refused({ ...embedded(), PAYHOOK_API_KEY: 'sk_live_nobody' }, /^PAYHOOK_API_KEY is not a key that works/))

  test('when no server answers', async () =>
    refused({ PAYHOOK_URL: `http://127.0.0.1:${await freePort()}` }, /^No Payhook server answers at .*PAYHOOK_URL/))

  test('when the address is none', () => refused({ PAYHOOK_URL: 'localhost:3000' }, /PAYHOOK_URL.*http or https/))

  test('when a running server has the data folder', async () => {
    const busy = mkdtempSync(join(folder, 'busy-'))
    const lock = lockFolder(busy)
    await refused({ PORT: '0', PAYHOOK_DATA_DIR: busy }, /Another Payhook process.*PAYHOOK_URL/)
    lock.release()
  })
})

test('standard output holds protocol messages only, and the process ends with its standard input', async () => {
  const child = spawn(process.execPath, [STDIO_SCRIPT], {
    env: { PATH: process.env.PATH, ...embedded(), PAYHOOK_LOG_LEVEL: 'debug' },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const clientInfo = { name: 'test', version: '1' }
  const say = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const lines: string[] = []
  const answered = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      lines.push(...String(chunk).split('\n').filter(Boolean))
      if (lines.length >= 2) resolve()
    })
  })
  say({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } })
  say({ method: 'notifications/initialized' })
  const store = { name: 'Chatty', email: 'chatty@example.com' }
  say({ id: 2, method: 'tools/call', params: { name: 'create_store', arguments: store } })
  await answered
  child.stdin.end()
  const [code] = (await once(child, 'close')) as [number]
  expect(code).toBe(0)
  expect(lines.map((line) => (JSON.parse(line) as { id: number }).id)).toEqual([1, 2])
})

test('a taken port does not keep a second agent on the same PostgreSQL from working', async () => {
  const port = await freePort()
  const holder = createServer().listen(port, '127.0.0.1')
  await once(holder, 'listening')
  const data = mkdtempSync(join(folder, 'second-'))
  const client = await connectStdio('2026-07-28', { ...embedded(), PAYHOOK_DATA_DIR: data, PORT: String(port) })
  expect((await client.listTools()).tools.length).toBeGreaterThan(0)
  await client.close()
  holder.close()
})
