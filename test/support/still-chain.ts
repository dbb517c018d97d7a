import type { Answering } from './chain-node'

const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`

/** BSC as a node shows it on which nothing is sent: 100 empty blocks, of which 90 are final. */
export const stillBsc: Answering = async (method, params) => {
  if (method === 'eth_chainId') return '0x38'
  if (method === 'eth_call') return word(18)
  if (method === 'eth_getLogs') return []
  const tags: Record<string, number> = { latest: 100, finalized: 90 }
  const number = tags[String(params[0])] ?? Number(params[0])
  return {
    number: `0x${number.toString(16)}`,
    hash: word(number),
    parentHash: word(number - 1),
    timestamp: `0x${(1_600_000_000 + number).toString(16)}`,
    logsBloom: `0x${'0'.repeat(512)}`,
    transactions: [],
  }
}
