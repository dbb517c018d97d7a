import { asc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { insertRows } from '../../server/db/insert-rows'
import { inTransaction } from '../../server/db/transaction'
import { coupons } from '../../server/domain/coupons/table'
import { newRowId } from '../../server/kernel/ids'
import { openTestDatabase, type TestDatabase } from '../support/databases'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

const at = new Date('2026-03-02T09:00:00.123Z')
const coupon = (storeId: bigint, number: number): typeof coupons.$inferSelect => ({
  storeId,
  id: newRowId(storeId),
  isTest: number % 2 === 0,
  code: `C${String(number).padStart(4, '0')}`,
  discountType: 'fixed',
  basisPoints: null,
  amountMinor: BigInt(number) * 10n ** 15n,
  currency: 'eur',
  minAmountMinor: null,
  description: number % 3 === 0 ? null : `“{,\\"' ${number}`,
  expiresAt: number % 5 === 0 ? at : null,
  maxUses: number % 7 === 0 ? null : number,
  maxUsesPerCustomer: null,
  limitedUses: number,
  isActive: true,
  createdAt: at,
  updatedAt: at,
})

const couponsOf = (storeId: bigint) =>
  database.db.select().from(coupons).where(eq(coupons.storeId, storeId)).orderBy(asc(coupons.code))

test.each([0, 1, 2, 7, 200])('%i rows come back as they were given, nulls included', async (count) => {
  const storeId = BigInt(1_000 + count)
  const rows = Array.from({ length: count }, (_, number) => coupon(storeId, number + 1))
  await inTransaction(database, (tx) => insertRows(tx.db, coupons, rows))
  expect(await couponsOf(storeId)).toEqual(rows)
})

test('characters that JSON or the database has words of its own for come back as they were', async () => {
  const description = 'a\\u0041 "quoted" \\" \u2028 \u0007 \ud83d\ude00 {1,2} null'
  const row = { ...coupon(6n, 1), description }
  await insertRows(database.db, coupons, [row])
  expect(await couponsOf(6n)).toEqual([row])
  const half = { ...coupon(6n, 2), description: 'half of \ud83d' }
  await insertRows(database.db, coupons, [half])
  expect((await couponsOf(6n))[1]?.description).toBe('half of \ufffd')
})

test('rows that are there already stay as they are, where that is wished for, and the others come', async () => {
  const rows = Array.from({ length: 5 }, (_, number) => coupon(7n, number + 1))
  await insertRows(database.db, coupons, rows.slice(2, 4))
  const others = rows.map((row) => ({ ...row, description: 'new' }))
  await insertRows(database.db, coupons, others, { ifNew: true })
  const stayed = (nth: number) => nth === 2 || nth === 3
  expect(await couponsOf(7n)).toEqual(rows.map((row, nth) => (stayed(nth) ? row : others[nth])))
})

test('of rows one of which is there already, none is inserted', async () => {
  const storeId = 5n
  const rows = Array.from({ length: 100 }, (_, number) => coupon(storeId, number + 1))
  const last = rows.slice(-1)
  await inTransaction(database, (tx) => insertRows(tx.db, coupons, last))
  await expect(inTransaction(database, (tx) => insertRows(tx.db, coupons, rows))).rejects.toThrow()
  expect(await couponsOf(storeId)).toEqual(last)
})
