import crypto from 'node:crypto'
import { verify as verifyOctokit } from '@octokit/webhooks-methods'
import { eq } from 'drizzle-orm'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { type StoreContext, storeContext } from '../../../server/context'
import { openPostgres } from '../../../server/db/client'
import { inTransaction } from '../../../server/db/transaction'
import { createDeps } from '../../../server/deps'
import { deliverDue } from '../../../server/domain/webhooks/deliver'
import { listDeliveries } from '../../../server/domain/webhooks/deliveries'
import { recordEvent } from '../../../server/domain/webhooks/events'
import { claimDue, LEASE_MS } from '../../../server/domain/webhooks/queue'
import { createWebhook, deleteWebhook, getWebhook, updateWebhook } from '../../../server/domain/webhooks/service'
import { deliveryAttempts } from '../../../server/domain/webhooks/table'
import { jobs } from '../../../server/jobs/registry'
import { startWorker } from '../../../server/jobs/worker'
import { newRowId } from '../../../server/kernel/ids'
import { createSender } from '../../../server/sender/pinned'
import { type Behaviour, type Receiver, startReceiver } from '../../support/receiver'
import { eventually } from '../../support/server'
import { createWorld, type World } from '../../support/world'

let world: World
let ctx: StoreContext
const receivers: Receiver[] = []
beforeEach(async () => {
  world = await createWorld()
  ctx = await openStore()
})
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close()
  await world.close()
})

/** As many first attempts to one endpoint run at a time. */
const FIRST_SLOTS = 14

// Only test events may go over http, as to the receivers here.
const openStore = async (isTest = true) => storeContext(world.deps, (await world.openStore()).store.storeId, isTest)

async function receiver(behaviour: Behaviour = 200): Promise<Receiver> {
  const started = await startReceiver(behaviour)
  receivers.push(started)
  return started
}

const subscribe = (url: string, on = ctx) => createWebhook(on, { url, events: ['sale.completed'] }, undefined)

const record = (count = 1, on = ctx) =>
  inTransaction(on, async (tx) => {
    for (let number = 0; number < count; number++)
      await recordEvent(tx, { type: 'sale.completed', data: { number }, at: tx.clock.now() })
  })

const run = (deps = world.deps) => deliverDue(deps)
const log = async (on = ctx) => (await listDeliveries(on, { limit: 100 })).rows.map(({ delivery }) => delivery)
const onlyDelivery = async () => {
  const [row, ...others] = await log()
  if (!row || others.length > 0) throw new Error('expected one delivery')
  return row
}

test('a sale arrives signed for every verifier, once, and is logged with its answer', async () => {
  world.clock.set(new Date())
  const { url, received } = await receiver((_, response) => response.writeHead(202, { 'X-Shop': 'a' }).end('thanks'))
  const { secret } = await subscribe(`${url}/in?x=1`)
  await record()
  expect(await run()).toBe(false)
  await run()
  expect(received).toHaveLength(1)
  const [sent] = received
  if (!sent) throw new Error('nothing came')
  const { body, headers } = sent
  const documented = headers['x-payhook-signature'] ?? ''
  const expected = `sha256=${crypto.createHmac('sha256', secret).update(body).digest('hex')}`
  expect(crypto.timingSafeEqual(Buffer.from(expected), Buffer.from(documented))).toBe(true)
  expect(await verifyOctokit(secret, body, documented)).toBe(true)
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({ event: 'sale.completed', data: { number: 0 } })
  expect(headers).toMatchObject({ 'user-agent': 'Payhook/1', 'content-type': 'application/json' })
  const delivery = await onlyDelivery()
  expect(delivery).toMatchObject({ status: 'succeeded', attempts: 1, responseCode: 202, error: null })
  const [attempt] = await attemptsOf(delivery.id)
  expect(attempt).toMatchObject({ number: 1, responseCode: 202, responseBody: 'thanks', error: null })
  expect(attempt?.responseHeaders).toMatchObject({ 'x-shop': 'a' })
})

const attemptsOf = (id: string) =>
  world.deps.db
    .select()
    .from(deliveryAttempts)
    .where(eq(deliveryAttempts.deliveryId, id))
    .orderBy(deliveryAttempts.number)

