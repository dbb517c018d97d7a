import { afterEach, beforeEach, expect, test } from 'vitest'
import { tokensOf } from '../../../server/chain/tokens'
import { readAddress, tronAddress } from '../../../server/kernel/chain-address'
import type { NetworkName } from '../../../server/kernel/networks'
import type { Network, Transfer } from '../../../server/ports/network'
import { type Anvil, NodeError, startAnvil } from '../../support/anvil'
import { type Answering, type ChainNode, Refusal, serveNode } from '../../support/chain-node'
import { REVERTING_CODE, tokenCode, transferCall } from '../../support/contracts'

/** What a kind of chain's suite hands over. */
export type ChainUnderTest = {
  name: NetworkName
  chainId: number
  /** A good node's answers, of the local chain. */
  answers(anvil: Anvil): Answering
  /** The adapter, reading the chain from these nodes. */
  open(nodes: readonly ChainNode[], waited: number[]): Network
}

/** A local chain with the tokens at their real addresses. */
export type Stage = {
  anvil: Anvil
  usdt: { contract: `0x${string}`; decimals: number }
  node(): ChainNode
  open(...nodes: ChainNode[]): Network
  /** As the adapter writes it. */
  address(hex: string): string
  pay(...pairs: (readonly [to: string, units: bigint])[]): Promise<string>
  /** How long the adapter wanted to wait. */
  waited: number[]
}

export const SHOP = '0x00000000000000000000000000000000decaf001'.replace('0x00000000', '0x5a5a5a5a')
export const OTHER = '0x00000000000000000000000000000000decaf002'.replace('0x00000000', '0x5a5a5a5a')

export const everybody = () => true

export function stageOf({ name, chainId, answers, open }: ChainUnderTest): () => Stage {
  let stage: Stage | undefined
  const stops: (() => Promise<unknown>)[] = []
  beforeEach(async () => {
    const anvil = await startAnvil(chainId)
    stops.push(anvil.stop)
    for (const { contract, decimals } of tokensOf(name).values()) {
      await anvil.call('anvil_setCode', contract, tokenCode(decimals))
    }
    const usdt = [...tokensOf(name).values()].find(({ coin }) => coin === 'usdt')
    if (!usdt) throw new Error(`${name} has no USDT`)
    const waited: number[] = []
    stage = {
      anvil,
      usdt,
      waited,
      node: () => {
        const node = serveNode(answers(anvil))
        stops.push(node.stop)
        return node
      },
      open: (...nodes) => open(nodes, waited),
      address: (hex) =>
        name === 'tron' ? tronAddress(Buffer.from(hex.slice(2), 'hex')) : String(readAddress(name, hex).address),
      pay: (...pairs) => anvil.send({ to: usdt.contract, data: transferCall(...pairs) }),
    }
  })
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  })
  return () => {
    if (!stage) throw new Error('the chain is not up yet')
    return stage
  }
}

/** All blocks from `first` to the head, as a watcher reads them: each run must be the child of the one before. */
export async function readAll(network: Network, first = 1n): Promise<{ transfers: Transfer[]; runs: number }> {
  const { number: head } = await network.head()
  const transfers: Transfer[] = []
  let [next, parentHash, runs] = [first, (await network.blockAt(first - 1n))?.hash, 0]
  while (next <= head) {
    const blocks = await network.read(next, head, everybody)
    expect(blocks).toMatchObject({ first: next, parentHash })
    transfers.push(...blocks.transfers)
    next = blocks.last.number + 1n
    parentHash = blocks.last.hash
    runs += 1
  }
  return { transfers, runs }
}

/** What a watcher relies on, whatever the chain. */
export function networkContract(chain: ChainUnderTest): void {
  const stage = stageOf(chain)
  transfersContract(chain, stage)
  nodesContract(stage)
}

