import { AjvJsonSchemaValidator } from '@modelcontextprotocol/server/validators/ajv'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readOperations } from '../../server/operations'
import { createWorld, type World } from '../support/world'
import { bearer, connectHttp, errorOf, GENERATIONS, type ListedTool, protocolErrorOf, type TestClient } from './clients'

const ADMIN_KEY = 'operator-key-for-the-tests'
const operations = readOperations()
const namesOf = (tools: ListedTool[]) => tools.map((tool) => tool.name)
const namesWhere = (wanted: (scope: string) => boolean) =>
  operations.filter(({ meta }) => wanted(meta.scope)).map(({ meta }) => meta.tool)

let world: World
let liveKey: string
beforeAll(async () => {
  world = await createWorld({ PAYHOOK_ADMIN_KEY: ADMIN_KEY, PAYHOOK_BILLING: 'on' })
  liveKey = (await world.openStore()).liveKey
})
afterAll(() => world.close())

const listedFor = async (headers: Record<string, string>) => {
  const client = await connectHttp('2026-07-28', world.url, headers)
  const listed = await client.listTools()
  await client.close()
  return listed
}

describe('the list of tools', () => {
  test('has a tool with title, description, schemas and annotations for every operation', async () => {
    const { tools } = await listedFor({})
    const operatorTools = (await listedFor(bearer(ADMIN_KEY))).tools
    const byName = new Map([...tools, ...operatorTools].map((tool) => [tool.name, tool]))
    expect([...byName.keys()].sort()).toEqual(operations.map(({ meta }) => meta.tool).sort())
    for (const { meta, isReadOnly } of operations) {
      const tool = byName.get(meta.tool)
      expect(tool).toMatchObject({
        title: meta.title,
        description: expect.stringContaining(meta.summary),
        inputSchema: { type: 'object', additionalProperties: false },
        outputSchema: { type: 'object' },
        annotations: { readOnlyHint: isReadOnly, openWorldHint: meta.external === true },
      })
      expect('idempotency_key' in (tool?.inputSchema.properties ?? {}), meta.tool).toBe(!isReadOnly)
      if (!isReadOnly) {
        expect(tool?.annotations).toMatchObject({
          destructiveHint: meta.destructive === true,
          idempotentHint: meta.idempotent === true,
        })
      }
    }
  })

  test('has schemas that an independent validator compiles, without dead weight', async () => {
    const { tools } = await listedFor({})
    const validator = new AjvJsonSchemaValidator()
    for (const { name, inputSchema, outputSchema } of tools) {
      for (const schema of [inputSchema, outputSchema ?? {}]) {
        expect(() => validator.getValidator(schema), name).not.toThrow()
        expect(JSON.stringify(schema)).not.toMatch(/9007199254740991|\$schema|\\\\d\\\\d/)
      }
    }
  })

  test('costs a client less than 600 tokens a tool on average, of which models read less than 200', async () => {
    const { tools } = await listedFor({})
    const bytes = JSON.stringify(tools).length
    const read = JSON.stringify(
      tools.map(({ name, description, inputSchema }) => [name, description, inputSchema]),
    ).length
    console.log(
      `tools/list: ${tools.length} tools, ${bytes} bytes (about ${Math.round(bytes / 4)} tokens), ` +
        `of which models read ${read} (about ${Math.round(read / 4)})`,
    )
    expect(bytes / 4 / tools.length).toBeLessThan(600)
    expect(read / 4 / tools.length).toBeLessThan(200)
  })

  test('is the same for everybody without a key and leaves out only the tools of the operator', async () => {
    const { tools, _meta } = await listedFor({})
    expect(namesOf(tools)).toEqual(namesWhere((scope) => scope !== 'operator'))
    expect(_meta).toMatchObject({ 'payhook/key': 'none' })
    const unknown = await listedFor(bearer('sk_live_nobody'))
    expect(namesOf(unknown.tools)).toEqual(namesOf(tools))
    expect(unknown._meta).toMatchObject({ 'payhook/key': 'unknown' })
  })

  test("is narrowed to a key's scopes, and create_store stays", async () => {
    const client = await connectHttp('2026-07-28', world.url, bearer(liveKey))
    const made = await client.callTool('create_api_key', { name: 'Reader', scopes: ['products:read'] })
    const reader = String(made.structuredContent?.api_key)
    const { tools, _meta } = await listedFor({ 'X-API-Key': reader })
    expect(namesOf(tools)).toEqual(namesWhere((scope) => scope === 'public' || scope === 'products:read'))
    expect(_meta).toMatchObject({ 'payhook/key': 'live' })
    const refused = await connectHttp('2026-07-28', world.url, bearer(reader))
    expect(errorOf(await refused.callTool('create_product', { name: 'Kit', price_cents: 900 }))).toMatchObject({
      code: 'missing_scope',
    })
    await Promise.all([client.close(), refused.close()])
  })

  test("holds the operator's tools for the operator's key alone", async () => {
    const { tools, _meta } = await listedFor(bearer(ADMIN_KEY))
    expect(namesOf(tools)).toEqual(namesWhere((scope) => scope === 'operator' || scope === 'public'))
    expect(_meta).toMatchObject({ 'payhook/key': 'operator' })
  })
})

