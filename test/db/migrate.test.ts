import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openPostgres } from '../../server/db/client'
import { ForeignSchemaError, migrate, toRows } from '../../server/db/migrate'
import { createPostgresDatabase, openTestDatabase, type TestDatabase } from '../support/databases'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

test('migrating an up-to-date database changes nothing', async () => {
  const applied = async () => toRows(await database.db.execute(sql`select tag, applied_at from payhook_migrations`))
  const before = await applied()
  await migrate(database)
  expect(await applied()).toEqual(before)
  expect(before.length).toBeGreaterThan(0)
})

test.each([
  ['by another file of the same name', sql`update payhook_migrations set hash = 'another'`],
  ['before files were told apart', sql`alter table payhook_migrations drop column hash`],
])('a database that was migrated %s is refused, and stays as it is', async (_, change) => {
  const other = await openTestDatabase()
  await other.db.execute(change)
  const rows = async () => toRows(await other.db.execute(sql`select * from payhook_migrations`))
  const before = await rows()
  await expect(migrate(other)).rejects.toThrow(ForeignSchemaError)
  expect(await rows()).toEqual(before)
  await other.close()
})

test('four processes that start at once on an empty PostgreSQL migrate it once', async () => {
  if (inject('databaseKind') === 'pglite') return expect(database.kind).toBe('pglite') // One process by nature.
  const url = await createPostgresDatabase(inject('databases').postgresUrl, 'template0')
  const handles = await Promise.all([1, 2, 3, 4].map(() => openPostgres(url, 1)))
  await Promise.all(handles.map(migrate))
  const [first] = handles
  const rows = toRows<{ tag: string }>((await first?.db.execute(sql`select tag from payhook_migrations`)) ?? [])
  expect(new Set(rows.map((row) => row.tag)).size).toBe(rows.length)
  expect(rows.length).toBeGreaterThan(0)
  await Promise.all(handles.map((handle) => handle.close()))
})
