import { sql } from 'drizzle-orm'
import type { Db } from '../../db/client'
import { chunks } from '../rollups/fold'
import { NO_PRODUCT, type RevenueEntryRow, revenueDays, revenueTotals } from './table'
import { utcDay } from './window'

type DayRow = typeof revenueDays.$inferInsert
type TotalRow = typeof revenueTotals.$inferInsert

/** What a row of days or totals is made of. */
export type SummedEntry = Pick<
  RevenueEntryRow,
  'isTest' | 'kind' | 'productId' | 'currency' | 'method' | 'amountMinor' | 'happenedAt'
>

/** Sums of one store's entries, by day and of all time, ready to be added to what the tables hold. */
export type RevenueSums = { storeId: bigint; days: Map<string, DayRow>; totals: Map<string, TotalRow> }

export function emptySums(storeId: bigint): RevenueSums {
  return { storeId, days: new Map(), totals: new Map() }
}

export function addEntry(sums: RevenueSums, entry: SummedEntry): void {
  const { isTest, currency, method } = entry
  const key = { storeId: sums.storeId, isTest, currency, method }
  const day = { ...key, day: utcDay(entry.happenedAt), productId: entry.productId ?? NO_PRODUCT }
  add(sums.totals, `${isTest} ${currency} ${method}`, key, entry)
  add(sums.days, `${isTest} ${currency} ${method} ${day.day} ${day.productId}`, day, entry)
}

const ZERO = { sales: 0, grossMinor: 0n, refunds: 0, refundedMinor: 0n }

function add<K extends object>(rows: Map<string, K & typeof ZERO>, key: string, fresh: K, entry: SummedEntry): void {
  const row = rows.get(key) ?? { ...fresh, ...ZERO }
  rows.set(key, row)
  if (entry.kind === 'sale') {
    row.sales += 1
    row.grossMinor += entry.amountMinor
  } else {
    row.refunds += entry.amountMinor < 0n ? -1 : 1
    row.refundedMinor += entry.amountMinor
  }
}

/** Adds the sums to the tables. Run it in a transaction that holds the store's lock. */
export async function saveSums(tx: Db, sums: RevenueSums): Promise<void> {
  for (const rows of chunks([...sums.days.values()])) {
    const d = revenueDays
    const target = [d.storeId, d.isTest, d.day, d.productId, d.currency, d.method]
    await tx
      .insert(d)
      .values(rows)
      .onConflictDoUpdate({ target, set: addExcluded(d) })
  }
  for (const rows of chunks([...sums.totals.values()])) {
    const t = revenueTotals
    const target = [t.storeId, t.isTest, t.currency, t.method]
    await tx
      .insert(t)
      .values(rows)
      .onConflictDoUpdate({ target, set: addExcluded(t) })
  }
}

function addExcluded(table: typeof revenueDays | typeof revenueTotals) {
  return {
    sales: sql`${table.sales} + excluded.sales`,
    grossMinor: sql`${table.grossMinor} + excluded.gross_minor`,
    refunds: sql`${table.refunds} + excluded.refunds`,
    refundedMinor: sql`${table.refundedMinor} + excluded.refunded_minor`,
  }
}
