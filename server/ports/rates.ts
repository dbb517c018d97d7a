import type { Asset, Coin } from '../kernel/networks'

/** Dollars for one coin. */
export type Quote = {
  /** Times 10^8, as Chainlink's feeds have it: 250000000000n is $2,500. */
  rateE8: bigint
  /** When the source says that it was so. */
  at: Date
}

/** What can be asked for: a native coin's price, or, as a guard against a lost peg, a stablecoin's. */
export type Priced = Asset | Uppercase<Exclude<Coin, 'native'>>

/** Somebody who knows prices. It may cache for seconds; who asks judges the quote by its time. */
export type RateSource = {
  /** Kept with each payment: `chainlink`, `coinbase`. */
  readonly name: string
  /** A quote older than this is stale: the feed's heartbeat and a margin. */
  readonly maxAgeMs: number
  /** Undefined where the source doesn't know the coin. Throws when it can't be reached. */
  quote(asset: Priced): Promise<Quote | undefined>
}

/** In the order of trust. Test keys have a source of their own, which says that it is simulated. */
export type Rates = { live: readonly RateSource[]; test: readonly RateSource[] }
