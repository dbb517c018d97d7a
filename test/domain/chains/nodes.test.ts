import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { checkNetworks } from '../../../server/domain/chains/refusals'
import { NodeError } from '../../support/anvil'
import { Refusal } from '../../support/chain-node'
import { tokenCode } from '../../support/contracts'
import { type LiveWorld, openLiveWorld } from '../../support/live-world'

// What happens before the database is the same on either.
const isHere = inject('databaseKind') === 'pglite'

describe.runIf(isHere)('nodes that do what other people’s machines do', () => {
  /** Nodes that do what other people's machines do: nothing is lost by it, and the operator is told. */

  let world: LiveWorld
  beforeAll(async () => {
    world = await openLiveWorld(['ethereum'], 2)
  })
  afterAll(() => world.close())
  beforeEach(() => {
    for (const node of world.chain('ethereum').nodes) node.manners = undefined
  })

  const FIFTY = 50_000_000n

  async function stage() {
    const chain = world.chain('ethereum')
    await chain.mine()
    // What a node did in the test before, it has been forgiven for.
    world.clock.advance(60_000)
    await chain.mine()
    await chain.watcher.catchUp()
    const shop = await world.shop()
    const payment = await shop.create('ethereum', 'usdt')
    const [first, second] = chain.nodes
    if (!first || !second) throw new Error('two nodes are needed')
    return { chain, shop, payment, first, second, pay: () => chain.pay('usdt', [payment.assigned_address, FIFTY]) }
  }

  const health = () => world.deps.chainHealth().find(({ network }) => network === 'ethereum')

  test('stale node: what it does not know yet is read from the other one, and it is told from it', async () => {
    const { chain, shop, payment, first, pay } = await stage()
    const old = await chain.anvil.head()
    first.manners = (method, [at, ...rest], pass) => {
      if (method === 'eth_getLogs') return []
      if (method !== 'eth_getBlockByNumber') return pass()
      if (at === 'latest' || at === 'finalized') return chain.anvil.call(method, `0x${old.toString(16)}`, ...rest)
      return Number(at) > Number(old) ? null : pass()
    }
    await pay()
    await chain.mine(12)
    await chain.watcher.catchUp()
    expect(await shop.get(payment)).toMatchObject({ status: 'confirmed' })
    expect(health()?.nodes.map(({ isStale }) => isStale)).toEqual([true, false])
    expect(health()).toMatchObject({
      lagBlocks: 0n,
      problems: expect.arrayContaining([expect.objectContaining({ kind: 'stale' })]),
    })
  })

  test('429: a node that refuses is left alone, the other one asked, and nothing lost', async () => {
    const { chain, shop, payment, first, pay } = await stage()
    first.manners = () => {
      throw new Refusal(429, { 'retry-after': '5' })
    }
    await pay()
    await chain.mine(12)
    await chain.watcher.catchUp()
    expect(await shop.get(payment)).toMatchObject({ status: 'confirmed' })
    expect(health()?.problems).toEqual(expect.arrayContaining([expect.objectContaining({ kind: 'rate_limited' })]))
  })

  test('oversize response: the range is halved until it fits', async () => {
    const { chain, shop, payment, first, second, pay } = await stage()
    const refused = { times: 0 }
    for (const node of [first, second]) {
      node.manners = (method, [filter], pass) => {
        const { fromBlock, toBlock } = (filter ?? {}) as Record<string, string>
        if (method !== 'eth_getLogs' || !(Number(toBlock) - Number(fromBlock) > 4)) return pass()
        refused.times += 1
        throw refused.times % 2 ? new Refusal(413) : new NodeError(-32_005, 'query returned more than 10000 results')
      }
    }
    await chain.mine(30)
    await pay()
    await chain.mine(60)
    await chain.watcher.catchUp()
    expect(await shop.get(payment)).toMatchObject({ status: 'confirmed' })
    expect(refused.times).toBeGreaterThan(2)
  })

  test('while no node answers, a pass fails and says so; when one does, it goes on where it was', async () => {
    const { chain, shop, payment, first, second, pay } = await stage()
    const gone = () => {
      throw new Refusal(503)
    }
    first.manners = gone
    second.manners = gone
    await pay()
    await chain.mine(30)
    await expect(chain.watcher.catchUp()).rejects.toThrow()
    expect(await shop.get(payment)).toMatchObject({ status: 'pending', actual_crypto_amount: null })
    second.manners = undefined
    await chain.watcher.catchUp()
    expect(await shop.get(payment)).toMatchObject({ status: 'confirmed' })
    expect(health()?.nodes.some(({ failures }) => failures > 0)).toBe(true)
  })

  test('nodes that answer for different chains in turn make a pass fail, and nothing is taken back', async () => {
    const { chain, shop, payment, first, second, pay } = await stage()
    await pay()
    await chain.mine(3)
    await chain.watcher.catchUp()
    const fork = `0x${'7'.repeat(64)}`
    for (const node of [first, second]) {
      node.manners = async (method, [at, isWhole], pass) => {
        const block = await pass()
        const isNew = method === 'eth_getBlockByNumber' && isWhole === true && at !== 'latest'
        return isNew ? { ...(block as object), parentHash: fork } : block
      }
    }
    await chain.mine()
    await expect(chain.watcher.catchUp()).rejects.toThrow(/disagree/)
    expect(await shop.get(payment)).toMatchObject({ actual_crypto_amount: '50.000000' })
    expect(await shop.told(payment)).toEqual(['detected'])
  })

  test('nodes that were not reached yet hold up no payment; wrong decimals and another chain turn the network off, in words', async () => {
    const other = await openLiveWorld(['bsc'])
    try {
      const chain = other.chain('bsc')
      const [node] = chain.nodes
      if (!node) throw new Error('no node')
      const shop = await other.shop()
      const create = () => shop.call('POST', '/payments/', { amount_usd_cents: 100, network: 'bsc', currency: 'usdt' })
      node.manners = () => {
        throw new Refusal(503)
      }
      await checkNetworks(other.deps)
      const made = await create()
      expect(made.status).toBe(201)
      node.manners = undefined
      const usdt = '0x55d398326f99059ff775485246999027b3197955'
      await chain.anvil.call('anvil_setCode', usdt, tokenCode(6))
      await checkNetworks(other.deps)
      expect(await create()).toMatchObject({ status: 400, body: { code: 'network_not_enabled' } })
      expect(other.deps.chainHealth()[0]?.refusal).toMatch(
        /USDT must have 18 decimals on bsc, but .+ says that it has 6/,
      )
      expect(other.log.filter(({ level }) => level === 'error').map(({ message }) => message)).toContain(
        'live payments on this network are off',
      )
      await expect(chain.watcher.catchUp()).rejects.toThrow(/decimals/)
      node.manners = (method, _params, pass) => (method === 'eth_chainId' ? '0x61' : pass())
      await checkNetworks(other.deps)
      expect(other.deps.chainHealth()[0]?.refusal).toMatch(/is no node of bsc/)
      node.manners = undefined
      await chain.anvil.call('anvil_setCode', usdt, tokenCode(18))
      await checkNetworks(other.deps)
      expect(await create()).toMatchObject({ status: 503, body: { code: 'all_addresses_held' } })
      await chain.pay('usdt', [made.body.assigned_address, 10n ** 18n])
      await chain.mine(15)
      await chain.watcher.catchUp()
      expect(await shop.get(made.body)).toMatchObject({ status: 'confirmed' })
    } finally {
      await other.close()
    }
  })
})
