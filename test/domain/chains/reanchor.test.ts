import { and, eq, lte } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { CHAIN_COMMANDS } from '../../../server/chain-commands'
import { liveChain } from '../../../server/domain/chains/chain'
import { reanchor } from '../../../server/domain/chains/reanchor'
import { chainBlocks } from '../../../server/domain/chains/table'
import { newWallet } from '../../support/live-chain'
import { type LivePayment, type LiveWorld, openLiveWorld } from '../../support/live-world'

const isHere = inject('databaseKind') === 'pglite'

describe.runIf(isHere)('a chain that replaced more than is remembered', () => {
  let world: LiveWorld
  beforeAll(async () => {
    world = await openLiveWorld(['ethereum'])
  })
  afterAll(() => world.close())

  const FIFTY = 50_000_000n
  const { realm } = liveChain('ethereum')

  async function stage() {
    const chain = world.chain('ethereum')
    await chain.watcher.catchUp()
    const shop = await world.shop()
    await shop.add(
      'ethereum',
      Array.from({ length: 4 }, () => newWallet('ethereum')),
    )
    const pay = (payment: LivePayment) => chain.pay('usdt', [payment.assigned_address, FIFTY])
    const create = () => shop.create('ethereum', 'usdt')
    const grow = async (blocks: number) => {
      await chain.mine(blocks)
      await chain.watcher.catchUp()
    }
    const statusOf = async (payment: LivePayment) => (await shop.get(payment)).status
    /** The newest blocks are replaced, except this transaction; what was read before them is forgotten. */
    const replace = async (blocks: number, again: string) => {
      const raw = String(await chain.anvil.call('eth_getRawTransactionByHash', again))
      const fork = (await chain.anvil.head()) - BigInt(blocks)
      await world.deps.db
        .delete(chainBlocks)
        .where(and(eq(chainBlocks.storeId, realm), eq(chainBlocks.network, 'ethereum'), lte(chainBlocks.number, fork)))
      await chain.anvil.call('anvil_reorg', blocks, [[raw, 5]])
      await chain.mine()
      return fork
    }
    return { chain, shop, pay, create, grow, statusOf, replace }
  }

  test('halts the network with words, and by the operator’s word it is read anew: what is gone is failed, what is there untold', async () => {
    const { chain, shop, pay, create, grow, statusOf, replace } = await stage()
    const old = await create()
    await pay(old)
    await grow(20)
    const [gone, kept, waiting] = [await create(), await create(), await create()]
    // In this order, so that the sender's numbers fit when only this one comes again.
    const again = await pay(kept)
    await pay(gone)
    await grow(14)
    expect([await statusOf(old), await statusOf(gone), await statusOf(kept)]).toEqual(Array(3).fill('confirmed'))
    await replace(16, again)

    await expect(chain.watcher.catchUp()).rejects.toThrow(
      /replaced more blocks than are remembered.*reanchor ethereum/s,
    )
    expect(world.deps.chainHealth()).toMatchObject([{ isHalted: true }])
    expect(await (await fetch(`${world.url}/metrics`)).text()).toContain('payhook_chain_halted{network="ethereum"} 1')
    const late = await create()
    await pay(late)
    await chain.mine(2)
    await expect(chain.watcher.catchUp()).rejects.toThrow('reanchor')
    expect([await statusOf(gone), await statusOf(late)]).toEqual(['confirmed', 'pending'])

    const printed: string[] = []
    await CHAIN_COMMANDS.get('reanchor')?.(world.deps, ['ethereum'], (line) => printed.push(line))
    expect(printed.join()).toMatch(/^ethereum is read again from block \d+\. 2 transfers are gone/)
    await pay(waiting)
    await grow(14)
    expect(await Promise.all([old, kept, waiting, late].map(statusOf))).toEqual(Array(4).fill('confirmed'))
    expect(await shop.told(old)).toEqual(['confirmed', 'detected'])
    expect(await shop.told(kept)).toEqual(['confirmed', 'detected'])
    expect(await statusOf(gone)).toBe('failed')
    expect(await shop.told(gone)).toEqual(['confirmed', 'detected', 'reversed'])
    expect(world.deps.chainHealth()).toMatchObject([{ isHalted: false }])
  })

  test('is not read anew where the watcher needs no help, nor by nodes that are behind', async () => {
    const { chain, grow } = await stage()
    await grow(3)
    await expect(reanchor(world.deps, 'ethereum')).rejects.toThrow('its watcher goes on by itself')
    await expect(reanchor(world.deps, 'bsc')).rejects.toThrow('BNB Smart Chain is not enabled')
    await expect(async () => CHAIN_COMMANDS.get('reanchor')?.(world.deps, ['base'], () => {})).rejects.toThrow(
      'reanchor wants a network',
    )
    const head = await chain.anvil.head()
    await world.deps.db
      .delete(chainBlocks)
      .where(
        and(eq(chainBlocks.storeId, realm), eq(chainBlocks.network, 'ethereum'), lte(chainBlocks.number, head - 1n)),
      )
    await chain.anvil.call('anvil_rollback', 2)
    await expect(reanchor(world.deps, 'ethereum')).rejects.toThrow(`Try again when they are past block ${head}`)
  })
})
