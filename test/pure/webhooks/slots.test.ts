import { expect, test } from 'vitest'
import { createSlots } from '../../../server/domain/webhooks/slots'

const LIMITS = { all: 32, perStore: 24, perEndpoint: 16, perFailingEndpoint: 2, slow: 2, slowAfterMs: 60_000 }
const owner = (endpointId: string, kind: 'first' | 'retry' = 'first', storeId = 1n) => ({ storeId, endpointId, kind })

test('retries get half of every limit, and leave the rest to first attempts, which leave an eighth to them', () => {
  const slots = createSlots(LIMITS, () => undefined)
  expect(slots.roomOfEndpoint('a', 'retry', false)).toBe(8)
  expect(slots.roomOfEndpoint('a', 'first', false)).toBe(14)
  expect(slots.roomOfStore(1n, 'retry')).toBe(12)
  expect(slots.roomOfStore(1n, 'first')).toBe(21)
  slots.reserve(owner('a', 'retry'), 8)
  expect(slots.roomOfEndpoint('a', 'retry', false)).toBe(0)
  expect(slots.roomOfEndpoint('a', 'first', false)).toBe(8)
})

test('a failing endpoint gets one slot of each kind', () => {
  const slots = createSlots(LIMITS, () => undefined)
  slots.reserve(owner('a'), 1)
  expect(slots.roomOfEndpoint('a', 'first', true)).toBe(0)
  expect(slots.roomOfEndpoint('a', 'retry', true)).toBe(1)
})

test('a reserved slot is taken until it is given back or its work has ended', async () => {
  let freed = 0
  const slots = createSlots(LIMITS, () => freed++)
  slots.reserve(owner('a'), 3)
  expect([slots.takenOfStore(1n), slots.busy()]).toEqual([3, 0])
  slots.release(owner('a'), 2)
  let finish: () => void = () => undefined
  slots.run(owner('a'), () => new Promise((resolve) => (finish = resolve)))
  expect([slots.takenOfStore(1n), slots.busy()]).toEqual([1, 1])
  finish()
  await slots.idle()
  expect([slots.takenOfStore(1n), slots.busy(), freed]).toEqual([0, 0, 1])
  expect(slots.roomOfStore(1n, 'first')).toBe(21)
})

test('one store leaves slots to the others', () => {
  const slots = createSlots(LIMITS, () => undefined)
  for (const id of ['a', 'b']) slots.reserve(owner(id), 10)
  slots.reserve(owner('c'), 1)
  expect(slots.roomOfStore(1n, 'first')).toBe(0)
  expect(slots.roomOfStore(2n, 'first')).toBe(7)
})

test('sends that hang make room for others, but not at their own endpoint, and only so many', async () => {
  let freed = 0
  const slots = createSlots({ ...LIMITS, slowAfterMs: 1 }, () => freed++)
  const finish: (() => void)[] = []
  slots.reserve(owner('a'), 3)
  for (let send = 0; send < 3; send++) slots.run(owner('a'), () => new Promise<void>((resolve) => finish.push(resolve)))
  expect(slots.takenOfStore(1n)).toBe(3)
  await expect.poll(() => freed).toBe(2)
  expect([slots.busy(), slots.takenOfStore(1n)]).toEqual([3, 1])
  expect(slots.roomOfEndpoint('a', 'first', false)).toBe(11)
  for (const end of finish) end()
  await slots.idle()
  expect([slots.busy(), slots.takenOfStore(1n)]).toEqual([0, 0])
  expect(slots.roomOfStore(1n, 'first')).toBe(21)
  expect(slots.roomOfEndpoint('a', 'first', false)).toBe(14)
})
