import { readFileSync } from 'node:fs'
import { eq, sql } from 'drizzle-orm'
import { parseConfig } from '../../server/config'
import { type Deps, type StoreContext, storeContext } from '../../server/context'
import { type DatabaseHandle, openPglite, openPostgres } from '../../server/db/client'
import { inTransaction } from '../../server/db/transaction'
import { createDeps } from '../../server/deps'
import { openStore } from '../../server/domain/stores/service'
import { createWebhook } from '../../server/domain/webhooks/service'
import { deliveries, events } from '../../server/domain/webhooks/table'
import { jobs } from '../../server/jobs/registry'
import { startWorker } from '../../server/jobs/worker'
import { systemClock } from '../../server/kernel/clock'
import { newRowId } from '../../server/kernel/ids'
import { createSender } from '../../server/sender/pinned'

/**
 * A Payhook process that does one of these, and says on standard output what it has become:
 *
 *     fill   makes endpoints and a queue for them, and sends nothing
 *     drain  sends what is queued until nothing is
 *     pace   makes so many events a second, and sends them
 *
 *     bun webhooks-sender.ts '<SenderPlan as JSON>'
 */
export type SenderPlan = {
  work: 'fill' | 'drain' | 'pace'
  /** A postgres:// URL, or a folder for PGlite. */
  database: string
  certificate: string
  receiverPort: number
  endpoints: number
  /** Spread the endpoints over as many stores. */
  stores: number
  /** How many of the endpoints never answer. */
  hanging: number
  /** To fill and drain: how many deliveries there are. To pace: how many a second. */
  deliveries: number
  seconds: number
}
export type SenderReport = { succeeded: number; rssMb: number; seconds: number }

type Target = { ctx: StoreContext; endpointId: string }

const ROWS_PER_INSERT = 1_000
const DATA = {
  purchase_id: '0f1e2d3c-4b5a-8678-9a0b-1c2d3e4f5061',
  buyer_email: 'buyer@example.com',
  amount_cents: 1900,
}

if (import.meta.main) {
  const plan = JSON.parse(process.argv[2] ?? '') as SenderPlan
  const report = await run(plan)
  process.stdout.write(JSON.stringify(report))
  process.exit(0)
}

async function run(plan: SenderPlan): Promise<SenderReport> {
  const isPostgres = plan.database.startsWith('postgres')
  const database = isPostgres ? await openPostgres(plan.database) : await openPglite(plan.database)
  const deps = makeDeps(plan, database)
  try {
    if (plan.work === 'fill') return await fill(deps, plan)
    if (plan.work === 'pace') return await pace(deps, plan)
    if (!isPostgres) await fill(deps, plan)
    return await drain(deps, plan)
  } finally {
    await database.close()
  }
}

function makeDeps(plan: SenderPlan, database: DatabaseHandle): Deps {
  const silent = () => undefined
  const log = { debug: silent, info: silent, warn: silent, error: (fields: object) => console.error(fields) }
  const config = parseConfig({ PAYHOOK_ALLOW_PRIVATE_WEBHOOKS: '1', PAYHOOK_ROLES: 'webhooks' })
  const deps = createDeps({ config, publicUrl: 'http://localhost', database, clock: systemClock, log })
  // Every step of the real sender, the name's vetted addresses and the check of the certificate included; only the name
  // server is played.
  const certificateAuthority = readFileSync(plan.certificate, 'utf8')
  return {
    ...deps,
    sender: createSender({ allowPrivate: true, resolve: async () => ['127.0.0.1'], certificateAuthority }),
  }
}

async function makeTargets(deps: Deps, plan: SenderPlan): Promise<Target[]> {
  const contexts = []
  for (let number = 0; number < plan.stores; number++) {
    const { store } = await openStore(deps, { name: 'Bench', email: 'bench@example.com' })
    contexts.push(storeContext(deps, store.storeId, false))
  }
  const targets = []
  for (let number = 0; number < plan.endpoints; number++) {
    const ctx = contexts[number % contexts.length]
    if (!ctx) throw new Error('no store')
    const path = number < plan.hanging ? 'hang' : 'hook'
    const url = `https://e${number}.bench.test:${plan.receiverPort}/${path}`
    targets.push({ ctx, endpointId: (await createWebhook(ctx, { url, events: ['sale.completed'] }, undefined)).id })
  }
  return targets
}

