import { expect, test } from 'vitest'
import { createBatches } from '../../../server/kernel/batches'

type Context = { db: object; says: string }

const db = {}

/** Immediates run in the order in which they were asked for. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

/** Batches whose work waits until the test lets it go on. */
function openBatches(limits: { atOnce: number; most: number }) {
  const seen: number[][] = []
  const goOn: (() => void)[] = []
  const batches = createBatches<Context, number, string>(async ({ says }, items) => {
    seen.push([...items])
    await new Promise<void>((resolve) => goOn.push(resolve))
    if (items.includes(13)) throw new Error('all of them')
    return items.map((item) =>
      item === 7
        ? { status: 'rejected', reason: new Error('only this one') }
        : { status: 'fulfilled', value: `${says} ${item}` },
    )
  }, limits)
  const add = (...items: number[]) => items.map((item) => batches({ db, says: 'ctx' }, 'one', item))
  const finish = async () => {
    for (let step = 0; step < 20; step++) {
      for (const next of goOn.splice(0)) next()
      await nextTurn()
    }
  }
  return { batches, add, seen, finish }
}

test('what comes in one turn goes together, what comes while it runs goes after it, and each gets its own answer', async () => {
  const { add, seen, finish } = openBatches({ atOnce: 1, most: 3 })
  const first = add(0, 1)
  await nextTurn()
  expect(seen).toEqual([[0, 1]])
  const later = add(2, 3, 4, 5)
  await nextTurn()
  expect(seen).toHaveLength(1)
  await finish()
  expect(await Promise.all([...first, ...later])).toEqual([0, 1, 2, 3, 4, 5].map((item) => `ctx ${item}`))
  expect(seen).toEqual([[0, 1], [2, 3, 4], [5]])
})

test('as many run at once as may, and neither groups nor databases wait for each other', async () => {
  const { batches, add, seen, finish } = openBatches({ atOnce: 2, most: 1 })
  const says = 'ctx'
  const others = [batches({ db, says }, 'another', 8), batches({ db: {}, says }, 'one', 9)]
  const answers = Promise.all([...add(1, 2, 3), ...others])
  await nextTurn()
  expect(seen).toEqual([[8], [9], [1], [2]])
  await finish()
  expect(await answers).toHaveLength(5)
  expect(seen.at(-1)).toEqual([3])
})

test('an error of one is its own, one of the work is everybody’s, and the next ones go on', async () => {
  const { add, finish } = openBatches({ atOnce: 1, most: 8 })
  const first = Promise.allSettled(add(6, 7, 8))
  await finish()
  expect((await first).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  const second = Promise.allSettled(add(12, 13))
  await finish()
  expect((await second).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  const third = Promise.all(add(1))
  await finish()
  expect(await third).toEqual(['ctx 1'])
})
