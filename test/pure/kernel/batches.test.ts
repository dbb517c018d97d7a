import { expect, test } from 'vitest'
import { createBatches } from '../../../server/kernel/batches'

/** Batches whose work waits until the test lets it go on. */
function openBatches(limits: { atOnce: number; most: number }) {
  const seen: number[][] = []
  const goOn: (() => void)[] = []
  const batches = createBatches<string, number, string>(async (context, items) => {
    seen.push([...items])
    await new Promise<void>((resolve) => goOn.push(resolve))
    if (items.includes(13)) throw new Error('all of them')
    return items.map((item) =>
      item === 7
        ? { status: 'rejected', reason: new Error('only this one') }
        : { status: 'fulfilled', value: `${context} ${item}` },
    )
  }, limits)
  const add = (...items: number[]) => items.map((item) => batches.add('one', 'ctx', item))
  const finish = async () => {
    for (let step = 0; step < 20; step++) {
      for (const next of goOn.splice(0)) next()
      await Promise.resolve()
    }
  }
  return { batches, add, seen, finish }
}

test('the first goes at once, those that come meanwhile go together, and each gets its own answer', async () => {
  const { add, seen, finish } = openBatches({ atOnce: 1, most: 3 })
  const answers = Promise.all(add(0, 1, 2, 3, 4))
  expect(seen).toEqual([[0]])
  await finish()
  expect(await answers).toEqual(['ctx 0', 'ctx 1', 'ctx 2', 'ctx 3', 'ctx 4'])
  expect(seen).toEqual([[0], [1, 2, 3], [4]])
})

test('as many run at once as may, and groups do not wait for each other', async () => {
  const { batches, add, seen, finish } = openBatches({ atOnce: 2, most: 8 })
  const answers = Promise.all([...add(1, 2, 3), batches.add('another', 'ctx', 9)])
  expect(seen).toEqual([[1], [2], [9]])
  await finish()
  expect(await answers).toHaveLength(4)
  expect(seen.at(-1)).toEqual([3])
})

test('an error of one is its own, one of the work is everybody’s, and the next ones go on', async () => {
  const { add, finish } = openBatches({ atOnce: 1, most: 8 })
  const first = Promise.allSettled(add(0, 6, 7, 8))
  await finish()
  expect((await first).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  const second = Promise.allSettled(add(0, 12, 13))
  await finish()
  expect((await second).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  const third = Promise.all(add(1))
  await finish()
  expect(await third).toEqual(['ctx 1'])
})
