import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { documentedSurfaces } from '../../server/app'
import { readOperations } from '../../server/operations'
import { canonicalSurface, type Route, routeKey } from '../../server/rest/adapter'
import { splitInput } from '../../server/rest/openapi'
import { contentType, garbage, headers, nearlyObject, rawBody, segment } from '../support/fuzz'
import { createWorld, type World } from '../support/world'

/** Change it to look elsewhere; a failure prints it with the smallest input that fails. */
const SEED = 20_261_121

const operations = readOperations()
const documented = documentedSurfaces(operations)
const claimed = new Set(documented.flatMap((surface) => surface.routes.map(routeKey)))
const routes = [...documented, canonicalSurface(operations, claimed)].flatMap((surface) => surface.routes)

/** All routes together take a few seconds, however many there are. */
const RUNS = Math.max(10, Math.round(1_200 / routes.length))
const settings = { seed: SEED, numRuns: RUNS, endOnFailure: true }

let world: World
let key: string
beforeAll(async () => {
  world = await createWorld()
  key = (await world.openStore()).testKey
  console.info(`fuzzing ${routes.length} routes, seed ${SEED}, ${RUNS} runs each and kind`)
})
afterAll(() => world.close())

/** How often each kind of status was answered: a fuzz that only ever meets 400 tests nothing. */
const answered = { good: 0, refused: 0 }

// Also what the caller didn't see as a 5xx must not have surprised the server.
afterEach(() => {
  expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
})

type Init = { method: string; headers: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> | undefined }

async function expectCalm(path: string, init: Init): Promise<void> {
  const answer = await fetch(world.url + path, { ...init, redirect: 'manual' })
  answered[answer.ok ? 'good' : 'refused']++
  const text = await answer.text()
  const said = `${init.method} ${path.slice(0, 200)}: ${answer.status} ${text.slice(0, 500)}`
  expect(answer.status, said).toBeLessThan(500)
  expect(text, said).not.toMatch(/node_modules|\.tsx?:\d+|\n\s+at |select .* from|Failed query/i)
  // `..` leads out of the API to what answers with a page or leads on to one.
  if (init.method === 'HEAD' || (answer.status >= 300 && answer.status < 400)) return
  if (answer.status >= 400) expect(wordsOf(JSON.parse(text)), said).toEqual(expect.any(String))
}

type Failure = { error?: unknown; message?: unknown; detail?: unknown; errors?: Record<string, unknown[]> }

/** Each document has its own place for what went wrong. */
function wordsOf({ error, message, detail, errors = {} }: Failure): unknown {
  return error ?? message ?? detail ?? Object.values(errors)[0]?.[0]
}

const withoutBody = (method: string) => method === 'GET' || method === 'HEAD'

const queryText = (fields: Record<string, unknown>) =>
  new URLSearchParams(
    Object.entries(fields).map(([name, value]) => [
      name.toWellFormed(),
      (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed(),
    ]),
  ).toString()

const fill = (path: string, segments: readonly string[]) => {
  let at = 0
  return path.replace(/\{\w+\}/g, () => segments[at++ % segments.length] ?? 'x')
}

describe.each(routes.map((route) => [routeKey(route), route] as const))('%s', (_name, route: Route) => {
  const { own } = splitInput(route, 'draft-2020-12')

  test('answers nearly valid input without a 5xx', async () => {
    const call = fc.record({ input: nearlyObject(own), segments: fc.array(segment, { minLength: 1, maxLength: 2 }) })
    const property = fc.asyncProperty(call, ({ input, segments }) => {
      const asQuery = withoutBody(route.method)
      return expectCalm(fill(route.path, segments) + (asQuery ? `?${queryText(input)}` : ''), {
        method: route.method,
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body: asQuery ? undefined : JSON.stringify(input),
      })
    })
    await fc.assert(property, settings)
  })

  test('answers garbage without a 5xx', async () => {
    const call = fc.record({
      segments: fc.array(segment, { minLength: 1, maxLength: 2 }),
      query: fc.dictionary(fc.string(), garbage, { maxKeys: 2 }),
      headers,
      type: contentType,
      body: rawBody,
    })
    const property = fc.asyncProperty(call, (sent) =>
      expectCalm(`${fill(route.path, sent.segments)}?${queryText(sent.query)}`, {
        method: route.method,
        headers: { Authorization: `Bearer ${key}`, ...sent.headers, 'Content-Type': sent.type },
        body: withoutBody(route.method) ? undefined : sent.body,
      }),
    )
    await fc.assert(property, settings)
  })
})

test('paths and methods that nobody mounted are answered without a 5xx', async () => {
  const call = fc.record({
    root: fc.constantFrom('/api/', '/api/v1/', '/v1/', '/v1/products/', '/trpc/', '/api/v1/schema/'),
    segments: fc.array(segment, { maxLength: 4 }),
    method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND'),
    headers,
  })
  const property = fc.asyncProperty(call, async ({ root, segments, method, headers: sent }) => {
    const answer = await fetch(`${world.url}${root}${segments.join('/')}`, { method, headers: sent })
    expect(answer.status).toBeLessThan(500)
    expect(await answer.text()).not.toMatch(/node_modules|\.tsx?:\d+/)
  })
  await fc.assert(property, { ...settings, numRuns: 300 })
})

test('the inputs were good enough to get through, and bad enough to be refused', () => {
  const share = answered.good / (answered.good + answered.refused)
  expect(share).toBeGreaterThan(0.1)
  expect(share).toBeLessThan(0.6)
})