function transfersContract({ name }: ChainUnderTest, stage: () => Stage) {
  test('each transfer of a transaction to many is one of its own, with its sender, units, place and block', async () => {
    const { anvil, open, node, pay, address } = stage()
    const network = open(node())
    const txHash = await pay([SHOP, 50_000_000n], [OTHER, 7n])
    await anvil.mine()
    const { last, transfers } = await network.read(1n, 1n, everybody)
    expect(last).toEqual({ number: 1n, hash: (await network.blockAt(1n))?.hash, time: last.time })
    const shared = { txHash, coin: 'usdt', from: address(anvil.payer), block: last }
    expect(transfers).toEqual([
      { ...shared, logIndex: 0, to: address(SHOP), units: 50_000_000n },
      { ...shared, logIndex: 1, to: address(OTHER), units: 7n },
    ])
  })

  test('only transfers to watched addresses are answered', async () => {
    const { anvil, open, node, pay } = stage()
    await pay([SHOP, 5n], [OTHER, 7n])
    await anvil.mine()
    const { transfers } = await open(node()).read(1n, 1n, (hex) => hex === OTHER)
    expect(transfers.map(({ units }) => units)).toEqual([7n])
  })

  test('a token that only says that it is USDT, and a transfer of nothing, are no transfers', async () => {
    const { anvil, open, node, pay } = stage()
    const fake = '0x1111111111111111111111111111111111111111'
    await anvil.call('anvil_setCode', fake, tokenCode(6))
    await anvil.send({ to: fake, data: transferCall([SHOP, 50_000_000n]) })
    await pay([SHOP, 0n])
    await anvil.mine()
    expect((await open(node()).read(1n, 1n, everybody)).transfers).toEqual([])
  })

  test('native money counts when its transaction succeeded, and not when it was reverted', async () => {
    const { anvil, open, node, address } = stage()
    await anvil.call('anvil_setCode', OTHER, REVERTING_CODE)
    await anvil.send({ to: OTHER, value: 9_000n })
    const txHash = await anvil.send({ to: SHOP, value: 1_234n })
    await anvil.mine()
    const { transfers } = await open(node()).read(1n, 1n, everybody)
    expect(transfers).toMatchObject([{ txHash, logIndex: -2, coin: 'native', to: address(SHOP), units: 1_234n }])
  })

  test('a reorganisation between two reads shows: the next block names another parent', async () => {
    const { anvil, open, node, pay } = stage()
    const network = open(node())
    await anvil.mine(3)
    await pay([SHOP, 5n])
    await anvil.mine()
    const before = await network.read(4n, 4n, everybody)
    await anvil.reorg(1)
    await anvil.mine()
    const after = await network.read(5n, 5n, everybody)
    expect(after.parentHash).not.toBe(before.last.hash)
    expect((await network.blockAt(4n))?.hash).toBe(after.parentHash)
    expect((await network.read(4n, 4n, everybody)).transfers).toEqual([])
    expect(await network.blockAt(99n)).toBeUndefined()
  })

  test('final blocks come in runs and the newest one by one; nothing is lost or doubled while nodes fail and choke', async () => {
    const { anvil, open, node, pay } = stage()
    const paid: string[] = []
    for (let nth = 0; nth < 60; nth += 1) {
      if (nth % 3 === 0) paid.push(await pay([SHOP, BigInt(nth + 1)]))
      await anvil.mine()
    }
    const [flapping, choking] = [node(), node()]
    let calls = 0
    flapping.manners = (_method, _params, pass) => {
      calls += 1
      if (calls % 5 === 0) throw new Refusal(503)
      return pass()
    }
    choking.manners = (method, [filter], pass) => {
      const { fromBlock, toBlock } = (filter ?? {}) as Record<string, string>
      const isWide = method === 'eth_getLogs' && Number(toBlock) - Number(fromBlock) > 6
      if (isWide) throw new NodeError(-32_005, 'query returned more than 10000 results')
      return pass()
    }
    const { transfers, runs } = await readAll(open(flapping, choking))
    expect(transfers.map(({ txHash }) => txHash)).toEqual(paid)
    expect(runs).toBeGreaterThan(3)
    expect(runs).toBeLessThan(30)
  })

  test('the head says what is final, and its time is the chain’s', async () => {
    const { anvil, open, node } = stage()
    await anvil.mine(10)
    const head = await open(node()).head()
    expect(head).toMatchObject({ number: 10n, finalized: 8n })
    expect(Math.abs(head.time.getTime() - Date.now())).toBeLessThan(120_000)
    expect(open(node()).name).toBe(name)
  })
}

