import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { readOperations } from '../../server/operations'
import { toJsonSchema } from '../../server/rest/json-schema'
import { MAX_BATCH } from '../../server/trpc-http'
import { contentType, garbage, headers, nearlyObject, rawBody, segment } from '../support/fuzz'
import { createWorld, type World } from '../support/world'

/** Change it to look elsewhere; a failure prints it with the smallest input that fails. */
const settings = { seed: 20_261_121, numRuns: 300, endOnFailure: true }
const paths = readOperations().map(({ path }) => path)

let world: World
let key: string
beforeAll(async () => {
  world = await createWorld()
  key = (await world.openStore()).testKey
})
afterAll(() => world.close())
afterEach(() => {
  expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
})

type Init = { method: string; headers?: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> | undefined }

async function expectCalm(path: string, init: Init): Promise<number> {
  const sent = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...init.headers }
  const answer = await fetch(`${world.url}/trpc/${path}`, { ...init, headers: sent, redirect: 'manual' })
  const text = await answer.text()
  const said = `${init.method} ${path.slice(0, 200)}: ${answer.status} ${text.slice(0, 500)}`
  expect(answer.status, said).toBeLessThan(500)
  expect(text, said).not.toMatch(/node_modules|\.tsx?:\d+|\n\s+at |"stack"|Failed query/)
  // A batch answers 207 with what each call came to.
  expect(text, said).not.toMatch(/"httpStatus":5\d\d|INTERNAL_SERVER_ERROR/)
  return answer.status
}

const known = fc.constantFrom(...paths)
const strange = fc.oneof(
  segment,
  known.map((path) => `${path}.x`),
  fc.constantFrom('products', 'products.', '.', '..', '__proto__', 'constructor.name', 'toString', '_def', 'a/b', ''),
)
const somePath = fc.oneof(known, strange)
const input = garbage.map((value) => JSON.stringify(value) ?? '')
const encoded = (text: string) => encodeURIComponent(text.toWellFormed()).slice(0, 6_000)

test('garbage paths are refused, whatever the method', async () => {
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')
  await fc.assert(
    fc.asyncProperty(strange, method, headers, async (path, verb, sent) => {
      await expectCalm(path, { method: verb, headers: sent })
    }),
    settings,
  )
})

test('garbage inputs are refused, as query and as body', async () => {
  const query = fc.asyncProperty(known, fc.oneof(input, fc.string({ unit: 'binary' })), headers, (path, text, sent) =>
    expectCalm(`${path}?input=${encoded(text)}`, { method: 'GET', headers: sent }).then(() => undefined),
  )
  await fc.assert(query, settings)
  const body = fc.asyncProperty(known, rawBody, contentType, async (path, sent, type) => {
    await expectCalm(path, { method: 'POST', headers: { 'Content-Type': type }, body: sent })
  })
  await fc.assert(body, settings)
})

test('nearly valid inputs are answered', async () => {
  const nearly = fc
    .constantFrom(...readOperations())
    .chain((operation) =>
      nearlyObject(toJsonSchema(operation.input, 'input', 'draft-2020-12')).map((fields) => ({ operation, fields })),
    )
  let good = 0
  const property = fc.asyncProperty(nearly, async ({ operation: { path, kind }, fields }) => {
    const text = JSON.stringify(fields)
    const status =
      kind === 'query'
        ? await expectCalm(`${path}?input=${encoded(text)}`, { method: 'GET' })
        : await expectCalm(path, { method: 'POST', body: text })
    if (status < 300) good++
  })
  await fc.assert(property, settings)
  expect(good).toBeGreaterThan(settings.numRuns / 30)
})

test('garbage batches are answered call by call', async () => {
  const batch = fc.record({
    calls: fc.array(somePath, { minLength: 1, maxLength: MAX_BATCH + 3 }),
    inputs: fc.oneof(
      fc
        .dictionary(fc.oneof(fc.nat(60).map(String), fc.string()), garbage, { maxKeys: 6 })
        .map((one) => JSON.stringify(one)),
      input,
      fc.constantFrom('', '[', '{"0":', 'null', '[]', '{"__proto__":1}'),
    ),
    flag: fc.constantFrom('1', '0', 'true', '', '%00'),
    method: fc.constantFrom('GET', 'POST'),
  })
  const property = fc.asyncProperty(batch, async ({ calls, inputs, flag, method }) => {
    const asQuery = method === 'GET' ? `&input=${encoded(inputs)}` : ''
    await expectCalm(`${calls.join(',').slice(0, 8_000)}?batch=${flag}${asQuery}`, {
      method,
      body: method === 'GET' ? undefined : inputs,
    })
  })
  await fc.assert(property, settings)
})
