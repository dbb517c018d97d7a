import { describe, expect, test } from 'vitest'
import { createTronNetwork, createTronNodes } from '../../../server/chain/tron'
import { systemClock } from '../../../server/kernel/clock'
import { NodeError } from '../../support/anvil'
import { type ChainNode, tronAnswers } from '../../support/chain-node'
import { type ChainUnderTest, everybody, networkContract, SHOP, stageOf } from './contract'

const kinds = new Map<string, string>()

function open(nodes: readonly ChainNode[], waited: number[]) {
  const urls = nodes.map(({ url }) => url)
  const wait = async (ms: number) => waited.push(ms)
  return createTronNetwork(createTronNodes({ urls, apiUrls: urls, clock: systemClock, wait, timeoutMs: 5_000 }))
}

const tron: ChainUnderTest = { name: 'tron', chainId: 728_126_428, answers: (anvil) => tronAnswers(anvil, kinds), open }

describe('tron', () => networkContract(tron))

describe('what only TRON has', () => {
  const stage = stageOf(tron)

  test.each(['TransferAssetContract', 'VoteWitnessContract', 'FreezeBalanceV2Contract'])(
    'a %s is no TRX, although JSON-RPC shows it as one',
    async (kind) => {
      const { anvil, open, node, address } = stage()
      kinds.set(await anvil.send({ to: SHOP, value: 5_000_000n }), kind)
      const txHash = await anvil.send({ to: SHOP, value: 7_000_000n })
      await anvil.mine()
      const { transfers } = await open(node()).read(1n, 1n, everybody)
      expect(transfers).toMatchObject([{ txHash, coin: 'native', units: 7_000_000n, to: address(SHOP) }])
      expect(transfers[0]?.to).toMatch(/^T[1-9A-HJ-NP-Za-km-z]{33}$/)
    },
  )

  test('a depth is never final: a node that does not know what is solidified is of no use', async () => {
    const { open, node } = stage()
    const old = node()
    old.manners = (_method, [at], pass) => {
      if (at === 'finalized') throw new NodeError(-32_602, 'invalid block number')
      return pass()
    }
    await expect(open(old).head()).rejects.toThrow('does not know the finalized block')
  })

  test('blocks of the HTTP API that are not those of JSON-RPC are not believed', async () => {
    const { anvil, open, node, pay } = stage()
    await pay([SHOP, 5n])
    await anvil.mine()
    const forked = node()
    forked.manners = async (method, _params, pass) => {
      if (!method.startsWith('/wallet')) return pass()
      const { block } = (await pass()) as { block: object[] }
      return { block: block.map((one) => ({ ...one, blockID: '7'.repeat(64) })) }
    }
    await expect(open(forked).read(1n, 1n, everybody)).rejects.toThrow("the HTTP API's")
  })
})
