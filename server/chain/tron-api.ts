import * as z from 'zod'
import { lacking } from './answers'
import type { Node } from './nodes'
import { type Call, RpcFailure, type RpcOptions } from './rpc'

/*
 * The HTTP API of java-tron, where transactions are what they are: in its JSON-RPC, a vote, a freeze and a transfer of any worthless
 * TRC-10 token look like TRX that was sent.
 */

/** The method is the path, such as `/wallet/getblockbynum`; its only parameter the JSON that is posted to it. */
export function createTronApi(url: string, { timeoutMs }: RpcOptions): Call {
  const base = url.replace(/\/+$/, '')
  return async (path, [body]) => {
    const response = await post(`${base}${path}`, body, timeoutMs).catch((error: unknown) => {
      throw new RpcFailure('failed', `${path}: ${error instanceof Error ? error.message : 'no answer'}`)
    })
    if (response.status === 429 || response.status === 403) throw tooMany(path, response)
    if (!response.ok) throw new RpcFailure('failed', `${path}: status ${response.status}`)
    return await response.json().catch(() => {
      throw new RpcFailure('failed', `${path}: the answer is not JSON`)
    })
  }
}

function post(url: string, body: unknown, timeoutMs: number) {
  const headers = { 'content-type': 'application/json' }
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(timeoutMs) })
}

/** TronGrid answers 403 to who was refused with 429 too often. */
function tooMany(path: string, { status, headers }: Response) {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  return new RpcFailure('rate_limited', `${path}: status ${status}`, seconds >= 0 ? seconds * 1_000 : undefined)
}

const Hex = z.string().regex(/^(?:[0-9a-f]{2})*$/i)

const Contract = z.object({
  type: z.string(),
  parameter: z.object({
    value: z.object({
      amount: z.number().optional(),
      owner_address: Hex.optional(),
      to_address: Hex.optional(),
      contract_address: Hex.optional(),
      data: Hex.optional(),
    }),
  }),
})

const Transaction = z.object({
  txID: z.string().regex(/^[0-9a-f]{64}$/i),
  ret: z.array(z.object({ contractRet: z.string().optional() })).default([]),
  raw_data: z.object({ contract: z.array(Contract).default([]) }),
})

const Block = z.object({
  blockID: z.string().regex(/^[0-9a-f]{64}$/i),
  block_header: z.object({
    raw_data: z.object({
      number: z.int().default(0),
      parentHash: z.string().regex(/^[0-9a-f]{64}$/i),
      timestamp: z.int().default(0),
    }),
  }),
  transactions: z.array(Transaction).default([]),
})

export type TronTransaction = z.infer<typeof Transaction>

export type TronBlock = {
  number: bigint
  /** With 0x, as JSON-RPC has them. */
  hash: string
  parentHash: string
  time: Date
  transactions: readonly TronTransaction[]
}

/** The blocks from `first` to `last`, of which there are at most 100. Throws RpcFailure `lacking` unless it has all of them. */
export async function tronBlocks(api: Node, first: bigint, last: bigint): Promise<TronBlock[]> {
  const range = { startNum: Number(first), endNum: Number(last) + 1 }
  const answer = z
    .object({ block: z.array(Block).default([]) })
    .safeParse(await api.call('/wallet/getblockbylimitnext', [range]))
  if (!answer.success) throw lacking(`its blocks have not their form: ${z.prettifyError(answer.error).slice(0, 200)}`)
  const blocks = answer.data.block.map(toBlock).sort((a, b) => Number(a.number - b.number))
  const isWhole =
    blocks.length === Number(last - first) + 1 && blocks.every(({ number }, at) => number === first + BigInt(at))
  if (!isWhole) throw lacking(`it has not all blocks from ${first} to ${last}`)
  return blocks
}

function toBlock({ blockID, block_header: { raw_data: header }, transactions }: z.infer<typeof Block>): TronBlock {
  return {
    number: BigInt(header.number),
    hash: `0x${blockID.toLowerCase()}`,
    parentHash: `0x${header.parentHash.toLowerCase()}`,
    time: new Date(header.timestamp),
    transactions,
  }
}

/** The 20 bytes of an address after its prefix, with 0x, as JSON-RPC has it. Undefined when it is none. */
export function hexAfterPrefix(address: string | undefined): string | undefined {
  return address && /^41[0-9a-f]{40}$/i.test(address) ? `0x${address.slice(2).toLowerCase()}` : undefined
}
