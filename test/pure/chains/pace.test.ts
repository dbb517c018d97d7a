import { expect, test } from 'vitest'
import { createPace } from '../../../server/domain/chains/pace'

const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1_000)

/** Waits as a watcher does, over a chain of blocks at these seconds; answers how long after each block it was seen, in seconds. */
function follow(network: 'ethereum' | 'bsc', times: readonly number[]) {
  const pace = createPace(network)
  const seen = new Map<number, number>()
  let [now, asked] = [times[0] ?? 0, 0]
  while (seen.size < times.length) {
    const number = times.filter((time) => time <= now).length - 1
    if (!seen.has(number))
      for (let each = 0; each <= number; each += 1) if (!seen.has(each)) seen.set(each, now - (times[each] ?? 0))
    now += pace.next({ number: BigInt(number), time: at(times[number] ?? 0) }, at(now)) / 1_000
    asked += 1
  }
  return { late: times.map((_time, number) => seen.get(number) ?? 0), asked }
}

test('Ethereum is asked soon after each block is due, and not all the time', () => {
  const times = Array.from({ length: 50 }, (_, nth) => nth * 12)
  const { late, asked } = follow('ethereum', times)
  expect(Math.max(...late.slice(2))).toBeLessThan(3)
  expect(asked).toBeLessThan(50 * 5)
})

test('an empty slot is waited for with patience', () => {
  const times = Array.from({ length: 40 }, (_, nth) => nth * 12).filter((time) => time % 84 !== 0 || time === 0)
  const { late, asked } = follow('ethereum', times)
  expect(Math.max(...late.slice(2))).toBeLessThan(6.5)
  expect(asked).toBeLessThan(40 * 6)
})

test('a chain of half seconds is read as fast as it grows', () => {
  const { late } = follow(
    'bsc',
    Array.from({ length: 400 }, (_, nth) => nth * 0.45),
  )
  expect(Math.max(...late.slice(2))).toBeLessThan(0.6)
})

test('failures are waited for longer and longer, and not when something was read before', () => {
  const pace = createPace('bsc')
  const waits = Array.from({ length: 8 }, () => pace.afterFailure(false))
  expect(waits).toEqual([...waits].sort((a, b) => a - b))
  expect([waits[0], waits.at(-1)]).toEqual([1_000, 10_000])
  expect(pace.afterFailure(true)).toBe(500)
})
