import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Webhook } from 'standardwebhooks'
import { afterEach, expect, test } from 'vitest'
import { startReceiver } from '../support/receiver'
import { emptyPlace, eventually, printedKeys, repository, startServer } from '../support/server'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const readme = readFileSync(join(repository, 'README.md'), 'utf8')
const walkThrough = /^## The first sale[\s\S]*?(?=^## )/m.exec(readme)?.[0] ?? ''
const hearOfIt = /^## Hear of it[\s\S]*?(?=^## )/m.exec(readme)?.[0] ?? ''
const blocks = (language: string, section = walkThrough) =>
  [...section.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => String(match[1]))

test('the first sale of README works as it is written, by REST, MCP and tRPC, and is heard of', async () => {
  const place = await emptyPlace()
  cleanups.push(place.remove)
  const server = await startServer(place.environment)
  cleanups.push(() => server.end('SIGKILL'))
  const receiver = await startReceiver()
  cleanups.push(receiver.close)
  const folder = checkout()

  const [typescript] = blocks('ts')
  writeFileSync(join(folder, 'shop.ts'), String(typescript))
  // Whoever wants to hear of the first sale asks before it.
  const [key, ...sale] = blocks('sh')
  const [hear] = blocks('', hearOfIt)
  const script = [key, hear, ...sale]
    .join('\necho; echo ---\n')
    .replace('https://example.com/hooks/payhook', `${receiver.url}/hooks/payhook`)
    .replace('sk_test_paste_yours_here', printedKeys(server).test)
    .replace('http://localhost:3000', server.url)
  const { stdout } = await promisify(execFile)('sh', ['-ec', script], { cwd: folder })
  const [, registered, created, played, asked, typed] = stdout.split('---\n')

  expect(JSON.parse(String(created))).toMatchObject({ product: { name: 'Template pack', price_cents: 1900 } })
  expect(played).toContain('"state":"paid"')
  expect(played).toContain('"period_revenue_formatted":"$19.00"')
  expect(asked).toContain('"period_revenue_cents":1900')
  expect(typed).toMatch(/period_revenue_cents: 6800/)

  const { secret } = JSON.parse(String(registered)) as { secret: string }
  await eventually('both sales', () => (receiver.received.length === 2 ? true : undefined))
  const heard = receiver.received.map(({ body, headers }) => new Webhook(secret).verify(body, headers))
  for (const amount of [1900, 4900]) {
    expect(heard).toContainEqual(
      expect.objectContaining({ event: 'sale.completed', data: expect.objectContaining({ amount_cents: amount }) }),
    )
  }
})

test('the configuration for agents is JSON that names the MCP endpoint', () => {
  const [json] = blocks('json')
  expect(JSON.parse(String(json))).toMatchObject({ mcpServers: { payhook: { url: 'http://localhost:3000/mcp' } } })
})

/** A folder that looks like the clone, to leave files in. */
function checkout(): string {
  const folder = mkdtempSync(join(tmpdir(), 'payhook-readme-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['node_modules', 'server', 'package.json', 'tsconfig.json']) {
    symlinkSync(join(repository, name), join(folder, name))
  }
  return folder
}
