import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fillPlaceholders } from 'drizzle-orm'
import postgres from 'postgres'
import selfsigned from 'selfsigned'
import { openPglite, openPostgres } from '../../server/db/client'
import { migrate } from '../../server/db/migrate'
import { longQueueQuery } from '../../server/domain/webhooks/lines'
import { claimQuery } from '../../server/domain/webhooks/queue'
import { webhookEndpoints } from '../../server/domain/webhooks/table'
import { startPostgres } from '../support/databases'
import { outputOf, startFile } from './processes'
import type { ReceiverReport } from './webhooks-receiver'
import type { SenderPlan, SenderReport } from './webhooks-sender'

/**
 * `bun run bench webhooks [queue] [part of a row's name]`: how fast deliveries go out, over TLS to vetted addresses and into the log, with the receiver
 * and the database on the same machine; how soon a first attempt comes; and what a queue of a million costs. All of it
 * takes some five minutes; the plans of the queue's queries are printed on the way.
 */
const queue = Number(process.argv[2] ?? 1_000_000)
const only = process.argv[3] ?? ''
const ENDPOINTS = 20

type Row = { name: string; perSecond?: number; p50Ms?: number; p99Ms?: number; rssMb: number; note: string }

/** A shop's database waits for its disk at every commit. Without that (BENCH_FSYNC=off) only CPU is compared. */
const durable = process.env.BENCH_FSYNC !== 'off'

const folder = mkdtempSync(join(tmpdir(), 'payhook-bench-'))
const server = await startPostgres(folder, { durable })
const certificate = join(folder, 'certificate.pem')
const key = join(folder, 'key.pem')
let made = 0
try {
  await makeCertificate()
  await benchmark()
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function makeCertificate(): Promise<void> {
  const altNames = Array.from({ length: ENDPOINTS }, (_, number) => ({
    type: 2 as const,
    value: `e${number}.bench.test`,
  }))
  const pair = await selfsigned.generate([{ name: 'commonName', value: 'bench.test' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames }],
  })
  writeFileSync(certificate, pair.cert)
  writeFileSync(key, pair.private)
}

async function benchmark(): Promise<void> {
  const scenarios: Record<string, (name: string) => Promise<Row>> = {
    'PostgreSQL, 1 store': (name) => drain(name, 'postgres', { deliveries: 40_000 }),
    'PostgreSQL, 20 stores': (name) => drain(name, 'postgres', { deliveries: 40_000, stores: 20 }),
    'PostgreSQL, 1 of 20 hangs': (name) => drain(name, 'postgres', { deliveries: 40_000, hanging: 1 }),
    'PGlite, 1 store': (name) => drain(name, 'pglite', { deliveries: 15_000 }),
    'PostgreSQL, 500 events/s': (name) => pace(name, 'postgres', {}),
    'PostgreSQL, 500/s, 1 hangs': (name) => pace(name, 'postgres', { hanging: 1 }),
    'PGlite, 500 events/s': (name) => pace(name, 'pglite', {}),
    'PGlite, 200 events/s': (name) => pace(name, 'pglite', { deliveries: 200 }),
    [`PostgreSQL, ${queue} queued`]: (name) => drain(name, 'postgres', { deliveries: queue, seconds: 10 }, printPlans),
  }
  const rows = []
  for (const [name, run] of Object.entries(scenarios)) if (name.includes(only)) rows.push(await run(name))
  console.log(table(rows))
}

type Wanted = Partial<Pick<SenderPlan, 'deliveries' | 'stores' | 'hanging' | 'seconds'>>

async function drain(
  name: string,
  kind: 'postgres' | 'pglite',
  wanted: Wanted,
  afterFill?: (url: string) => Promise<void>,
): Promise<Row> {
  const plan = await prepare(kind, { seconds: 60, ...wanted })
  const receiver = await startReceiver()
  try {
    const own = { ...plan, receiverPort: receiver.port }
    if (kind === 'postgres') await runSender({ ...own, work: 'fill' })
    await afterFill?.(plan.database)
    const report = await runSender({ ...own, work: 'drain' })
    const [first, last] = receiver.span()
    const perSecond = ((last.count - first.count) / (last.at - first.at)) * 1_000
    const note = `${receiver.count()} deliveries on ${last.connections} connections, ${report.succeeded} logged`
    return { name, perSecond, rssMb: report.rssMb, note }
  } finally {
    receiver.stop()
  }
}

