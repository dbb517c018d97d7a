import { eq, sql } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TIMEOUT_MS } from '../../../server/domain/webhooks/deliver'
import { claimDue, LEASE_MS } from '../../../server/domain/webhooks/queue'
import { createQueueSampler } from '../../../server/domain/webhooks/queue-metrics'
import { recordResults } from '../../../server/domain/webhooks/results'
import { pruneWebhooks } from '../../../server/domain/webhooks/retention'
import { deliveries, deliveryAttempts, events } from '../../../server/domain/webhooks/table'
import { DAY_MS, SECOND_MS } from '../../../server/kernel/clock'
import { openStage, type Stage } from './stage'

let stage: Stage
beforeEach(async () => {
  stage = await openStage({ PAYHOOK_WEBHOOK_RETENTION_DAYS: '7' })
})
afterEach(() => stage.close())

test('a lease outlives the time-out by enough to write the result', () => {
  expect(LEASE_MS).toBeGreaterThanOrEqual(TIMEOUT_MS + 10 * SECOND_MS)
})

test('first attempts go before a long row of late retries, and these are sent too', async () => {
  const hook = await stage.receiver(503)
  await stage.subscribe(hook.url)
  await stage.record(60)
  await stage.run()
  expect(hook.received).toHaveLength(60)
  hook.received.length = 0
  stage.world.clock.advance(60_000)
  hook.answer((_, response) => void setTimeout(() => response.writeHead(200).end(), 2))
  await stage.record(10)
  await stage.run()
  expect(hook.received).toHaveLength(70)
  const retried = new Set(
    (await stage.log()).filter(({ attempts }) => attempts === 2).map(({ eventId }) => `evt_${eventId}`),
  )
  const order = hook.received.map(({ headers }) => retried.has(headers['webhook-id'] ?? ''))
  expect(order.lastIndexOf(false)).toBeLessThan(35)
  expect((await stage.log()).every(({ status }) => status === 'succeeded')).toBe(true)
})

