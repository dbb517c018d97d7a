import { and, asc, eq, lt, lte, or, sql } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../context'
import { inTransaction, together } from '../../db/transaction'
import { greaterOf } from '../../kernel/money'
import type { Blocks, Finality } from '../../ports/network'
import { meterPayments } from '../billing/metering'
import { settlePayments, wakePayments } from '../crypto/settlement'
import { cryptoPayments, isWaiting } from '../crypto/table'
import { type Chain, inJournal, isSimulated, sameCursor } from './chain'
import { type ChainCursorRow, chainBlocks, chainCursors } from './table'
import { type Concerned, recordTransfers, within } from './transfers'

/**
 * What became of blocks that were handed in.
 *
 *     taken     they are the chain's newest now, and all that follows from them is written
 *     known     they had been taken before
 *     gap       blocks before them are missing
 *     diverged  they are children of another chain than the one that was read: find the fork, and `unwindTo` it
 */
export type Intake = 'taken' | 'known' | 'gap' | 'diverged'

/** Payments that time alone changes are ended so many at a time, so that no transaction grows without end. */
const BATCH = 200

/** Older blocks of the journal are forgotten: further back no chain of ours is ever replaced. */
const KEPT_BLOCKS = 1_024n

/**
 * Takes blocks in, and everything that follows from them, in one transaction: a crash leaves both or neither, and blocks that are
 * handed in twice, or by two watchers at once, count once. The first blocks of a chain say where it begins.
 */
export async function takeBlocks(deps: Deps, chain: Chain, blocks: Blocks & Finality): Promise<Intake> {
  const intake = await inTransaction(storeContext(deps, chain.realm, isSimulated(chain)), async (tx) => {
    const cursor = await lockCursor(tx, chain)
    const begun = cursor ? undefined : await beginAt(tx, chain, blocks)
    const before = begun ? undefined : (cursor ?? (await lockCursor(tx, chain)))
    const refusal = before && (await refusalOf(tx, chain, before, blocks))
    if (refusal) return refusal
    const tip = before ? await moveCursor(tx, chain, blocks, before) : begun
    if (!tip) throw new Error(`the cursor of ${chain.network} is gone`)
    const concerned = await recordTransfers(tx, chain, blocks.transfers)
    await journal(tx, chain, blocks, concerned)
    await settleAll(
      tx,
      chain,
      concerned.filter(({ paymentId }) => paymentId !== ''),
      tip,
    )
    return 'taken' as const
  })
  if (intake === 'taken') while (await settleDue(deps, chain));
  return intake
}

/**
 * Takes in what is missing of final blocks that were taken before. What is there already stays as it is, and so do payments that
 * nothing is new for. Throws when the blocks aren't final.
 */
export async function takeMissed(deps: Deps, chain: Chain, blocks: Blocks): Promise<{ seen: number; added: number }> {
  return inTransaction(storeContext(deps, chain.realm, isSimulated(chain)), async (tx) => {
    const tip = await lockCursor(tx, chain)
    const { number } = blocks.last
    if (!tip || number > tip.number || number > tip.finalized) throw new RangeError(`block ${number} is not final`)
    const concerned = await recordTransfers(tx, chain, blocks.transfers)
    const added = concerned.filter(({ isNew }) => isNew)
    await settleAll(
      tx,
      chain,
      added.filter(({ paymentId }) => paymentId !== ''),
      tip,
    )
    return { seen: concerned.length, added: added.length }
  })
}

/** Whoever moves it queues here. Undefined before the first block. */
export async function lockCursor(tx: StoreContext, chain: Chain): Promise<ChainCursorRow | undefined> {
  const [cursor] = await tx.db.select().from(chainCursors).where(sameCursor(chain)).for('update')
  return cursor
}

async function refusalOf(
  tx: StoreContext,
  chain: Chain,
  cursor: ChainCursorRow,
  { first, parentHash, last }: Blocks,
): Promise<Intake | undefined> {
  if (last.number <= cursor.number) {
    const [known] = await tx.db
      .select({ hash: chainBlocks.hash })
      .from(chainBlocks)
      .where(and(inJournal(chain), eq(chainBlocks.number, last.number)))
    // What the journal has forgotten can't be replaced any more.
    return !known || known.hash === last.hash ? 'known' : 'diverged'
  }
  if (first !== cursor.number + 1n) return 'gap'
  return parentHash === cursor.hash ? undefined : 'diverged'
}

/** The first block of a chain. Undefined when another watcher's was first, for which this waits. */
async function beginAt(tx: StoreContext, chain: Chain, { last, finalized }: Blocks & Finality) {
  const [row] = await tx.db
    .insert(chainCursors)
    .values({
      storeId: chain.realm,
      isTest: isSimulated(chain),
      network: chain.network,
      number: last.number,
      hash: last.hash,
      blockTime: last.time,
      finalized,
      updatedAt: tx.clock.now(),
    })
    .onConflictDoNothing()
    .returning()
  return row
}

