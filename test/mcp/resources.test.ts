import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readOperations } from '../../server/operations'
import { createWorld, type World } from '../support/world'
import { bearer, connectHttp, GENERATIONS, protocolErrorOf, type TestClient } from './clients'

let world: World
let keys: { liveKey: string; testKey: string }
beforeAll(async () => {
  world = await createWorld()
  keys = await world.openStore()
})
afterAll(() => world.close())

const textOf = async (client: TestClient, uri: string) => {
  const [content] = (await client.raw.readResource({ uri })).contents
  return content && 'text' in content ? String(content.text) : ''
}

describe.each(GENERATIONS)('a client of %s', (generation) => {
  let client: TestClient
  let stranger: TestClient
  let id: string
  beforeAll(async () => {
    client = await connectHttp(generation, world.url, bearer(keys.liveKey))
    stranger = await connectHttp(generation, world.url)
    id = String((await client.callTool('create_product', { name: 'Kit', price_cents: 900 })).structuredContent?.id)
  })
  afterAll(() => Promise.all([client.close(), stranger.close()]))

  test('finds every resource it lists, and every query with a path of its own', async () => {
    const { resources } = await client.raw.listResources()
    const { resourceTemplates } = await client.raw.listResourceTemplates()
    const uris = resources.map(({ uri }) => uri)
    expect(uris).toEqual(expect.arrayContaining(['payhook://docs/quickstart', 'payhook://store', 'payhook://products']))
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toContain('payhook://products/{id}')
    for (const uri of uris.filter((candidate) => candidate !== 'payhook://openapi')) {
      expect(await textOf(client, uri), uri).not.toBe('')
    }
  })

  test('reads a product as the tool shows it', async () => {
    const shown = await client.callTool('get_product', { id })
    expect(JSON.parse(await textOf(client, `payhook://products/${id}`))).toEqual(shown.structuredContent)
  })

  test("is told that another key's product, or an unknown resource, does not exist", async () => {
    const tester = await connectHttp(generation, world.url, bearer(keys.testKey))
    for (const uri of [`payhook://products/${id}`, 'payhook://moons/1', 'file:///etc/passwd']) {
      const { code } = await protocolErrorOf(tester.raw.readResource({ uri }))
      expect([-32602, -32002], uri).toContain(code)
    }
    await tester.close()
  })

  test('needs a key for data and none for the documents', async () => {
    expect(await textOf(stranger, 'payhook://docs/quickstart')).toContain('checkout_url')
    expect(await protocolErrorOf(stranger.raw.readResource({ uri: 'payhook://store' }))).toMatchObject({
      code: -32602,
      message: expect.stringContaining('Missing API key'),
    })
  })

  test('completes the id of a product, and nothing without a key', async () => {
    const params = {
      ref: { type: 'ref/resource' as const, uri: 'payhook://products/{id}' },
      argument: { name: 'id', value: id.slice(0, 20) },
    }
    expect((await client.raw.complete(params)).completion.values).toContain(id)
    expect((await stranger.raw.complete(params)).completion.values).toEqual([])
  })

  test('gets a prompt with its arguments filled in, and completions for them', async () => {
    const { prompts } = await client.raw.listPrompts()
    expect(prompts.map(({ name }) => name)).toContain('sell_a_product')
    const prompt = await client.raw.getPrompt({ name: 'sell_a_product', arguments: { name: 'Kit', price: '9' } })
    expect(JSON.stringify(prompt.messages)).toMatch(/Kit.*9 usd.*create_product/)
    const argument = { name: 'currency', value: 'GB' }
    const ref = { type: 'ref/prompt' as const, name: 'sell_a_product' }
    expect((await client.raw.complete({ ref, argument })).completion.values).toEqual(['gbp'])
    expect(await protocolErrorOf(client.raw.getPrompt({ name: 'sell_a_product', arguments: {} }))).toMatchObject({
      code: -32602,
      message: expect.stringContaining('needs the argument name'),
    })
    expect(await protocolErrorOf(client.raw.getPrompt({ name: 'sell_the_moon' }))).toMatchObject({ code: -32602 })
  })

  test('is told what to do first', () => {
    expect(client.raw.getInstructions()).toMatch(
      /create_product.*checkout_url.*test key.*smallest unit.*idempotency_key/,
    )
  })
})

test('the words for agents name only tools that exist', () => {
  const tools = new Set(readOperations().map(({ meta }) => meta.tool))
  const words = ['quickstart.md', 'prompts.ts', 'protocol.ts'].map((file) =>
    readFileSync(new URL(`../../mcp/${file}`, import.meta.url), 'utf8'),
  )
  const named = words
    .join('\n')
    .match(/\b(create|get|list|update|archive|pay|refund|cancel|send|test|roll|revoke)_[a-z_]+\b/g)
  expect([...new Set(named)].filter((name) => !tools.has(name))).toEqual([])
})