test('a rate limit is kept, for all processes together, and the other endpoints go at their own pace', async () => {
  const limited = await stage.receiver()
  const free = await stage.receiver()
  const { id } = await stage.subscribe(limited.url, { rate_limit_per_second: 20 })
  await stage.subscribe(free.url)
  await stage.record(50)
  // On the test's clock nothing is allowed after the first burst.
  await Promise.race([Promise.all([stage.run(), stage.run()]), until(() => free.received.length === 50)])
  expect(limited.received.length).toBeLessThanOrEqual(2)
  for (let second = 1; second <= 2; second++) {
    for (let tick = 0; tick < 10; tick++) {
      stage.world.clock.advance(100)
      const expected = Math.min(50, 2 + (second - 1) * 20 + (tick + 1) * 2)
      await until(() => limited.received.length >= expected - 2)
      expect(limited.received.length).toBeLessThanOrEqual(expected)
    }
  }
  const changed = await stage.call('PATCH', `/webhooks/${id}`, { rate_limit_per_second: null })
  expect(changed.body.rate_limit_per_second).toBeNull()
  await until(() => limited.received.length === 50)
})

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`it did not become so: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('a result that cannot be written costs its neighbours in the commit nothing', async () => {
  const hook = await stage.receiver((request, response) =>
    response.writeHead(200, request.path === '/bad' ? { 'X-Bad': 'yes' } : {}).end(),
  )
  await stage.subscribe(`${hook.url}/bad`)
  await stage.subscribe(`${hook.url}/good`)
  // A database that takes no attempt with that header.
  await stage.world.deps.db.execute(
    sql`alter table delivery_attempts add constraint picky check (response_headers not like '%x-bad%')`,
  )
  await stage.record(5)
  await stage.run()
  const log = await stage.log()
  expect(log.filter(({ status }) => status === 'succeeded')).toHaveLength(5)
  expect(log.filter(({ status }) => status === 'pending')).toHaveLength(5)
  expect(stage.world.log.filter(({ level }) => level === 'error')).toHaveLength(5)
})

test('what another worker has taken over is not written by the one that was too late', async () => {
  const hook = await stage.receiver()
  const { id } = await stage.subscribe(hook.url)
  await stage.record()
  const late = await claimDue(stage.world.deps, stage.ctx.storeId, 'first', new Map([[id, 1]]))
  stage.world.clock.advance(LEASE_MS)
  const next = await claimDue(stage.world.deps, stage.ctx.storeId, 'retry', new Map([[id, 1]]))
  const [mine, theirs] = [late.claimed[0], next.claimed[0]]
  if (!mine || !theirs) throw new Error('nothing was claimed')
  const failed = { status: 'failed' as const, error: 'The receiver answered 400.', disables: false }
  const attempt = {
    request: { url: hook.url, headers: {} },
    startedAt: stage.world.clock.now(),
    outcome: { kind: 'network' as const, error: '', durationMs: 1 },
  }
  const results = [{ delivery: mine, verdict: failed, attempt }]
  await recordResults(stage.world.deps, stage.ctx.storeId, results)
  expect(await stage.log()).toMatchObject([{ status: 'pending', attempts: 2 }])
  await recordResults(stage.world.deps, stage.ctx.storeId, [{ delivery: theirs, verdict: failed, attempt }])
  expect(await stage.log()).toMatchObject([{ status: 'failed', attempts: 2 }])
})

test('after the days of the setting events and finished deliveries go; what is pending stays with its event', async () => {
  const hook = await stage.receiver()
  await stage.subscribe(hook.url)
  await stage.record(3)
  await stage.run()
  await stage.record(2)
  stage.world.clock.advance(7 * DAY_MS)
  const { db } = stage.world.deps
  const counts = async () => [await db.$count(events), await db.$count(deliveries), await db.$count(deliveryAttempts)]
  await pruneWebhooks(stage.world.deps)
  expect(await counts()).toEqual([5, 5, 3])
  stage.world.clock.advance(1)
  await stage.record(1)
  await pruneWebhooks(stage.world.deps)
  expect(await counts()).toEqual([3, 3, 0])
  expect(await db.$count(deliveries, eq(deliveries.status, 'pending'))).toBe(3)
})

test('a replayed event lives as long as its last delivery', async () => {
  const hook = await stage.receiver()
  const { id } = await stage.subscribe(hook.url)
  const [eventId] = await stage.record()
  await stage.run()
  stage.world.clock.advance(6 * DAY_MS)
  await stage.call('POST', `/events/${eventId}/send`, { webhook_id: id })
  await stage.run()
  stage.world.clock.advance(2 * DAY_MS)
  await pruneWebhooks(stage.world.deps)
  expect((await stage.call('GET', `/events/${eventId}`)).body.deliveries).toHaveLength(1)
  stage.world.clock.advance(6 * DAY_MS)
  await pruneWebhooks(stage.world.deps)
  expect((await stage.call('GET', `/events/${eventId}`)).status).toBe(404)
})

test('the metrics show attempts by outcome, and the depth and age of the queue', async () => {
  const hook = await stage.receiver(503)
  await stage.subscribe(hook.url)
  await stage.record(2)
  await stage.run()
  hook.answer(200)
  stage.world.clock.advance(60_000)
  await stage.record(3)
  stage.world.clock.advance(5_000)
  await createQueueSampler()(stage.world.deps)
  const before = await (await fetch(`${stage.world.url}/metrics`)).text()
  expect(before).toContain('payhook_webhook_attempt_duration_seconds_count{answer="5xx",status="pending"} 2')
  expect(before).toContain('payhook_webhook_queue_pending 5')
  expect(before).toContain('payhook_webhook_queue_due 5')
  expect(Number(/queue_oldest_due_seconds ([\d.]+)/.exec(before)?.[1])).toBeGreaterThan(60)
  await stage.run()
  await createQueueSampler()(stage.world.deps)
  const after = await (await fetch(`${stage.world.url}/metrics`)).text()
  expect(after).toContain('payhook_webhook_attempt_duration_seconds_count{answer="2xx",status="succeeded"} 5')
  expect(after).toContain('payhook_webhook_queue_pending 0')
  expect(after).toContain('payhook_webhook_queue_oldest_due_seconds 0')
})