async function pace(name: string, kind: 'postgres' | 'pglite', wanted: Wanted): Promise<Row> {
  const plan = await prepare(kind, { deliveries: 500, seconds: 10, ...wanted })
  const receiver = await startReceiver()
  try {
    const report = await runSender({ ...plan, receiverPort: receiver.port, work: 'pace' })
    const ages = receiver.agesMs().sort((a, b) => a - b)
    const percentile = (share: number) => ages[Math.floor(ages.length * share)] ?? Number.NaN
    const note = `${ages.length} deliveries`
    return { name, p50Ms: percentile(0.5), p99Ms: percentile(0.99), rssMb: report.rssMb, note }
  } finally {
    receiver.stop()
  }
}

/** A migrated database of its own. */
async function prepare(kind: 'postgres' | 'pglite', wanted: Wanted) {
  const name = `bench_${made++}`
  const database = kind === 'postgres' ? `${server.url}/${name}` : join(folder, name)
  if (kind === 'postgres') {
    const admin = postgres(`${server.url}/postgres`, { max: 1 })
    await admin.unsafe(`create database ${name}`)
    await admin.end()
  }
  const handle = kind === 'postgres' ? await openPostgres(database, 1) : await openPglite(database)
  await migrate(handle)
  await handle.close()
  return { database, certificate, endpoints: ENDPOINTS, stores: 1, hanging: 0, deliveries: 0, seconds: 0, ...wanted }
}

async function runSender(plan: SenderPlan): Promise<SenderReport> {
  const child = startFile('webhooks-sender.ts', [JSON.stringify(plan)])
  const output = await outputOf(child)
  if (output === '') throw new Error(`the sender failed: ${JSON.stringify(plan)}`)
  return JSON.parse(output) as SenderReport
}

async function startReceiver() {
  const child = startFile('webhooks-receiver.ts', [certificate, key])
  const reports: ReceiverReport[] = []
  let ready: (report: ReceiverReport) => void = () => undefined
  const first = new Promise<ReceiverReport>((resolve) => {
    ready = resolve
  })
  if (!child.stdout) throw new Error('the receiver has no output')
  createInterface(child.stdout).on('line', (line) => {
    const report = JSON.parse(line) as ReceiverReport
    reports.push(report)
    ready(report)
  })
  const { port } = await first
  return {
    port,
    stop: () => child.kill(),
    count: () => reports.at(-1)?.count ?? 0,
    /** From when a fifth had come, which leaves out the warm-up, to when the last had. */
    span: (): [ReceiverReport, ReceiverReport] => {
      const total = reports.at(-1)?.count ?? 0
      const begun = reports.find(({ count }) => count >= total / 5)
      const ended = reports.findLast(({ count }) => count <= total * 0.95)
      if (!begun || !ended) throw new Error('nothing arrived')
      return [begun, ended]
    },
    agesMs: () => {
      const all = reports.flatMap(({ agesMs }) => agesMs)
      return all.slice(Math.floor(all.length / 10))
    },
  }
}

/** What PostgreSQL does to find the endpoints with work and to claim sixteen deliveries of each, with the whole queue waiting. */
async function printPlans(url: string): Promise<void> {
  const database = await openPostgres(url, 1)
  const client = postgres(url, { max: 1 })
  const [endpoint] = await database.db.select().from(webhookEndpoints).limit(1)
  if (!endpoint) throw new Error('no endpoint')
  const now = new Date().toISOString()
  const claim = { storeId: endpoint.storeId, endpointIds: [endpoint.id], room: 16, now, leasedUntil: now }
  const queries = {
    'endpoints with due work': [longQueueQuery(database.db).toSQL(), { now, limit: 512 }] as const,
    'claim of 16 deliveries': [claimQuery(database.db, 'first').toSQL(), claim] as const,
  }
  for (const [name, [{ sql: text, params }, values]] of Object.entries(queries)) {
    const plan = await client.unsafe(
      `explain (analyze, costs off, timing off, summary on) ${text}`,
      fillPlaceholders(params, values) as string[],
    )
    console.log(`${name}:\n  ${plan.map((row) => row['QUERY PLAN']).join('\n  ')}\n`)
  }
  await client.end()
  await database.close()
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ name, perSecond, p50Ms, p99Ms, rssMb, note }) => {
    const cells = [perSecond?.toFixed(0), p50Ms && `${p50Ms} ms`, p99Ms && `${p99Ms} ms`, `${rssMb} MB`]
    return `${name.padEnd(30)}${cells.map((cell) => String(cell ?? '').padStart(12)).join('')}   ${note}`
  })
  const head = ['deliveries/s', 'p50', 'p99', 'memory'].map((cell) => cell.padStart(12)).join('')
  const facts = `${ENDPOINTS} endpoints over TLS, ${cpus().length} cores for sender, receiver and database (fsync ${durable ? 'on' : 'off'}); p50 and p99 are from the sale to the receiver; memory is the sender's highest`
  return ['', `${''.padEnd(30)}${head}`, ...lines, '', facts, ''].join('\n')
}
