import { and, asc, eq, gt, notExists, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import type { Db } from '../../db/client'
import { stores } from '../stores/table'
import { asOnlyRoller, type Rollup } from './fold'

const ENTRIES_PER_PAGE = 5_000
const STORES_PER_PAGE = 500

export type RebuildProgress = { storeId: bigint; entries: number; finished: boolean }

/**
 * Makes the sums again from the entries, of one store or of all. The shop may go on selling meanwhile: readers see the old
 * numbers until a store is done, then the new ones.
 *
 * `onProgress` hears after each page how many entries of the store were read. Answers how many stores were rebuilt.
 */
export async function rebuild<Row extends { id: string }, Sums>(
  deps: Deps,
  rollup: Rollup<Row, Sums>,
  storeId?: bigint,
  onProgress: (progress: RebuildProgress) => void = () => undefined,
): Promise<number> {
  let rebuilt = 0
  for await (const one of storeId === undefined ? everyStore(deps) : [storeId]) {
    await rebuildStore(deps, rollup, one, onProgress)
    rebuilt++
  }
  return rebuilt
}

export async function* everyStore({ db }: Deps): AsyncGenerator<bigint> {
  for (let last: bigint | undefined; ; ) {
    const page = await db
      .select({ storeId: stores.storeId })
      .from(stores)
      .where(last === undefined ? undefined : gt(stores.storeId, last))
      .orderBy(asc(stores.storeId))
      .limit(STORES_PER_PAGE)
    for (const { storeId } of page) yield storeId
    last = page.at(-1)?.storeId
    if (last === undefined || page.length < STORES_PER_PAGE) return
  }
}

/**
 * While the lock is held nobody takes rows out of the tail, so that an entry with a tail row will be folded later and every
 * other entry must be counted here. Each page asks that in one statement, hence in one snapshot: entries that are made meanwhile
 * come with their tail row and are left to the roller.
 */
async function rebuildStore<Row extends { id: string }, Sums>(
  deps: Deps,
  rollup: Rollup<Row, Sums>,
  storeId: bigint,
  onProgress: (progress: RebuildProgress) => void,
): Promise<void> {
  await asOnlyRoller(deps, rollup, storeId, 'wait', async (tx) => {
    for (const table of rollup.sums) await tx.delete(table).where(eq(table.storeId, storeId))
    await dropOrphans(tx, rollup, storeId)
    const sums = rollup.empty(storeId)
    let entries = 0
    for await (const page of foldedPages(tx, rollup, storeId)) {
      for (const row of page) rollup.add(sums, row)
      entries += page.length
      onProgress({ storeId, entries, finished: false })
    }
    await rollup.save(tx, sums)
    onProgress({ storeId, entries, finished: true })
  })
}

type Tables = Pick<Rollup<{ id: string }, unknown>, 'entries' | 'tail'>

/** All entries without a tail row, page by page. */
async function* foldedPages<Row extends { id: string }>(
  tx: Db,
  { entries, tail, read }: Tables & { read: Rollup<Row, unknown>['read'] },
  storeId: bigint,
): AsyncGenerator<Row[]> {
  const unfolded = tx
    .select({ one: sql`1` })
    .from(tail)
    .where(and(eq(tail.storeId, storeId), eq(tail.id, entries.id)))
  for (let last: string | undefined; ; ) {
    const after = last === undefined ? undefined : gt(entries.id, last)
    const page = await read(tx, and(eq(entries.storeId, storeId), after, notExists(unfolded)), ENTRIES_PER_PAGE)
    yield page
    last = page.at(-1)?.id
    if (last === undefined || page.length < ENTRIES_PER_PAGE) return
  }
}

/** Tail rows that no entry stands behind: there should be none, and a rebuild is what mends what shouldn't be. */
async function dropOrphans(tx: Db, { entries, tail }: Tables, storeId: bigint): Promise<void> {
  const entry = tx
    .select({ one: sql`1` })
    .from(entries)
    .where(and(eq(entries.storeId, storeId), eq(entries.id, tail.id)))
  await tx.delete(tail).where(and(eq(tail.storeId, storeId), notExists(entry)))
}
