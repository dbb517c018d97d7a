import { asc, eq } from 'drizzle-orm'
import type { StoreContext } from '../../server/context'
import { legsOf } from '../../server/domain/ledger/entries'
import { foldLedger } from '../../server/domain/ledger/roller'
import { ledgerBalances, ledgerEntries } from '../../server/domain/ledger/table'
import type { World } from './world'

export async function foldWholeLedger(world: World): Promise<void> {
  while (await foldLedger(world.deps)) {
    // Each turn folds another batch.
  }
}

/** `sale: gateway_clearing 1900, platform_fees -48, …` of every entry of an order. */
export async function entriesOf({ db }: StoreContext, orderId: string): Promise<string[]> {
  const rows = await db.select().from(ledgerEntries).where(eq(ledgerEntries.orderId, orderId))
  return rows
    .map((row) => {
      const legs = legsOf(row).map(({ account, amountMinor }) => `${account} ${amountMinor}`)
      return `${row.kind}: ${legs.sort().join(', ')}`
    })
    .sort()
}

/** Debits less credits of every account of an order. */
export async function accountsOf({ db }: StoreContext, orderId: string): Promise<Record<string, bigint>> {
  const rows = await db.select().from(ledgerEntries).where(eq(ledgerEntries.orderId, orderId))
  const sums: Record<string, bigint> = {
    gateway_clearing: 0n,
    store_balance: 0n,
    platform_fees: 0n,
    disputes_held: 0n,
  }
  for (const { account, amountMinor } of rows.flatMap(legsOf)) sums[account] = (sums[account] ?? 0n) + amountMinor
  return sums
}

export function keptBalances({ db, storeId }: StoreContext) {
  const b = ledgerBalances
  return db
    .select()
    .from(b)
    .where(eq(b.storeId, storeId))
    .orderBy(asc(b.isTest), asc(b.account), asc(b.currency), asc(b.kind))
}
