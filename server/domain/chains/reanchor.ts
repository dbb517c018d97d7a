import { and, desc, eq, gt, lt, min } from 'drizzle-orm'
import { type Deps, storeContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import type { BlockRef, Finality, Network } from '../../ports/network'
import { wakePayments } from '../crypto/settlement'
import { cryptoPayments } from '../crypto/table'
import { blockBefore, oldestWaiting } from './beginning'
import { type Chain, inJournal, liveChain, newestBlocks, readCursorOf, sameCursor } from './chain'
import { enabledNetwork } from './enabled'
import { findFork, newestShared } from './fork'
import { lockCursor } from './intake'
import { type ChainCursorRow, chainBlocks, chainCursors, chainTransfers } from './table'
import { within } from './transfers'

/** From which block a network is read anew, and how many transfers are on it no more, until they are found again. */
export type Reanchoring = { from: bigint; orphans: number }

/**
 * The way back for a network that has replaced more blocks than the journal has, so that its watcher stopped: what its nodes say now
 * holds. Transfers of blocks that are gone are orphans, and the network is read again from before the oldest payment that one of them
 * or the present has to do with. Payments are judged when it has been read as far as before, so that what is on both chains is
 * told nobody. Throws network_not_enabled, and invalid_request where the watcher needs no help.
 */
export async function reanchor(deps: Deps, name: NetworkName): Promise<Reanchoring> {
  const network = enabledNetwork(deps, name)
  const chain = liveChain(name)
  const head = await network.head()
  const cursor = await readCursorOf(deps, chain)
  if (!cursor) throw refused(name, 'was not read yet: its watcher begins by itself')
  if ((await findFork(deps, chain, network)) !== undefined) {
    throw refused(name, 'has blocks in common with what was read: its watcher goes on by itself')
  }
  await requireFurther(deps, chain, head)
  const above = await newestOnChain(deps, chain, network)
  const since = await oldestConcerned(deps, chain, above)
  const anchor = since ? await blockBefore(network, head.finalized, since) : await network.blockAt(head.finalized)
  if (!anchor) throw refused(name, `has no block ${head.finalized}`)
  const orphans = await anchorAt(deps, chain, { anchor, cursor, above })
  const facts = { network: name, from: String(anchor.number + 1n), orphans }
  deps.log.error(facts, 'a network is read anew: it had replaced more blocks than were remembered')
  return { from: anchor.number + 1n, orphans }
}

/** Nodes that are far behind have none of the journal's blocks either. */
async function requireFurther(deps: Deps, chain: Chain, head: BlockRef & Finality): Promise<void> {
  const oldest = (await newestBlocks(deps, chain, Number.MAX_SAFE_INTEGER)).at(-1)
  if (!oldest || head.number >= oldest.number) return
  const state = `are at block ${head.number}, before all that is remembered`
  throw refused(
    chain.network,
    `can't be judged: its nodes ${state}. Try again when they are past block ${oldest.number}`,
  )
}

const BATCH = 1_000

/** The height of the newest transfer that is still on the chain; over all stores, whose common journal has been of no help. */
async function newestOnChain({ db }: Deps, chain: Chain, network: Network): Promise<bigint> {
  const t = chainTransfers
  for (let below: bigint | undefined; ; ) {
    const batch = await db
      .selectDistinct({ number: t.blockNumber, hash: t.blockHash })
      .from(t)
      .where(and(onChain(chain), below === undefined ? undefined : lt(t.blockNumber, below)))
      .orderBy(desc(t.blockNumber))
      .limit(BATCH)
    const shared = await newestShared(network, batch)
    if (shared) return shared.number
    below = batch.at(-1)?.number
    if (below === undefined) return -1n
  }
}

function onChain({ network }: Chain) {
  return and(eq(chainTransfers.isTest, false), eq(chainTransfers.network, network), eq(chainTransfers.isOrphan, false))
}

/** When the oldest payment was made that waits, or that money above this height was for. */
async function oldestConcerned(deps: Deps, chain: Chain, above: bigint): Promise<Date | undefined> {
  const [p, t] = [cryptoPayments, chainTransfers]
  const [paid] = await deps.db
    .select({ at: min(p.createdAt) })
    .from(t)
    .innerJoin(p, and(eq(p.storeId, t.storeId), eq(p.id, t.paymentId)))
    .where(and(onChain(chain), gt(t.blockNumber, above)))
  const times = [paid?.at, await oldestWaiting(deps, chain)].filter((at) => at instanceof Date)
  return times.sort((a, b) => a.getTime() - b.getTime())[0]
}

type Anchor = { anchor: BlockRef; cursor: ChainCursorRow; above: bigint }

/** Answers how many transfers have become orphans. */
function anchorAt(deps: Deps, chain: Chain, { anchor, cursor, above }: Anchor): Promise<number> {
  return inTransaction(storeContext(deps, chain.realm, false), async (tx) => {
    const held = await lockCursor(tx, chain)
    if (held?.hash !== cursor.hash) throw refused(chain.network, 'was read further meanwhile: look at it again')
    const { number, hash, time } = anchor
    await tx.db.delete(chainBlocks).where(inJournal(chain))
    const place = { number, hash, blockTime: time }
    await tx.db
      .update(chainCursors)
      .set({ ...place, finalized: number, updatedAt: tx.clock.now() })
      .where(sameCursor(chain))
    const { realm: storeId, network } = chain
    const entry = { storeId, isTest: false, network, parentHash: hash, touched: [], ...place }
    await tx.db.insert(chainBlocks).values(entry)
    const gone = await tx.db
      .select({ storeId: chainTransfers.storeId })
      .from(chainTransfers)
      .where(and(onChain(chain), gt(chainTransfers.blockNumber, above)))
    const stores = [...new Set(gone.map(({ storeId }) => storeId))].sort()
    for (const storeId of stores) {
      await wakePayments(within(tx, chain, storeId), chain.network, above, cursor.blockTime)
    }
    return gone.length
  })
}

function refused(name: NetworkName, problem: string) {
  return new AppError('invalid_request', `network: ${NETWORK_FACTS[name].title} ${problem}`, { field: 'network' })
}
