import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chainBlocks } from '../server/domain/chains/table'
import { createWatcher } from '../server/domain/chains/watcher'
import { PLATFORM_STORE } from '../server/kernel/ids'
import { type Operation, readOperations } from '../server/operations'
import { toJsonSchema } from '../server/rest/json-schema'
import { type ChainNode, serveNode } from './support/chain-node'
import { type Door, mcpDoor, restDoor, type Seen, trpcDoor } from './support/doors'
import { SAMPLES, type Sample, type SampleStore } from './support/samples'
import { stillBsc } from './support/still-chain'
import { createWorld, type World } from './support/world'

const OPERATOR_KEY = 'operator-key-of-the-tests'
const operations = readOperations()

let world: World
let node: ChainNode
let doors: readonly Door[]
beforeAll(async () => {
  node = serveNode(stillBsc)
  world = await createWorld({ PAYHOOK_ADMIN_KEY: OPERATOR_KEY, PAYHOOK_BILLING: 'on', BSC_RPC_URLS: node.url })
  if (world.deps.networks.bsc) await createWatcher(world.deps, world.deps.networks.bsc).catchUp()
  doors = [restDoor(world.url), trpcDoor(world.url), mcpDoor(world.url)]
})
afterAll(async () => {
  await world.close()
  await node.stop()
})

/** A fresh store for each door, so that what one did can't change what the next one sees. */
async function freshStore(sample: Sample): Promise<SampleStore> {
  // Of stores of one instant, a list would have any of them first.
  world.clock.advance(1_000)
  const opened = await world.openStore('Shop')
  // Only a network that has nothing in common with what was read may be read anew.
  await world.deps.db.delete(chainBlocks).where(eq(chainBlocks.storeId, PLATFORM_STORE))
  const [door] = doors
  return {
    opened,
    call: async (path, input) => {
      const operation = operations.find((candidate) => candidate.path === path)
      if (!operation || !door) throw new Error(`there is no operation ${path}`)
      const seen = await door.call(operation, input, sample.as === 'test' ? opened.testKey : opened.liveKey)
      if (!seen.ok) throw new Error(`${path} failed: ${seen.message}`)
      return seen.output as Record<string, unknown>
    },
  }
}

function keyOf(sample: Sample, { opened }: SampleStore): string | undefined {
  return { operator: OPERATOR_KEY, nobody: undefined, test: opened.testKey, live: opened.liveKey }[sample.as ?? 'live']
}

function sampleOf(operation: Operation): Sample {
  const sample = SAMPLES[operation.path]
  if (!sample) throw new Error(`Add a sample call of ${operation.path} to test/support/samples.ts.`)
  return sample
}

/** The same call through every door; `change` makes it a bad one. */
async function throughEveryDoor(operation: Operation, change = (input: Record<string, unknown>) => input) {
  const sample = sampleOf(operation)
  const answers: (readonly [string, Seen])[] = []
  for (const door of doors) {
    const store = await freshStore(sample)
    const input = change(await sample.input(store))
    answers.push([door.name, await door.call(operation, input, keyOf(sample, store))])
  }
  return answers
}

const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/sk_(live|test)_[0-9a-z]{48}/g, 'sk_$1_…'],
  [/sk_(live|test)_?[0-9a-z]*…[0-9a-z]{4}/g, 'sk_$1_…'],
  [/whsec_[A-Za-z0-9+/=]+/g, 'whsec_…'],
  [/cs_(live|test)_[0-9a-z]{34}/g, 'cs_$1_…'],
  [/sto_[0-9a-z]{8}/g, 'sto_…'],
  [/txn_[0-9a-z]{24}/g, 'txn_…'],
  [/(var|coup)_[0-9a-z]{26}/g, '$1_…'],
  [/[0-9A-Z]{5}(-[0-9A-Z]{5}){4}/g, 'licence key'],
  [/PP-\d{4}-[0-9A-Z]{6}/g, 'PP-…'],
  [/PAY-\d{8}-[0-9A-Z]{6}/g, 'PAY-…'],
  [/"payment_token":"[\w-]{43}"/g, '"payment_token":"…"'],
  [/\/pay\/[\w-]{43}/g, '/pay/…'],
  [/0x[0-9a-f]{64}/g, '0x…'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'uuid'],
  [/"number":\d+/g, '"number":0'],
  [/"response_time_ms":\d+/g, '"response_time_ms":0'],
  // The database counts deliveries of all stores together.
  [/"number":\d+/g, '"number":0'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'instant'],
]

/** What an answer says with ids, secrets and times replaced by their kind. */
function shapeOf(seen: unknown): unknown {
  let text = JSON.stringify(seen)
  for (const [pattern, kind] of VOLATILE) text = text.replace(pattern, kind)
  return JSON.parse(text)
}

function expectAlike(answers: readonly (readonly [string, Seen])[]): Seen {
  const [first, ...others] = answers
  if (!first) throw new Error('there is no door')
  for (const [name, answer] of others) expect([name, shapeOf(answer)]).toEqual([name, shapeOf(first[1])])
  return first[1]
}

test('every sample is of an operation that exists', () => {
  const paths = operations.map(({ path }) => path)
  expect(Object.keys(SAMPLES).filter((path) => !paths.includes(path))).toEqual([])
})

describe.each(operations.map((operation) => [operation.path, operation] as const))('%s', (_path, operation) => {
  test('accepts the same input at every door and returns the same output', async () => {
    const seen = expectAlike(await throughEveryDoor(operation))
    expect(seen).toMatchObject({ ok: true })
    if (seen.ok) expect(operation.output.safeParse(seen.output).error).toBeUndefined()
  })

  test('refuses an unknown field by its name at every door', async () => {
    const seen = expectAlike(await throughEveryDoor(operation, (input) => ({ ...input, unheard_of: 'x' })))
    expect(seen).toMatchObject({ ok: false, code: 'invalid_request', field: 'unheard_of', retryable: false })
  })

  const { required = [] } = toJsonSchema(operation.input, 'input')
  // What is part of the path can't be left out of it.
  const omissible = required.filter((name) => !operation.rest.params.includes(name))
  test.each(omissible)('refuses a call without %s by its name at every door', async (name) => {
    const without = ({ [name]: _, ...rest }: Record<string, unknown>) => rest
    const seen = expectAlike(await throughEveryDoor(operation, without))
    expect(seen).toMatchObject({ ok: false, code: 'invalid_request', field: name })
  })

  test('asks for a key at every door, unless anybody may call it', async () => {
    const sample = sampleOf(operation)
    const answers: (readonly [string, Seen])[] = []
    for (const door of doors) {
      const store = await freshStore(sample)
      answers.push([door.name, await door.call(operation, await sample.input(store), undefined)])
    }
    const seen = expectAlike(answers)
    if (operation.meta.scope === 'public') expect(seen.ok).toBe(true)
    else expect(seen).toMatchObject({ ok: false, code: 'unauthorized' })
  })
})
