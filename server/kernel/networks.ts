/**
 * The networks and coins that a payment can be made in. A token is known by its contract, never by its symbol, which anybody may
 * take. The contracts and their decimals are those that Tether, Circle and Paxos publish; whoever reads a chain compares the
 * decimals with the chain's own before it watches.
 */
export const NETWORKS = ['bsc', 'tron', 'ethereum'] as const
export type NetworkName = (typeof NETWORKS)[number]

export const COINS = ['usdt', 'usdc', 'busd', 'native'] as const
export type Coin = (typeof COINS)[number]

/** What a price is asked for: coins at par have none of their own. */
export type Asset = 'ETH' | 'BNB' | 'TRX'

export type CoinFacts = {
  symbol: string
  /** Null for the network's own coin. */
  contract: string | null
  /** Digits of its base unit. */
  decimals: number
  /** Digits that buyers are asked for: amounts are rounded up to them. */
  shownDecimals: number
  /** Null for a coin that is a dollar. */
  asset: Asset | null
}

export type NetworkFacts = {
  /** As people call it; document B's `chain`. */
  title: string
  /** Blocks until a payment counts, the one that holds it included (document B). */
  confirmations: number
  /** For EIP-681; null where no such standard is. */
  chainId: number | null
  coins: Partial<Record<Coin, CoinFacts>>
}

function token(symbol: string, contract: string, decimals: number): CoinFacts {
  return { symbol, contract, decimals, shownDecimals: 6, asset: null }
}

function native(asset: Asset, decimals: number): CoinFacts {
  return { symbol: asset, contract: null, decimals, shownDecimals: Math.min(decimals, 8), asset }
}

/** USDC left TRON, and BUSD never was there. */
export const NETWORK_FACTS: Readonly<Record<NetworkName, NetworkFacts>> = {
  bsc: {
    title: 'BNB Smart Chain',
    confirmations: 15,
    chainId: 56,
    coins: {
      usdt: token('USDT', '0x55d398326f99059fF775485246999027B3197955', 18),
      usdc: token('USDC', '0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d', 18),
      busd: token('BUSD', '0xe9e7CEA3DedcA5984780Bafc599bD69ADd087D56', 18),
      native: native('BNB', 18),
    },
  },
  tron: {
    title: 'TRON',
    confirmations: 20,
    chainId: null,
    coins: {
      usdt: token('USDT', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t', 6),
      native: native('TRX', 6),
    },
  },
  ethereum: {
    title: 'Ethereum',
    confirmations: 12,
    chainId: 1,
    coins: {
      usdt: token('USDT', '0xdAC17F958D2ee523a2206206994597C13D831ec7', 6),
      usdc: token('USDC', '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48', 6),
      busd: token('BUSD', '0x4Fabb145d64652a948d72533023f6E7A623C7C53', 18),
      native: native('ETH', 18),
    },
  },
}

/** Undefined where the pair doesn't exist. */
export function coinFacts(network: NetworkName, coin: Coin): CoinFacts | undefined {
  return NETWORK_FACTS[network].coins[coin]
}

/** Of a pair that was checked when its row was written. Throws RangeError otherwise. */
export function knownCoin(network: NetworkName, coin: Coin): CoinFacts {
  const facts = coinFacts(network, coin)
  if (!facts) throw new RangeError(`there is no ${coin} on ${network}`)
  return facts
}

/** Base units as decimal text with at least the digits that buyers are shown: 50000000n of 6 → `"50.000000"`. */
export function formatUnits(units: bigint, { decimals, shownDecimals }: Pick<CoinFacts, 'decimals' | 'shownDecimals'>) {
  const digits = units.toString().padStart(decimals + 1, '0')
  const fraction = digits.slice(-decimals).replace(/0+$/, '').padEnd(shownDecimals, '0')
  return `${digits.slice(0, -decimals)}.${fraction}`
}

/** `"50.5"`, 6 decimals → 50500000n. Undefined when it is no plain decimal, or has more digits than the coin. */
export function parseUnits(text: string, decimals: number): bigint | undefined {
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?$/.exec(text)
  const fraction = (match?.[2] ?? '').replace(/0+$/, '')
  if (!match || fraction.length > decimals) return undefined
  return BigInt(`${match[1]}${fraction.padEnd(decimals, '0')}`)
}