describe.each(GENERATIONS)('a client of %s over HTTP', (generation) => {
  let client: TestClient
  beforeAll(async () => {
    client = await connectHttp(generation, world.url, bearer(liveKey))
    // As agents do first; from then on the client checks every result against its tool's output schema.
    await client.listTools()
  })
  afterAll(() => client.close())

  test('creates, reads, changes, lists and archives a product', async () => {
    const made = await client.callTool('create_product', { name: 'Kit', price_cents: 3900, currency: 'gbp' })
    const product = made.structuredContent
    expect(product).toMatchObject({ name: 'Kit', price_cents: 3900, currency: 'gbp', status: 'active' })
    expect(JSON.parse(made.content[0]?.text ?? '')).toEqual(product)
    const id = product?.id
    expect((await client.callTool('get_product', { id })).structuredContent).toEqual(product)
    const changed = await client.callTool('update_product', { id, price_cents: 4900 })
    expect(changed.structuredContent).toEqual({ ...product, price_cents: 4900 })
    const listed = await client.callTool('list_products', { search: 'Kit' })
    expect(listed.structuredContent).toEqual({ products: [changed.structuredContent], next_cursor: null })
    const archived = await client.callTool('archive_product', { id })
    expect(archived.structuredContent).toMatchObject({ id, status: 'archived' })
  })

  test('reads lists of data page by page', async () => {
    for (const name of ['One page', 'Two page', 'Three page']) {
      await client.callTool('create_product', { name, price_cents: 500 })
    }
    const seen: unknown[] = []
    for (let cursor: unknown; cursor !== null; ) {
      const page = await client.callTool('list_products', { search: 'page', limit: 2, ...(cursor ? { cursor } : {}) })
      seen.push(...((page.structuredContent?.products ?? []) as { name: string }[]).map(({ name }) => name))
      cursor = page.structuredContent?.next_cursor
    }
    expect(seen.sort()).toEqual(['One page', 'Three page', 'Two page'])
    for (const name of seen) {
      const found = await client.callTool('list_products', { search: name })
      const [product] = (found.structuredContent?.products ?? []) as { id: string }[]
      await client.callTool('archive_product', { id: product?.id })
    }
  })

  test('is told the field of a bad argument, as a result and not as a protocol error', async () => {
    const bad = async (name: string, args: Record<string, unknown>) => errorOf(await client.callTool(name, args))
    expect(await bad('create_product', { name: 'Kit', price_cents: 19.5 })).toMatchObject({
      code: 'invalid_request',
      field: 'price_cents',
      message: expect.stringContaining('whole number'),
      retryable: false,
    })
    expect(await bad('create_product', { name: 'Kit' })).toMatchObject({ field: 'price_cents' })
    expect(await bad('create_product', { name: 'Kit', price_cents: 900, prize: 1 })).toMatchObject({ field: 'prize' })
    expect(await bad('get_product', { id: 'x', idempotency_key: 'k' })).toMatchObject({ field: 'idempotency_key' })
    expect(await bad('create_product', { name: 'Kit', price_cents: 900, idempotency_key: 7 })).toMatchObject({
      field: 'idempotency_key',
    })
  })

  test('reads an error that says what to do next', async () => {
    const result = await client.callTool('get_product', { id: '00000000-0000-8000-8000-000000000000' })
    const error = errorOf(result)
    expect(error).toEqual({
      code: 'product_not_found',
      message: 'Product not found',
      field: 'id',
      hint: expect.stringContaining('list_products'),
      retryable: false,
    })
    // The older client would check it against the output schema and throw it away.
    expect(result.structuredContent).toEqual(generation === '2026-07-28' ? error : undefined)
  })

  test('gets -32602 for a tool that does not exist', async () => {
    expect(await protocolErrorOf(client.callTool('create_moon'))).toMatchObject({
      code: -32602,
      message: expect.stringContaining('Unknown tool: create_moon'),
    })
  })

  test('repeats a call with its idempotency key and gets the first answer, marked', async () => {
    const args = { name: 'Once', price_cents: 900, idempotency_key: `once-${generation}` }
    const first = await client.callTool('create_product', args)
    const second = await client.callTool('create_product', args)
    expect(second.structuredContent).toEqual(first.structuredContent)
    expect(first._meta?.['payhook/idempotent_replay']).toBeUndefined()
    expect(second._meta?.['payhook/idempotent_replay']).toBe(true)
    expect(errorOf(await client.callTool('create_product', { ...args, price_cents: 901 }))).toMatchObject({
      code: 'idempotency_conflict',
      field: 'idempotency_key',
    })
  })

  test('makes one product of 100 parallel calls with one idempotency key, and 100 of 100 without', async () => {
    const call = (name: string, key?: string) =>
      client.callTool('create_product', { name, price_cents: 900, ...(key ? { idempotency_key: key } : {}) })
    const hundred = Array.from({ length: 100 })
    const same = await Promise.all(hundred.map(() => call('Same', `same-${generation}`)))
    const ids = new Set(same.filter((result) => !result.isError).map((result) => result.structuredContent?.id))
    expect(ids.size).toBe(1)
    for (const result of same.filter((candidate) => candidate.isError)) {
      expect(errorOf(result)).toMatchObject({ code: 'idempotency_in_flight', retryable: true })
    }
    const different = await Promise.all(hundred.map(() => call('Different')))
    expect(new Set(different.map((result) => result.structuredContent?.id)).size).toBe(100)
  })

  test('is told without a key, or with a wrong one, how to set one up, and may still open a store', async () => {
    for (const headers of [{}, bearer('sk_live_wrong')]) {
      const stranger = await connectHttp(generation, world.url, headers)
      expect(errorOf(await stranger.callTool('list_products'))).toMatchObject({
        code: 'unauthorized',
        hint: expect.stringContaining('Authorization: Bearer'),
      })
      const opened = await stranger.callTool('create_store', { name: 'New', email: 'new@example.com' })
      expect(opened.structuredContent).toMatchObject({ test_api_key: expect.stringMatching(/^sk_test_/) })
      await stranger.close()
    }
  })
})

test('the idempotency key may come as a header, and the argument goes before it', async () => {
  const headers = { ...bearer(liveKey), 'Idempotency-Key': 'from-header' }
  const client = await connectHttp('2026-07-28', world.url, headers)
  const args = { name: 'By header', price_cents: 900 }
  const first = await client.callTool('create_product', args)
  expect((await client.callTool('create_product', args))._meta).toMatchObject({ 'payhook/idempotent_replay': true })
  const other = await client.callTool('create_product', { ...args, idempotency_key: 'from-argument' })
  expect(other.structuredContent?.id).not.toBe(first.structuredContent?.id)
  await client.close()
})

test('a change made over MCP is logged with its door and request id', async () => {
  const client = await connectHttp('2026-07-28', world.url, bearer(liveKey))
  await client.callTool('create_product', { name: 'Logged', price_cents: 900 })
  await client.close()
  expect(world.log.at(-1)).toMatchObject({
    message: 'change',
    fields: { door: 'mcp', operation: 'products.create', request_id: expect.stringMatching(/^req_/) },
  })
})
