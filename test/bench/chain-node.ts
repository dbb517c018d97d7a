import { readFileSync } from 'node:fs'
import { TRANSFER_TOPIC, tokensOf } from '../../server/chain/tokens'

/**
 * A node of BSC or TRON that replays a recording: what each block paid to whom, among what it paid to strangers. A process of its own,
 * with answers as long as a real node's.
 *
 *     bun chain-node.ts <recording as JSON>
 */
export type Recording = {
  network: 'bsc' | 'tron'
  /** The head's number; blocks up to `finalized` are final. */
  head: number
  finalized: number
  /** Of block 0, in seconds; and how many blocks a second follow. */
  startsAt: number
  blocksPerSecond: number
  logsPerBlock: number
  /** By block: to whom, in lower hex, how many base units, and how: native money by a transaction, or by a contract, which no block shows. */
  paid: Record<string, Paid[]>
}
export type Paid = [to: string, units: string, how: 'usdt' | 'native' | 'internal']

export function blockHash(number: number): string {
  return `0xb${number.toString(16).padStart(63, '0')}`
}

const hex = (value: number | bigint) => `0x${value.toString(16)}`
const word = (digits: string) => `0x${digits.padStart(64, '0')}`
const strangerOf = (seed: number) =>
  `0x${((BigInt(seed) * 0x9e3779b97f4a7c15n) ** 2n % 2n ** 160n).toString(16).padStart(40, 'a')}`
const SIGNATURE = {
  r: word('7f'.repeat(32)),
  s: word('3e'.repeat(32)),
  v: '0x93',
  type: '0x0',
  gas: '0x186a0',
  gasPrice: '0x3b9aca00',
}
const BLOOM = `0x${'f'.repeat(512)}`

if (import.meta.main) {
  const recording = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Recording
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      const body = (await request.json()) as Asked & Range
      if (pathname.startsWith('/wallet')) return Response.json(tronBlocks(recording, body))
      return Response.json({ jsonrpc: '2.0', id: body.id, result: answer(recording, body.method, body.params) })
    },
  })
  process.stdout.write(`${server.port}\n`)
}

type Asked = { id: number; method: string; params: unknown[] }
type Range = { startNum: number; endNum: number }

function answer(recording: Recording, method: string, params: unknown[]): unknown {
  const isTron = recording.network === 'tron'
  if (method === 'eth_chainId') return isTron ? '0x2b6653dc' : '0x38'
  if (method === 'eth_call') {
    const { to, data = '' } = params[0] as { to?: string; data?: string }
    if (to === undefined) return balancesOf(recording, data, params[1] as { blockHash: string })
    return word(isTron ? '6' : '12')
  }
  if (method === 'eth_getBlockByNumber') {
    const tag = String(params[0])
    const numbers: Record<string, number> = { latest: recording.head, finalized: recording.finalized }
    return blockOf(recording, numbers[tag] ?? Number(tag), params[1] === true)
  }
  if (method === 'eth_getTransactionReceipt') return receiptOf(String(params[0]))
  if (method !== 'eth_getLogs') throw new Error(`nobody should ask for ${method}`)
  const { fromBlock, toBlock, blockHash: hash } = params[0] as Record<string, string | undefined>
  const first = hash === undefined ? Number(fromBlock) : numberOf(hash)
  const last = hash === undefined ? Number(toBlock) : first
  return Array.from({ length: last - first + 1 }, (_, nth) => logsOf(recording, first + nth)).flat()
}

const history = new Map<string, [block: number, units: bigint][]>()

/** What an address had gained by then; the code before the addresses is the asker's. */
function balancesOf({ paid }: Recording, data: string, { blockHash: hash }: { blockHash: string }): string {
  if (history.size === 0) {
    for (const [block, some] of Object.entries(paid))
      for (const [to, units, how] of some)
        if (how !== 'usdt') history.set(to, [...(history.get(to) ?? []), [Number(block), BigInt(units)]])
  }
  const until = numberOf(hash)
  const balanceOf = (to: string) =>
    (history.get(to) ?? []).reduce((sum, [block, units]) => (block <= until ? sum + units : sum), 0n)
  const words = data.slice(2 + CODE_DIGITS).match(/.{64}/g) ?? []
  return `0x${words
    .map((one) =>
      balanceOf(`0x${one.slice(24)}`)
        .toString(16)
        .padStart(64, '0'),
    )
    .join('')}`
}
const CODE_DIGITS = 66

const sentHash = (number: number, at: number) =>
  `0xc${number.toString(16).padStart(31, '0')}${at.toString(16).padStart(32, '0')}`

function receiptOf(txHash: string) {
  const number = Number.parseInt(txHash.slice(3, 34), 16)
  const cost = { gasUsed: '0x5208', effectiveGasPrice: '0x3b9aca00' }
  return { blockHash: blockHash(number), blockNumber: hex(number), status: '0x1', logs: [], ...cost }
}

