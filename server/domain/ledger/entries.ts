import { and, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { derivedRowId } from '../../kernel/ids'
import { type Account, type EntryKind, type LedgerTailRow, ledgerEntries, ledgerTail } from './table'

/** A debit above zero, a credit below, in the smallest unit of the currency. */
export type Leg = { account: Account; currency: string; amountMinor: bigint }

export type NewLedgerEntry = {
  kind: EntryKind
  /** What it is about: the same kind about the same source can't be entered twice. */
  sourceId: string
  orderId: string | null
  legs: readonly Leg[]
  at: Date
}

/**
 * Enters what moves money, in the transaction that makes it true; what moves none leaves no entry. Entering the same source
 * twice throws on the primary key, and so undoes its transaction. No row is updated: sales of one store don't wait for each other.
 */
export async function postEntry(
  tx: StoreContext,
  { kind, sourceId, orderId, legs, at }: NewLedgerEntry,
): Promise<void> {
  if (legs.length === 0) return
  const unbalanced = unbalancedIn(legs)
  if (unbalanced !== undefined) throw new Error(`the ${kind} of ${sourceId} doesn't sum to zero in ${unbalanced}`)
  const row: LedgerTailRow = {
    storeId: tx.storeId,
    id: entryId(tx, { kind, sourceId }),
    isTest: tx.isTest,
    kind,
    accounts: legs.map(({ account }) => account),
    currencies: legs.map(({ currency }) => currency),
    amounts: legs.map(({ amountMinor }) => amountMinor),
    createdAt: at,
  }
  await tx.db.insert(ledgerEntries).values({ ...row, sourceId, orderId })
  await tx.db.insert(ledgerTail).values(row)
  tx.afterCommit?.add(() => tx.wake('ledger'))
}

type Named = Pick<NewLedgerEntry, 'kind' | 'sourceId'>

function entryId({ storeId }: StoreContext, { kind, sourceId }: Named): string {
  return derivedRowId(storeId, `ledger ${kind} ${sourceId}`)
}

export async function isEntered(tx: StoreContext, entry: Named): Promise<boolean> {
  const e = ledgerEntries
  const found = await tx.db
    .select({ id: e.id })
    .from(e)
    .where(and(eq(e.storeId, tx.storeId), eq(e.isTest, tx.isTest), eq(e.id, entryId(tx, entry))))
  return found.length > 0
}

/** A currency in which debits and credits aren't equal, or undefined when they are in all. */
export function unbalancedIn(legs: readonly Leg[]): string | undefined {
  const sums = new Map<string, bigint>()
  for (const { currency, amountMinor } of legs) sums.set(currency, (sums.get(currency) ?? 0n) + amountMinor)
  return [...sums].find(([, sum]) => sum !== 0n)?.[0]
}

/** Throws RangeError when the row's arrays aren't of one length. */
export function legsOf({ accounts, currencies, amounts }: Pick<LedgerTailRow, 'accounts' | 'currencies' | 'amounts'>) {
  return accounts.map((account, index): Leg => {
    const [currency, amountMinor] = [currencies[index], amounts[index]]
    if (currency === undefined || amountMinor === undefined) throw new RangeError('a leg lacks its currency or amount')
    return { account, currency, amountMinor }
  })
}
