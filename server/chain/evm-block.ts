import type { BlockRef } from '../ports/network'
import {
  type EvmTransaction,
  fieldsOf,
  type Header,
  type Log,
  lacking,
  mayHold,
  quantityOf,
  type Receipt,
  readHeader,
  readReceipt,
  readTransaction,
} from './answers'
import type { Node } from './nodes'
import { inParallel } from './ranges'
import { RpcFailure } from './rpc'
import { type Tokens, TRANSFER_TOPIC } from './tokens'

/** A block with all that is in it. */
export type EvmBlock = Header & {
  transactions: readonly EvmTransaction[]
  /** What the consensus layer pays out, in base units by address: it comes out of nowhere, and from nobody. */
  withdrawals: ReadonlyMap<string, bigint>
}

const GWEI = 1_000_000_000n
const RECEIPTS_AT_ONCE = 8

export function refOf({ number, hash, time }: Header): BlockRef {
  return { number, hash, time }
}

export function readBlock(value: unknown): EvmBlock {
  const block = fieldsOf(value, 'the block')
  if (!Array.isArray(block.transactions)) throw lacking('the block has no transactions, not even none')
  const withdrawals = new Map<string, bigint>()
  for (const one of Array.isArray(block.withdrawals) ? block.withdrawals : []) {
    const { address, amount } = fieldsOf(one, 'a withdrawal')
    const to = String(address).toLowerCase()
    withdrawals.set(to, (withdrawals.get(to) ?? 0n) + quantityOf(amount, "a withdrawal's amount") * GWEI)
  }
  return { ...readHeader(block), transactions: block.transactions.map(readTransaction), withdrawals }
}

/** Throws RpcFailure `lacking` when the node hasn't a receipt, or has one of another block. */
export async function receiptOf(node: Node, block: Header, txHash: string): Promise<Receipt> {
  const answer = await node.call('eth_getTransactionReceipt', [txHash])
  if (answer === null || answer === undefined) throw lacking(`it has no receipt of ${txHash}`)
  const receipt = readReceipt(answer)
  if (receipt.blockHash !== block.hash) throw lacking(`${txHash} is in another block by now`)
  return receipt
}

/**
 * Whether no logs can be the truth. A node that lacks a block answers no logs as if there were none; the header, which the block's
 * hash covers, has a bloom filter of what it logged.
 */
export function mayHaveTransfers({ logsBloom }: Header, tokens: Tokens): boolean {
  if (logsBloom.length !== 514) return true
  return (
    mayHold(logsBloom, TRANSFER_TOPIC) && [...tokens.keys()].some((contract) => mayHold(logsBloom, asHex(contract)))
  )
}

function asHex(text: string): `0x${string}` {
  return `0x${text.slice(2)}`
}

/** All logs of a block, from the receipts of its transactions: what a node can't leave out unnoticed. */
export async function logsOfReceipts(node: Node, block: EvmBlock): Promise<Log[]> {
  const receipts = await receiptsAtOnce(node, block)
  const all =
    receipts ?? (await inParallel(block.transactions, RECEIPTS_AT_ONCE, ({ hash }) => receiptOf(node, block, hash)))
  if (all.length !== block.transactions.length || all.some(({ blockHash }) => blockHash !== block.hash)) {
    throw lacking(`its receipts are not those of block ${block.number}`)
  }
  return all.flatMap(({ logs }) => logs)
}

/** Undefined where the node has no such method. */
async function receiptsAtOnce(node: Node, block: EvmBlock): Promise<Receipt[] | undefined> {
  try {
    const answer = await node.call('eth_getBlockReceipts', [block.hash])
    if (!Array.isArray(answer)) throw lacking(`it has no receipts of block ${block.number}`)
    return answer.map(readReceipt)
  } catch (error) {
    if (error instanceof RpcFailure && error.kind === 'unsupported') return undefined
    throw error
  }
}
