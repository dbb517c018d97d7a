import type { Deps } from '../../context'
import type { NetworkName } from '../../kernel/networks'
import type { BlockRef, Finality, Network } from '../../ports/network'
import { blockBefore, oldestWaiting } from './beginning'
import { type Chain, liveChain, readCursorOf } from './chain'
import { findFork } from './fork'
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
        isHalted: false,
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
    if (fork === undefined) {
      monitor.note(network.name, { isHalted: true })
      throw new Error(noFork(network.name))
    }
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

const noFork = (network: NetworkName) =>
  `the chain has replaced more blocks than are remembered, so that payments on it wait. Should its nodes be right, the command \`reanchor ${network}\` reads it anew from where that began`

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

/**
 * Where the reading of a network begins: at its newest final block, since no chain of blocks forks below that; or before the oldest
 * payment that waits, which may have been made while the nodes couldn't be reached.
 */
async function firstBlock(deps: Deps, chain: Chain, network: Network, head: Head): Promise<bigint> {
  const oldest = await oldestWaiting(deps, chain)
  const block = oldest && (await blockBefore(network, head.finalized, oldest))
  return oldest ? (block?.number ?? 0n) : head.finalized
}
