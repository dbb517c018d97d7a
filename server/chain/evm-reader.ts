import type { NetworkName } from '../kernel/networks'
import type { Blocks, IsWatched, NodeProblem, Transfer } from '../ports/network'
import { type Linked, type Log, lacking, quantity, readLogs } from './answers'
import { type Balances, createBalances, type ReadBlock, unnamedTransfers } from './balances'
import { type EvmBlock, logsOfReceipts, mayHaveTransfers, readBlock, refOf } from './evm-block'
import { internalTransfers, type NativeReader, topLevelTransfers } from './native'
import type { Node } from './nodes'
import { inParallel } from './ranges'
import { RpcFailure } from './rpc'
import { addressReader, type Tokens, TRANSFER_TOPIC, tokensOf, transferOf } from './tokens'

const BLOCKS_AT_ONCE = 8
/** Nodes that are no archives keep the balances of the newest 128 blocks. */
const BALANCES_KEPT = 100n

export type BlockReader = {
  tokens: Tokens
  addressOf: (hex: string) => string
  balances: Balances
  report?: (problem: NodeProblem) => void
}

export function blockReader(name: NetworkName, report?: (problem: NodeProblem) => void): BlockReader {
  return { tokens: tokensOf(name), addressOf: addressReader(name), balances: createBalances(), report }
}

/** What to read, the chain's newest block, and the addresses that wait for native money. */
export type Run = { first: bigint; last: bigint; head: bigint; awaited?: readonly string[] }

/** One block, with its logs by its hash; or several, linked to each other, each of whose logs names one of them. */
export async function readRun(reader: BlockReader, node: Node, run: Run, isWatched: IsWatched): Promise<Blocks> {
  const { first, last, awaited = [] } = run
  const numbers = Array.from({ length: Number(last - first) + 1 }, (_, nth) => first + BigInt(nth))
  const blocks = linked(await inParallel(numbers, BLOCKS_AT_ONCE, (number) => blockOf(node, number)))
  const [start, end] = [blocks[0], blocks.at(-1)]
  if (!start || !end) throw new RangeError(`there are no blocks from ${first} to ${last}`)
  const logs = await logsOf(reader, node, blocks)
  const read: ReadBlock[] = []
  for (const block of blocks) {
    const { tokens, addressOf } = reader
    const native: NativeReader = { node, block, ref: refOf(block), tokens, addressOf, isWatched }
    const paid = await tokenTransfers(native, logs.get(block.hash) ?? [])
    const sent = await topLevelTransfers(native)
    const named = await whereBalancesAre(reader, node, block, run.head, () => internalTransfers(native, sent))
    read.push({ ...native, sent, transfers: [...paid, ...sent, ...named] })
  }
  const rest = () => unnamedTransfers(reader.balances, read, awaited)
  const unnamed = await whereBalancesAre(reader, node, start, run.head, rest)
  const transfers = read.flatMap(({ block, transfers: some }) =>
    inOrder(block, [...some, ...unnamed.filter((one) => one.block.hash === block.hash)]),
  )
  return { first, parentHash: start.parentHash, last: refOf(end), transfers }
}

async function blockOf(node: Node, number: bigint): Promise<EvmBlock> {
  const answer = await node.call('eth_getBlockByNumber', [quantity(number), true])
  if (answer === null || answer === undefined) throw lacking(`it has no block ${number}`)
  const block = readBlock(answer)
  if (block.number === number) return block
  throw lacking(`asked for block ${number}, got ${block.number}`)
}

/** Throws when the blocks aren't each other's children: the chain changed meanwhile, or two machines answered. */
export function linked<T extends Linked>(blocks: readonly T[]): readonly T[] {
  blocks.forEach((block, at) => {
    const before = blocks[at - 1]
    if (before && block.parentHash !== before.hash)
      throw lacking(`its block ${block.number} is no child of the one before`)
  })
  return blocks
}

/** By block hash. */
async function logsOf({ tokens }: BlockReader, node: Node, blocks: readonly EvmBlock[]): Promise<Map<string, Log[]>> {
  const answer = await node.call('eth_getLogs', [
    { ...placeOf(blocks), address: [...tokens.keys()], topics: [TRANSFER_TOPIC] },
  ])
  return logsByBlock(readLogs(answer), blocks)
}

/** As a filter of logs names it. */
export function placeOf(blocks: readonly Linked[]) {
  const [start, end] = [blocks[0], blocks.at(-1)]
  if (!start || !end) throw new RangeError('a filter needs a block')
  if (start === end) return { blockHash: start.hash }
  return { fromBlock: quantity(start.number), toBlock: quantity(end.number) }
}

/** Throws when one is of a block that isn't among these: another machine, or another chain by now, answered. */
export function logsByBlock(logs: readonly Log[], blocks: readonly Linked[]): Map<string, Log[]> {
  const byBlock = new Map<string, Log[]>(blocks.map(({ hash }) => [hash, []]))
  for (const log of logs) {
    const among = byBlock.get(log.blockHash)
    if (!among) throw lacking(`its log of ${log.transactionHash} is of a block that it does not have`)
    among.push(log)
  }
  return byBlock
}

async function tokenTransfers(native: NativeReader, logged: Log[]): Promise<Transfer[]> {
  const { node, block, ref, tokens, addressOf, isWatched } = native
  const isDoubtful = logged.length === 0 && block.transactions.length > 0 && mayHaveTransfers(block, tokens)
  const logs = isDoubtful ? await logsOfReceipts(node, block) : logged
  return logs.flatMap((log) => transferOf(log, tokens, ref, addressOf, isWatched) ?? [])
}

/** Of a block whose balances no node may have any more, none are known; the operator is told. */
async function whereBalancesAre(
  { report }: BlockReader,
  node: Node,
  block: EvmBlock,
  head: bigint,
  look: () => Promise<Transfer[]>,
) {
  try {
    return await look()
  } catch (error) {
    const isExpected = error instanceof RpcFailure && (error.kind === 'lacking' || error.kind === 'unsupported')
    if (!isExpected || head - block.number < BALANCES_KEPT) throw error
    const message = `no balances of block ${block.number}: what contracts sent in it is not seen (${error.message})`
    report?.({ host: node.host, kind: error.kind, message })
    return []
  }
}

function inOrder({ transactions }: EvmBlock, transfers: Transfer[]): Transfer[] {
  if (transfers.length < 2) return transfers
  const order = new Map(transactions.map(({ hash, index }) => [hash, index]))
  const placeOf = ({ txHash }: Transfer) => order.get(txHash) ?? 0
  return transfers.sort((a, b) => placeOf(a) - placeOf(b) || a.logIndex - b.logIndex)
}
