import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EVENT_TYPES } from '../../server/domain/webhooks/catalogue'
import { readOperations } from '../../server/operations'
import { createWorld, type World } from '../support/world'

type Json = Record<string, unknown>
type Media = { schema: Json; example?: unknown }
type OperationObject = {
  operationId: string
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { content?: Record<string, Media>; $ref?: string }>
}
type Document = Json & { paths: Record<string, Record<string, OperationObject>>; components: { schemas: Json } }

let world: World
let key: string
let testKey: string
beforeAll(async () => {
  world = await createWorld()
  ;({ liveKey: key, testKey } = await world.openStore())
})
afterAll(() => world.close())

const DOCUMENTS = ['/openapi.json', '/api/v1/schema/'] as const

async function documentAt(path: string): Promise<Document> {
  const answer = await fetch(world.url + path)
  expect(answer.status).toBe(200)
  return (await answer.json()) as Document
}

const operationsOf = (document: Document) =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  )

/** Checks values against schemas that refer to the document's components, and lets no undocumented field pass. */
function checkerOf(document: Document) {
  const closed = JSON.parse(JSON.stringify(document), (_key, value) =>
    value?.type === 'object' && value.properties && value.additionalProperties === undefined
      ? { ...value, additionalProperties: false }
      : value,
  ) as Document
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats(ajv)
  ajv.addSchema(closed, 'document')
  return (pointer: string, value: unknown) => {
    const check = ajv.compile({ $ref: `document#${pointer}` })
    expect({ pointer, errors: check(value) ? [] : check.errors }).toEqual({ pointer, errors: [] })
  }
}

const escaped = (path: string) =>
  path.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')
const answerPointer = (path: string, method: string, status: number) =>
  `/paths/${escaped(path)}/${method}/responses/${status}/content/application~1json/schema`

test.each(DOCUMENTS)('%s is valid for an independent validator', async (path) => {
  const result = await new Validator().validate((await documentAt(path)) as Json)
  expect(result.errors ?? []).toEqual([])
  expect(result.valid).toBe(true)
})

test('/openapi.json is 3.1 and has every operation once; /api/v1/schema is 3.0 and has the documented envelopes', async () => {
  const own = await documentAt('/openapi.json')
  expect(own.openapi).toMatch(/^3\.1\./)
  const expected = readOperations().map(({ rest, meta }) => `${rest.method.toLowerCase()} ${rest.path} ${meta.tool}`)
  const found = operationsOf(own).map(({ path, method, operation }) => `${method} ${path} ${operation.operationId}`)
  expect(found.sort()).toEqual(expected.sort())

  const documented = await documentAt('/api/v1/schema')
  expect(documented.openapi).toMatch(/^3\.0\./)
  expect(Object.keys(documented.paths)).toContain('/api/v1/products/{id}')
  const ids = operationsOf(documented).map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  const paths = Object.keys(documented.paths)
  expect(paths.filter((path) => !path.startsWith('/api/'))).toEqual(['/webhook', '/webhook/{id}'])
  expect(paths).toContain('/api/external/v1/webhooks/{id}/test')
  expect(Object.keys(documented.paths['/api/external/v1/webhooks']?.post?.responses ?? {})).toContain('422')
})

test('every example of the 3.1 document fits its schema', async () => {
  const document = await documentAt('/openapi.json')
  const check = checkerOf(document)
  for (const { path, method, operation } of operationsOf(document)) {
    const at = `/paths/${escaped(path)}/${method}`
    const request = operation.requestBody?.content['application/json']
    if (request) check(`${at}/requestBody/content/application~1json/schema`, request.example)
    for (const [status, response] of Object.entries(operation.responses)) {
      const media = response.content?.['application/json']
      if (media?.example !== undefined) check(answerPointer(path, method, Number(status)), media.example)
    }
  }
})

test('every event of the catalogue is a webhook of the 3.1 document, and its sample fits its schema', async () => {
  const document = await documentAt('/openapi.json')
  const check = checkerOf(document)
  const webhooks = document.webhooks as Record<string, Record<string, OperationObject & { parameters: Json[] }>>
  expect(Object.keys(webhooks)).toEqual(EVENT_TYPES)
  for (const [type, item] of Object.entries(webhooks)) {
    const media = item.post?.requestBody?.content['application/json']
    check(`/webhooks/${type}/post/requestBody/content/application~1json/schema`, media?.example)
    expect(media?.example).toMatchObject({ event: type })
    const headers = item.post?.parameters.map(({ name }) => name)
    expect(headers).toEqual(expect.arrayContaining(['webhook-id', 'webhook-timestamp', 'webhook-signature']))
  }
  expect(await documentAt('/api/v1/schema')).not.toHaveProperty('webhooks')
})

