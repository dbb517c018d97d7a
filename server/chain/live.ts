import type { Clock } from '../kernel/clock'
import type { NetworkName } from '../kernel/networks'
import type { Networks, NodeHealth, NodeProblem } from '../ports/network'
import type { RateSource } from '../ports/rates'
import { createEvmNetwork, createEvmNodes } from './evm'
import type { Nodes } from './nodes'
import { createChainlinkRates } from './rates/chainlink'
import { createCoinbaseRates } from './rates/coinbase'
import { createCoinGeckoRates } from './rates/coingecko'
import { createTronNetwork, createTronNodes } from './tron'

/** Where the operator's nodes are; a network without any isn't offered. */
export type NodeUrls = Readonly<Record<NetworkName, readonly string[]>> & {
  /** HTTP APIs of TRON's nodes; those that its JSON-RPC URLs end in `/jsonrpc` of, when there are none. */
  tronApi: readonly string[]
}

export type LiveChains = {
  networks: Networks
  /** In the order of trust: on chain first. */
  rates: readonly RateSource[]
  /** For metrics. */
  health(): Partial<Record<NetworkName, NodeHealth[]>>
}

/**
 * The real networks and prices. Connects to nothing before it is asked. `report` hears of each failure of a node, for logs and
 * metrics; `priceApiBase` answers in the place of CoinGecko and Coinbase.
 */
export function createLiveChains(
  urls: NodeUrls,
  clock: Clock,
  report?: (network: NetworkName, problem: NodeProblem) => void,
  priceApiBase?: string,
): LiveChains {
  const reportOf = (name: NetworkName) => (problem: NodeProblem) => report?.(name, problem)
  const evmNodes = (name: 'ethereum' | 'bsc'): Nodes | undefined =>
    urls[name].length > 0 ? createEvmNodes(name, { urls: urls[name], clock, report: reportOf(name) }) : undefined
  const [ethereum, bsc] = [evmNodes('ethereum'), evmNodes('bsc')]
  const apiUrls = urls.tronApi.length > 0 ? urls.tronApi : urls.tron.map((url) => url.replace(/\/jsonrpc\/?$/, ''))
  const tron =
    urls.tron.length > 0 ? createTronNodes({ urls: urls.tron, apiUrls, clock, report: reportOf('tron') }) : undefined
  const prices = { clock, ...(priceApiBase && { baseUrl: priceApiBase }) }
  return {
    networks: {
      ...(ethereum && { ethereum: createEvmNetwork('ethereum', ethereum, reportOf('ethereum')) }),
      ...(bsc && { bsc: createEvmNetwork('bsc', bsc, reportOf('bsc')) }),
      ...(tron && { tron: createTronNetwork(tron) }),
    },
    rates: [createChainlinkRates({ ethereum, bsc }, clock), createCoinGeckoRates(prices), createCoinbaseRates(prices)],
    health: () => ({
      ...(ethereum && { ethereum: ethereum.health() }),
      ...(bsc && { bsc: bsc.health() }),
      ...(tron && { tron: [...tron.rpc.health(), ...tron.api.health()] }),
    }),
  }
}
