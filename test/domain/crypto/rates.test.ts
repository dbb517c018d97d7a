import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { addMs, HOUR_MS, MINUTE_MS } from '../../../server/kernel/clock'
import { feedCode } from '../../support/contracts'
import { newWallet } from '../../support/live-chain'
import { type LiveShop, type LiveWorld, openLiveWorld } from '../../support/live-world'

// What happens before the database is the same on either.
const isHere = inject('databaseKind') === 'pglite'

describe.runIf(isHere)('rates', () => {
  /** What a live payment costs in coins: with a feed on chain and two services, each of which may be wrong, old or gone. */

  let world: LiveWorld
  let shop: LiveShop
  beforeAll(async () => {
    world = await openLiveWorld(['ethereum'])
    shop = await world.shop()
    await shop.add(
      'ethereum',
      Array.from({ length: 40 }, () => newWallet('ethereum')),
    )
  })
  afterAll(() => world.close())

  const ETH_FEED = '0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419'
  const USDT_FEED = '0x3E7d1eAB13ad0104d2750B8863b489D65364e32D'

  beforeEach(async () => {
    // What the services said before is remembered for some seconds.
    world.clock.advance(MINUTE_MS)
    world.prices.status = 200
    world.prices.updatedAt = world.clock.now()
    prices({ ethereum: '2500', 'ETH-USD': '2500', tether: '1', 'USDT-USD': '1' })
    await feed(ETH_FEED, '0x')
    await feed(USDT_FEED, '0x')
  })

  function prices(usd: Record<string, string | undefined>) {
    for (const [name, price] of Object.entries(usd)) {
      if (price === undefined) world.prices.prices.delete(name)
      else world.prices.prices.set(name, price)
    }
  }

  const feed = (address: string, code: string) => world.chain('ethereum').anvil.call('anvil_setCode', address, code)
  const ethFeed = (dollars: bigint, at = world.clock.now()) => feed(ETH_FEED, feedCode(dollars * 100_000_000n, at))

  async function ask(currency: string, cents = 5_000) {
    const body = { amount_usd_cents: cents, network: 'ethereum', currency }
    const answer = await shop.call('POST', '/payments/', body)
    const { rate, rate_source: source, expected_crypto_amount: units, code } = answer.body
    return answer.status === 201 ? { rate, source, units } : { status: answer.status, code }
  }

  const NO_RATE = { status: 503, code: 'rate_unavailable' }

  test('the feed on chain is trusted first, and what is asked for is rounded up', async () => {
    await ethFeed(2_501n)
    expect(await ask('native', 1_000)).toEqual({ rate: '2501.00', source: 'chainlink', units: '0.00399841' })
  })

  test('a stale feed is passed over for a service', async () => {
    await ethFeed(9_999n, addMs(world.clock.now(), -2 * HOUR_MS))
    expect(await ask('native')).toMatchObject({ rate: '2500.00', source: 'coingecko' })
  })

  test('a service whose price is stale is passed over; when nobody has another, there is none', async () => {
    world.prices.updatedAt = addMs(world.clock.now(), -11 * MINUTE_MS)
    expect(await ask('native')).toMatchObject({ source: 'coinbase' })
    prices({ 'ETH-USD': undefined })
    world.clock.advance(MINUTE_MS)
    expect(await ask('native')).toEqual(NO_RATE)
  })

  test('a price of the future, and one that is not positive, are passed over', async () => {
    world.prices.updatedAt = addMs(world.clock.now(), 10 * MINUTE_MS)
    await ethFeed(-1n)
    expect(await ask('native')).toMatchObject({ rate: '2500.00', source: 'coinbase' })
  })

  test('of two that are more than 2 % apart neither is believed, and of three the two that agree', async () => {
    prices({ ethereum: '2500', 'ETH-USD': '2551' })
    expect(await ask('native')).toEqual(NO_RATE)
    world.clock.advance(MINUTE_MS)
    world.prices.updatedAt = world.clock.now()
    prices({ ethereum: '3000', 'ETH-USD': '2540' })
    await ethFeed(2_500n)
    expect(await ask('native')).toMatchObject({ rate: '2500.00', source: 'chainlink' })
    world.clock.advance(MINUTE_MS)
    world.prices.updatedAt = world.clock.now()
    await ethFeed(1_000n)
    prices({ ethereum: '2500', 'ETH-USD': '2540' })
    expect(await ask('native')).toMatchObject({ rate: '2500.00', source: 'coingecko' })
  })

  test('without anybody who answers there is no price for a native coin, and a stablecoin is a dollar', async () => {
    world.prices.status = 500
    expect(await ask('native')).toEqual(NO_RATE)
    expect(await ask('usdt')).toEqual({ rate: '1.00', source: 'par', units: '50.000000' })
  })

  test('a stablecoin that has lost its peg is not taken, by whoever says so', async () => {
    prices({ tether: '0.97', 'USDT-USD': '0.97' })
    expect(await ask('usdt')).toEqual(NO_RATE)
    expect(await ask('usdc')).toMatchObject({ source: 'par' })
    world.clock.advance(MINUTE_MS)
    world.prices.updatedAt = world.clock.now()
    world.prices.status = 500
    await feed(USDT_FEED, feedCode(96_000_000n, world.clock.now(), { pair: 'USDT / USD' }))
    expect(await ask('usdt')).toEqual(NO_RATE)
  })

  test('a source that hangs makes no payment slow when another one answers', async () => {
    world.prices.hangsAt = '/api/v3'
    const started = performance.now()
    expect(await ask('native')).toMatchObject({ source: 'coinbase' })
    expect(performance.now() - started).toBeLessThan(3_000)
    world.prices.hangsAt = undefined
  })
})