test('an event of test mode goes to the endpoints of test mode only', async () => {
  const { url, received } = await receiver()
  const live = { ...ctx, isTest: false }
  await subscribe('https://127.0.0.1:9/live', live)
  await subscribe(`${url}/test`)
  await record()
  await run()
  expect(received.map(({ path }) => path)).toEqual(['/test'])
  expect(await log(live)).toHaveLength(0)
})

test('ten attempts with doubling gaps, one webhook-id, then the delivery is given up', async () => {
  const { url, received } = await receiver(503)
  await subscribe(url)
  await record()
  const begun = world.clock.now().getTime()
  for (let attempt = 1; attempt <= 9; attempt++) {
    await run()
    const { dueAt, attempts, status } = await onlyDelivery()
    expect({ attempts, status }).toEqual({ attempts: attempt, status: 'pending' })
    const gap = dueAt.getTime() - world.clock.now().getTime()
    expect(gap).toBeGreaterThanOrEqual(3_500 * 2 ** (attempt - 1) * 0.8 - 1)
    expect(gap).toBeLessThanOrEqual(3_500 * 2 ** (attempt - 1) * 1.2 + 1)
    world.clock.advance(gap - 1)
    await run()
    expect(received).toHaveLength(attempt)
    world.clock.advance(1)
  }
  await run()
  expect(await onlyDelivery()).toMatchObject({
    status: 'failed',
    attempts: 10,
    responseCode: 503,
    error: 'The receiver answered 503. It was the last of 10 attempts.',
    finishedAt: world.clock.now(),
  })
  expect((world.clock.now().getTime() - begun) / 60_000).toBeLessThan(36)
  world.clock.advance(86_400_000)
  await run()
  expect(received).toHaveLength(10)
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect(new Set(received.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(10)
  expect(await attemptsOf((await onlyDelivery()).id)).toHaveLength(10)
})

test('a delivery that fails and then succeeds ends as succeeded', async () => {
  const { url, answer } = await receiver(500)
  await subscribe(url)
  await record()
  await run()
  answer(200)
  world.clock.advance(5_000)
  await run()
  expect(await onlyDelivery()).toMatchObject({ status: 'succeeded', attempts: 2, error: null })
})

test('Retry-After is kept', async () => {
  const { url } = await receiver((_, response) => response.writeHead(429, { 'Retry-After': '600' }).end())
  await subscribe(url)
  await record()
  await run()
  expect((await onlyDelivery()).dueAt.getTime() - world.clock.now().getTime()).toBe(600_000)
})

test('a redirect ends the delivery and is not followed', async () => {
  const inner = await receiver()
  const { url } = await receiver((_, response) => response.writeHead(308, { Location: inner.url }).end())
  await subscribe(url)
  await record()
  await run()
  expect(inner.received).toHaveLength(0)
  expect(await onlyDelivery()).toMatchObject({ status: 'failed', responseCode: 308, attempts: 1 })
})

test('410 disables the endpoint with a reason; switching it on again forgets the reason', async () => {
  const { url, received } = await receiver(410)
  const { id } = await subscribe(url)
  await record()
  await run()
  expect(await getWebhook(ctx, id)).toMatchObject({ isActive: false, disabledReason: expect.stringContaining('410') })
  await record()
  await run()
  expect(received).toHaveLength(1)
  expect(await updateWebhook(ctx, { id, is_active: true })).toMatchObject({ isActive: true, disabledReason: null })
})

test('what waits for an endpoint that is switched off ends in words, without a request', async () => {
  const { url, received } = await receiver()
  const { id } = await subscribe(url)
  await record()
  await updateWebhook(ctx, { id, is_active: false })
  await run()
  expect(received).toHaveLength(0)
  expect(await onlyDelivery()).toMatchObject({
    status: 'failed',
    attempts: 0,
    error: 'The webhook endpoint is switched off.',
  })
})

test('an endpoint that is deleted while it is being called harms nothing', async () => {
  const target = await receiver(() => undefined)
  const { id } = await subscribe(target.url)
  target.answer((_, response) => void deleteWebhook(ctx, id).then(() => response.writeHead(200).end()))
  await record()
  await run()
  expect(await log()).toHaveLength(0)
  expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
})

test('a name that was public when it was saved and is private now is refused at the send', async () => {
  const target = await receiver()
  const answers = [['93.184.216.34'], ['127.0.0.1']]
  const sender = createSender({ allowPrivate: false, resolve: async () => answers.shift() ?? [] })
  const strict = { ...ctx, sender }
  await subscribe(`https://rebind.example.test:${target.port}/`, strict)
  await record()
  await run({ ...world.deps, sender })
  expect(target.received).toHaveLength(0)
  expect(await onlyDelivery()).toMatchObject({
    status: 'failed',
    responseCode: null,
    error: expect.stringContaining('private or loopback'),
  })
})

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
  await eventually('all quick deliveries', () => quick.received.length === 80 || undefined, 5_000)
  expect(hanging.received.length).toBe(FIRST_SLOTS)
  await hanging.close()
  receivers.splice(receivers.indexOf(hanging), 1)
  await running
  expect((await log(other)).every(({ status }) => status === 'succeeded')).toBe(true)
}, 60_000)

