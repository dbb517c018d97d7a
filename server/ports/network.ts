import type { Coin, NetworkName } from '../kernel/networks'

/** A block by its place in the chain. Times are the chain's own. */
export type BlockRef = { number: bigint; hash: string; time: Date }

/** Money that moved to an address, as one block holds it. */
export type Transfer = {
  txHash: string
  /**
   * Its place in its block, unlike any other's there: the log's index for a token. Native money has no log: −1 − the transaction's
   * index; from −1,000,000 downwards for what contracts sent.
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
  /** The blocks that follow `first − 1`, as many as the network finds good to read at once, up to `last`. */
  read(first: bigint, last: bigint, isWatched: IsWatched): Promise<Blocks>
}

/** The networks that live payments can be made on: those with RPC URLs. */
export type Networks = Partial<Record<NetworkName, Network>>
