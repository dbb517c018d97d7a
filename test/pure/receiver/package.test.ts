import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signRequest } from '../../../server/domain/webhooks/formats'
import { newRowId, newSigningSecret } from '../../../server/kernel/ids'
import { repository } from '../../support/server'

const run = promisify(execFile)

/** A project that has Payhook among its dependencies. */
let project: string
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'payhook-receiver-'))
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(repository, join(project, 'node_modules/payhook'))
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

const secret = newSigningSecret()
const event = { id: newRowId(5n), type: 'sale.completed', data: { amount_cents: 1900 }, createdAt: new Date() }

/** Verifies what it is given and prints the event, or the code of the refusal. */
const HANDLER = `import { verifyWebhook } from 'payhook/webhooks'
const { write, requests } = JSON.parse(process.argv[2])
const print = console.log
if (write === 'edge') for (const name of ['process', 'Buffer', 'require', 'global']) delete globalThis[name]
for (const request of requests) {
  try {
    print((await verifyWebhook(request)).event)
  } catch (error) {
    print(error.code)
  }
}`

async function verifiedBy(command: string, file: string, place: string): Promise<string[]> {
  const signed = signRequest(event, { secrets: [secret], deliveryNumber: 1, at: new Date() })
  const requests = [
    { ...signed, secret },
    { ...signed, secret, body: `${signed.body} ` },
  ]
  const { stdout } = await run(command, [file, JSON.stringify({ write: place, requests })], { cwd: project })
  return stdout.trim().split('\n')
}

test('under Bun it is imported from the package as it is', async () => {
  const file = join(project, 'handler.ts')
  writeFileSync(file, HANDLER)
  expect(await verifiedBy(process.execPath, file, 'server')).toEqual(['sale.completed', 'signature_mismatch'])
})

test('bundled it needs nothing of ours nor of Node, and runs under Node and where there are only web standards', async () => {
  const source = join(project, 'bundled.js')
  writeFileSync(source, HANDLER)
  const file = join(project, 'handler.mjs')
  await run(process.execPath, ['build', source, '--target=browser', `--outfile=${file}`], { cwd: project })
  const bundle = await Bun.file(file).text()
  expect(bundle).not.toMatch(/\bfrom\s*["']|\brequire\(|\bimport\(/)
  expect(bundle.length).toBeLessThan(12_000)
  for (const place of ['server', 'edge'])
    expect(await verifiedBy('node', file, place)).toEqual(['sale.completed', 'signature_mismatch'])
})

const CONSUMER = `import { verifyWebhook, type WebhookEvent, WebhookVerificationError } from 'payhook/webhooks'

export async function handle(request: Request, secret: string): Promise<number> {
  try {
    const event: WebhookEvent = await verifyWebhook({ body: await request.text(), headers: request.headers, secret })
    if (event.event === 'sale.refunded') return event.data.total_refunded_cents
    // @ts-expect-error only a refund has it
    if (event.event === 'sale.completed') return event.data.total_refunded_cents
    return 0
  } catch (error) {
    if (error instanceof WebhookVerificationError && error.code === 'timestamp_too_old') return 1
    throw error
  }
}
`

test.each(['nodenext', 'bundler'])(
  'its types tell events apart in the strictest project without Node’s types (%s)',
  async (resolution) => {
    const folder = mkdtempSync(join(project, 'types-'))
    writeFileSync(join(folder, 'handle.ts'), CONSUMER)
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      module: resolution === 'bundler' ? 'esnext' : resolution,
      moduleResolution: resolution,
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noPropertyAccessFromIndexSignature: true,
      noImplicitOverride: true,
      noUnusedLocals: true,
      isolatedModules: true,
      verbatimModuleSyntax: true,
      erasableSyntaxOnly: true,
      preserveSymlinks: true,
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['handle.ts'] }))
    const { stdout } = await run(join(repository, 'node_modules/.bin/tsc'), ['-p', folder]).catch((error) => error)
    expect(stdout).toBe('')
  },
)
