import { lte, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { products } from '../../server/domain/products/table'
import { openTestDatabase, type TestDatabase } from '../support/databases'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

test('a time may be put into the condition of a prepared query', async () => {
  const query = database.db
    .select({ id: products.id })
    .from(products)
    .where(lte(products.createdAt, sql.placeholder('now')))
    .prepare('made_before')
  expect(await query.execute({ now: new Date('2026-03-02T09:00:00.000Z') })).toEqual([])
})
