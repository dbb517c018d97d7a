import * as z from 'zod'
import { MINUTE_MS } from '../../kernel/clock'
import type { Priced, Quote, RateSource } from '../../ports/rates'
import { decimalText, rateE8Of } from './decimal'
import { briefly, getJson, type PriceApiOptions } from './price-api'

const IDS: Readonly<Record<Priced, string>> = {
  ETH: 'ethereum',
  BNB: 'binancecoin',
  TRX: 'tron',
  USDT: 'tether',
  USDC: 'usd-coin',
  BUSD: 'binance-usd',
}

const Prices = z.record(z.string(), z.object({ usd: z.number().positive(), last_updated_at: z.number().positive() }))

/** CoinGecko's `/simple/price`, which needs no key. All coins in one call. */
export function createCoinGeckoRates({
  clock,
  baseUrl = 'https://api.coingecko.com',
  timeoutMs,
}: PriceApiOptions): RateSource {
  const ids = Object.values(IDS).join(',')
  const path = `/api/v3/simple/price?ids=${ids}&vs_currencies=usd&include_last_updated_at=true&precision=full`
  const prices = briefly(clock, async (_all: 'all') => Prices.parse(await getJson(`${baseUrl}${path}`, timeoutMs)))
  return {
    name: 'coingecko',
    maxAgeMs: 10 * MINUTE_MS,
    quote: async (asset): Promise<Quote | undefined> => {
      const price = (await prices('all'))[IDS[asset]]
      return price && { rateE8: rateE8Of(decimalText(price.usd)), at: new Date(price.last_updated_at * 1_000) }
    },
  }
}
