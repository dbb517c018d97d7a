import { afterEach, beforeEach, expect, test } from 'vitest'
import { FAILING_DAYS } from '../../../server/domain/webhooks/health'
import { getWebhook, updateWebhook } from '../../../server/domain/webhooks/service'
import { DAY_MS, HOUR_MS } from '../../../server/kernel/clock'
import { openStage, type Stage } from './stage'

let stage: Stage
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage.close())

const endpoint = (id: string) => getWebhook(stage.ctx, id)

test(`an endpoint that fails for ${FAILING_DAYS} days is switched off with the reason, and the other endpoints hear of it`, async () => {
  const broken = await stage.receiver(400)
  const watcher = await stage.receiver()
  const { id, url } = await stage.subscribe(broken.url)
  await stage.subscribe(watcher.url, { events: ['webhook.disabled'] })
  const failingSince = stage.world.clock.now()
  await stage.record()
  await stage.run()
  expect(await endpoint(id)).toMatchObject({ isActive: true, failingSince })
  stage.world.clock.advance(FAILING_DAYS * DAY_MS - 1)
  await stage.record()
  await stage.run()
  expect(await endpoint(id)).toMatchObject({ isActive: true, failingSince })
  stage.world.clock.advance(1)
  await stage.record()
  await stage.run()
  await stage.run()
  const reason = `Every delivery has failed for ${FAILING_DAYS} days. The last time: The receiver answered 400.`
  expect(await endpoint(id)).toMatchObject({ isActive: false, disabledReason: reason, failingSince })
  expect(watcher.received.map(({ body }) => JSON.parse(body))).toEqual([
    {
      event: 'webhook.disabled',
      created_at: stage.world.clock.now().toISOString(),
      data: { webhook_id: id, url, reason, failing_since: failingSince.toISOString() },
    },
  ])
  expect(broken.received).toHaveLength(3)
})

test('the first success forgets the failing', async () => {
  const flaky = await stage.receiver(500)
  const { id } = await stage.subscribe(flaky.url)
  await stage.record()
  await stage.run()
  expect((await endpoint(id)).failingSince).toEqual(stage.world.clock.now())
  flaky.answer(200)
  stage.world.clock.advance(HOUR_MS)
  await stage.run()
  expect((await endpoint(id)).failingSince).toBeNull()
  stage.world.clock.advance(2 * FAILING_DAYS * DAY_MS)
  flaky.answer(400)
  await stage.record()
  await stage.run()
  expect(await endpoint(id)).toMatchObject({ isActive: true, failingSince: stage.world.clock.now() })
})

test('one failed attempt after days without a delivery is no reason: the delivery has to be given up first', async () => {
  const broken = await stage.receiver(503)
  const { id } = await stage.subscribe(broken.url)
  await stage.record()
  await stage.run()
  stage.world.clock.advance(FAILING_DAYS * DAY_MS)
  await stage.run()
  expect(broken.received).toHaveLength(2)
  expect(await endpoint(id)).toMatchObject({ isActive: true })
})

test('switching it on again starts anew', async () => {
  const broken = await stage.receiver(400)
  const { id } = await stage.subscribe(broken.url)
  await stage.record()
  await stage.run()
  stage.world.clock.advance(FAILING_DAYS * DAY_MS)
  await stage.record()
  await stage.run()
  expect(await updateWebhook(stage.ctx, { id, is_active: true })).toMatchObject({
    isActive: true,
    disabledReason: null,
    failingSince: null,
  })
  await stage.record()
  await stage.run()
  expect(await endpoint(id)).toMatchObject({ isActive: true, failingSince: stage.world.clock.now() })
  expect(broken.received).toHaveLength(3)
})

test('410 tells the other endpoints too', async () => {
  const gone = await stage.receiver(410)
  const watcher = await stage.receiver()
  const { id } = await stage.subscribe(gone.url)
  await stage.subscribe(watcher.url, { events: ['webhook.disabled'] })
  await stage.record(3)
  await stage.run()
  await stage.run()
  expect(watcher.received).toHaveLength(1)
  expect(JSON.parse(watcher.received[0]?.body ?? '')).toMatchObject({
    data: { webhook_id: id, reason: 'The receiver answered 410 Gone.' },
  })
})
