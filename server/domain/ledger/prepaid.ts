import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { prepared } from '../../db/prepared'
import { legRows } from './service'
import { ledgerBalances, ledgerTail } from './table'

/** What merchants prepay in, counted in millionths. */
export const USDT = 'usdt'

/**
 * What the store of the named parameters `storeId` and `isTest` has paid in advance and not used, in millionths of a USDT; below 0
 * when it owes. One scalar, of one snapshot: an entry is seen in the tail or in the sums, never in both.
 */
export function prepaidSum(): SQL<bigint> {
  const ofStore = (table: typeof ledgerBalances | typeof ledgerTail) =>
    and(eq(table.storeId, sql.placeholder('storeId')), eq(table.isTest, sql.placeholder('isTest')))
  return sql<bigint>`(select (-coalesce(sum(amount), 0))::text from (
    select amount_minor as amount from ${ledgerBalances}
      where ${ofStore(ledgerBalances)} and account = 'prepaid_balance' and currency = 'usdt'
    union all select leg.amount from ${ledgerTail}, ${legRows(ledgerTail)}
      where ${ofStore(ledgerTail)} and leg.account = 'prepaid_balance' and leg.currency = 'usdt') as prepaid)`
}

/** The prepaid balance; see `prepaidSum`. */
export async function prepaidBalance(ctx: StoreContext): Promise<bigint> {
  const query = prepared(ctx.db, 'prepaid_balance', (db, name) =>
    db
      .select({ balance: prepaidSum().mapWith(BigInt) })
      .from(sql`(select 1) as one`)
      .prepare(name),
  )
  const [row] = await query.execute({ storeId: ctx.storeId, isTest: ctx.isTest })
  return row?.balance ?? 0n
}