async function moveCursor(tx: StoreContext, chain: Chain, blocks: Blocks & Finality, cursor: ChainCursorRow) {
  const { last, finalized } = blocks
  const [row] = await tx.db
    .update(chainCursors)
    .set({
      number: last.number,
      hash: last.hash,
      // A chain's time never runs back; where a simulated one's clock did, it stands still.
      blockTime: new Date(Math.max(cursor.blockTime.getTime(), last.time.getTime())),
      finalized: greaterOf(cursor.finalized, finalized),
      updatedAt: tx.clock.now(),
    })
    .where(sameCursor(chain))
    .returning()
  return row
}

async function journal(tx: StoreContext, chain: Chain, { last, parentHash }: Blocks, concerned: readonly Concerned[]) {
  await tx.db.insert(chainBlocks).values({
    storeId: chain.realm,
    isTest: isSimulated(chain),
    network: chain.network,
    number: last.number,
    hash: last.hash,
    parentHash,
    blockTime: last.time,
    touched: [...new Set(concerned.map(({ storeId }) => storeId))],
  })
  await tx.db.delete(chainBlocks).where(and(inJournal(chain), lt(chainBlocks.number, last.number - KEPT_BLOCKS)))
}

/** In one order everywhere, so that no two transactions wait for each other in a circle. */
async function settleAll(
  tx: StoreContext,
  chain: Chain,
  payments: readonly Pick<Concerned, 'storeId' | 'paymentId'>[],
  tip: ChainCursorRow,
) {
  const byStore = new Map<bigint, Set<string>>()
  for (const { storeId, paymentId } of payments) {
    byStore.set(storeId, (byStore.get(storeId) ?? new Set()).add(paymentId))
  }
  const inOrder = [...byStore].sort(([a], [b]) => (a < b ? -1 : 1))
  const changed = await together(
    inOrder.map(([storeId, ids]) => settlePayments(within(tx, chain, storeId), [...ids], tip)),
  )
  // One store after the other: their accounts are held by the transactions of several networks.
  for (const [at, [storeId]] of inOrder.entries()) await meterPayments(within(tx, chain, storeId), changed[at] ?? [])
}

/**
 * Settles a batch of the payments that the chain's newest block changes: those that have their confirmations now, and those whose
 * time is over. Looks over all stores, since a network's blocks are everybody's. Answers true when more are waiting.
 */
export async function settleDue(deps: Deps, chain: Chain): Promise<boolean> {
  const ctx = storeContext(deps, chain.realm, isSimulated(chain))
  return inTransaction(ctx, async (tx) => {
    const tip = await lockCursor(tx, chain)
    if (!tip) return false
    const p = cryptoPayments
    const due = await tx.db
      .select({ storeId: p.storeId, paymentId: p.id })
      .from(p)
      .where(
        and(
          isSimulated(chain) ? eq(p.storeId, chain.realm) : undefined,
          eq(p.isTest, isSimulated(chain)),
          eq(p.network, chain.network),
          isWaiting,
          or(lt(p.dueAt, tip.blockTime), and(lte(p.dueHeight, tip.number), lte(p.height, tip.finalized))),
        ),
      )
      .orderBy(asc(p.dueAt))
      .limit(BATCH)
    await settleAll(tx, chain, due, tip)
    return due.length === BATCH
  })
}

/**
 * Goes back to the block with this number, the last one that the chain and the journal have in common: what the blocks above
 * it held are orphans. Payments are judged anew with the next block, which mostly holds the same transactions again.
 * Throws when the journal doesn't reach back that far.
 */
export async function unwindTo(deps: Deps, chain: Chain, number: bigint): Promise<void> {
  await inTransaction(storeContext(deps, chain.realm, isSimulated(chain)), async (tx) => {
    const cursor = await lockCursor(tx, chain)
    if (!cursor || cursor.number <= number) return
    const dropped = await tx.db
      .delete(chainBlocks)
      .where(and(inJournal(chain), sql`${chainBlocks.number} > ${number}`))
      .returning({ touched: chainBlocks.touched })
    const [fork] = await tx.db
      .select()
      .from(chainBlocks)
      .where(and(inJournal(chain), eq(chainBlocks.number, number)))
    if (!fork) throw new Error(`the journal of ${chain.network} does not reach back to block ${number}`)
    const { hash, blockTime } = fork
    if (number < cursor.finalized) {
      const facts = { network: chain.network, number: String(number), finalized: String(cursor.finalized) }
      tx.log.error(facts, 'a chain replaced blocks that it had called final')
    }
    const finalized = number < cursor.finalized ? number : cursor.finalized
    const place = { number, hash, blockTime, finalized, updatedAt: tx.clock.now() }
    await tx.db.update(chainCursors).set(place).where(sameCursor(chain))
    const stores = new Set(dropped.flatMap(({ touched }) => touched))
    for (const storeId of [...stores].sort()) await wakePayments(within(tx, chain, storeId), chain.network, number)
  })
}
