import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { startPostgres } from '../support/databases'
import { freePort } from '../support/ports'
import { cpuMicros, runLoad, startFile } from './processes'

/**
 * `bun run bench [seconds] [rounds] [part of a row's name]`: what Payhook's doors cost beside the floor, on a real PostgreSQL. Rounds are short and
 * interleaved, so that whatever else the machine does hits all alike; figures are medians. Quote the ratios, not the rates.
 */
const [seconds = 2, rounds = 7] = process.argv.slice(2, 4).map(Number)
const wanted = process.argv[4] ?? ''

/** A shop's database waits for its disk at every commit. Without that (BENCH_FSYNC=off) only CPU is compared. */
const durable = process.env.BENCH_FSYNC !== 'off'
const CONNECTIONS = 16
const PAYMENT = { amount_usd_cents: 5_000, network: 'bsc', currency: 'usdt' }
/** Of the pool: each payment that is made keeps one. */
const ADDRESSES = 100_000
const WARM_UP = 2

type Target = { name: string; floor: 'GET' | 'POST'; port: number; pid: number; request: string; status: number }
type Sample = { rate: number; cpuMicros: number; p50Ms: number; p99Ms: number }

const folder = mkdtempSync(join(tmpdir(), 'payhook-bench-'))
const database = await startPostgres(folder, { durable })
const children: { kill(): void }[] = []
try {
  console.log(table(await measure(await makeTargets())))
} finally {
  for (const child of children) child.kill()
  await database.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function makeTargets(): Promise<Target[]> {
  const admin = postgres(`${database.url}/postgres`, { max: 1 })
  for (const name of ['floor', 'payhook']) await admin.unsafe(`create database ${name}`)
  await admin.end()
  const [floor, payhook] = [await startFloor(), await startPayhook()]
  const body = JSON.stringify({ name: 'Template pack', price_cents: 1900 })
  const key = `Authorization: Bearer ${payhook.key}\r\n`
  const floorId = await create(floor.port, '/products', body)
  const id = await create(payhook.port, '/v1/products', body, payhook.key)
  const call = (name: string, input: object) =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: input } })
  const mcp = `${key}Accept: application/json, text/event-stream\r\n`
  const trpcGet = `/trpc/products.get?input=${encodeURIComponent(JSON.stringify({ id }))}`
  const get = { floor: 'GET' as const, status: 200 }
  const post = { floor: 'POST' as const, status: 201 }
  const targets: Target[] = [
    { ...get, name: 'floor GET', ...floor, request: http('GET', `/products/${floorId}`) },
    { ...get, name: 'REST GET', ...payhook, request: http('GET', `/api/v1/products/${id}`, key) },
    { ...get, name: 'tRPC GET', ...payhook, request: http('GET', trpcGet, key) },
    { ...get, name: 'MCP get_product', ...payhook, request: http('POST', '/mcp', mcp, call('get_product', { id })) },
    { ...post, name: 'floor POST', ...floor, request: http('POST', '/products', '', body) },
    { ...post, name: 'REST POST', ...payhook, request: http('POST', '/api/v1/products', key, body) },
    { ...post, name: 'tRPC POST', ...payhook, status: 200, request: http('POST', '/trpc/products.create', key, body) },
    {
      ...post,
      name: 'MCP create_product',
      ...payhook,
      status: 200,
      request: http('POST', '/mcp', mcp, call('create_product', JSON.parse(body))),
    },
    {
      ...post,
      name: 'REST create_payment',
      ...payhook,
      request: http('POST', '/api/v1/payments/', key, JSON.stringify(PAYMENT)),
    },
  ]
  return targets.filter(({ name }) => name.startsWith('floor') || name.includes(wanted))
}

async function startFloor() {
  const port = await freePort()
  const child = startFile('floor.ts', [String(port), `${database.url}/floor`])
  children.push(child)
  await untilServing(port)
  return { port, pid: Number(child.pid) }
}

async function startPayhook() {
  const port = await freePort()
  const child = startFile('../../server/index.ts', [], {
    PORT: String(port),
    DATABASE_URL: `${database.url}/payhook`,
    PUBLIC_URL: '',
  })
  children.push(child)
  let printed = ''
  child.stdout?.on('data', (chunk) => {
    printed += chunk
  })
  await untilServing(port)
  for (;;) {
    const key = /sk_test_\w{48}/.exec(printed)?.[0]
    if (key) {
      await fillPool()
      return { port, pid: Number(child.pid), key }
    }
    await Bun.sleep(20)
  }
}

