import { expect, inject, test } from 'vitest'
import { openPostgres } from '../../../server/db/client'
import { createDeps } from '../../../server/deps'
import { deliverDue } from '../../../server/domain/webhooks/deliver'
import { claimDue, LEASE_MS } from '../../../server/domain/webhooks/queue'
import { jobs } from '../../../server/jobs/registry'
import { type Job, startWorker } from '../../../server/jobs/worker'
import { HOUR_MS } from '../../../server/kernel/clock'
import { eventually } from '../../support/server'
import { FIRST_SLOTS, useQueue } from './queue-stage'

const queue = useQueue()
const { closeReceiver, log, onlyDelivery, openStore, receiver, record, run, subscribe } = queue

test('one hanging endpoint delays neither another of its store nor another store', async () => {
  const hanging = await receiver(() => undefined)
  const quick = await receiver()
  const other = await openStore()
  await subscribe(hanging.url)
  await subscribe(quick.url)
  await subscribe(`${quick.url}/other`, other)
  await record(60)
  await record(20, other)
  const running = run()
  await eventually('all quick deliveries', () => quick.received.length === 80 || undefined)
  expect(hanging.received.length).toBe(FIRST_SLOTS)
  await closeReceiver(hanging)
  await running
  expect((await log(other)).every(({ status }) => status === 'succeeded')).toBe(true)
})

test('work that comes while a slow receiver is waited for is sent at once when the worker is woken', async () => {
  const hanging = await receiver(() => undefined)
  const quick = await receiver()
  const slow = await openStore()
  await subscribe(hanging.url, slow)
  await subscribe(quick.url)
  // Nothing looks by itself again before the test is over.
  const run: Job['run'] = (deps, turn) => deliverDue(deps, turn, HOUR_MS)
  const worker = startWorker(queue.world.deps, [{ name: 'webhooks', role: 'webhooks', everyMs: HOUR_MS, run }])
  queue.world.deps.wake = worker.wake
  try {
    await record(1, slow)
    worker.wake('webhooks')
    await eventually('the slow one to be called', () => hanging.received.length === 1 || undefined)
    for (let i = 1; i <= 5; i++) {
      await record()
      worker.wake('webhooks')
      await eventually('the quick one', () => quick.received.length === i || undefined)
    }
  } finally {
    await closeReceiver(hanging)
    await worker.stop()
  }
})

test('a stopping worker finishes what it has begun and begins nothing new', async () => {
  const waiting: (() => void)[] = []
  const { url, received } = await receiver((_, response) => void waiting.push(() => response.writeHead(200).end()))
  await subscribe(url)
  await record(20)
  const worker = startWorker(queue.world.deps, jobs)
  await eventually('the first ones', () => received.length === FIRST_SLOTS || undefined)
  let stopped = false
  const stopping = worker.stop().then(() => {
    stopped = true
  })
  for (const finish of waiting.splice(0)) {
    expect(stopped).toBe(false)
    finish()
  }
  await stopping
  expect(received).toHaveLength(FIRST_SLOTS)
  expect((await log()).filter(({ status }) => status === 'succeeded')).toHaveLength(FIRST_SLOTS)
})

test('two workers on one database send each delivery once', async () => {
  const { url, received } = await receiver()
  await subscribe(url)
  await subscribe(`${url}/second`)
  await record(150)
  const second = queue.world.database.url ? await openPostgres(queue.world.database.url) : undefined
  const { config, publicUrl, clock, log: logTo } = queue.world.deps
  const others = second && createDeps({ config, publicUrl, database: second, clock, log: logTo })
  await Promise.all([run(), run(others ?? queue.world.deps)])
  await second?.close()
  expect(received).toHaveLength(300)
  const seen = new Set(received.map(({ path, headers }) => path + headers['webhook-id']))
  expect(seen.size).toBe(300)
  expect(inject('databaseKind') === 'postgres').toBe(second !== undefined)
})

test('what a killed worker had taken is sent by another after the lease, and not before', async () => {
  const { url, received } = await receiver()
  const { id } = await subscribe(url)
  await record(3)
  const { claimed } = await claimDue(queue.world.deps, queue.ctx.storeId, 'first', new Map([[id, 2]]))
  expect(claimed).toHaveLength(2)
  await run()
  expect(received).toHaveLength(1)
  queue.world.clock.advance(LEASE_MS - 1)
  await run()
  expect(received).toHaveLength(1)
  queue.world.clock.advance(1)
  await run()
  expect(received).toHaveLength(3)
  expect((await log()).map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded'])
})

test('a delivery that kills every worker that takes it is given up after ten attempts', async () => {
  const { url, received } = await receiver()
  const { id } = await subscribe(url)
  await record()
  for (let kill = 0; kill < 10; kill++) {
    const { claimed } = await claimDue(
      queue.world.deps,
      queue.ctx.storeId,
      kill === 0 ? 'first' : 'retry',
      new Map([[id, 1]]),
    )
    expect(claimed).toHaveLength(1)
    queue.world.clock.advance(LEASE_MS)
  }
  await run()
  expect(received).toHaveLength(0)
  expect(await onlyDelivery()).toMatchObject({
    status: 'failed',
    attempts: 10,
    error: expect.stringMatching(/^Given up/),
  })
})

test('a store with a long queue does not starve the others', async () => {
  const { url, received } = await receiver((_, response) => void setTimeout(() => response.writeHead(200).end(), 2))
  await subscribe(`${url}/busy`)
  await subscribe(`${url}/busy-too`)
  await record(200)
  queue.world.clock.advance(1)
  const late = await openStore()
  await subscribe(`${url}/late`, late)
  await record(5, late)
  await run()
  const order = received.map(({ path }) => path)
  expect(order).toHaveLength(405)
  expect(order.lastIndexOf('/late')).toBeLessThan(100)
})
