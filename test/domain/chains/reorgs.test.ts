import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { liveChain, readCursorOf } from '../../../server/domain/chains/chain'
import { type LiveChain, newWallet } from '../../support/live-chain'
import { type LiveWorld, openLiveWorld } from '../../support/live-world'

// What happens before the database is the same on either.
const isHere = inject('databaseKind') === 'pglite'

describe.runIf(isHere)('a chain that takes back what it said', () => {
  /** A chain that takes back what it said, and a server that was away: through the server, the nodes and the watcher. */

  let world: LiveWorld
  beforeAll(async () => {
    world = await openLiveWorld(['ethereum'])
  })
  afterAll(() => world.close())

  const FIFTY = 50_000_000n
  const DEEP = 30

  async function stage() {
    const chain = world.chain('ethereum')
    await chain.mine()
    await chain.watcher.catchUp()
    const shop = await world.shop()
    const payment = await shop.create('ethereum', 'usdt')
    const grown = async (blocks: number) => {
      await chain.mine(blocks)
      await chain.watcher.catchUp()
      return shop.get(payment)
    }
    const pay = () => chain.pay('usdt', [payment.assigned_address, FIFTY])
    return { chain, shop, payment, pay, grown }
  }

  /** The newest blocks are replaced by others, which hold these transactions again, in blocks counted from the fork. */
  async function replace(
    { anvil }: LiveChain,
    blocks: number,
    again: readonly (readonly [tx: string, at: number])[] = [],
  ) {
    const raw = await Promise.all(
      again.map(async ([tx, at]) => [String(await anvil.call('eth_getRawTransactionByHash', tx)), at] as const),
    )
    await anvil.call('anvil_reorg', blocks, raw)
  }

  test('reorg before confirmation: money that the chain took back is not paid, and that is told', async () => {
    const { chain, shop, payment, pay, grown } = await stage()
    await pay()
    expect(await grown(2)).toMatchObject({ status: 'pending', actual_crypto_amount: '50.000000', confirmations: 2 })
    await replace(chain, 2)
    expect(await grown(12)).toMatchObject({
      status: 'pending',
      actual_crypto_amount: null,
      tx_hash: '',
      confirmations: 0,
    })
    expect(await shop.told(payment)).toEqual(['detected', 'reversed'])
    await pay()
    expect(await grown(12)).toMatchObject({ status: 'confirmed', actual_crypto_amount: '50.000000' })
  })

  test('re-inclusion in another block: the same transaction counts once, from its new block on', async () => {
    const { chain, shop, payment, pay, grown } = await stage()
    const tx = await pay()
    expect(await grown(3)).toMatchObject({ tx_hash: tx, confirmations: 3 })
    await replace(chain, 3, [[tx, 2]])
    expect(await grown(1)).toMatchObject({ status: 'pending', tx_hash: tx, confirmations: 2 })
    expect(await grown(9)).toMatchObject({ status: 'pending', confirmations: 11 })
    expect(await grown(1)).toMatchObject({ status: 'confirmed', tx_hash: tx, actual_crypto_amount: '50.000000' })
    expect((await shop.told(payment)).filter((type) => type === 'confirmed')).toHaveLength(1)
  })

  test('reorg after confirmation: a confirmed payment whose money is gone is failed and told; it is confirmed again when the money is', async () => {
    const { chain, shop, payment, pay, grown } = await stage()
    const tx = await pay()
    expect(await grown(14)).toMatchObject({ status: 'confirmed' })
    await replace(chain, 14)
    expect(await grown(1)).toMatchObject({ status: 'failed', actual_crypto_amount: null, confirmed_at: null })
    expect(await shop.told(payment)).toEqual(['confirmed', 'detected', 'reversed'])
    expect(world.log.map(({ message }) => message)).toContain('a chain replaced blocks that it had called final')
    expect(tx).not.toBe('')
  })

  test('reorg after confirmation that holds the same transaction again changes nothing for anybody', async () => {
    const { chain, shop, payment, pay, grown } = await stage()
    const tx = await pay()
    const confirmed = await grown(14)
    expect(confirmed).toMatchObject({ status: 'confirmed' })
    await replace(chain, 14, [[tx, 0]])
    expect(await grown(1)).toMatchObject({ status: 'confirmed', confirmed_at: confirmed.confirmed_at, tx_hash: tx })
    expect(await shop.told(payment)).toEqual(['confirmed', 'detected'])
  })

  test('a fork is found wherever it is, with few questions', async () => {
    const { chain, grown } = await stage()
    const [node] = chain.nodes
    await grown(DEEP)
    for (const depth of [1, 2, 7, DEEP]) {
      await replace(chain, depth)
      if (node) node.asked.length = 0
      await grown(1)
      const cursor = await readCursorOf(world.deps, liveChain('ethereum'))
      expect(cursor?.hash).toBe(
        ((await chain.anvil.call('eth_getBlockByNumber', 'latest', false)) as { hash: string }).hash,
      )
      expect(world.deps.chainHealth()[0]?.deepestReorg).toBeGreaterThanOrEqual(BigInt(depth))
    }
  })

  test('500 missed blocks on restart: each payment of the time is found, and nothing is skipped', async () => {
    const { chain, shop, payment, pay, grown } = await stage()
    await shop.add('ethereum', [newWallet('ethereum'), newWallet('ethereum')])
    const others = [await shop.create('ethereum', 'usdt'), await shop.create('ethereum', 'usdt')]
    await pay()
    await chain.mine(200)
    for (const other of others) {
      await chain.pay('usdt', [other.assigned_address, FIFTY])
      await chain.mine(150)
    }
    chain.restart()
    expect(await grown(1)).toMatchObject({ status: 'confirmed' })
    for (const other of others) expect(await shop.get(other)).toMatchObject({ status: 'confirmed' })
    expect(await shop.told(payment)).toEqual(['confirmed', 'detected'])
  })

  test('a payment that was made before the first block was ever read is found', async () => {
    const early = await openLiveWorld(['ethereum'])
    try {
      const chain = early.chain('ethereum')
      const shop = await early.shop()
      const payment = await shop.create('ethereum', 'usdt')
      await chain.pay('usdt', [payment.assigned_address, FIFTY])
      await chain.mine(40)
      await chain.watcher.catchUp()
      expect(await shop.get(payment)).toMatchObject({ status: 'confirmed' })
    } finally {
      await early.close()
    }
  })

  test('a payment that is made, and paid, while blocks are read is not missed', async () => {
    const { chain, shop, grown } = await stage()
    const [node] = chain.nodes
    if (!node) throw new Error('no node')
    const made: Promise<unknown>[] = []
    let late: Awaited<ReturnType<typeof shop.create>> | undefined
    // Right before the node answers what the newest block holds, a pool grows, a payment is made there, and the chain replaces the block.
    node.manners = async (method, [at, isWhole], pass) => {
      const isNext = method === 'eth_getBlockByNumber' && isWhole === true && at !== 'latest'
      if (isNext && made.length === 0) {
        const making = (async () => {
          await shop.add('ethereum', [newWallet('ethereum')])
          late = await shop.create('ethereum', 'usdt')
          await chain.pay('usdt', [late.assigned_address, FIFTY])
          await chain.anvil.reorg(1)
          await chain.anvil.call('anvil_rollback', 1)
          await chain.mine()
        })()
        made.push(making)
        await making
      }
      return pass()
    }
    await grown(1)
    node.manners = undefined
    await grown(12)
    expect(late && (await shop.get(late))).toMatchObject({ status: 'confirmed' })
  })
})
