import crypto from 'node:crypto'
import { verify as verifyOctokit } from '@octokit/webhooks-methods'
import { eq } from 'drizzle-orm'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { listDeliveries } from '../../../server/domain/webhooks/deliveries'
import { deleteWebhook, getWebhook, updateWebhook } from '../../../server/domain/webhooks/service'
import { deliveryAttempts } from '../../../server/domain/webhooks/table'
import { newRowId } from '../../../server/kernel/ids'
import { createSender } from '../../../server/sender/pinned'
import { useQueue } from './queue-stage'

const queue = useQueue()
const { log, onlyDelivery, openStore, receiver, record, run, subscribe } = queue

test('a sale arrives signed for every verifier, once, and is logged with its answer', async () => {
  queue.world.clock.set(new Date())
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
  queue.world.deps.db
    .select()
    .from(deliveryAttempts)
    .where(eq(deliveryAttempts.deliveryId, id))
    .orderBy(deliveryAttempts.number)

test('an event of test mode goes to the endpoints of test mode only', async () => {
  const { url, received } = await receiver()
  const live = { ...queue.ctx, isTest: false }
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
  const begun = queue.world.clock.now().getTime()
  for (let attempt = 1; attempt <= 9; attempt++) {
    await run()
    const { dueAt, attempts, status } = await onlyDelivery()
    expect({ attempts, status }).toEqual({ attempts: attempt, status: 'pending' })
    const gap = dueAt.getTime() - queue.world.clock.now().getTime()
    expect(gap).toBeGreaterThanOrEqual(3_500 * 2 ** (attempt - 1) * 0.8 - 1)
    expect(gap).toBeLessThanOrEqual(3_500 * 2 ** (attempt - 1) * 1.2 + 1)
    queue.world.clock.advance(gap - 1)
    await run()
    expect(received).toHaveLength(attempt)
    queue.world.clock.advance(1)
  }
  await run()
  expect(await onlyDelivery()).toMatchObject({
    status: 'failed',
    attempts: 10,
    responseCode: 503,
    error: 'The receiver answered 503. It was the last of 10 attempts.',
    finishedAt: queue.world.clock.now(),
  })
  expect((queue.world.clock.now().getTime() - begun) / 60_000).toBeLessThan(36)
  queue.world.clock.advance(86_400_000)
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
  queue.world.clock.advance(5_000)
  await run()
  expect(await onlyDelivery()).toMatchObject({ status: 'succeeded', attempts: 2, error: null })
})

test('Retry-After is kept', async () => {
  const { url } = await receiver((_, response) => response.writeHead(429, { 'Retry-After': '600' }).end())
  await subscribe(url)
  await record()
  await run()
  expect((await onlyDelivery()).dueAt.getTime() - queue.world.clock.now().getTime()).toBe(600_000)
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
  expect(await getWebhook(queue.ctx, id)).toMatchObject({
    isActive: false,
    disabledReason: expect.stringContaining('410'),
  })
  await record()
  await run()
  expect(received).toHaveLength(1)
  expect(await updateWebhook(queue.ctx, { id, is_active: true })).toMatchObject({
    isActive: true,
    disabledReason: null,
  })
})

test('what waits for an endpoint that is switched off ends in words, without a request', async () => {
  const { url, received } = await receiver()
  const { id } = await subscribe(url)
  await record()
  await updateWebhook(queue.ctx, { id, is_active: false })
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
  target.answer((_, response) => void deleteWebhook(queue.ctx, id).then(() => response.writeHead(200).end()))
  await record()
  await run()
  expect(await log()).toHaveLength(0)
  expect(queue.world.log.filter(({ level }) => level === 'error')).toEqual([])
})

test('a name that was public when it was saved and is private now is refused at the send', async () => {
  const target = await receiver()
  const answers = [['93.184.216.34'], ['127.0.0.1']]
  const sender = createSender({ allowPrivate: false, resolve: async () => answers.shift() ?? [] })
  const strict = { ...queue.ctx, sender }
  await subscribe(`https://rebind.example.test:${target.port}/`, strict)
  await record()
  await run({ ...queue.world.deps, sender })
  expect(target.received).toHaveLength(0)
  expect(await onlyDelivery()).toMatchObject({
    status: 'failed',
    responseCode: null,
    error: expect.stringContaining('private or loopback'),
  })
})

test('an event whose endpoint is deleted at the same moment is still recorded', async () => {
  const { url } = await receiver()
  for (let round = 0; round < 10; round++) {
    const { id } = await subscribe(`${url}/${round}`)
    await Promise.all([record(3), deleteWebhook(queue.ctx, id)])
  }
})

test("another store's deliveries are not listed", async () => {
  const { url } = await receiver()
  await subscribe(url)
  await record()
  expect(await log(await openStore())).toHaveLength(0)
  await expect(listDeliveries(queue.ctx, { limit: 1, endpoint_id: newRowId(queue.ctx.storeId) })).rejects.toMatchObject(
    {
      code: 'webhook_not_found',
    },
  )
})
