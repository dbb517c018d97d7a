import type { BlockRef, Blocks, IsWatched, Network, Transfer } from '../ports/network'
import { type Log, lacking, neededHeader, readLogs } from './answers'
import { blockWith, checkChainId, headerIn, headOf, type NodesOf } from './evm'
import { refOf } from './evm-block'
import { linked, logsByBlock, placeOf } from './evm-reader'
import { createNodes, type Node, type Nodes } from './nodes'
import { createAdaptiveRange, greatest, least } from './ranges'
import { addressReader, checkDecimals, type Tokens, TRANSFER_TOPIC, tokensOf, transferOf } from './tokens'
import { createTronApi, hexAfterPrefix, type TronBlock, type TronTransaction, tronBlocks } from './tron-api'

/** Of the main network, as its JSON-RPC says it: the last four bytes of the first block's hash. */
const CHAIN_ID = 0x2b6653dc

/** Blocks come every 3 seconds. */
const MOST_BEHIND = 10n

/** The HTTP API sends at most 100 blocks at once; JSON-RPC filters over at most 5,000. */
const RANGE = { start: 20n, most: 100n }

export type TronNodes = { rpc: Nodes; api: Nodes }

/** Nodes by their JSON-RPC, each checked before its first use, and by their HTTP API; both may be the same machines. */
export function createTronNodes({ apiUrls, ...options }: NodesOf & { apiUrls: readonly string[] }): TronNodes {
  const tokens = tokensOf('tron')
  const admit = async (node: Node) => {
    await checkChainId(node, 'tron', CHAIN_ID)
    await checkDecimals('tron', tokens, node)
  }
  const shared = { ...options, mostBehind: MOST_BEHIND }
  return {
    rpc: createNodes({ ...shared, admit }),
    api: createNodes({ ...shared, urls: apiUrls, admit: async () => {}, connect: createTronApi }),
  }
}

/**
 * TRON. Blocks and TRX come from the HTTP API, TRC-20 logs from JSON-RPC; the blocks' hashes tie both together. Only what the chain
 * calls solidified is final, so `finalized` is never a depth: a payment that waits for it counts solidified transfers only.
 */
export function createTronNetwork({ rpc, api }: TronNodes): Network {
  const range = createAdaptiveRange(RANGE)
  const tokens = tokensOf('tron')
  const addressOf = addressReader('tron')
  let newest = { head: 0n, finalized: -1n }

  async function head() {
    const { head, finalized } = (await rpc.newestHead((node) => headOf(node, undefined))).head
    newest = { head: head.number, finalized: greatest(finalized, newest.finalized) }
    return { ...refOf(head), finalized }
  }

  async function readRun(first: bigint, last: bigint, isWatched: IsWatched): Promise<Blocks> {
    const blocks = linked(await api.use((node) => tronBlocks(node, first, last)))
    const end = blocks.at(-1)
    if (!end) throw new RangeError(`there are no blocks from ${first} to ${last}`)
    const logs = await rpc.use((node) => logsOf(node, blocks, tokens))
    const transfers = blocks.flatMap((block) => {
      const ref: BlockRef = { number: block.number, hash: block.hash, time: block.time }
      const paid = (logs.get(block.hash) ?? []).flatMap(
        (log) => transferOf(log, tokens, ref, addressOf, isWatched) ?? [],
      )
      return inOrder(block, [...paid, ...sentTrx(block, ref, addressOf, isWatched)])
    })
    const { number, hash, time } = end
    return { first, parentHash: blocks[0]?.parentHash ?? '', last: { number, hash, time }, transfers }
  }

  async function read(first: bigint, last: bigint, isWatched: IsWatched): Promise<Blocks> {
    if (newest.finalized < 0n) await head()
    const end = least(last, newest.finalized)
    if (first >= end) return readRun(first, first, isWatched)
    return range.run(first, end, (to) => readRun(first, to, isWatched))
  }

  return {
    name: 'tron',
    head,
    read,
    refusal: rpc.refusal,
    blockAt: (number) => headerIn(rpc, number, newest.head),
    blockOf: (txHash) => blockWith(rpc, txHash),
  }
}

/**
 * By block hash. A node that lacks the last block answers no logs as if there were none, so it is asked for that one too; and each
 * transfer that the HTTP API calls a success must have left its log.
 */
async function logsOf(node: Node, blocks: readonly TronBlock[], tokens: Tokens): Promise<Map<string, Log[]>> {
  const end = blocks.at(-1)
  if (!end) return new Map()
  const { hash } = await neededHeader(node.call, end.number)
  if (hash !== end.hash) throw lacking(`its block ${end.number} is ${hash}, the HTTP API's ${end.hash}`)
  const filter = { ...placeOf(blocks), address: [...tokens.keys()], topics: [TRANSFER_TOPIC] }
  const byBlock = logsByBlock(readLogs(await node.call('eth_getLogs', [filter])), blocks)
  for (const block of blocks) {
    const logged = new Set(byBlock.get(block.hash)?.map(({ transactionHash }) => transactionHash))
    const missing = block.transactions.find((tx) => mustHaveLogged(tx, tokens) && !logged.has(hashOf(tx)))
    if (missing) throw lacking(`it has no log of ${hashOf(missing)} in block ${block.number}`)
  }
  return byBlock
}

/** `transfer(address,uint256)`. */
const TRANSFER_CALL = 'a9059cbb'

function mustHaveLogged({ ret, raw_data: { contract } }: TronTransaction, tokens: Tokens): boolean {
  const [call] = contract
  if (call?.type !== 'TriggerSmartContract' || ret[0]?.contractRet !== 'SUCCESS') return false
  const { contract_address: called, data } = call.parameter.value
  return tokens.has(hexAfterPrefix(called) ?? '') && data?.startsWith(TRANSFER_CALL) === true
}

/** TRX that was sent as such, and that arrived: nothing else that java-tron shows with a value is money. */
function sentTrx(
  block: TronBlock,
  ref: BlockRef,
  addressOf: (hex: string) => string,
  isWatched: IsWatched,
): Transfer[] {
  return block.transactions.flatMap((tx, index) => {
    const [contract] = tx.raw_data.contract
    if (contract?.type !== 'TransferContract' || tx.ret[0]?.contractRet !== 'SUCCESS') return []
    const { amount, owner_address: owner, to_address: receiver } = contract.parameter.value
    const [from, to] = [hexAfterPrefix(owner), hexAfterPrefix(receiver)]
    if (!from || !to || from === to || !Number.isSafeInteger(amount) || !isWatched(to)) return []
    const place = { txHash: hashOf(tx), logIndex: -1 - index, coin: 'native' as const }
    return { ...place, from: addressOf(from), to: addressOf(to), units: BigInt(amount ?? 0), block: ref }
  })
}

function hashOf({ txID }: TronTransaction): string {
  return `0x${txID.toLowerCase()}`
}

function inOrder({ transactions }: TronBlock, transfers: Transfer[]): Transfer[] {
  if (transfers.length < 2) return transfers
  const order = new Map(transactions.map((tx, index) => [hashOf(tx), index]))
  const placeOf = ({ txHash }: Transfer) => order.get(txHash) ?? 0
  return transfers.sort((a, b) => placeOf(a) - placeOf(b) || a.logIndex - b.logIndex)
}
