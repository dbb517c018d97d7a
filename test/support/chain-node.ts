import { type Anvil, NodeError } from './anvil'

/** Answers one call; `pass` is what a good node answers. For TRON's HTTP API the method is the path. */
export type Manners = (method: string, params: readonly unknown[], pass: () => Promise<unknown>) => unknown

/** A node in front of a local chain, which behaves as it is told. */
export type ChainNode = {
  url: string
  /** How it answers from now on; a good node when undefined. */
  manners: Manners | undefined
  /** The methods that it was asked for. */
  asked: string[]
  stop(): Promise<void>
}

/** The HTTP status that it answers instead of anything else. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly headers: Record<string, string> = {},
  ) {
    super(`status ${status}`)
  }
}

/** A good node's answer to a call. */
export type Answering = (method: string, params: readonly unknown[]) => Promise<unknown>

export function serveNode(answer: Answering): ChainNode {
  const act = async (method: string, params: readonly unknown[]) => {
    node.asked.push(method)
    const pass = () => answer(method, params)
    return node.manners ? await node.manners(method, params, pass) : await pass()
  }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      const body = await request.json()
      try {
        if (pathname.startsWith('/wallet')) return Response.json(await act(pathname, [body]))
        return Response.json({ jsonrpc: '2.0', id: body.id, result: await act(body.method, body.params ?? []) })
      } catch (error) {
        if (error instanceof Refusal) return new Response('no', { status: error.status, headers: error.headers })
        if (!(error instanceof NodeError)) throw error
        return Response.json({ jsonrpc: '2.0', id: body.id, error: { code: error.code, message: error.message } })
      }
    },
  })
  const url = `http://127.0.0.1:${server.port}`
  const node: ChainNode = { url, manners: undefined, asked: [], stop: () => server.stop(true) }
  return node
}

export function evmAnswers(anvil: Anvil): Answering {
  return (method, params) => anvil.call(method, ...params)
}

type RpcBlock = {
  number: string
  hash: string
  parentHash: string
  timestamp: string
  transactions: { hash: string; from: string; to: string; value: string; input: string }[]
}

/**
 * The chain as java-tron shows it. JSON-RPC: no bloom, ranges of at most 5,000 blocks, no logs (and no error) where a range goes
 * beyond its head. HTTP: transactions by their kinds; `kinds` makes one another than a transfer, whose value JSON-RPC shows all the same.
 */
export function tronAnswers(anvil: Anvil, kinds: ReadonlyMap<string, string> = new Map()): Answering {
  return async (method, params) => {
    if (method === 'eth_chainId') return '0x2b6653dc'
    if (method === '/wallet/getblockbylimitnext')
      return tronBlocks(anvil, kinds, params[0] as { startNum: number; endNum: number })
    if (method === 'eth_getBlockReceipts') throw new NodeError(-32_601, 'method not found')
    if (method === 'eth_getLogs') return tronLogs(anvil, params)
    const answer = await anvil.call(method, ...params)
    const isBlock = method === 'eth_getBlockByNumber' && answer !== null
    return isBlock ? { ...(answer as object), logsBloom: `0x${'0'.repeat(512)}` } : answer
  }
}

async function tronLogs(anvil: Anvil, params: readonly unknown[]) {
  const { fromBlock, toBlock, blockHash } = params[0] as Record<string, string | undefined>
  if (blockHash !== undefined) {
    if ((await anvil.call('eth_getBlockByHash', blockHash, false)) === null)
      throw new NodeError(-32_000, 'invalid blockHash')
  } else {
    const [from, to] = [BigInt(fromBlock ?? 0), BigInt(toBlock ?? 0)]
    if (to - from > 5_000n) throw new NodeError(-32_602, 'exceed max block range: 5000')
    if (to > (await anvil.head())) return []
  }
  return anvil.call('eth_getLogs', ...params)
}

async function tronBlocks(
  anvil: Anvil,
  kinds: ReadonlyMap<string, string>,
  range: { startNum: number; endNum: number },
) {
  const block: unknown[] = []
  for (let number = range.startNum; number < Math.min(range.endNum, range.startNum + 100); number += 1) {
    const found = (await anvil.call('eth_getBlockByNumber', `0x${number.toString(16)}`, true)) as RpcBlock | null
    if (found) block.push(await tronBlock(anvil, kinds, found))
  }
  return { block }
}

async function tronBlock(anvil: Anvil, kinds: ReadonlyMap<string, string>, block: RpcBlock) {
  const transactions = await Promise.all(
    block.transactions.map(async ({ hash, from, to, value, input }) => {
      const receipt = (await anvil.call('eth_getTransactionReceipt', hash)) as { status: string }
      const owner_address = `41${from.slice(2)}`
      const transfer = { owner_address, to_address: `41${to.slice(2)}`, amount: Number(value) }
      const call = { owner_address, contract_address: `41${to.slice(2)}`, data: input.slice(2) }
      const isCall = input !== '0x'
      const type = kinds.get(hash) ?? (isCall ? 'TriggerSmartContract' : 'TransferContract')
      return {
        ret: [{ contractRet: receipt.status === '0x1' ? 'SUCCESS' : 'REVERT' }],
        txID: hash.slice(2),
        raw_data: { contract: [{ type, parameter: { value: isCall ? call : transfer } }] },
      }
    }),
  )
  const raw_data = {
    number: Number(block.number),
    parentHash: block.parentHash.slice(2),
    timestamp: Number(block.timestamp) * 1_000,
  }
  return { blockID: block.hash.slice(2), block_header: { raw_data }, ...(transactions.length > 0 && { transactions }) }
}
