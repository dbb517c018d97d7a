import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openPglite, openPostgres } from '../../server/db/client'
import { freePort } from '../support/ports'
import { emptyPlace, failToStart, startServer, type User } from '../support/server'

const onPglite = inject('databaseKind') === 'pglite'
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'payhook-failures-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** One line on standard error, status 1, nothing on standard output but what a slow disk brings forth: what a person or a supervisor needs. */
async function expectRefusal(environment: Record<string, string>, line: RegExp, args: string[] = [], user?: User) {
  const all = { PAYHOOK_DATA_DIR: join(folder, 'data'), ...environment }
  const { code, stdout, stderr } = await failToStart(all, args, user)
  expect(stderr).toMatch(line)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(stdout.replace(/^Preparing the database.*\n/, '')).toBe('')
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

/** Permissions stop everybody but the superuser, who therefore tries as `nobody`. */
const ordinaryUser: User | undefined = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined

test.runIf(onPglite)('a data folder that this user may not write to, or make, is named', async () => {
  const locked = join(folder, 'locked')
  mkdirSync(locked)
  // Others may go through the folders of the test, and write in none.
  for (const one of [folder, locked]) chmodSync(one, 0o555)
  for (const dataDir of [locked, join(locked, 'new')]) {
    const line = new RegExp(`^The data folder ${dataDir} can't be made or written to.*permissions.*PAYHOOK_DATA_DIR`)
    await expectRefusal({ PAYHOOK_DATA_DIR: dataDir, HOME: folder }, line, [], ordinaryUser)
  }
  chmodSync(folder, 0o755)
})

test.runIf(onPglite)('the data of another user is named, as after one start with sudo', async () => {
  const { environment, remove } = await emptyPlace()
  const dataDir = environment.PAYHOOK_DATA_DIR ?? ''
  await (await startServer(environment)).end()
  chmodSync(join(dataDir, 'pgdata'), 0o500)
  for (const mode of [0o700, 0o555, 0o777]) {
    chmodSync(dataDir, mode)
    await expectRefusal(environment, /can't be made or written to/, [], ordinaryUser)
  }
  chmodSync(join(dataDir, 'pgdata'), 0o700)
  remove()
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

test('a database whose tables another version made is named in one line, instead of answering every call with 500', async () => {
  const { environment, remove } = await emptyPlace()
  const { DATABASE_URL, PAYHOOK_DATA_DIR = '' } = environment
  const database = DATABASE_URL ? await openPostgres(DATABASE_URL) : await openPglite(PAYHOOK_DATA_DIR)
  await database.db.execute(sql`update payhook_migrations set hash = 'another'`)
  await database.close()
  await expectRefusal(
    environment,
    /^The (data folder|database) \S+ was made by a version of Payhook whose tables differ/,
  )
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
