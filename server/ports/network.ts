import type { Coin, NetworkName } from '../kernel/networks'

/** A block by its place in the chain. Times are the chain's own. */
export type BlockRef = { number: bigint; hash: string; time: Date }

/** Money that moved to an address, as one block holds it. */
export type Transfer = {
  /** The block's hash, where nobody can tell which of its transactions sent native money on. */
  txHash: string
  /**
   * Its place in its block, unlike any other's there: the log's index for a token. Native money has no log: −1 − the transaction's
   * index; from −1,000,000 downwards for what contracts sent, of which
   * from −1,000,000,000 downwards what only a balance shows.
   */
  logIndex: number
  /** Known by its contract, and only successful ones: a symbol proves nothing. */
  coin: Coin
  /** Both with their checksums. */
  from: string
  to: string
  /** Base units. */
  units: bigint
  block: BlockRef
}

/**
 * One block, or a run of blocks that can't be replaced any more. All of it comes from one node, which had the header and its
 * logs: a node that lacks a block answers no logs as if there were none.
 */
export type Blocks = {
  /** The first block's number, and its parent's hash. */
  first: bigint
  parentHash: string
  last: BlockRef
  /** Those to watched addresses, in the chain's order; others may be among them. */
  transfers: readonly Transfer[]
}

/** What the chain says of itself beside its blocks. */
export type Finality = {
  /** No block up to this number is replaced any more: the chain's own `finalized`, or a depth where a node knows none. */
  finalized: bigint
}

/** Asked for every address that a block names, as the chain names it (`0x` and 40 hex digits, TRON's without its prefix): it must be fast. */
export type IsWatched = (hex: string) => boolean

/** A chain as its watcher reads it; `server/chain` has the real ones. What can't be answered now is thrown, and asked again later. */
export type Network = {
  readonly name: NetworkName
  head(): Promise<BlockRef & Finality>
  /** The header of a block of the chain as it stands; undefined above its head. */
  blockAt(number: bigint): Promise<(BlockRef & { parentHash: string }) | undefined>
  /** The number of the block that holds a transaction (`0x` and 64 hex digits on each network); undefined when no node knows one. */
  blockOf(txHash: string): Promise<bigint | undefined>
  /**
   * The blocks that follow `first − 1`, as many as the network finds good to read at once, up to `last`. `awaited` are the
   * addresses that wait for native money: their balances are compared, where transfers of contracts show nowhere else.
   */
  read(first: bigint, last: bigint, isWatched: IsWatched, awaited?: readonly string[]): Promise<Blocks>
  /**
   * Asks the nodes that weren't asked yet whether they are this network's, with the tokens that our facts name. Undefined when one
   * is, or none could be reached; else what is wrong, in words.
   */
  refusal(): Promise<string | undefined>
}

/** The networks that live payments can be made on: those with RPC URLs. */
export type Networks = Partial<Record<NetworkName, Network>>

/**
 * Why a node gave no answer that can be used.
 *
 *     rate_limited  it has had enough of us: ask another one, or this one later
 *     too_large     the answer is more than it sends: ask for less
 *     unsupported   it doesn't know the method, and never will
 *     lacking       it doesn't have what was asked for, or contradicts itself: it is behind, or several machines answer for it
 *     foreign       it is a node of another chain, or the chain isn't what our facts say
 *     failed        anything else: no connection, no time, no sense
 */
export type FailureKind = 'rate_limited' | 'too_large' | 'unsupported' | 'lacking' | 'foreign' | 'failed'

/** What a node did wrong. `host` is its URL's, since the path and query may hold a key. */
export type NodeProblem = { host: string; kind: FailureKind | 'stale'; message: string }

export type NodeHealth = {
  host: string
  /** In a row. */
  failures: number
  isResting: boolean
  isStale: boolean
  head: bigint | undefined
}
