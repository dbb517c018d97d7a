import { describe, expect, test } from 'vitest'
import { createEvmNetwork, createEvmNodes, type EvmNetworkName } from '../../../server/chain/evm'
import { systemClock } from '../../../server/kernel/clock'
import type { NodeProblem } from '../../../server/ports/network'
import { NodeError } from '../../support/anvil'
import { type ChainNode, evmAnswers } from '../../support/chain-node'
import { PAYER_CODE, transferCall } from '../../support/contracts'
import { type ChainUnderTest, everybody, networkContract, OTHER, readAll, SHOP, stageOf } from './contract'

function evm(name: EvmNetworkName, chainId: number, report?: (problem: NodeProblem) => void): ChainUnderTest {
  const open = (nodes: readonly ChainNode[], waited: number[]) => {
    const urls = nodes.map(({ url }) => url)
    const wait = async (ms: number) => waited.push(ms)
    return createEvmNetwork(
      name,
      createEvmNodes(name, { urls, clock: systemClock, report, wait, timeoutMs: 5_000 }),
      report,
    )
  }
  return { name, chainId, answers: evmAnswers, open }
}

describe('ethereum', () => networkContract(evm('ethereum', 1)))
describe('bsc', () => networkContract(evm('bsc', 56)))

describe('what only EVM chains have', () => {
  const problems: NodeProblem[] = []
  const stage = stageOf(evm('ethereum', 1, (problem) => problems.push(problem)))
  const PAYER = '0x2222222222222222222222222222222222222222'

  test('what a contract pays is found by balances, once, beside what transactions send to the same address', async () => {
    const { anvil, open, node, address } = stage()
    await anvil.call('anvil_setCode', PAYER, PAYER_CODE)
    await anvil.send({ to: SHOP, value: 1_000n })
    const txHash = await anvil.send({ to: PAYER, value: 75n, data: transferCall([SHOP, 50n], [OTHER, 25n]) })
    await anvil.mine()
    const network = open(node())
    const { transfers } = await network.read(1n, 1n, everybody)
    const internal = { txHash, coin: 'native', from: address(PAYER) }
    expect(transfers.filter(({ logIndex }) => logIndex <= -1_000_000)).toMatchObject([
      { ...internal, to: address(OTHER), units: 25n },
      { ...internal, to: address(SHOP), units: 50n },
    ])
    const again = await network.read(1n, 1n, (hex) => hex === OTHER)
    expect(again.transfers).toEqual(transfers.filter(({ to }) => to === address(OTHER)))
  })

  test('calldata that names an address without paying it credits nothing', async () => {
    const { anvil, open, node } = stage()
    await anvil.send({ to: PAYER, value: 75n, data: transferCall([SHOP, 50n]) })
    await anvil.mine()
    const { transfers } = await open(node()).read(1n, 1n, (hex) => hex === SHOP)
    expect(transfers).toEqual([])
  })

  test.each(['at once', 'one by one'])(
    'what no calldata names is found where a payment waits, by balances that are asked for %s, and once',
    async (how) => {
      const { anvil, open, node, address } = stage()
      const forward = `0x5f5f5f5f3473${SHOP.slice(2)}5af100`
      await anvil.call('anvil_setCode', PAYER, forward)
      const txHash = await anvil.send({ to: PAYER, value: 50n })
      await anvil.mine()
      const asked = node()
      asked.manners = (method, [call], pass) => {
        const isCreation = method === 'eth_call' && (call as { to?: string }).to === undefined
        if (isCreation && how === 'one by one') throw new NodeError(-32_602, 'missing to')
        return pass()
      }
      const network = open(asked)
      const isOurs = (hex: string) => hex === SHOP || hex === OTHER
      const read = () => network.read(1n, 1n, isOurs, [address(SHOP), address(OTHER)])
      const { transfers } = await read()
      expect(transfers).toMatchObject([{ txHash, coin: 'native', units: 50n, from: address(PAYER), to: address(SHOP) }])
      expect((await read()).transfers).toEqual(transfers)
      expect((await network.read(1n, 1n, isOurs)).transfers).toEqual([])
      await anvil.mine()
      expect((await network.read(2n, 2n, isOurs, [address(SHOP)])).transfers).toEqual([])
    },
  )

  test('in a long run, what no calldata names is found in its blocks with about a call for each, however many wait', async () => {
    const { anvil, open, node, address } = stage()
    const awaited = Array.from({ length: 30 }, (_, nth) => `0x${(nth + 1).toString(16).padStart(2, '0').repeat(20)}`)
    const forwarders = awaited
      .slice(0, 10)
      .map((hex, nth) => [`0x3333333333333333333333333333333333333${100 + nth}`, hex])
    const sent: [txHash: string, to: string, block: bigint][] = []
    for (const [nth, [at = '', hex = '']] of forwarders.entries()) {
      await anvil.call('anvil_setCode', at, `0x5f5f5f5f3473${hex.slice(2)}5af100`)
      const txHash = await anvil.send({ to: at, value: BigInt(nth + 1) })
      await anvil.mine(3)
      sent.push([txHash, address(hex), BigInt(nth * 3 + 1)])
    }
    await anvil.mine(10)
    const asked = node()
    const network = open(asked)
    await network.head()
    asked.asked.length = 0
    const isOurs = (hex: string) => awaited.includes(hex)
    const { last, transfers } = await network.read(1n, 32n, isOurs, awaited.map(address))
    expect(last.number).toBe(32n)
    const found = transfers.map(({ txHash, to, block, units }) => [txHash, to, block.number, units])
    expect(found).toEqual(sent.map((one, nth) => [...one, BigInt(nth + 1)]))
    expect(asked.asked.length).toBeLessThan(32 * 2 + 10)
  })

  test('a final block whose balances are gone from every node is read without them, and the operator told', async () => {
    const { anvil, open, node, pay } = stage()
    await anvil.call('anvil_setCode', PAYER, PAYER_CODE)
    await anvil.send({ to: PAYER, value: 50n, data: transferCall([SHOP, 50n]) })
    const txHash = await pay([SHOP, 5n])
    await anvil.mine(120)
    const pruned = node()
    pruned.manners = (method, _params, pass) => {
      if (method === 'eth_getBalance') throw new NodeError(-32_000, 'missing trie node')
      return pass()
    }
    problems.length = 0
    const { transfers } = await readAll(open(pruned))
    expect(transfers.filter(({ to }) => to.toLowerCase() === SHOP)).toMatchObject([{ txHash, units: 5n }])
    expect(problems.map(({ message }) => message).join()).toContain('what contracts sent in it is not seen')
  })

  test('a node without a bit of its logs, and alone, is asked for the receipts instead', async () => {
    const { anvil, open, node, pay } = stage()
    const txHash = await pay([SHOP, 5n])
    await anvil.mine()
    const empty = node()
    empty.manners = (method, _params, pass) => {
      if (method === 'eth_getBlockReceipts') throw new NodeError(-32_601, 'the method does not exist')
      return method === 'eth_getLogs' ? [] : pass()
    }
    expect((await readAll(open(empty))).transfers).toMatchObject([{ txHash, units: 5n }])
    expect(empty.asked).toContain('eth_getTransactionReceipt')
  })

  test('where a node does not know the finalized block, only a depth is final', async () => {
    const { anvil, open, node } = stage()
    await anvil.call('anvil_mine', '0xc8')
    const old = node()
    old.manners = (_method, [at], pass) => {
      if (at === 'finalized') throw new NodeError(-32_602, 'invalid argument 0: hex string without 0x prefix')
      return pass()
    }
    expect(await open(old).head()).toMatchObject({ number: 200n, finalized: 104n })
  })

  test('no message of a failure holds the node’s URL, which may hold a key', async () => {
    const { open, node } = stage()
    const gone = node()
    await gone.stop()
    problems.length = 0
    await expect(open({ ...gone, url: `${gone.url}/v3/secret-key` }).head()).rejects.toThrow()
    expect(problems.length).toBeGreaterThan(0)
    expect(JSON.stringify(problems)).not.toContain('secret-key')
  })
})