/** What sends native money in a block, beside the token's transfers. */
function sentIn({ paid }: Recording, number: number) {
  return (paid[number] ?? []).flatMap(([to, units, how], at) =>
    how === 'usdt' ? [] : [{ hash: sentHash(number, at), to, units: BigInt(units), isInternal: how === 'internal' }],
  )
}

function numberOf(hash: string): number {
  return Number.parseInt(hash.slice(3), 16)
}

function blockOf(recording: Recording, number: number, isFull: boolean) {
  if (number > recording.head) return null
  const logs = logsOf(recording, number)
  const native = sentIn(recording, number).map(({ hash, to, units, isInternal }, at) => ({
    ...SIGNATURE,
    hash,
    transactionIndex: hex(logs.length + at),
    from: strangerOf(number + at),
    to: isInternal ? strangerOf(at) : to,
    value: isInternal ? '0x0' : hex(units),
    nonce: hex(at),
    input: isInternal ? '0x5d6a1b20' : '0x',
  }))
  const transfers = logs.map(({ transactionHash, topics, data, address }, at) => ({
    ...SIGNATURE,
    hash: transactionHash,
    transactionIndex: hex(at),
    from: `0x${topics[1]?.slice(-40)}`,
    to: address,
    value: '0x0',
    nonce: hex(at),
    input: `0xa9059cbb${topics[2]?.slice(2)}${data.slice(2)}`,
  }))
  const transactions = [...transfers, ...native]
  return {
    number: hex(number),
    hash: blockHash(number),
    parentHash: blockHash(number - 1),
    timestamp: hex(recording.startsAt + Math.floor(number / recording.blocksPerSecond)),
    logsBloom: BLOOM,
    transactions: isFull ? transactions : transactions.map(({ hash }) => hash),
  }
}

const usdtOf = (network: Recording['network']) =>
  [...tokensOf(network)].flatMap(([contract, { coin }]) => (coin === 'usdt' ? contract : []))[0] ?? ''

function logsOf({ network, paid, logsPerBlock }: Recording, number: number) {
  const ours = (paid[number] ?? []).filter(([, , how]) => how === 'usdt')
  return Array.from({ length: Math.max(logsPerBlock, ours.length) }, (_, at) => {
    // Ours among the others, not before them.
    const own = ours[at - Math.max(0, Math.floor((logsPerBlock - ours.length) / 2))]
    const seed = number * 1_000 + at
    const [to, units] = own ?? [strangerOf(seed), '1000000000000000000']
    return {
      address: usdtOf(network),
      topics: [TRANSFER_TOPIC, word(strangerOf(seed + 7).slice(2)), word(to.slice(2).toLowerCase())],
      data: word(BigInt(units).toString(16)),
      blockNumber: hex(number),
      transactionHash: word(seed.toString(16)),
      transactionIndex: hex(at),
      blockHash: blockHash(number),
      logIndex: hex(at),
      removed: false,
    }
  })
}

/** As java-tron's HTTP API shows blocks. */
function tronBlocks(recording: Recording, { startNum, endNum }: Range) {
  const block = Array.from({ length: Math.min(endNum, recording.head + 1) - startNum }, (_, nth) =>
    tronBlock(recording, startNum + nth),
  )
  return { block }
}

function tronBlock(recording: Recording, number: number) {
  const ret = [{ contractRet: 'SUCCESS' }]
  const of = (txID: string, type: string, value: object) => ({
    ret,
    signature: ['7f'.repeat(65)],
    txID: txID.slice(2),
    raw_data: { contract: [{ type, parameter: { value, type_url: `type.googleapis.com/protocol.${type}` } }] },
    raw_data_hex: '0a'.repeat(200),
  })
  const calls = logsOf(recording, number).map(({ transactionHash, topics, data, address }) =>
    of(transactionHash, 'TriggerSmartContract', {
      owner_address: `41${topics[1]?.slice(-40)}`,
      contract_address: `41${address.slice(2)}`,
      data: `a9059cbb${topics[2]?.slice(2)}${data.slice(2)}`,
    }),
  )
  const sent = sentIn(recording, number).map(({ hash, to, units }) =>
    of(hash, 'TransferContract', {
      owner_address: `41${strangerOf(number).slice(2)}`,
      to_address: `41${to.slice(2)}`,
      amount: Number(units),
    }),
  )
  const timestamp = (recording.startsAt + Math.floor(number / recording.blocksPerSecond)) * 1_000
  const raw_data = { number, parentHash: blockHash(number - 1).slice(2), timestamp }
  return { blockID: blockHash(number).slice(2), block_header: { raw_data }, transactions: [...calls, ...sent] }
}