function nodesContract(stage: () => Stage) {
  test('a stale node is not trusted while another one is ahead', async () => {
    const { anvil, open, node, pay } = stage()
    const [stale, fresh] = [node(), node()]
    await anvil.mine(5)
    stale.manners = async (method, params, pass) => {
      const [at] = params
      if (method === 'eth_getLogs') return []
      if (method !== 'eth_getBlockByNumber') return pass()
      if (at === 'latest' || at === 'finalized') return anvil.call(method, '0x5', params[1])
      return Number(at) > 5 ? null : pass()
    }
    await anvil.mine(60)
    const txHash = await pay([SHOP, 5n])
    await anvil.mine(60)
    const network = open(stale, fresh)
    expect(await network.head()).toMatchObject({ number: 125n, finalized: 123n })
    stale.asked.length = 0
    const { transfers } = await readAll(network, 60n)
    expect(transfers.map((one) => one.txHash)).toEqual([txHash])
    // Once for its head, and for what it calls final.
    expect(stale.asked.filter((method) => method.startsWith('eth_'))).toHaveLength(2)
  })

  test.each(['a new block', 'a final run'])(
    'a node that has no logs of %s is not believed: the next one is asked',
    async (which) => {
      const { anvil, open, node, pay } = stage()
      const [empty, whole] = [node(), node()]
      empty.manners = (method, _params, pass) => {
        if (method === 'eth_getLogs') return []
        if (method === 'eth_getBlockReceipts' || method === 'eth_getTransactionReceipt') return null
        return pass()
      }
      const txHash = await pay([SHOP, 5n])
      await anvil.mine(which === 'a new block' ? 1 : 8)
      const { transfers } = await readAll(open(empty, whole))
      expect(transfers.map((one) => one.txHash)).toEqual([txHash])
      await expect(readAll(open(empty))).rejects.toThrow()
    },
  )

  test('logs of a block that is not the one that was read are not believed', async () => {
    const { anvil, open, node, pay } = stage()
    const [torn, whole] = [node(), node()]
    torn.manners = async (method, _params, pass) => {
      if (method !== 'eth_getLogs') return pass()
      return ((await pass()) as object[]).map((log) => ({ ...log, blockHash: `0x${'7'.repeat(64)}` }))
    }
    const txHash = await pay([SHOP, 5n])
    await anvil.mine()
    expect((await readAll(open(torn, whole))).transfers).toMatchObject([{ txHash }])
    await expect(readAll(open(torn))).rejects.toThrow('a block that it does not have')
  })

  test('a node that refuses for a while is asked again when it says, if there is no other', async () => {
    const { anvil, open, node, waited } = stage()
    await anvil.mine()
    const limited = node()
    let refusals = 2
    limited.manners = (_method, _params, pass) => {
      if (refusals-- > 0) throw new Refusal(429, { 'retry-after': '1' })
      return pass()
    }
    expect(await open(limited).head()).toMatchObject({ number: 1n })
    expect(waited).toEqual([1_000])
  })

  test('a node whose head is of the future is not trusted, and one that hangs holds nobody up', async () => {
    const { anvil, open, node } = stage()
    await anvil.mine(3)
    const [early, hanging, good] = [node(), node(), node()]
    early.manners = async (method, [at], pass) => {
      const block = await pass()
      if (method !== 'eth_getBlockByNumber' || at !== 'latest') return block
      return { ...(block as object), number: '0xffff', timestamp: '0xffffffff' }
    }
    hanging.manners = () => new Promise(() => {})
    const started = performance.now()
    expect(await open(early, hanging, good).head()).toMatchObject({ number: 3n })
    // A question is given up after 15 seconds.
    expect(performance.now() - started).toBeLessThan(12_000)
  })

  test('a token with other decimals than its pinned ones stops everything, in words', async () => {
    const { anvil, open, node, usdt } = stage()
    await anvil.call('anvil_setCode', usdt.contract, tokenCode(usdt.decimals + 1))
    const network = open(node())
    await expect(network.head()).rejects.toThrow(/USDT must have \d+ decimals on \w+, but .+ says that it has/)
    await expect(network.read(0n, 0n, everybody)).rejects.toThrow(/decimals/)
  })

  test('a node of another chain is refused, and another one used', async () => {
    const { anvil, open, node } = stage()
    await anvil.mine()
    const [foreign, good] = [node(), node()]
    foreign.manners = (method, _params, pass) => (method === 'eth_chainId' ? '0xaa36a7' : pass())
    await expect(open(foreign).head()).rejects.toThrow(/is no node of/)
    expect(await open(foreign, good).head()).toMatchObject({ number: 1n })
  })
}
