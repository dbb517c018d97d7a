import type { Clock } from '../kernel/clock'
import { NETWORK_FACTS } from '../kernel/networks'
import type { Blocks, IsWatched, Network, NodeProblem } from '../ports/network'
import { fieldsOf, type Header, headerAt, lacking, neededHeader, quantityOf } from './answers'
import { refOf } from './evm-block'
import { blockReader, readRun } from './evm-reader'
import { createNodes, type Node, type Nodes } from './nodes'
import { createAdaptiveRange, greatest, least } from './ranges'
import { RpcFailure } from './rpc'
import { checkDecimals, tokensOf } from './tokens'

export type EvmNetworkName = 'ethereum' | 'bsc'

type EvmFacts = {
  /** More blocks than this behind the newest head, and a node is stale. */
  mostBehind: bigint
  /** Deep enough never to be replaced, for nodes that don't know the `finalized` tag. */
  finalDepth: bigint
}

/** Ethereum: 12 s blocks, final after two epochs of 32, which took up to 95 blocks. BSC: 0.45 s blocks. */
const EVM_FACTS: Readonly<Record<EvmNetworkName, EvmFacts>> = {
  ethereum: { mostBehind: 3n, finalDepth: 96n },
  bsc: { mostBehind: 40n, finalDepth: 240n },
}

/** A range is bounded by memory: each of its blocks comes with its transactions. */
const RANGE = { start: 32n, most: 128n }
export type NodesOf = {
  urls: readonly string[]
  clock: Clock
  report?: (problem: NodeProblem) => void
  timeoutMs?: number
  wait?: (ms: number) => Promise<unknown>
}

/** The operator's nodes of a network, each checked before its first use: the chain's id, and the tokens' decimals. */
export function createEvmNodes(name: EvmNetworkName, options: NodesOf): Nodes {
  const tokens = tokensOf(name)
  const admit = async (node: Node) => {
    await checkChainId(node, name, NETWORK_FACTS[name].chainId ?? 0)
    await checkDecimals(name, tokens, node)
  }
  return createNodes({ ...options, admit, mostBehind: EVM_FACTS[name].mostBehind })
}

/** Throws RpcFailure `foreign` when the node is one of another chain: a test network's coins are worth nothing. */
export async function checkChainId(node: Node, name: string, chainId: number): Promise<void> {
  const found = quantityOf(await node.call('eth_chainId', []), "the chain's id")
  if (found === BigInt(chainId)) return
  throw new RpcFailure('foreign', `${node.host} is no node of ${name}: its chain's id is ${found}, not ${chainId}`)
}

/**
 * Ethereum or BSC. Blocks that may still be replaced are read one by one, each by its hash; final ones in ranges that fit what the node
 * can send. Each block links to the one before, and all of it comes from one node.
 */
export function createEvmNetwork(name: EvmNetworkName, nodes: Nodes, report?: (problem: NodeProblem) => void): Network {
  const reader = blockReader(name, report)
  const range = createAdaptiveRange(RANGE)
  let newest = { head: 0n, finalized: -1n }

  async function head() {
    const { head, finalized } = (await nodes.newestHead((node) => headOf(node, EVM_FACTS[name].finalDepth))).head
    newest = { head: head.number, finalized: greatest(finalized, newest.finalized) }
    return { ...refOf(head), finalized }
  }

  async function read(first: bigint, last: bigint, isWatched: IsWatched, awaited: readonly string[] = []) {
    if (newest.finalized < 0n) await head()
    const end = least(last, newest.finalized)
    return nodes.use((node) => {
      const runTo = (to: bigint): Promise<Blocks> =>
        readRun(reader, node, { first, last: to, head: newest.head, awaited }, isWatched)
      return first >= end ? runTo(first) : range.run(first, end, runTo)
    })
  }

  return {
    name,
    head,
    read,
    refusal: nodes.refusal,
    blockAt: (number) => headerIn(nodes, number, newest.head),
    blockOf: (txHash) => blockWith(nodes, txHash),
  }
}

/**
 * The header of a block of the chain as it stands; undefined above its head. A node that lacks a block which the newest head stands
 * on is behind, and the next one is asked.
 */
export async function headerIn(nodes: Nodes, number: bigint, newestHead: bigint) {
  const header = await nodes.use(async (node) => {
    const found = await headerAt(node.call, number)
    if (!found && number <= newestHead) throw lacking(`it has no block ${number}`)
    return found
  })
  return header && { ...refOf(header), parentHash: header.parentHash }
}

/** Of the block that holds a transaction; a pending one is in none. */
export function blockWith(nodes: Nodes, txHash: string): Promise<bigint | undefined> {
  return nodes.use(async (node) => {
    const answer = await node.call('eth_getTransactionReceipt', [txHash])
    if (answer === null || answer === undefined) return undefined
    const { blockNumber } = fieldsOf(answer, 'the receipt')
    return blockNumber === '0x' ? undefined : quantityOf(blockNumber, "the receipt's blockNumber")
  })
}

/** A node's newest block, and the last one that it calls final, or that is deep enough; without a depth only the node's word counts. */
export async function headOf(node: Node, finalDepth: bigint | undefined) {
  const head = await neededHeader(node.call, 'latest')
  const final = await finalHeader(node)
  if (!final && finalDepth === undefined)
    throw new RpcFailure('foreign', `${node.host} does not know the finalized block`)
  const deep = greatest(0n, head.number - (finalDepth ?? 0n))
  return { head, number: head.number, time: head.time, finalized: least(final?.number ?? deep, head.number) }
}

/** Undefined where the node doesn't know the tag: some answer null, some an error about the parameter. */
async function finalHeader(node: Node): Promise<Header | undefined> {
  try {
    return await headerAt(node.call, 'finalized')
  } catch (error) {
    if (error instanceof RpcFailure && (error.kind === 'unsupported' || error.kind === 'lacking')) return undefined
    throw error
  }
}
