import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { freePort } from '../support/ports'
import { emptyPlace, failToStart, startServer } from '../support/server'

const onPglite = inject('databaseKind') === 'pglite'
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'payhook-failures-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** One line on standard error, status 1, nothing on standard output: what a person or a supervisor needs. */
async function expectRefusal(environment: Record<string, string>, line: RegExp, args: string[] = []) {
  const { code, stdout, stderr } = await failToStart({ PAYHOOK_DATA_DIR: join(folder, 'data'), ...environment }, args)
  expect(stderr).toMatch(line)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(stdout).toBe('')
  expect(code).toBe(1)
}

test('a taken port is named with the variable that changes it, and no store is made whose keys nobody sees', async () => {
  const { environment, remove } = await emptyPlace()
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const address = other.address()
  const port = typeof address === 'object' && address ? String(address.port) : ''
  await expectRefusal({ ...environment, PORT: port }, new RegExp(`Port ${port} is taken.*PORT=`))
  await new Promise((resolve) => other.close(resolve))
  const server = await startServer(environment)
  expect(server.stdout()).toContain('sk_live_')
  await server.end()
  remove()
})

test('a bad variable is named', async () => {
  await expectRefusal({ PORT: 'three thousand' }, /PORT: must be a port number/)
  await expectRefusal({ PAYHOOK_ROLES: 'api,cook' }, /PAYHOOK_ROLES: must be a comma-separated list/)
  await expectRefusal({ DATABASE_URL: 'mysql://localhost/x' }, /DATABASE_URL: must be a postgres:\/\/ URL/)
})

test('an unknown command is refused', async () => {
  await expectRefusal({}, /no command sell/, ['sell'])
})

test.runIf(onPglite)('a data folder that is a file, or can’t be made, is named', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  await expectRefusal({ PAYHOOK_DATA_DIR: file }, /is a file.*PAYHOOK_DATA_DIR/)
  await expectRefusal({ PAYHOOK_DATA_DIR: join(file, 'below') }, /is a file.*PAYHOOK_DATA_DIR/)
  // Not even the superuser may make a folder there.
  if (process.platform === 'linux') await expectRefusal({ PAYHOOK_DATA_DIR: '/proc/payhook' }, /can't be made/)
})

test.runIf(onPglite)('a second process on one data folder is refused, and the first goes on', async () => {
  const { environment, remove } = await emptyPlace()
  const first = await startServer(environment)
  await expectRefusal(environment, /Another Payhook process is using the data folder.*PAYHOOK_DATA_DIR/)
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200)
  await first.end('SIGKILL')
  const next = await startServer(environment)
  expect(await next.end()).toBe(0)
  remove()
})

test.runIf(!onPglite)('a PostgreSQL that can’t be used is named with what is wrong, without its password', async () => {
  const { environment } = await emptyPlace()
  const url = new URL(environment.DATABASE_URL ?? '')
  const changed = (change: Partial<Record<'pathname' | 'username' | 'password' | 'port', string>>) =>
    Object.assign(new URL(url), change).href
  await expectRefusal({ DATABASE_URL: changed({ pathname: '/nowhere' }) }, /has no database nowhere/)
  await expectRefusal({ DATABASE_URL: changed({ username: 'nobody' }) }, /refused the user nobody/)
  const port = String(await freePort())
  await expectRefusal({ DATABASE_URL: changed({ port, password: 'hunter2' }) }, /^(?!.*hunter2).*can't be reached/)
})
