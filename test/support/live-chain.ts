import { tokensOf } from '../../server/chain/tokens'
import { createWatcher, type Watcher } from '../../server/domain/chains/watcher'
import { tronAddressBytes } from '../../server/kernel/chain-address'
import type { NetworkName } from '../../server/kernel/networks'
import { type Anvil, startAnvil } from './anvil'
import { type Answering, type ChainNode, evmAnswers, serveNode, tronAnswers } from './chain-node'
import { tokenCode, transferCall } from './contracts'
import { evmAddress, tronWallet } from './crypto'
import type { World } from './world'

/** A live network on this machine: a chain with the tokens at their real addresses, and the nodes that the server reads it by. */
export type LiveChain = {
  name: NetworkName
  anvil: Anvil
  nodes: ChainNode[]
  watcher: Watcher
  /** What TRON's HTTP API calls transactions that are no transfers. */
  kinds: Map<string, string>
  /** So many blocks, each a few seconds later by the world's clock. */
  mine(blocks?: number, secondsEach?: number): Promise<void>
  /** From the payer, in one transaction; it waits for a block. Answers the transaction's hash. */
  pay(coin: string, ...pairs: (readonly [to: string, units: bigint])[]): Promise<string>
  /** As JSON-RPC has it. */
  hex(address: string): string
  /** As after a start of the process: the watcher knows nothing but the database. */
  restart(): void
}

const CHAIN_IDS: Readonly<Record<NetworkName, number>> = { ethereum: 1, bsc: 56, tron: 728_126_428 }

/** Before the server reads it. */
export type Started = Omit<LiveChain, 'watcher' | 'mine' | 'restart'>

let wallets = 50_000

export function newWallet(network: NetworkName): string {
  wallets += 1
  return network === 'tron' ? tronWallet(wallets) : evmAddress(wallets)
}

export async function startChain(name: NetworkName, count: number): Promise<Started> {
  const anvil = await startAnvil(CHAIN_IDS[name])
  const tokens = new Map<string, `0x${string}`>()
  for (const { coin, contract, decimals } of tokensOf(name).values()) {
    tokens.set(coin, contract)
    await anvil.call('anvil_setCode', contract, tokenCode(decimals))
  }
  const kinds = new Map<string, string>()
  const answers: Answering = name === 'tron' ? tronAnswers(anvil, kinds) : evmAnswers(anvil)
  const nodes = Array.from({ length: count }, () => serveNode(answers))
  const hex = (address: string) => hexOf(name, address)
  const pay: LiveChain['pay'] = (coin, ...pairs) => {
    const contract = tokens.get(coin)
    const [first] = pairs
    if (contract)
      return anvil.send({ to: contract, data: transferCall(...pairs.map(([to, units]) => [hex(to), units] as const)) })
    if (!first) throw new Error('nobody is paid')
    return anvil.send({ to: hex(first[0]), value: first[1] })
  }
  return { name, anvil, nodes, kinds, hex, pay }
}

export async function liveChainOf(world: World, chain: Started): Promise<LiveChain> {
  const network = world.deps.networks[chain.name]
  if (!network) throw new Error(`${chain.name} is not enabled`)
  const live: LiveChain = {
    ...chain,
    watcher: createWatcher(world.deps, network),
    mine: async (blocks = 1, secondsEach = 1) => {
      for (let nth = 0; nth < blocks; nth += 1) {
        world.clock.advance(secondsEach * 1_000)
        const next = Math.floor(world.clock.now().getTime() / 1_000)
        await chain.anvil.call('evm_setNextBlockTimestamp', next)
        await chain.anvil.mine()
      }
    },
    restart: () => {
      live.watcher = createWatcher(world.deps, network)
    },
  }
  await live.mine(5)
  return live
}

function hexOf(name: NetworkName, address: string): string {
  return name === 'tron' ? `0x${Buffer.from(tronAddressBytes(address)).toString('hex')}` : address.toLowerCase()
}