/** Of the first store's test keys. */
async function fillPool(): Promise<void> {
  const admin = postgres(`${database.url}/payhook`, { max: 1 })
  await admin`insert into receive_addresses (store_id, id, is_test, network, address, status, created_at)
    select s.store_id, gen_random_uuid(), true, 'bsc', '0x' || lpad(to_hex(n), 40, '0'), 'active', now()
    from stores s, generate_series(1, ${ADDRESSES}::int) n`
  await admin`insert into address_owners (address, network, realm, store_id, address_id, added_at)
    select address, network, store_id, store_id, id, created_at from receive_addresses`
  await admin`insert into free_addresses (store_id, address_id, is_test, network, address, resting_since)
    select store_id, id, is_test, network, address, 'epoch' from receive_addresses`
  for (const table of ['receive_addresses', 'free_addresses']) await admin.unsafe(`vacuum analyze ${table}`)
  await admin.end()
}

async function untilServing(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
    if (answer && answer.status !== 503) return
    await Bun.sleep(20)
  }
  throw new Error(`nothing answers on port ${port}`)
}

async function create(port: number, path: string, body: string, key = ''): Promise<string> {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` }
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body })
  return ((await answer.json()) as { id: string }).id
}

function http(method: string, path: string, headers = '', body?: string): string {
  const entity = body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}${entity}\r\n${body ?? ''}`
}

async function measure(targets: Target[]): Promise<Map<Target, Sample[]>> {
  const samples = new Map<Target, Sample[]>()
  // The first rounds warm up both sides and aren't counted: the runtime compiles hot code for some seconds.
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const target of targets) {
      const sample = await measureOnce(target)
      if (round >= 0) samples.set(target, [...(samples.get(target) ?? []), sample])
    }
  }
  return samples
}

async function measureOnce(target: Target): Promise<Sample> {
  const pids = [target.pid, database.pid]
  const before = cpuMicros(pids)
  const { port, request, status } = target
  const result = await runLoad({ port, request, status, connections: CONNECTIONS, seconds })
  const after = cpuMicros(pids)
  return {
    rate: result.count / result.seconds,
    cpuMicros: before === undefined || after === undefined ? Number.NaN : (after - before) / result.count,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  }
}

function median(samples: Sample[], of: keyof Sample): number {
  const values = samples.map((sample) => sample[of]).sort((a, b) => a - b)
  return values[Math.floor(values.length / 2)] ?? Number.NaN
}

function table(samples: Map<Target, Sample[]>): string {
  const floors = new Map([...samples].filter(([{ name }]) => name.startsWith('floor')).map(([t, s]) => [t.floor, s]))
  const lines = [...samples].map(([target, own]) => {
    const floor = floors.get(target.floor) ?? own
    const against = (of: keyof Sample) => median(own, of) / median(floor, of)
    const cells = [
      median(own, 'rate').toFixed(0),
      `${against('rate').toFixed(2)} ×`,
      `${median(own, 'cpuMicros').toFixed(0)} µs`,
      `${against('cpuMicros').toFixed(2)} ×`,
      `${median(own, 'p50Ms').toFixed(1)} ms`,
      `${median(own, 'p99Ms').toFixed(1)} ms`,
    ]
    return [target.name.padEnd(20), ...cells.map((cell) => cell.padStart(11))].join('')
  })
  const rateOf = (name: string) => median([...samples].find(([target]) => target.name === name)?.[1] ?? [], 'rate')
  const doors = `MCP ÷ REST: ${(rateOf('MCP get_product') / rateOf('REST GET')).toFixed(2)} for GET, ${(rateOf('MCP create_product') / rateOf('REST POST')).toFixed(2)} for POST`
  const head = ['', 'requests/s', 'of floor', 'CPU', 'of floor', 'p50', 'p99']
  const facts = `${CONNECTIONS} connections, ${rounds} rounds of ${seconds} s, ${cpus().length} cores, PostgreSQL with fsync ${durable ? 'on' : 'off'}; CPU is server and database together, per request`
  return [
    '',
    head.map((cell, i) => (i ? cell.padStart(11) : cell.padEnd(20))).join(''),
    ...lines,
    '',
    doors,
    facts,
    '',
  ].join('\n')
}
