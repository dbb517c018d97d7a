import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Turn } from '../../../server/context'
import { liveChain } from '../../../server/domain/chains/chain'
import { giveWatchBack, HELD_MS, takeWatch } from '../../../server/domain/chains/lease'
import { chainWatchers } from '../../../server/domain/chains/table'
import { watchNetwork } from '../../../server/domain/chains/watch'
import { type LiveWorld, openLiveWorld } from '../../support/live-world'
import { eventually } from '../../support/server'

/** Who watches a network, and until when. Two processes are two turns here; test/process kills real ones. */

let world: LiveWorld
beforeAll(async () => {
  world = await openLiveWorld(['ethereum'])
})
afterAll(() => world.close())

const ethereum = liveChain('ethereum')

function startTurn() {
  const ending = new AbortController()
  const turn: Turn = { stopping: ending.signal, onWake: () => undefined }
  const watching = watchNetwork(world.deps, 'ethereum', turn)
  return { watching, stop: () => ending.abort() }
}

const holder = async () => (await world.deps.db.select().from(chainWatchers))[0]?.holder

test('one of two processes watches; when it stops, it has given the watch back, and the other one takes it', async () => {
  const first = startTurn()
  const held = await eventually('a watch', holder)
  expect(await startTurn().watching).toBe(false)
  expect(await holder()).toBe(held)
  expect(world.deps.chainHealth()[0]?.isWatching).toBe(true)
  first.stop()
  expect(await first.watching).toBe(false)
  expect(await holder()).toBeUndefined()
  const second = startTurn()
  expect(await eventually('the next watch', holder)).not.toBe(held)
  second.stop()
  await second.watching
})

test('the watch of a process that was killed is free when its time is over, and not before', async () => {
  expect(await takeWatch(world.deps, ethereum, randomUUID())).toBe(true)
  expect(await startTurn().watching).toBe(false)
  world.clock.advance(HELD_MS - 1)
  expect(await startTurn().watching).toBe(false)
  world.clock.advance(1)
  const next = startTurn()
  await eventually('the watch', () => (world.deps.chainHealth()[0]?.isWatching ? true : undefined))
  next.stop()
  await next.watching
  expect(await holder()).toBeUndefined()
})

test('of many that want the watch at once one gets it', async () => {
  const holders = Array.from({ length: 20 }, () => randomUUID())
  const won = await Promise.all(holders.map((one) => takeWatch(world.deps, ethereum, one)))
  expect(won.filter(Boolean)).toHaveLength(1)
  const winner = holders[won.indexOf(true)] ?? ''
  expect(await takeWatch(world.deps, ethereum, winner)).toBe(true)
  await giveWatchBack(world.deps, ethereum, randomUUID())
  expect(await holder()).toBe(winner)
  await giveWatchBack(world.deps, ethereum, winner)
})

test('a process that has lost the watch without noticing stops when it wants to keep it', async () => {
  const sleeper = startTurn()
  await eventually('a watch', holder)
  world.clock.advance(HELD_MS)
  const other = randomUUID()
  expect(await takeWatch(world.deps, ethereum, other)).toBe(true)
  expect(await sleeper.watching).toBe(false)
  expect(await holder()).toBe(other)
  await giveWatchBack(world.deps, ethereum, other)
})

test('a node that never answers holds up no end', async () => {
  const [node] = world.chain('ethereum').nodes
  if (!node) throw new Error('no node')
  node.manners = () => new Promise(() => {})
  node.asked.length = 0
  const turn = startTurn()
  await eventually('a question', () => (node.asked.length > 0 ? true : undefined))
  const started = performance.now()
  turn.stop()
  await turn.watching
  expect(performance.now() - started).toBeLessThan(12_000)
  expect(await holder()).toBeUndefined()
  node.manners = undefined
})

test('without an end in sight the head is followed: what is mined is read soon', async () => {
  const chain = world.chain('ethereum')
  // The clock was moved: blocks of minutes would be waited for.
  await chain.mine(2)
  const turn = startTurn()
  const shop = await world.shop()
  const payment = await shop.create('ethereum', 'usdt')
  for (let block = 0; block < 3; block += 1) {
    await chain.mine()
    const head = await chain.anvil.head()
    const isRead = () => (world.deps.chainHealth()[0]?.cursor?.number === head ? true : undefined)
    await eventually('the block', isRead)
  }
  await chain.pay('usdt', [payment.assigned_address, 50_000_000n])
  await chain.mine(12)
  const isConfirmed = async () => ((await shop.get(payment)).status === 'confirmed' ? true : undefined)
  await eventually('the confirmation', isConfirmed)
  const ready = async () => {
    const answer = await fetch(`${world.url}/readyz`)
    return [answer.status, await answer.json()]
  }
  expect(await ready()).toEqual([200, { status: 'ready', database: 'ok', chains: { ethereum: 'ok' } }])
  world.clock.advance(600_000)
  expect(await ready()).toMatchObject([
    200,
    { status: 'ready', chains: { ethereum: expect.stringMatching(/^behind: /) } },
  ])
  turn.stop()
  await turn.watching
})