test('work that comes while a slow receiver is waited for is sent at once when the worker is woken', async () => {
  const hanging = await receiver(() => undefined)
  const quick = await receiver()
  const slow = await openStore()
  await subscribe(hanging.url, slow)
  await subscribe(quick.url)
  const worker = startWorker(world.deps, jobs)
  world.deps.wake = worker.wake
  try {
    await record(1, slow)
    worker.wake('webhooks')
    await eventually('the slow one to be called', () => hanging.received.length === 1 || undefined)
    const taken: number[] = []
    for (let i = 1; i <= 5; i++) {
      const before = performance.now()
      await record()
      worker.wake('webhooks')
      await eventually('the quick one', () => quick.received.length === i || undefined)
      taken.push(performance.now() - before)
    }
    // Five polls of half a second would take longer than this.
    expect(taken.reduce((a, b) => a + b)).toBeLessThan(2_000)
  } finally {
    await hanging.close()
    receivers.splice(receivers.indexOf(hanging), 1)
    await worker.stop()
  }
})

test('a stopping worker finishes what it has begun and begins nothing new', async () => {
  const waiting: (() => void)[] = []
  const { url, received } = await receiver((_, response) => void waiting.push(() => response.writeHead(200).end()))
  await subscribe(url)
  await record(20)
  const worker = startWorker(world.deps, jobs)
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
  const second = world.database.url ? await openPostgres(world.database.url) : undefined
  const { config, publicUrl, clock, log: logTo } = world.deps
  const others = second && createDeps({ config, publicUrl, database: second, clock, log: logTo })
  await Promise.all([run(), run(others ?? world.deps)])
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
  const { claimed } = await claimDue(world.deps, ctx.storeId, 'first', new Map([[id, 2]]))
  expect(claimed).toHaveLength(2)
  await run()
  expect(received).toHaveLength(1)
  world.clock.advance(LEASE_MS - 1)
  await run()
  expect(received).toHaveLength(1)
  world.clock.advance(1)
  await run()
  expect(received).toHaveLength(3)
  expect((await log()).map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded'])
})

test('a delivery that kills every worker that takes it is given up after ten attempts', async () => {
  const { url, received } = await receiver()
  const { id } = await subscribe(url)
  await record()
  for (let kill = 0; kill < 10; kill++) {
    const { claimed } = await claimDue(world.deps, ctx.storeId, kill === 0 ? 'first' : 'retry', new Map([[id, 1]]))
    expect(claimed).toHaveLength(1)
    world.clock.advance(LEASE_MS)
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
  world.clock.advance(1)
  const late = await openStore()
  await subscribe(`${url}/late`, late)
  await record(5, late)
  await run()
  const order = received.map(({ path }) => path)
  expect(order).toHaveLength(405)
  expect(order.lastIndexOf('/late')).toBeLessThan(100)
})

test('an event whose endpoint is deleted at the same moment is still recorded', async () => {
  const { url } = await receiver()
  for (let round = 0; round < 10; round++) {
    const { id } = await subscribe(`${url}/${round}`)
    await Promise.all([record(3), deleteWebhook(ctx, id)])
  }
})

test("another store's deliveries are not listed", async () => {
  const { url } = await receiver()
  await subscribe(url)
  await record()
  expect(await log(await openStore())).toHaveLength(0)
  await expect(listDeliveries(ctx, { limit: 1, endpoint_id: newRowId(ctx.storeId) })).rejects.toMatchObject({
    code: 'webhook_not_found',
  })
})
