import { asc, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import type { Db } from '../../db/client'
import { chunks, foldAll, type Rollup } from '../rollups/fold'
import { type RebuildProgress, rebuild } from '../rollups/rebuild'
import { legsOf } from './entries'
import { type LedgerTailRow, ledgerBalances, ledgerEntries, ledgerTail } from './table'

type BalanceRow = typeof ledgerBalances.$inferInsert

/** Sums of one store's legs by the key of their balance. */
export type LedgerSums = { storeId: bigint; balances: Map<string, BalanceRow> }

export function emptySums(storeId: bigint): LedgerSums {
  return { storeId, balances: new Map() }
}

export function addEntry({ storeId, balances }: LedgerSums, row: LedgerTailRow): void {
  const { isTest, kind } = row
  for (const { account, currency, amountMinor } of legsOf(row)) {
    const key = `${isTest} ${account} ${currency} ${kind}`
    const balance = balances.get(key) ?? { storeId, isTest, account, currency, kind, amountMinor: 0n }
    balance.amountMinor += amountMinor
    balances.set(key, balance)
  }
}

async function saveSums(tx: Db, { balances }: LedgerSums): Promise<void> {
  const b = ledgerBalances
  for (const rows of chunks([...balances.values()])) {
    await tx
      .insert(b)
      .values(rows)
      .onConflictDoUpdate({
        target: [b.storeId, b.isTest, b.account, b.currency, b.kind],
        set: { amountMinor: sql`${b.amountMinor} + excluded.amount_minor` },
      })
  }
}

export const LEDGER: Rollup<LedgerTailRow, LedgerSums> = {
  name: 'ledger',
  entries: ledgerEntries,
  tail: ledgerTail,
  tailSince: ledgerTail.createdAt,
  sums: [ledgerBalances],
  read: (tx, which, limit) => tx.select().from(ledgerEntries).where(which).orderBy(asc(ledgerEntries.id)).limit(limit),
  take: (tx, which) => tx.delete(ledgerTail).where(which).returning(),
  empty: emptySums,
  add: addEntry,
  save: saveSums,
}

/** Answers true when more waits. */
export const foldLedger = (deps: Deps): Promise<boolean> => foldAll(deps, LEDGER)

/** The balances of one store or of all, from the entries; answers how many stores. */
export const rebuildLedger = (
  deps: Deps,
  storeId?: bigint,
  onProgress?: (progress: RebuildProgress) => void,
): Promise<number> => rebuild(deps, LEDGER, storeId, onProgress)
