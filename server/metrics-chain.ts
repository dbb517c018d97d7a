import { Counter, Gauge, type Registry } from 'prom-client'

/** What a network's watcher tells of itself; the same in `ChainHealth`. */
type Health = {
  network: string
  isWatching: boolean
  isHalted: boolean
  head: { number: bigint } | null
  lagBlocks: bigint | null
  lagSeconds: number | null
  watchedAddresses: number
  reorgs: number
  deepestReorg: bigint
  problems: readonly { host: string; kind: string; count: number }[]
}

export type ChainMetrics = {
  /** The live networks as they are at this moment. */
  setChains(chains: readonly Health[]): void
  /** A transfer to an address of a pool that counts for no payment, by the reason. */
  countUnmatched(network: string, reason: string): void
}

export function createChainMetrics(registry: Registry): ChainMetrics {
  const registers = [registry]
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `payhook_chain_${name}`, help, labelNames: ['network'], registers })
  const watching = gauge(
    'watching',
    'Whether this process watches the network; what follows is unknown where it does not',
  )
  const halted = gauge('halted', 'It replaced more blocks than are remembered, and waits for the command reanchor')
  const head = gauge('head_block', 'The newest block of its nodes')
  const lagBlocks = gauge('lag_blocks', 'Blocks that are still to be read')
  const lagSeconds = gauge('lag_seconds', 'Age of the newest block that was read')
  const addresses = gauge('watched_addresses', 'Addresses of all pools on the network')
  const deepest = gauge('deepest_reorg_blocks', 'The most blocks that were replaced at once, since the start')
  const reorgs = counter('reorgs_total', 'Times that the chain replaced blocks that were read', ['network'])
  const errors = counter('node_errors_total', 'Calls that a node did not answer as it should, by what it was', [
    'network',
    'host',
    'kind',
  ])
  const unmatched = counter('unmatched_transfers_total', 'Transfers to addresses of pools that count for no payment', [
    'network',
    'reason',
  ])

  function counter<L extends string>(name: string, help: string, labelNames: L[]) {
    return new Counter({ name: `payhook_chain_${name}`, help, labelNames, registers })
  }

  return {
    countUnmatched: (network, reason) => unmatched.inc({ network, reason }),
    setChains: (chains) => {
      for (const one of [watching, halted, head, lagBlocks, lagSeconds, addresses, deepest, reorgs, errors]) one.reset()
      for (const { network, ...chain } of chains) {
        watching.set({ network }, chain.isWatching ? 1 : 0)
        halted.set({ network }, chain.isHalted ? 1 : 0)
        addresses.set({ network }, chain.watchedAddresses)
        deepest.set({ network }, Number(chain.deepestReorg))
        reorgs.inc({ network }, chain.reorgs)
        if (chain.head) head.set({ network }, Number(chain.head.number))
        if (chain.lagBlocks !== null) lagBlocks.set({ network }, Number(chain.lagBlocks))
        if (chain.lagSeconds !== null) lagSeconds.set({ network }, chain.lagSeconds)
        for (const { host, kind, count } of chain.problems) errors.inc({ network, host, kind }, count)
      }
    },
  }
}
