import { eq, ne } from 'drizzle-orm'
import { expect, inject } from 'vitest'
import { parseConfig } from '../../server/config'
import { type Deps, storeContext } from '../../server/context'
import { inTransaction } from '../../server/db/transaction'
import { createDeps } from '../../server/deps'
import { openStore } from '../../server/domain/stores/service'
import { LIMITS } from '../../server/domain/webhooks/deliver'
import { recordEvent } from '../../server/domain/webhooks/events'
import { createWebhook } from '../../server/domain/webhooks/service'
import { deliveries } from '../../server/domain/webhooks/table'
import { systemClock } from '../../server/kernel/clock'
import { createLog } from '../../server/log'
import { openDatabase } from '../../server/start'
import { eventually, type ServerProcess } from '../support/server'
import { type Finishing, newPlace, start } from './places'

const ENDPOINTS = 12
const EVENTS = 200
const ALL = ENDPOINTS * EVENTS
/** Killed when so many have come: the queue is long, and every slot is in use. */
const UNDER_LOAD = ALL / 8

/** A seller's server that takes its time, so that much is under way when a worker is killed. */
function startReceiver(finishing: Finishing) {
  const times = new Map<string, number>()
  const state = { total: 0 }
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const id = `${new URL(request.url).pathname} ${request.headers.get('webhook-id')}`
      times.set(id, (times.get(id) ?? 0) + 1)
      state.total++
      await new Promise((resolve) => setTimeout(resolve, 30))
      return new Response('thanks')
    },
  })
  finishing.onTestFinished(() => server.stop(true))
  return { url: `http://127.0.0.1:${server.port}`, times, state }
}

export async function onDatabase<T>(environment: Record<string, string>, work: (deps: Deps) => Promise<T>): Promise<T> {
  const config = parseConfig({ PAYHOOK_ALLOW_PRIVATE_WEBHOOKS: '1', ...environment })
  const database = await openDatabase(config)
  try {
    return await work(createDeps({ config, publicUrl: '', database, clock: systemClock, log: createLog('silent') }))
  } finally {
    await database.close()
  }
}

/** Answers the store's key. In test mode, which may go over http. */
async function fillQueue(deps: Deps, url: string): Promise<string> {
  const { store, testKey } = await openStore(deps, { name: 'Shop', email: 'owner@example.com' })
  const ctx = storeContext(deps, store.storeId, true)
  for (let number = 0; number < ENDPOINTS; number++) {
    await createWebhook(ctx, { url: `${url}/${number}`, events: ['sale.completed'] }, undefined)
  }
  await inTransaction(ctx, async (tx) => {
    for (let number = 0; number < EVENTS; number++)
      await recordEvent(tx, { type: 'sale.completed', data: { number }, at: tx.clock.now() })
  })
  return testKey
}

async function countListed(server: ServerProcess, key: string, status: string): Promise<number> {
  const url = `${server.url}/v1/webhook_deliveries?limit=1&status=${status}`
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${key}` } })
  return ((await answer.json()) as { deliveries: unknown[] }).deliveries.length
}

/** Whatever a killed worker had under way is sent by another, or by its successor where there is no other. */
export async function killWorkerUnderLoad(finishing: Finishing): Promise<void> {
  const environment = await newPlace(finishing)
  const receiver = startReceiver(finishing)
  const key = await onDatabase(environment, (deps) => fillQueue(deps, receiver.url))
  const shared = inject('databaseKind') === 'postgres'
  const roles = { PAYHOOK_ROLES: 'api,webhooks,jobs' }
  const servers = [await start(finishing, { ...environment, ...roles })]
  if (shared) servers.push(await start(finishing, { ...environment, ...roles }))
  const underLoad = () => (receiver.state.total >= UNDER_LOAD ? true : undefined)
  await eventually('load', underLoad, 60_000)
  await servers[0]?.end('SIGKILL')
  if (!shared) servers.push(await start(finishing, { ...environment, ...roles }))
  // What the killed worker had is free again when its lease ends.
  const survivor = servers[1]
  if (!survivor) throw new Error('no server is left')
  const isDone = async () => ((await countListed(survivor, key, 'pending')) === 0 ? true : undefined)
  await eventually('the end of the queue', isDone, 100_000)
  await survivor.end('SIGTERM')
  expect(receiver.times.size).toBe(ALL)
  expect(receiver.state.total - ALL).toBeLessThanOrEqual(LIMITS.all)
  expect(Math.max(...receiver.times.values())).toBeLessThanOrEqual(2)
  const [succeeded, others] = await onDatabase(environment, async ({ db }) => [
    await db.$count(deliveries, eq(deliveries.status, 'succeeded')),
    await db.$count(deliveries, ne(deliveries.status, 'succeeded')),
  ])
  expect({ succeeded, others }).toEqual({ succeeded: ALL, others: 0 })
}
