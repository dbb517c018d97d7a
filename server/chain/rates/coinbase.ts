import * as z from 'zod'
import { MINUTE_MS } from '../../kernel/clock'
import type { Priced, Quote, RateSource } from '../../ports/rates'
import { rateE8Of } from './decimal'
import { briefly, getJson, type PriceApiOptions } from './price-api'

/** TRX isn't sold there, BUSD not any more. */
const SOLD: readonly Priced[] = ['ETH', 'BNB', 'USDT', 'USDC']

const Spot = z.object({ data: z.object({ amount: z.string(), base: z.string(), currency: z.literal('USD') }) })

/** Coinbase's spot prices, which need no key. They have no time, so they are of the moment that they were asked for. */
export function createCoinbaseRates({
  clock,
  baseUrl = 'https://api.coinbase.com',
  timeoutMs,
}: PriceApiOptions): RateSource {
  const spot = briefly(clock, async (asset: Priced): Promise<Quote | undefined> => {
    const at = clock.now()
    const answer = await getJson(`${baseUrl}/v2/prices/${asset}-USD/spot`, timeoutMs)
    if (answer === undefined) return undefined
    const { data } = Spot.parse(answer)
    if (data.base !== asset) throw new Error(`asked Coinbase for ${asset}, got ${data.base}`)
    return { rateE8: rateE8Of(data.amount), at }
  })
  return {
    name: 'coinbase',
    maxAgeMs: 2 * MINUTE_MS,
    quote: async (asset) => (SOLD.includes(asset) ? spot(asset) : undefined),
  }
}
