import { and, asc, eq, inArray, min, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Deps } from '../../context'
import type { Db } from '../../db/client'
import { inTransaction } from '../../db/transaction'
import { rollers } from './table'

type StoreTable = PgTable & { storeId: PgColumn }
type RowTable = StoreTable & { id: PgColumn }

/**
 * Sums that are read instead of what they are sums of. Whoever writes an entry also writes it to the tail, in one transaction,
 * and updates no row that others update too; the roller adds the tail to the sums in batches; readers add sums and tail in one
 * statement, and so are exact at every moment however many entries there are.
 */
export type Rollup<Row extends { id: string }, Sums> = {
  /** Of the lock, and for the log. */
  name: string
  /** Every entry of all time: the truth that the sums can be made of again. */
  entries: RowTable
  /** Copies of the entries that aren't in the sums yet, under their ids. */
  tail: RowTable
  /** When a tail's row was made: stores whose oldest has waited longest come first. */
  tailSince: PgColumn
  /** What the sums are kept in. */
  sums: readonly StoreTable[]
  /** Entries by their ids' order. */
  read(tx: Db, which: SQL | undefined, limit: number): Promise<Row[]>
  /** Deletes rows of the tail and answers them. */
  take(tx: Db, which: SQL | undefined): Promise<Row[]>
  /** Sums of one store, to be added to what the tables hold. */
  empty(storeId: bigint): Sums
  add(sums: Sums, row: Row): void
  save(tx: Db, sums: Sums): Promise<void>
}

/** Stores that one round looks after, and tail rows that one transaction folds. */
const STORES_PER_ROUND = 100
const ROWS_PER_FOLD = 2_000

/**
 * Folds the tails of all stores into their sums, the longest waiting store first. Runs over the whole platform, so it names no
 * store until it has found those with work. Answers true when more waits. Safe in several processes at once.
 */
export async function foldAll<Row extends { id: string }, Sums>(
  deps: Deps,
  rollup: Rollup<Row, Sums>,
): Promise<boolean> {
  const { name, tail } = rollup
  const waiting = await deps.db
    .select({ storeId: sql`${tail.storeId}`.mapWith(BigInt) })
    .from(tail)
    .groupBy(tail.storeId)
    .orderBy(asc(min(rollup.tailSince)))
    .limit(STORES_PER_ROUND)
  let more = waiting.length === STORES_PER_ROUND
  let folded = 0
  for (const { storeId } of waiting) {
    // One store's trouble is logged and doesn't keep the others waiting; readers stay exact meanwhile.
    try {
      const rows = await foldStore(deps, rollup, storeId)
      folded += rows
      if (rows === ROWS_PER_FOLD) more = true
    } catch (error) {
      const facts = { err: error, store: storeId.toString(), rollup: name }
      deps.log.error(facts, `a tail of the ${name} was not folded and will be tried again`)
    }
  }
  // Nothing folded: others are at work on these stores, or they fail. Rest instead of asking again at once.
  return more && folded > 0
}

/**
 * Folds one store's tail and answers how many rows that were, 0 when somebody else is at it. Sums and tail change in one
 * transaction. The rows that it folds are those that its DELETE answers, so that none can be folded twice or be deleted
 * unfolded.
 */
export async function foldStore<Row extends { id: string }, Sums>(
  deps: Deps,
  rollup: Rollup<Row, Sums>,
  storeId: bigint,
): Promise<number> {
  const { tail } = rollup
  const folded = await asOnlyRoller(deps, rollup, storeId, 'skip', async (tx) => {
    const batch = tx
      .select({ id: tail.id })
      .from(tail)
      .where(eq(tail.storeId, storeId))
      .orderBy(asc(tail.id))
      .limit(ROWS_PER_FOLD)
    const rows = await rollup.take(tx, and(eq(tail.storeId, storeId), inArray(tail.id, batch)))
    const sums = rollup.empty(storeId)
    for (const row of rows) rollup.add(sums, row)
    await rollup.save(tx, sums)
    return rows.length
  })
  return folded ?? 0
}

/**
 * Runs `work` in a transaction that is the only one to fold or rebuild the store: it holds a lock on the store's row, which
 * ends with the transaction, by a crash too. Where somebody else has it, `skip` answers undefined and `wait` waits.
 */
export async function asOnlyRoller<T>(
  deps: Deps,
  { name }: { name: string },
  storeId: bigint,
  busy: 'skip' | 'wait',
  work: (tx: Db) => Promise<T>,
): Promise<T | undefined> {
  // Committed by itself: an insert inside the transaction would make others wait for its end even where they want to skip.
  await deps.db.insert(rollers).values({ storeId, rollup: name }).onConflictDoNothing()
  return inTransaction(deps, async ({ db: tx }) => {
    const locked = await tx
      .select({ storeId: rollers.storeId })
      .from(rollers)
      .where(and(eq(rollers.storeId, storeId), eq(rollers.rollup, name)))
      .for('update', busy === 'skip' ? { skipLocked: true } : {})
    return locked.length > 0 ? work(tx) : undefined
  })
}

/** Far below PostgreSQL's 65,535 parameters a statement, in tables of a dozen columns. */
const ROWS_PER_STATEMENT = 1_000

export function* chunks<T>(rows: T[]): Generator<T[]> {
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT)
    yield rows.slice(start, start + ROWS_PER_STATEMENT)
}
