import { type Clock, DAY_MS, HOUR_MS, MINUTE_MS } from '../../kernel/clock'
import type { Priced, Quote, RateSource } from '../../ports/rates'
import { bytesOf } from '../answers'
import type { Node, Nodes } from '../nodes'
import { RpcFailure } from '../rpc'

type Feed = {
  network: 'ethereum' | 'bsc'
  /** The proxy that Chainlink publishes; its aggregators change behind it. */
  address: string
  /** Its `description()`. */
  pair: string
  /** It answers anew after this time, even when the price stands still. */
  heartbeatMs: number
}

/** data.chain.link; each is asked what it is before its first answer is believed. */
const FEEDS: Partial<Record<Priced, Feed>> = {
  ETH: feed('ethereum', '0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419', 'ETH / USD', HOUR_MS),
  BNB: feed('bsc', '0x0567F2323251f0Aab15c8dFb1967E4e8A7D42aeE', 'BNB / USD', HOUR_MS),
  TRX: feed('bsc', '0xF4C5e535756D11994fCBB12Ba8adD0192D9b88be', 'TRX / USD', DAY_MS),
  USDT: feed('ethereum', '0x3E7d1eAB13ad0104d2750B8863b489D65364e32D', 'USDT / USD', DAY_MS),
  USDC: feed('ethereum', '0x8fFfFfd4AfB6115b954Bd326cbe7B4BA576818f6', 'USDC / USD', DAY_MS),
}

function feed(network: Feed['network'], address: string, pair: string, heartbeatMs: number): Feed {
  return { network, address, pair, heartbeatMs }
}

/** Blocks are late at times, and so are the feeds. */
const MARGIN_MS = 10 * MINUTE_MS
const FEED_DECIMALS = 8n

/** Of the standard interface AggregatorV3Interface. */
const CALLS = { decimals: '0x313ce567', description: '0x7284e416', latestRoundData: '0xfeaf968c' }

/** Chainlink's feeds, read on chain by the operator's own nodes: of the networks that there are nodes of. */
export function createChainlinkRates(nodes: Partial<Record<Feed['network'], Nodes>>, clock: Clock): RateSource {
  const checked = new Set<string>()

  async function answerOf(node: Node, feed: Feed): Promise<Quote> {
    if (!checked.has(feed.address)) await checkFeed(node, feed)
    checked.add(feed.address)
    const words = await wordsOf(node, feed, CALLS.latestRoundData)
    const [answer, updatedAt] = [words[1], words[3]]
    if (answer === undefined || updatedAt === undefined) throw new RpcFailure('lacking', `no answer of ${feed.pair}`)
    const quote = { rateE8: BigInt.asIntN(256, answer), at: new Date(Number(updatedAt) * 1_000) }
    // One node's chain may stand still while another's goes on, so that a stale price is reason enough to ask another one.
    const ageMs = clock.now().getTime() - quote.at.getTime()
    if (ageMs <= feed.heartbeatMs + MARGIN_MS) return quote
    throw new RpcFailure('lacking', `${feed.pair} is stale: it is of ${quote.at.toISOString()}`)
  }

  return {
    name: 'chainlink',
    maxAgeMs: DAY_MS + MARGIN_MS,
    quote: async (asset) => {
      const feed = FEEDS[asset]
      return feed && nodes[feed.network]?.use((node) => answerOf(node, feed))
    },
  }
}

async function checkFeed(node: Node, feed: Feed) {
  const [decimals] = await wordsOf(node, feed, CALLS.decimals)
  const [, length = 0n, text = 0n] = await wordsOf(node, feed, CALLS.description)
  const digits = text.toString(16).padStart(64, '0')
  const pair = Buffer.from(digits, 'hex').subarray(0, Number(length)).toString('latin1')
  if (decimals === FEED_DECIMALS && pair === feed.pair) return
  const found = `"${pair}" with ${decimals} decimals`
  throw new RpcFailure('foreign', `the feed at ${feed.address} is ${found}, not "${feed.pair}" with ${FEED_DECIMALS}`)
}

async function wordsOf(node: Node, { address }: Feed, data: string): Promise<bigint[]> {
  const answer = bytesOf(await node.call('eth_call', [{ to: address, data }, 'latest']), 'the answer of a feed')
  const words = answer.slice(2).match(/.{64}/g) ?? []
  return words.map((word) => BigInt(`0x${word}`))
}