/** Calls as document B's users make them, whose every answer has to fit the schema that is published for its status. */
async function checkedCalls() {
  const document = await documentAt('/api/v1/schema')
  const check = checkerOf(JSON.parse(JSON.stringify(document), withoutNullable) as Document)
  return async (method: string, template: string, id: unknown, body?: unknown) => {
    const answer = await fetch(world.url + template.replace('{id}', String(id)), {
      method,
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const value = (await answer.json()) as Json
    const response = document.paths[template]?.[method.toLowerCase()]?.responses[answer.status]
    expect(response, `${method} ${template} answers ${answer.status}`).toBeDefined()
    const pointer = response?.$ref && `${response.$ref.slice(1)}/content/application~1json/schema`
    check(pointer ?? answerPointer(template, method.toLowerCase(), answer.status), value)
    return [answer.status, value] as const
  }
}

test('real answers of documents C and E fit their published schemas, refusals too', async () => {
  const call = await checkedCalls()
  const url = 'https://127.0.0.1:9/hook'
  for (const all of ['/webhook', '/api/external/v1/webhooks']) {
    const [created, made] = await call('POST', all, '', { url, events: ['order.paid'] })
    const { id } = (made.data ?? made) as { id: unknown }
    const statuses = [
      created,
      (await call('POST', all, '', { url, events: ['order.paid'] }))[0],
      (await call('POST', all, '', { url }))[0],
      (await call('GET', all, ''))[0],
      (await call('GET', `${all}/{id}`, id))[0],
      (await call('GET', `${all}/{id}`, 'nonsense'))[0],
      (await call('PUT', `${all}/{id}`, id, { events: ['order.created'] }))[0],
      ...(all === '/webhook' ? [] : [(await call('POST', `${all}/{id}/test`, id))[0]]),
      (await call('DELETE', `${all}/{id}`, id))[0],
    ]
    const expected =
      all === '/webhook' ? [201, 409, 400, 200, 200, 400, 200, 200] : [201, 422, 422, 200, 200, 404, 200, 200, 200]
    expect(statuses).toEqual(expected)
  }
})

test('real answers of document D fit their published schemas, refusals too', async () => {
  const call = await checkedCalls()
  const [orders, coupons] = ['/api/v1/orders', '/api/v1/coupons']
  const [created, order] = await call('POST', orders, '', { amount: 29.99, testMode: true, metadata: { plan: 'x' } })
  await callTool(`/v1/orders/${order.order_id}/pay_test`)
  const [made, coupon] = await call('POST', coupons, '', {
    code: 'TEN',
    discount_type: 'percentage',
    discount_value: 10,
  })
  const statuses = [
    created,
    (await call('POST', orders, '', { amount: 0 }))[0],
    (await call('GET', orders, ''))[0],
    (await call('GET', `${orders}/{id}`, order.transaction_id))[0],
    (await call('GET', `${orders}/{id}`, 'nonsense'))[0],
    (await call('POST', `${orders}/{id}/refund`, order.order_id, { amount: 9.99, reason: 'Part' }))[0],
    (await call('POST', `${orders}/{id}/refund`, order.order_id, { amount: 99 }))[0],
    made,
    (await call('GET', coupons, ''))[0],
    (await call('GET', `${coupons}/{id}`, coupon.id))[0],
    (await call('PUT', `${coupons}/{id}`, coupon.id, { min_amount: 5.5 }))[0],
    (await call('DELETE', `${coupons}/{id}`, coupon.id))[0],
  ]
  expect(statuses).toEqual([201, 400, 200, 200, 404, 200, 400, 201, 200, 200, 200, 200])
})

/** With the test key, as what pays a test order asks for. */
const callTool = (path: string) =>
  fetch(world.url + path, {
    method: 'POST',
    headers: { 'X-API-Key': testKey, 'Content-Type': 'application/json' },
    body: '{}',
  })

test.each([
  ['/openapi.json', '/v1/products'],
  ['/api/v1/schema/', '/api/v1/products'],
])('%s: real answers fit the published schemas, with no field left undocumented', async (at, products) => {
  const document = await documentAt(at)
  // 3.0 says nullable where 2020-12 says null.
  const check = checkerOf(JSON.parse(JSON.stringify(document), withoutNullable) as Document)
  const call = async (method: string, template: string, id = '', body?: unknown) => {
    const answer = await fetch(world.url + template.replace('{id}', id), {
      method,
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const value = (await answer.json()) as Json
    const response = document.paths[template]?.[method.toLowerCase()]?.responses[answer.status]
    const pointer = response?.$ref?.slice(1)
    check(
      pointer
        ? `${pointer}/content/application~1json/schema`
        : answerPointer(template, method.toLowerCase(), answer.status),
      value,
    )
    return { status: answer.status, value }
  }
  const made = await call('POST', products, '', { name: 'Kit', price_cents: 3900 })
  const { id } = (made.value.product ?? made.value) as { id: string }
  const one = `${products}/{id}`
  const statuses = [
    made.status,
    (await call('GET', products)).status,
    (await call('GET', one, id)).status,
    (await call('PATCH', one, id, { description: 'All of it' })).status,
    (await call('DELETE', one, id)).status,
    (await call('GET', one, 'nonsense')).status,
    (await call('POST', products, '', { name: '' })).status,
  ]
  expect(statuses).toEqual([201, 200, 200, 200, 200, 404, 400])
})

function withoutNullable(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('nullable' in value)) return value
  const { nullable: _, ...rest } = value
  return { anyOf: [rest, { type: 'null' }] }
}
