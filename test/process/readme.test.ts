import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { emptyPlace, printedKeys, repository, startServer } from '../support/server'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const readme = readFileSync(join(repository, 'README.md'), 'utf8')
const walkThrough = /^## The first sale[\s\S]*?(?=^## )/m.exec(readme)?.[0] ?? ''
const blocks = (language: string) =>
  [...walkThrough.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) =>
    String(match[1]),
  )

test('the first sale of README works as it is written, by REST, MCP and tRPC', async () => {
  const place = await emptyPlace()
  cleanups.push(place.remove)
  const server = await startServer(place.environment)
  cleanups.push(() => server.end('SIGKILL'))
  const folder = checkout()

  const [typescript] = blocks('ts')
  writeFileSync(join(folder, 'shop.ts'), String(typescript))
  const script = blocks('sh')
    .join('\necho; echo ---\n')
    .replace('sk_test_paste_yours_here', printedKeys(server).test)
    .replace('http://localhost:3000', server.url)
  const { stdout } = await promisify(execFile)('sh', ['-ec', script], { cwd: folder })
  const [, created, played, asked, typed] = stdout.split('---\n')

  expect(JSON.parse(String(created))).toMatchObject({ product: { name: 'Template pack', price_cents: 1900 } })
  expect(played).toContain('"state":"paid"')
  expect(played).toContain('"period_revenue_formatted":"$19.00"')
  expect(asked).toContain('"period_revenue_cents":1900')
  expect(typed).toMatch(/period_revenue_cents: 6800/)
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
