import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { standardSignature } from '../../../server/domain/webhooks/signatures'
import { newSigningSecret } from '../../../server/kernel/ids'
import { verifyWebhook } from '../../../server/receiver/verify'
import { CURL, GO, HELPER, JAVASCRIPT, OPENSSL, PHP, PYTHON } from '../../../server/rest/docs/receiving-samples'
import { startReceiver } from '../../support/receiver'
import { repository } from '../../support/server'

/** The samples of the guide, run as they stand, each with a few lines that hand it requests. */

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'payhook-samples-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(repository, join(folder, 'node_modules/payhook'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Go and PHP are not on every machine that runs the tests; Python, OpenSSL and curl may be missing from one too. */
function isHere(command: string, flag = '--version'): boolean {
  try {
    execFileSync(command, [flag], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

type Case = { name: string; isGenuine: boolean; body: string; headers: Record<string, string> }

const secret = newSigningSecret()
const body = JSON.stringify({
  event: 'sale.completed',
  created_at: 'now',
  data: { amount_cents: 1900, name: 'Größe 🎈' },
})

function requestAt(offsetSeconds: number, sign = standardSignature): Omit<Case, 'name' | 'isGenuine'> {
  const timestamp = String(Math.floor(Date.now() / 1_000) + offsetSeconds)
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': timestamp,
    'webhook-signature': sign('evt_1', timestamp, body, [secret]),
  }
  return { body, headers }
}

function cases(): Case[] {
  const fresh = requestAt(0)
  const withHeaders = (change: Record<string, string>) => ({ ...fresh, headers: { ...fresh.headers, ...change } })
  const other = requestAt(0, (id, timestamp, text) => standardSignature(id, timestamp, text, [newSigningSecret()]))
  const both = `${other.headers['webhook-signature']} ${fresh.headers['webhook-signature']}`
  return [
    { name: 'as it was sent', isGenuine: true, ...fresh },
    { name: 'in the middle of a rotation', isGenuine: true, ...withHeaders({ 'webhook-signature': both }) },
    { name: 'with another body', isGenuine: false, ...fresh, body: body.replace('1900', '1901') },
    { name: 'with another id', isGenuine: false, ...withHeaders({ 'webhook-id': 'evt_2' }) },
    { name: 'signed with another secret', isGenuine: false, ...other },
    { name: 'with a signature in other letters', isGenuine: false, ...withHeaders({ 'webhook-signature': 'v1,ü' }) },
    { name: 'too old', isGenuine: false, ...requestAt(-400) },
    { name: 'too new', isGenuine: false, ...requestAt(400) },
    { name: 'with a time that is none', isGenuine: false, ...withHeaders({ 'webhook-timestamp': 'x' }) },
    { name: 'without headers', isGenuine: false, body, headers: {} },
  ]
}

/** What the sample says of every case, in the order of the cases. */
async function judge(command: string, args: string[], requests: Case[]): Promise<unknown> {
  const file = join(folder, 'cases.json')
  writeFileSync(file, JSON.stringify({ secret, cases: requests }))
  const { stdout } = await promisify(execFile)(command, [...args, file], {
    cwd: folder,
    env: { ...process.env, PAYHOOK_WEBHOOK_SECRET: secret },
  })
  return JSON.parse(stdout)
}

async function expectRight(command: string, args: string[]): Promise<void> {
  const requests = cases()
  const verdicts = await judge(command, args, requests)
  expect(requests.map(({ name }, index) => [name, Array.isArray(verdicts) && verdicts[index]])).toEqual(
    requests.map(({ name, isGenuine }) => [name, isGenuine]),
  )
}

function save(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

test('the JavaScript sample takes what is genuine and fresh, and nothing else', async () => {
  const driver = `
import { readFileSync } from 'node:fs'
const { secret, cases } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
console.log(JSON.stringify(cases.map(({ body, headers }) => verify(Buffer.from(body), headers, secret))))`
  await expectRight('node', [save('verify.mjs', JAVASCRIPT + driver)])
})

test('the sample of the helper answers 204 to what is genuine and fresh, and 400 to everything else', async () => {
  const driver = `
const { cases } = await Bun.file(process.argv[2]).json()
const answers = []
async function fulfil(id: string | null, data: { amount_cents: number }) {
  if (data.amount_cents !== 1900 || id !== 'evt_1') throw new Error('the event is another')
}
for (const { body, headers } of cases) {
  const given = new Headers()
  for (const [name, value] of Object.entries(headers)) given.set(name, String(value))
  const { status } = await POST(new Request('http://localhost/hooks', { method: 'POST', body, headers: given }))
  answers.push(status === 204 ? true : status === 400 ? false : status)
}
console.log(JSON.stringify(answers))`
  await expectRight(process.execPath, [save('helper.ts', HELPER + driver)])
})

test.skipIf(!isHere('python3'))('the Python sample takes what is genuine and fresh, and nothing else', async () => {
  const driver = `
import json, sys
given = json.load(open(sys.argv[1], encoding="utf-8"))
print(json.dumps([verify(case["body"].encode(), case["headers"], given["secret"]) for case in given["cases"]]))`
  await expectRight('python3', [save('verify.py', `${PYTHON}\n${driver}`)])
})

test.skipIf(!isHere('go', 'version'))(
  'the Go sample takes what is genuine and fresh, and nothing else',
  async () => {
    const driver = `package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	var given struct {
		Secret string
		Cases  []struct {
			Body    string
			Headers map[string]string
		}
	}
	text, _ := os.ReadFile(os.Args[1])
	if err := json.Unmarshal(text, &given); err != nil {
		panic(err)
	}
	verdicts := []bool{}
	for _, one := range given.Cases {
		header := http.Header{}
		for name, value := range one.Headers {
			header.Set(name, value)
		}
		verdicts = append(verdicts, Verify([]byte(one.Body), header, given.Secret, 5*time.Minute))
	}
	out, _ := json.Marshal(verdicts)
	fmt.Println(string(out))
}
`
    await expectRight('go', ['run', save('verify.go', GO), save('main.go', driver)])
  },
  120_000,
)

test.skipIf(!isHere('php'))('the PHP sample takes what is genuine and fresh, and nothing else', async () => {
  const driver = `
$given = json_decode(file_get_contents($argv[1]), true);
echo json_encode(array_map(fn ($case) => verify($case['body'], $case['headers'], $given['secret']), $given['cases']));`
  await expectRight('php', [save('verify.php', PHP + driver)])
})

const shell = isHere('bash') && isHere('openssl', 'version')

test.skipIf(!shell)('the openssl sample tells a genuine request from a changed one', async () => {
  for (const request of cases().filter(({ name, headers }) => headers['webhook-id'] && !name.startsWith('too'))) {
    save('body.json', request.body)
    const { stdout } = await promisify(execFile)('bash', ['-c', OPENSSL], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        PAYHOOK_WEBHOOK_SECRET: secret,
        id: request.headers['webhook-id'],
        timestamp: request.headers['webhook-timestamp'],
        signature: request.headers['webhook-signature'],
      },
    })
    expect([request.name, stdout.trim()]).toEqual([request.name, request.isGenuine ? 'verified' : 'not from Payhook'])
  }
})

test.skipIf(!shell || !isHere('curl'))('the curl sample posts a request that the helper verifies', async () => {
  const receiver = await startReceiver()
  const env = { PATH: process.env.PATH, PAYHOOK_WEBHOOK_SECRET: secret }
  await promisify(execFile)('bash', ['-c', CURL.replace('http://localhost:4000', receiver.url)], { env })
  await receiver.close()
  const [sent] = receiver.received
  expect(await verifyWebhook({ body: sent?.body ?? '', headers: sent?.headers ?? {}, secret })).toMatchObject({
    event: 'sale.completed',
    data: { amount_cents: 1900 },
  })
})
