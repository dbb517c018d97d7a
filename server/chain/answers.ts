import { keccak_256 } from '@noble/hashes/sha3.js'
import type { BlockRef } from '../ports/network'
import { type Call, RpcFailure } from './rpc'

/*
 * Reading what nodes answer. They are other people's machines: what doesn't have its form is a failure of the node, never a value.
 */

export type Linked = BlockRef & { parentHash: string }

export type Header = Linked & { logsBloom: string }

export type EvmTransaction = {
  hash: string
  index: number
  from: string
  to: string | null
  value: bigint
  input: string
}

export type Receipt = { blockHash: string; succeeded: boolean; fee: bigint; logs: Log[] }

export type Log = {
  address: string
  topics: readonly string[]
  data: string
  blockHash: string
  blockNumber: bigint
  logIndex: number
  transactionHash: string
}

type Fields = Record<string, unknown>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function fieldsOf(value: unknown, what: string): Fields {
  if (isFields(value)) return value
  throw new RpcFailure('lacking', `${what} is not an object`)
}

export function textOf(value: unknown, what: string, form: RegExp): string {
  if (typeof value === 'string' && form.test(value)) return value.toLowerCase()
  throw new RpcFailure('lacking', `${what} has not its form`)
}

const HEX = /^0x(?:[0-9a-f]{2})*$/i
const HASH = /^0x[0-9a-f]{64}$/i
const ADDRESS = /^0x[0-9a-f]{40}$/i
const QUANTITY = /^0x[0-9a-f]{1,64}$/i

export const hashOf = (value: unknown, what: string) => textOf(value, what, HASH)
export const bytesOf = (value: unknown, what: string) => textOf(value, what, HEX)
export const quantityOf = (value: unknown, what: string) => BigInt(textOf(value, what, QUANTITY))

export function quantity(value: bigint): string {
  return `0x${value.toString(16)}`
}

export function readHeader(value: unknown): Header {
  const block = fieldsOf(value, 'the block')
  return {
    number: quantityOf(block.number, "the block's number"),
    hash: hashOf(block.hash, "the block's hash"),
    parentHash: hashOf(block.parentHash, "the block's parentHash"),
    time: new Date(Number(quantityOf(block.timestamp, "the block's timestamp")) * 1_000),
    logsBloom: typeof block.logsBloom === 'string' ? block.logsBloom : '',
  }
}

/** By number or tag; undefined where the node has none such. Throws RpcFailure when it answers another one. */
export async function headerAt(call: Call, at: bigint | 'latest' | 'finalized'): Promise<Header | undefined> {
  const answer = await call('eth_getBlockByNumber', [typeof at === 'bigint' ? quantity(at) : at, false])
  if (answer === null || answer === undefined) return undefined
  const header = readHeader(answer)
  if (typeof at === 'bigint' && header.number !== at) throw lacking(`asked for block ${at}, got ${header.number}`)
  return header
}

/** The same, where a node without it is no use. */
export async function neededHeader(call: Call, at: bigint | 'latest'): Promise<Header> {
  const header = await headerAt(call, at)
  if (header) return header
  throw lacking(`it has no block ${at}`)
}

/** Not its input: calldata is most of a block, and is only looked through. */
export function readTransaction(value: unknown): EvmTransaction {
  const tx = fieldsOf(value, 'a transaction')
  return {
    hash: hashOf(tx.hash, "a transaction's hash"),
    index: Number(quantityOf(tx.transactionIndex, "a transaction's index")),
    from: textOf(tx.from, "a transaction's from", ADDRESS),
    to: typeof tx.to === 'string' ? textOf(tx.to, "a transaction's to", ADDRESS) : null,
    value: quantityOf(tx.value, "a transaction's value"),
    input: typeof tx.input === 'string' ? tx.input : '0x',
  }
}

export function readReceipt(value: unknown): Receipt {
  const receipt = fieldsOf(value, 'the receipt')
  return {
    blockHash: hashOf(receipt.blockHash, "the receipt's blockHash"),
    succeeded: quantityOf(receipt.status, "the receipt's status") === 1n,
    fee:
      quantityOf(receipt.gasUsed, "the receipt's gasUsed") *
      quantityOf(receipt.effectiveGasPrice ?? '0x0', "the receipt's effectiveGasPrice"),
    logs: readLogs(receipt.logs),
  }
}

export function readLogs(value: unknown): Log[] {
  if (!Array.isArray(value)) throw lacking('the logs are no list')
  return value.map((one: unknown) => readLog(fieldsOf(one, 'a log')))
}

function readLog(log: Fields): Log {
  if (log.removed === true) throw lacking('it sent a log of a block that it dropped')
  const topics: unknown[] = Array.isArray(log.topics) ? log.topics : []
  return {
    address: textOf(log.address, "a log's address", ADDRESS),
    topics: topics.map((topic) => hashOf(topic, "a log's topic")),
    data: bytesOf(log.data, "a log's data"),
    blockHash: hashOf(log.blockHash, "a log's blockHash"),
    blockNumber: quantityOf(log.blockNumber, "a log's blockNumber"),
    logIndex: Number(quantityOf(log.logIndex, "a log's index")),
    transactionHash: hashOf(log.transactionHash, "a log's transactionHash"),
  }
}

/** Whether a block may have a log with this address or topic: no is certain, yes isn't (the yellow paper, 4.4.1). */
export function mayHold(bloom: string, value: `0x${string}`): boolean {
  const hash = keccak_256(Buffer.from(value.slice(2), 'hex'))
  return [0, 2, 4].every((at) => {
    const bit = (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & 2_047
    const byte = 255 - (bit >> 3)
    return (Number.parseInt(bloom.slice(2 + byte * 2, 4 + byte * 2), 16) >> (bit & 7)) & 1
  })
}

export function lacking(message: string) {
  return new RpcFailure('lacking', message)
}

/** The last 20 bytes of a word of 32, as contracts write an address; in lower case. */
export function addressInWord(word: string): string {
  return `0x${word.slice(-40)}`
}