/** An event and its delivery, as a sale makes them. */
function rowsFor({ ctx: { storeId }, endpointId }: Target, data: Record<string, unknown>) {
  const at = new Date()
  const event = { storeId, id: newRowId(storeId), isTest: false, type: 'sale.completed', data, createdAt: at }
  const id = newRowId(storeId)
  const first = { status: 'pending' as const, attempts: 0, dueAt: at, createdAt: at }
  return { event, delivery: { storeId, id, isTest: false, endpointId, eventId: event.id, ...first } }
}

async function fill(deps: Deps, plan: SenderPlan): Promise<SenderReport> {
  const targets = await makeTargets(deps, plan)
  for (let made = 0; made < plan.deliveries; made += ROWS_PER_INSERT) {
    const rows = Array.from({ length: Math.min(ROWS_PER_INSERT, plan.deliveries - made) }, (_, offset) =>
      rowsFor(targetAt(targets, made + offset), DATA),
    )
    await inTransaction(deps, async (tx) => {
      await tx.db.insert(events).values(rows.map(({ event }) => event))
      await tx.db.insert(deliveries).values(rows.map(({ delivery }) => delivery))
    })
  }
  // As autovacuum does within a minute.
  await deps.db.execute('analyze')
  return reportOf(deps, 0)
}

function targetAt(targets: readonly Target[], index: number): Target {
  const target = targets[index % targets.length]
  if (!target) throw new Error('no endpoint')
  return target
}

async function drain(deps: Deps, plan: SenderPlan): Promise<SenderReport> {
  const started = performance.now()
  const worker = startWorker(deps, jobs)
  const peak = watchMemory()
  const endsAt = started + plan.seconds * 1_000
  // Counting costs the database something; twice a second it is little.
  while (performance.now() < endsAt && (await isWorkLeft(deps))) await Bun.sleep(500)
  const seconds = (performance.now() - started) / 1_000
  await Promise.race([worker.stop(), Bun.sleep(1_000)])
  return { ...(await reportOf(deps, seconds)), rssMb: peak() }
}

async function isWorkLeft({ db }: Deps): Promise<boolean> {
  const d = deliveries
  const fresh = sql`${d.status} = 'pending' and ${d.attempts} = 0`
  return (await db.select({ id: d.id }).from(d).where(fresh).limit(1)).length > 0
}

async function pace(deps: Deps, plan: SenderPlan): Promise<SenderReport> {
  const targets = await makeTargets(deps, plan)
  const worker = startWorker(deps, jobs)
  const peak = watchMemory()
  const started = performance.now()
  const pending = new Set<Promise<void>>()
  for (let made = 0; ; ) {
    const elapsed = (performance.now() - started) / 1_000
    if (elapsed > plan.seconds) break
    for (; made < elapsed * plan.deliveries; made++) {
      const done = sell(deps, targetAt(targets, made), () => worker.wake('webhooks')).finally(() =>
        pending.delete(done),
      )
      pending.add(done)
    }
    await Bun.sleep(2)
  }
  await Promise.all(pending)
  await Bun.sleep(500)
  await Promise.race([worker.stop(), Bun.sleep(1_000)])
  return { ...(await reportOf(deps, plan.seconds)), rssMb: peak() }
}

async function sell(deps: Deps, target: Target, wake: () => void): Promise<void> {
  const { event, delivery } = rowsFor(target, { ...DATA, made_at: Date.now() })
  await inTransaction(deps, async (tx) => {
    await tx.db.insert(events).values(event).prepare('bench_event').execute()
    await tx.db.insert(deliveries).values(delivery).prepare('bench_delivery').execute()
    tx.afterCommit.add(wake)
  })
}

function watchMemory(): () => number {
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 100)
  return () => {
    clearInterval(timer)
    return Math.round(peak / 2 ** 20)
  }
}

async function reportOf({ db }: Deps, seconds: number): Promise<SenderReport> {
  const succeeded = await db.$count(deliveries, eq(deliveries.status, 'succeeded'))
  return { succeeded, rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20), seconds }
}
