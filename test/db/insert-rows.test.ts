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

test.each([0, 1, 2, 7, 63, 64, 65, 200])('%i rows come back as they were given, nulls included', async (count) => {
  const storeId = BigInt(1_000 + count)
  const rows = Array.from({ length: count }, (_, number) => coupon(storeId, number + 1))
  await inTransaction(database, (tx) => insertRows(tx.db, coupons, rows))
  expect(await couponsOf(storeId)).toEqual(rows)
})

test('of rows one of which is there already, none is inserted', async () => {
  const storeId = 5n
  const rows = Array.from({ length: 100 }, (_, number) => coupon(storeId, number + 1))
  const last = rows.slice(-1)
  await inTransaction(database, (tx) => insertRows(tx.db, coupons, last))
  await expect(inTransaction(database, (tx) => insertRows(tx.db, coupons, rows))).rejects.toThrow()
  expect(await couponsOf(storeId)).toEqual(last)
})
