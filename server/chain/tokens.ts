import { evmAddress, tronAddress, tronAddressBytes } from '../kernel/chain-address'
import { type Coin, NETWORK_FACTS, type NetworkName } from '../kernel/networks'
import type { BlockRef, IsWatched, Transfer } from '../ports/network'
import { addressInWord, bytesOf, type Log } from './answers'
import type { Node } from './nodes'
import { RpcFailure } from './rpc'

/** `Transfer(address indexed from, address indexed to, uint256 value)` of ERC-20, BEP-20 and TRC-20. */
export const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

/** `decimals()` of the same standards. */
const DECIMALS_CALL = '0x313ce567'

export type PinnedToken = { coin: Coin; symbol: string; decimals: number; contract: `0x${string}` }

/** By contract, in lower-case hexadecimal, as logs name it. */
export type Tokens = ReadonlyMap<string, PinnedToken>

/** The tokens of a network, by the contracts that kernel/networks.ts pins. */
export function tokensOf(network: NetworkName): Tokens {
  const entries = Object.entries(NETWORK_FACTS[network].coins) as [
    Coin,
    { symbol: string; contract: string | null; decimals: number },
  ][]
  return new Map(
    entries.flatMap(([coin, { symbol, contract, decimals }]) => {
      if (contract === null) return []
      const hex = hexOf(network, contract)
      return [[hex, { coin, symbol, decimals, contract: hex }]]
    }),
  )
}

function hexOf(network: NetworkName, contract: string): `0x${string}` {
  const digits =
    network === 'tron' ? Buffer.from(tronAddressBytes(contract)).toString('hex') : contract.slice(2).toLowerCase()
  if (!/^[0-9a-f]+$/.test(digits)) throw new RangeError(`${contract} is no contract of ${network}`)
  return `0x${digits}`
}

/** A wrong number of decimals credits a trillion times what was paid. Throws RpcFailure `foreign` when the chain has another. */
export async function checkDecimals(network: NetworkName, tokens: Tokens, node: Node): Promise<void> {
  for (const { symbol, decimals, contract } of tokens.values()) {
    const answer = bytesOf(await node.call('eth_call', [{ to: contract, data: DECIMALS_CALL }, 'latest']), 'decimals')
    const found = answer === '0x' ? undefined : BigInt(answer)
    if (found === BigInt(decimals)) continue
    const says = found === undefined ? 'has no such contract' : `says that it has ${found}`
    throw new RpcFailure('foreign', `${symbol} must have ${decimals} decimals on ${network}, but ${node.host} ${says}`)
  }
}

/** With its checksum. Remembers the newest, since a block names the same few contracts and exchanges again and again. */
export function addressReader(network: NetworkName): (hex: string) => string {
  const known = new Map<string, string>()
  const read = network === 'tron' ? (hex: string) => tronAddress(Buffer.from(hex.slice(2), 'hex')) : evmAddress
  return (hex) => {
    const before = known.get(hex)
    if (before !== undefined) return before
    if (known.size >= MOST_REMEMBERED) known.clear()
    const address = read(hex)
    known.set(hex, address)
    return address
  }
}

const MOST_REMEMBERED = 50_000

/**
 * Undefined for what is no transfer of a pinned token to a watched address: a topic too many is an NFT, and what moves
 * nothing to anybody else is a trick to show up in histories.
 */
export function transferOf(
  log: Log,
  tokens: Tokens,
  block: BlockRef,
  addressOf: (hex: string) => string,
  isWatched: IsWatched,
): Transfer | undefined {
  const [topic, from, to] = log.topics
  const token = tokens.get(log.address)
  if (!token || topic !== TRANSFER_TOPIC || !from || !to || log.topics.length !== 3) return undefined
  if (log.data.length !== 66 || from === to) return undefined
  const receiver = addressInWord(to)
  // Most logs are nobody's of ours, and end here, before anything about them is made readable.
  if (!isWatched(receiver)) return undefined
  const units = BigInt(log.data)
  if (units === 0n) return undefined
  return {
    txHash: log.transactionHash,
    logIndex: log.logIndex,
    coin: token.coin,
    from: addressOf(addressInWord(from)),
    to: addressOf(receiver),
    units,
    block,
  }
}
