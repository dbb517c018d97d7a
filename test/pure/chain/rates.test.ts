import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEvmNodes } from '../../../server/chain/evm'
import { createChainlinkRates } from '../../../server/chain/rates/chainlink'
import { createCoinbaseRates } from '../../../server/chain/rates/coinbase'
import { createCoinGeckoRates } from '../../../server/chain/rates/coingecko'
import { decimalText, rateE8Of } from '../../../server/chain/rates/decimal'
import { tokensOf } from '../../../server/chain/tokens'
import { HOUR_MS, systemClock } from '../../../server/kernel/clock'
import { type Anvil, startAnvil } from '../../support/anvil'
import { evmAnswers, serveNode } from '../../support/chain-node'
import { manualClock } from '../../support/clock'
import { feedCode, tokenCode, word } from '../../support/contracts'
import { type PriceServer, startPriceServer } from '../../support/price-server'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

describe('chainlink', () => {
  const ETH_FEED = '0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419'
  let anvil: Anvil

  const setFeed = (...feed: Parameters<typeof feedCode>) => anvil.call('anvil_setCode', ETH_FEED, feedCode(...feed))

  beforeEach(async () => {
    anvil = await startAnvil(1)
    stops.push(anvil.stop)
    for (const { contract, decimals } of tokensOf('ethereum').values()) {
      await anvil.call('anvil_setCode', contract, tokenCode(decimals))
    }
  })

  function open(...urls: string[]) {
    const ethereum = createEvmNodes('ethereum', { urls, clock: systemClock })
    return createChainlinkRates({ ethereum }, systemClock)
  }

  test('the price on chain is the rate, with the time that the feed says', async () => {
    const at = new Date(Math.floor(Date.now() / 1_000) * 1_000)
    await setFeed(250_012_345_678n, at)
    const rates = open(anvil.url)
    expect(await rates.quote('ETH')).toEqual({ rateE8: 250_012_345_678n, at })
    expect(await rates.quote('BNB')).toBeUndefined()
  })

  test('a price older than the feed’s heartbeat is refused, and a node whose chain goes on asked', async () => {
    const [behind, fresh] = [serveNode(evmAnswers(anvil)), serveNode(evmAnswers(anvil))]
    stops.push(behind.stop, fresh.stop)
    await setFeed(250_000_000_000n, new Date())
    behind.manners = async (method, params, pass) => {
      const [call] = params as [{ data?: string }]
      if (method !== 'eth_call' || call.data !== '0xfeaf968c') return pass()
      const old = word(BigInt(Math.floor((Date.now() - 2 * HOUR_MS) / 1_000)))
      return `0x${[word(8n), word(100n), old, old, word(8n)].join('')}`
    }
    expect(await open(behind.url, fresh.url).quote('ETH')).toMatchObject({ rateE8: 250_000_000_000n })
    await expect(open(behind.url).quote('ETH')).rejects.toThrow('ETH / USD is stale')
  })

  test.each([
    ['of another pair', { pair: 'BTC / USD' }],
    ['with other decimals', { decimals: 18n }],
  ])('a feed %s is refused', async (_what, facts) => {
    await setFeed(250_000_000_000n, new Date(), facts)
    await expect(open(anvil.url).quote('ETH')).rejects.toThrow(/the feed at .+ is ".+" with \d+ decimals/)
  })

  test('a negative price stays negative, for whoever judges it', async () => {
    await setFeed(-5n, new Date())
    expect(await open(anvil.url).quote('ETH')).toMatchObject({ rateE8: -5n })
  })
})

describe('over HTTP', () => {
  const clock = manualClock()
  let server: PriceServer

  beforeEach(() => {
    server = startPriceServer(clock.now())
    stops.push(server.stop)
  })

  test('CoinGecko’s prices come in one call, with their time, also those below a cent', async () => {
    server.prices.set('ethereum', '2500.5').set('tron', '0.00000012')
    const rates = createCoinGeckoRates({ clock, baseUrl: server.url })
    const at = server.updatedAt
    expect(await rates.quote('ETH')).toEqual({ rateE8: 250_050_000_000n, at })
    expect(await rates.quote('TRX')).toEqual({ rateE8: 12n, at })
    expect(await rates.quote('BNB')).toBeUndefined()
    expect(server.calls).toBe(1)
  })

  test('Coinbase’s spot price is the rate of the moment; what it does not sell is unknown without a call', async () => {
    server.prices.set('ETH-USD', '2500.123456789')
    const rates = createCoinbaseRates({ clock, baseUrl: server.url })
    expect(await rates.quote('ETH')).toEqual({ rateE8: 250_012_345_678n, at: clock.now() })
    expect(await rates.quote('TRX')).toBeUndefined()
    expect(server.calls).toBe(1)
    expect(await rates.quote('BNB')).toBeUndefined()
  })

  test('many askers at once are one call; the answer is forgotten after some seconds, a failure at once', async () => {
    server.prices.set('ETH-USD', '2500')
    const rates = createCoinbaseRates({ clock, baseUrl: server.url })
    server.status = 503
    await expect(rates.quote('ETH')).rejects.toThrow('answered 503')
    server.status = 200
    await Promise.all(Array.from({ length: 50 }, () => rates.quote('ETH')))
    expect(server.calls).toBe(2)
    clock.advance(60_000)
    server.prices.set('ETH-USD', '2600')
    expect(await rates.quote('ETH')).toMatchObject({ rateE8: 260_000_000_000n })
  })

  test('an answer of another form is refused', async () => {
    server.prices.set('ETH-USD', '1e9').set('BNB-USD', '-1')
    const rates = createCoinbaseRates({ clock, baseUrl: server.url })
    await expect(rates.quote('ETH')).rejects.toThrow('1e9 is no price')
    await expect(rates.quote('BNB')).rejects.toThrow('is no price')
  })

  test('a price is read to 8 digits, and never up', () => {
    expect(rateE8Of('0.123456789')).toBe(12_345_678n)
    expect(rateE8Of(decimalText(1e-7))).toBe(10n)
    expect(() => rateE8Of('NaN')).toThrow(RangeError)
  })
})
