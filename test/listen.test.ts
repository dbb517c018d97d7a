import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type StoreContext, storeContext } from '../server/context'
import { inTransaction } from '../server/db/transaction'
import type { OpenedStore } from '../server/domain/stores/service'
import { recordEvent } from '../server/domain/webhooks/events'
import type { FeedEvent } from '../server/event-feed'
import { addMs, SECOND_MS } from '../server/kernel/clock'
import { type ListenOptions, listen } from '../server/listen'
import { eventually } from './support/server'
import { createWorld, type World } from './support/world'

let world: World
/** In front of the world, to be taken away for a while. */
let proxy: { url: string; isDown: boolean; stop(): Promise<void> }
beforeAll(async () => {
  world = await createWorld()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      if (proxy.isDown) return new Response('gone for a while', { status: 502 })
      const { pathname, search } = new URL(request.url)
      return fetch(world.url + pathname + search, { headers: request.headers })
    },
  })
  proxy = { url: `http://127.0.0.1:${server.port}`, isDown: false, stop: () => server.stop(true) }
})
afterAll(async () => {
  await proxy.stop()
  await world.close()
})

let opened: OpenedStore
let ctx: StoreContext
beforeEach(async () => {
  opened = await world.openStore()
  ctx = storeContext(world.deps, opened.store.storeId, true)
})

const record = (name: string, at = world.clock.now(), type = 'sale.completed') =>
  inTransaction(ctx, (tx) => recordEvent(tx, { type, data: { name }, at }))

const endings: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

/** Listens until the test ends, and waits until it does. */
async function startListening(options: Partial<ListenOptions> = {}) {
  const ending = new AbortController()
  const printed: string[] = []
  const notes: string[] = []
  const done = listen({
    forward: undefined,
    events: [],
    json: true,
    ...options,
    server: proxy.url,
    apiKey: opened.testKey,
    clock: world.clock,
    signal: ending.signal,
    print: (line) => printed.push(line),
    note: (line) => notes.push(line),
  })
  const ended = done.catch((error: Error) => error)
  endings.push(async () => {
    ending.abort()
    await ended
  })
  await eventually('listening', () => (notes.length > 0 ? true : undefined))
  const names = () => printed.map((line) => (JSON.parse(line) as FeedEvent).data.name)
  const shown = (count: number) => eventually(`${count} events`, () => (printed.length >= count ? names() : undefined))
  return { printed, notes, ended, shown }
}

test('what happens is shown once and in order, and nothing of what was there before', async () => {
  await record('before')
  const { shown } = await startListening()
  await record('first')
  expect(await shown(1)).toEqual(['first'])
  world.clock.advance(10)
  await record('second')
  world.clock.advance(10)
  await record('third')
  expect(await shown(3)).toEqual(['first', 'second', 'third'])
})

test('an event that commits behind a younger one is shown too', async () => {
  const { shown } = await startListening()
  const early = world.clock.now()
  world.clock.advance(2 * SECOND_MS)
  await record('young')
  await shown(1)
  await record('late', early)
  expect(await shown(2)).toEqual(['young', 'late'])
})

test('the first event of a store is shown, and more at once than a page holds', async () => {
  const { shown } = await startListening()
  const names = Array.from({ length: 230 }, (_, index) => `event ${index}`)
  const start = world.clock.now()
  await inTransaction(ctx, async (tx) => {
    for (const [index, name] of names.entries())
      await recordEvent(tx, { type: 'sale.completed', data: { name }, at: addMs(start, index) })
  })
  expect(await shown(230)).toEqual(names)
})

test.each([[['sale.refunded']], [['sale.refunded', 'order.paid']]])(
  'of all events only %j are shown',
  async (events) => {
    const { shown } = await startListening({ events })
    await record('sale')
    await record('refund', undefined, 'sale.refunded')
    expect(await shown(1)).toEqual(['refund'])
  },
)

test('a server that goes away for a while is said once, and what happens meanwhile is shown when it is back', async () => {
  const { shown, notes } = await startListening()
  proxy.isDown = true
  await eventually('the note', () => (notes.length === 2 ? true : undefined))
  await record('meanwhile')
  proxy.isDown = false
  expect(await shown(1)).toEqual(['meanwhile'])
  expect(notes).toEqual([
    expect.stringMatching(/^Listening for events of http/),
    expect.stringMatching(/answers 502.*Trying again.*nothing is lost/),
    expect.stringMatching(/answers again/),
  ])
})

test('a key that is taken back ends it with words', async () => {
  const { ended } = await startListening()
  const headers = { Authorization: `Bearer ${opened.testKey}`, 'Content-Type': 'application/json' }
  const listed = await fetch(`${world.url}/v1/api_keys`, { headers })
  const { api_keys } = (await listed.json()) as { api_keys: { id: string; mode: string }[] }
  const id = api_keys.find(({ mode }) => mode === 'test')?.id
  const rolled = await fetch(`${world.url}/v1/api_keys/${id}/roll`, { method: 'POST', headers, body: '{}' })
  expect(rolled.status).toBe(200)
  expect(await ended).toMatchObject({ name: 'ListenError', message: expect.stringMatching(/^PAYHOOK_API_KEY/) })
})

test('what buyers write cannot command the terminal', async () => {
  const { printed } = await startListening({ json: false })
  const data = { buyer_email: 'a\u001b[2Jb@example.com', amount_cents: 1900, currency: 'usd' }
  await inTransaction(ctx, (tx) => recordEvent(tx, { type: 'sale.completed', data, at: world.clock.now() }))
  const line = await eventually('a line', () => printed[0])
  expect(line).toMatch(/^\d\d:\d\d:\d\d {2}sale\.completed .* 19\.00 USD {2}a\S\[2Jb@example\.com {2}\(test\)$/)
  expect(line).not.toMatch(/\p{Cc}/u)
})
