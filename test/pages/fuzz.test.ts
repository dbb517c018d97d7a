import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { CARD_FORM, createBuyer } from '../support/buyer'
import { garbage, headers, rawBody, segment } from '../support/fuzz'
import { openShop, type Shop } from '../support/shop'
import { createWorld, type World } from '../support/world'

/** Change it to look elsewhere; a failure prints it with the smallest input that fails. */
const settings = { seed: 20_261_121, numRuns: 300, endOnFailure: true }

let world: World
let shop: Shop
let sessionPath: string
beforeAll(async () => {
  world = await createWorld()
  shop = await openShop(world)
  sessionPath = `/checkout/${(await shop.open()).order.sessionId}`
})
afterAll(() => world.close())
afterEach(() => {
  expect(world.log.filter(({ level }) => level === 'error')).toEqual([])
})

type Init = { method?: string; headers?: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> | FormData }

async function expectCalm(path: string, init: Init = {}): Promise<Response> {
  const answer = await fetch(world.url + path, { ...init, redirect: 'manual' })
  const text = await answer.text()
  const said = `${init.method ?? 'GET'} ${path.slice(0, 200)}: ${answer.status} ${text.slice(0, 300)}`
  expect(answer.status, said).toBeLessThan(500)
  expect(text, said).not.toMatch(/node_modules|\.tsx?:\d+|\n\s+at |Failed query/)
  return answer
}

const post = (path: string, body: Init['body'], more: Record<string, string> = {}) =>
  expectCalm(path, { method: 'POST', headers: { Origin: world.url, ...more }, ...(body === undefined ? {} : { body }) })

const FORM = 'application/x-www-form-urlencoded'
const urlencoded = (fields: [string, unknown][]) =>
  new URLSearchParams(fields.map(([name, value]): [string, string] => [name.toWellFormed(), textOf(value)])).toString()
const textOf = (value: unknown) =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, 30_000).toWellFormed()

const target = () => fc.constantFrom(`/checkout/${shop.product.id}`, sessionPath, `${sessionPath}/challenge`)
const name = fc.oneof(fc.constantFrom(...Object.keys(CARD_FORM), 'session', 'shown', 'result'), fc.string())

test('forms with garbage in their fields are answered without a 5xx, and nothing is sold', async () => {
  // Each good field may be replaced, left out or sent twice.
  const good: [string, unknown][] = Object.entries(CARD_FORM).filter(([field]) => field !== 'number')
  const fields = fc
    .tuple(fc.subarray(good), fc.array(fc.tuple(name, garbage), { maxLength: 6 }))
    .map(([kept, strange]) => [...kept, ...strange])
  const property = fc.asyncProperty(target(), fields, async (path, sent) => {
    await post(path, urlencoded(sent), { 'Content-Type': FORM })
  })
  await fc.assert(property, settings)
  expect((await (await createBuyer(world).get(sessionPath)).text()).includes('Thank you')).toBe(false)
})

test('bodies that are no form, in any type and charset, are answered without a 5xx', async () => {
  const type = fc.constantFrom(
    FORM,
    `${FORM}; charset=utf-16`,
    `${FORM}; charset=iso-8859-1`,
    `${FORM};charset=`,
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=x',
    'application/json',
    'text/plain',
    'nonsense',
  )
  const property = fc.asyncProperty(target(), type, rawBody, headers, async (path, contentType, body, sent) => {
    await post(path, body, { ...sent, 'Content-Type': contentType })
  })
  await fc.assert(property, settings)
})

test('a real multipart form, a file in it, and a form of another charset are answered in words', async () => {
  const form = new FormData()
  for (const [field, value] of Object.entries(CARD_FORM)) form.set(field, value)
  form.set('email', new Blob([new Uint8Array(5_000)]), 'a.exe')
  for (const path of [`/checkout/${shop.product.id}`, sessionPath]) {
    expect((await post(path, form)).status).toBe(422)
    const latin1 = new Uint8Array(Buffer.from('email=%E4%FF&name=\xe4\xff', 'latin1'))
    expect((await post(path, latin1, { 'Content-Type': `${FORM}; charset=iso-8859-1` })).status).toBe(422)
  }
})

test('a huge form is refused, a form of many fields and long values is not felt', async () => {
  for (const path of [`/checkout/${shop.product.id}`, sessionPath, `${sessionPath}/challenge`]) {
    const huge = await post(path, `email=${'x'.repeat(3_000_000)}`, { 'Content-Type': FORM })
    expect(huge.status).toBe(413)
    const many = Array.from({ length: 20_000 }, (_, at) => `f${at}=1`).join('&')
    await post(path, many, { 'Content-Type': FORM })
    await post(path, urlencoded(Object.keys(CARD_FORM).map((field) => [field, '9'.repeat(30_000)])), {
      'Content-Type': FORM,
    })
  }
})

test('addresses below /checkout that nobody made are answered with a page', async () => {
  const id = fc.oneof(
    segment,
    fc.uuid().map((uuid) => uuid.toUpperCase()),
    fc.string({ maxLength: 80 }).map((text) => `cs_test_${encodeURIComponent(text.toWellFormed())}`),
    fc.constantFrom('cs_', 'cs_live_', 'cs_test_%00', '%00', `${'0'.repeat(8)}-0000-8000-8000-000000000000`),
  )
  const below = fc.constantFrom('', '/', '/receipt', '/challenge', '/challenge/x', '?again=1', '?again=%00')
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS')
  const property = fc.asyncProperty(id, below, method, headers, async (one, rest, verb, sent) => {
    await expectCalm(`/checkout/${one}${rest}`, { method: verb, headers: { ...sent, Origin: world.url } })
  })
  await fc.assert(property, settings)
})
