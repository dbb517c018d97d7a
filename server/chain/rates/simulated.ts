import { type Clock, MINUTE_MS } from '../../kernel/clock'
import type { Priced, RateSource } from '../../ports/rates'

/** Round numbers near the real ones, times 10^8: a rehearsal's amounts are the same on every day. */
const RATES: Readonly<Record<Priced, bigint>> = {
  ETH: 250_000_000_000n,
  BNB: 60_000_000_000n,
  TRX: 25_000_000n,
  USDT: 100_000_000n,
  USDC: 100_000_000n,
  BUSD: 100_000_000n,
}

/** Prices for test keys, which never change and need no network. Payments name the source, so that nobody takes them for real. */
export function createSimulatedRates(clock: Clock): RateSource {
  return {
    name: 'simulated',
    maxAgeMs: MINUTE_MS,
    quote: async (asset) => ({ rateE8: RATES[asset], at: clock.now() }),
  }
}
