import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toRows } from '../../../server/db/migrate'
import { untouched } from '../../../server/domain/billing/account'
import { settingsOf } from '../../../server/domain/billing/accounts'
import { billDue, dueAccounts } from '../../../server/domain/billing/periods'
import { billingAccounts } from '../../../server/domain/billing/table'
import { addMs, DAY_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { createBilledWorld } from '../../support/billing'
import type { World } from '../../support/world'

const ACCOUNTS = 5_000

let world: World
beforeAll(async () => {
  world = await createBilledWorld()
})
afterAll(() => world.close())

type Plan = { 'Shared Hit Blocks': number; 'Shared Read Blocks': number }

test(`of ${ACCOUNTS} accounts a turn reads those that are due, and next to nothing where none is`, async () => {
  const { db } = world.deps
  const now = world.clock.now()
  const fresh = { ...untouched(settingsOf(world.deps), now, now), isTest: false, createdAt: now }
  const rows = Array.from({ length: ACCOUNTS }, (_, n) => ({
    ...{ ...fresh, storeId: BigInt(n + 1) },
    dueAt: addMs(now, DAY_MS + n * MINUTE_MS),
  }))
  for (let at = 0; at < ACCOUNTS; at += 1_000) await db.insert(billingAccounts).values(rows.slice(at, at + 1_000))
  await db.execute(sql`analyze billing_accounts`)
  const explain = async () => {
    const query = dueAccounts(world.deps).getSQL()
    const [row] = toRows<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      await db.execute(sql`explain (analyze, buffers, format json) ${query}`),
    )
    const plan = row?.['QUERY PLAN'][0].Plan
    return (plan?.['Shared Hit Blocks'] ?? 0) + (plan?.['Shared Read Blocks'] ?? 0)
  }
  // The whole table has hundreds of pages.
  expect(await explain()).toBeLessThan(5)
  expect(await billDue(world.deps)).toBe(false)
  world.clock.advance(DAY_MS + 2 * MINUTE_MS)
  expect(await dueAccounts(world.deps)).toHaveLength(3)
  expect(await explain()).toBeLessThan(15)
})
