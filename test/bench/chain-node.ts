import { readFileSync } from 'node:fs'
import { TRANSFER_TOPIC, tokensOf } from '../../server/chain/tokens'

/**
 * A node of BSC that replays a recording: what each block paid to whom, among what it paid to strangers. A process of its own, with
 * answers as long as a real node's.
 *
 *     bun chain-node.ts <recording as JSON>
 */
export type Recording = {
  /** The head's number; blocks up to `finalized` are final. */
  head: number
  finalized: number
  /** Of block 0, in seconds; and how many blocks a second follow. */
  startsAt: number
  blocksPerSecond: number
  logsPerBlock: number
  /** By block: to whom, and how many base units. */
  paid: Record<string, [to: string, units: string][]>
}

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
      const { id, method, params } = (await request.json()) as { id: number; method: string; params: unknown[] }
      return Response.json({ jsonrpc: '2.0', id, result: answer(recording, method, params) })
    },
  })
  process.stdout.write(`${server.port}\n`)
}

function answer(recording: Recording, method: string, params: unknown[]): unknown {
  if (method === 'eth_chainId') return '0x38'
  if (method === 'eth_call') return word('12')
  if (method === 'eth_getBlockByNumber') {
    const tag = String(params[0])
    const numbers: Record<string, number> = { latest: recording.head, finalized: recording.finalized }
    return blockOf(recording, numbers[tag] ?? Number(tag), params[1] === true)
  }
  if (method !== 'eth_getLogs') throw new Error(`nobody should ask for ${method}`)
  const { fromBlock, toBlock, blockHash: hash } = params[0] as Record<string, string | undefined>
  const first = hash === undefined ? Number(fromBlock) : numberOf(hash)
  const last = hash === undefined ? Number(toBlock) : first
  return Array.from({ length: last - first + 1 }, (_, nth) => logsOf(recording, first + nth)).flat()
}

function numberOf(hash: string): number {
  return Number.parseInt(hash.slice(3), 16)
}

function blockOf(recording: Recording, number: number, isFull: boolean) {
  if (number > recording.head) return null
  const logs = logsOf(recording, number)
  const transactions = logs.map(({ transactionHash, topics, data, address }, at) => ({
    ...SIGNATURE,
    hash: transactionHash,
    transactionIndex: hex(at),
    from: `0x${topics[1]?.slice(-40)}`,
    to: address,
    value: '0x0',
    nonce: hex(at),
    input: `0xa9059cbb${topics[2]?.slice(2)}${data.slice(2)}`,
  }))
  return {
    number: hex(number),
    hash: blockHash(number),
    parentHash: blockHash(number - 1),
    timestamp: hex(recording.startsAt + Math.floor(number / recording.blocksPerSecond)),
    logsBloom: BLOOM,
    transactions: isFull ? transactions : transactions.map(({ hash }) => hash),
  }
}

const [USDT = ''] = [...tokensOf('bsc')].flatMap(([contract, { coin }]) => (coin === 'usdt' ? contract : []))

function logsOf({ paid, logsPerBlock }: Recording, number: number) {
  const ours = paid[number] ?? []
  return Array.from({ length: Math.max(logsPerBlock, ours.length) }, (_, at) => {
    // Ours among the others, not before them.
    const own = ours[at - Math.max(0, Math.floor((logsPerBlock - ours.length) / 2))]
    const seed = number * 1_000 + at
    const [to, units] = own ?? [strangerOf(seed), '1000000000000000000']
    return {
      address: USDT,
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
