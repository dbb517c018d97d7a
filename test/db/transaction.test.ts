import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toRows } from '../../server/db/migrate'
import { inTransaction } from '../../server/db/transaction'
import { openTestDatabase, type TestDatabase } from '../support/databases'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
  await database.runScript('create table notes (text text)')
})
afterAll(() => database.close())

const note = (db: TestDatabase['db'], text: string) => db.execute(sql`insert into notes (text) values (${text})`)
const notes = async () =>
  toRows<{ text: string }>(await database.db.execute(sql`select text from notes`)).map((row) => row.text)

test('work that waits for the commit runs after it, and never when it was undone', async () => {
  const ran: string[] = []
  await inTransaction({ db: database.db }, async (tx) => {
    await note(tx.db, 'kept')
    tx.afterCommit.add(() => ran.push('after kept'))
    expect(ran).toEqual([])
  })
  const undone = inTransaction({ db: database.db }, async (tx) => {
    await note(tx.db, 'undone')
    tx.afterCommit.add(() => ran.push('after undone'))
    throw new Error('stop')
  })
  await expect(undone).rejects.toThrow('stop')
  expect(await notes()).toEqual(['kept'])
  expect(ran).toEqual(['after kept'])
})

test('a transaction inside another joins it: the outermost decides', async () => {
  const undone = inTransaction({ db: database.db }, async (outer) => {
    await inTransaction(outer, (inner) => note(inner.db, 'inner'))
    throw new Error('stop')
  })
  await expect(undone).rejects.toThrow('stop')
  expect(await notes()).not.toContain('inner')
})
