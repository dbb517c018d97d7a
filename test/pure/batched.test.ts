import { describe, expect, test } from 'vitest'
import { batched } from '../../server/db/batched'

type Loads = { group: string; keys: string[] }[]

/** Answers each key in capitals, knows no key that begins with `no`, and fails on a batch that holds `broken`. */
function finder() {
  const loads: Loads = []
  const find = batched(async (_db: object, group: string, keys) => {
    loads.push({ group, keys: [...keys] })
    await new Promise((resolve) => setImmediate(resolve))
    if (keys.includes('broken')) throw new Error('the database is gone')
    return new Map(keys.filter((key) => !key.startsWith('no')).map((key) => [key, key.toUpperCase()]))
  })
  return { loads, find }
}

describe('what is asked for together', () => {
  test('is one query, in which each key is once, and everybody gets their own', async () => {
    const { loads, find } = finder()
    const db = {}
    const found = await Promise.all(['a', 'b', 'a', 'none'].map((key) => find(db, 's', key)))
    expect(found).toEqual(['A', 'B', 'A', undefined])
    expect(loads).toEqual([{ group: 's', keys: ['a', 'b', 'none'] }])
  })

  test('is never mixed with another store or another database', async () => {
    const { loads, find } = finder()
    const [one, other] = [{}, {}]
    await Promise.all([find(one, 's', 'a'), find(one, 't', 'a'), find(other, 's', 'a')])
    expect(loads).toEqual(['s', 't', 's'].map((group) => ({ group, keys: ['a'] })))
  })

  test('fails together, and the next query works', async () => {
    const { find } = finder()
    const db = {}
    const results = await Promise.allSettled([find(db, 's', 'a'), find(db, 's', 'broken')])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await find(db, 's', 'a')).toBe('A')
  })
})

test('a query never answers who asked after it had begun', async () => {
  const { loads, find } = finder()
  const db = {}
  const first = find(db, 's', 'a')
  while (loads.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([first, find(db, 's', 'a')])
  expect(loads).toHaveLength(2)
})
