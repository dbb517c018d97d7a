import { and, eq, min } from 'drizzle-orm'
import type { Deps } from '../../context'
import { addMs, MINUTE_MS } from '../../kernel/clock'
import type { BlockRef, Finality, Network } from '../../ports/network'
import { cryptoPayments, isWaiting } from '../crypto/table'
import { type Chain, liveChain, newestBlocks, readCursorOf } from './chain'
import { takeBlocks, unwindTo } from './intake'
import type { ChainCursorRow } from './table'
import { createWatching, type Watching } from './watching'

type Head = BlockRef & Finality

/** Reads a live network, from where it was read last. */
export type Watcher = {
  /** Up to the head of this moment, or until `stopping`. Answers that head. Throws when the network can't be read now. */
  catchUp(stopping?: AbortSignal): Promise<Head>
  /** How often it came further. */
  readonly steps: number
}

/** How often blocks are read again because of addresses that were added meanwhile. */
const ROUNDS = 3

export function createWatcher(deps: Deps, network: Network): Watcher {
  const chain = liveChain(network.name)
  const watching = createWatching(deps, chain)
  const { chainMonitor: monitor } = deps
  let steps = 0

  async function catchUp(stopping?: AbortSignal): Promise<Head> {
    const head = await network.head()
    monitor.note(network.name, { head, finalized: head.finalized })
    let cursor = await readCursorOf(deps, chain)
    while (!stopping?.aborted && (!cursor || cursor.number < head.number)) {
      cursor = await step(head, cursor)
      steps += 1
      monitor.note(network.name, {
        cursor: cursor && { number: cursor.number, time: cursor.blockTime },
        watchedAddresses: watching.size,
      })
    }
    return head
  }

  /** The next blocks; or, where the chain has replaced what was read, back to the fork. Answers where that led to. */
  async function step(head: Head, cursor: ChainCursorRow | undefined): Promise<ChainCursorRow | undefined> {
    const first = cursor ? cursor.number + 1n : await firstBlock(deps, chain, network, head)
    const blocks = await readWatched(network, watching, first, cursor ? head.number : first)
    const intake = await takeBlocks(deps, chain, { ...blocks, finalized: head.finalized })
    // Where another process was faster, the cursor tells how far it is.
    if (intake === 'diverged' && cursor) await goBack(cursor)
    return readCursorOf(deps, chain)
  }

  async function goBack(cursor: ChainCursorRow): Promise<void> {
    const fork = await findFork(deps, chain, network)
    if (fork === undefined) throw new Error(NO_FORK)
    if (fork >= cursor.number) throw new Error(`the nodes disagree about block ${cursor.number}`)
    monitor.noteReorg(network.name, cursor.number - fork)
    await unwindTo(deps, chain, fork)
  }

  return {
    catchUp,
    get steps() {
      return steps
    },
  }
}

const NO_FORK =
  'the chain has replaced more blocks than are remembered. Payments on it wait until its nodes agree with what was read'

/**
 * With all addresses that a transfer of these blocks can be for. Blocks hold nothing for a payment that was made after they were read,
 * and its address was in a pool before it was made: if no address was added while they were read, then none was missed. Else they
 * are read again.
 */
async function readWatched(network: Network, watching: Watching, first: bigint, last: bigint) {
  await watching.refresh()
  for (let round = 1; ; round += 1) {
    const blocks = await network.read(first, last, watching.isWatched, watching.awaited())
    if (!(await watching.refresh()) || round === ROUNDS) return blocks
  }
}

/** Far more than a chain replaces, and as many as the journal keeps. */
const JOURNAL = 1_024

/** The newest block that the journal and the chain have in common. Asks for few headers where few blocks were replaced. */
async function findFork(deps: Deps, chain: Chain, network: Network): Promise<bigint | undefined> {
  const journal = await newestBlocks(deps, chain, JOURNAL)
  const isShared = async (at: number) => {
    const entry = journal[at]
    return entry !== undefined && (await network.blockAt(entry.number))?.hash === entry.hash
  }
  let [replaced, shared, stride] = [-1, 0, 1]
  while (shared < journal.length && !(await isShared(shared))) {
    replaced = shared
    shared += stride
    stride *= 2
  }
  // Between them: what is shared stays so all the way down.
  shared = Math.min(shared, journal.length)
  while (shared - replaced > 1) {
    const middle = (shared + replaced) >> 1
    if (await isShared(middle)) shared = middle
    else replaced = middle
  }
  return journal[shared]?.number
}

/** A block's time is that of its slot's beginning, and clocks differ. */
const SKEW_MS = MINUTE_MS

/**
 * Where the reading of a network begins: at its newest final block, since no chain of blocks forks below that; or before the oldest
 * payment that waits, which may have been made while the nodes couldn't be reached.
 */
async function firstBlock(deps: Deps, chain: Chain, network: Network, head: Head): Promise<bigint> {
  const p = cryptoPayments
  const [oldest] = await deps.db
    .select({ at: min(p.createdAt) })
    .from(p)
    .where(and(eq(p.isTest, false), eq(p.network, chain.network), isWaiting))
  if (!oldest?.at) return head.finalized
  const since = addMs(oldest.at, -SKEW_MS)
  let [number, stride] = [head.finalized, 1n]
  for (;;) {
    const block = await network.blockAt(number)
    if (number === 0n || (block && block.time <= since)) return number
    number = number > stride ? number - stride : 0n
    stride *= 2n
  }
}
