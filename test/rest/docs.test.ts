import { afterAll, beforeAll, expect, test } from 'vitest'
import { CATALOGUE, EVENT_TYPES } from '../../server/domain/webhooks/catalogue'
import { ERRORS } from '../../server/kernel/errors'
import { readOperations } from '../../server/operations'
import { testCardsOf } from '../../server/ports/gateway'
import { createWorld, type World } from '../support/world'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

test('/docs shows every operation with its tool, route and tRPC path, and every error code', async () => {
  const html = await (await fetch(`${world.url}/docs`)).text()
  for (const { path, meta, rest } of readOperations()) {
    expect(html).toContain(`id="${path}"`)
    for (const text of [meta.tool, `>${rest.path}<`, `href="#${path}"`]) expect(html).toContain(text)
  }
  for (const code of Object.keys(ERRORS)) expect(html).toContain(`<code>${code}</code>`)
})

test('/docs has every event of the catalogue with what it says', async () => {
  const html = await (await fetch(`${world.url}/docs`)).text()
  for (const type of EVENT_TYPES) {
    expect(html).toContain(`<code>${type}</code>`)
    const said = html.slice(html.indexOf(`<code>${type}</code></dt>`)).split('</dd>')[0]
    expect([type, said]).toEqual([type, expect.stringContaining(CATALOGUE[type].description)])
  }
})

test('/docs lists every test card as the gateway has it', async () => {
  const html = await (await fetch(`${world.url}/docs`)).text()
  const testCards = testCardsOf(world.deps.gateways.test)
  expect(testCards.length).toBeGreaterThan(0)
  for (const { number, label } of testCards) {
    const grouped = number.replace(/(\d{4})(?=\d)/g, '$1 ')
    for (const text of [grouped, label]) expect(html).toContain(`>${text}<`)
  }
})

test('/docs works offline and without script: it loads nothing, and its policy allows nothing but its own style', async () => {
  const answer = await fetch(`${world.url}/docs`)
  const html = await answer.text()
  expect(html).not.toMatch(/<script|<img|@import|url\(|<link(?! rel="icon" href="data:)/)
  const policy = answer.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toContain('unsafe')
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
  const digest = new Bun.CryptoHasher('sha256').update(style).digest('base64')
  expect(policy).toContain(`'sha256-${digest}'`)
})

test('every link of /docs leads somewhere', async () => {
  const html = await (await fetch(`${world.url}/docs`)).text()
  const links = new Set([...html.matchAll(/href="([^"]+)"/g)].map(([, href]) => String(href)))
  for (const link of links) {
    if (link.startsWith('#')) expect(html).toContain(`id="${link.slice(1)}"`)
    else if (link.startsWith('/')) expect([link, (await fetch(world.url + link)).status]).toEqual([link, 200])
  }
})

test('the sign-up and the first product of the quickstart work as they stand', async () => {
  const { signUp, restSample } = await import('../../server/rest/docs/samples')
  const run = (text: string, key = '') => {
    const url = /curl "([^"]+)"/.exec(text)?.[1] ?? ''
    const body = /-d '(.+)'/.exec(text)?.[1]
    return fetch(url, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
    })
  }
  const opened = (await (await run(signUp(world.url))).json()) as { test_api_key: string }
  const made = await run(restSample(world.url), opened.test_api_key)
  expect([made.status, await made.json()]).toMatchObject([201, { checkout_url: expect.any(String) }])
})

test('the API explorer comes from this server alone, and its files may be cached for ever', async () => {
  const answer = await fetch(`${world.url}/docs/api`)
  const html = await answer.text()
  expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'")
  const files = [...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map(([, path]) => String(path))
  expect(files).toHaveLength(3)
  for (const path of files) {
    const file = await fetch(world.url + path)
    expect(file.status).toBe(200)
    expect(file.headers.get('cache-control')).toContain('immutable')
    expect((await file.text()).length).toBeGreaterThan(100)
  }
})
