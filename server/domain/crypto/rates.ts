import type { StoreContext } from '../../context'
import { answeredSoon } from '../../kernel/answered-soon'
import { addMs, MINUTE_MS, SECOND_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import type { CoinFacts } from '../../kernel/networks'
import type { Priced, Quote, RateSource } from '../../ports/rates'

/** The price that a payment is made at, kept with it. */
export type Rate = { rateE8: bigint; source: string; at: Date }

const ONE_DOLLAR_E8 = 100_000_000n

/** More apart than this, in basis points, and two sources disagree: one of them is wrong, and nobody knows which. */
const MOST_APART = 200n

/** A source's clock may be ahead of ours by this much. */
const AHEAD_MS = MINUTE_MS

/**
 * Stablecoins count as dollars, as long as whoever knows their price agrees. The native coins' price is the first source's, where
 * no other one disagrees; with disagreement, the first one that another confirms.
 * Throws rate_unavailable rather than answer a price that is stale or in doubt.
 */
export async function currentRate(ctx: StoreContext, { asset, symbol }: CoinFacts): Promise<Rate> {
  const quotes = await quotesOf(ctx, (asset ?? symbol) as Priced)
  if (asset !== null) return agreedOf(quotes, symbol)
  const known = quotes.length > 0 ? agreedOf(quotes, symbol) : undefined
  if (known && areApart(known.rateE8, ONE_DOLLAR_E8)) throw unavailable(`${symbol} has lost its peg to the dollar.`)
  return { rateE8: ONE_DOLLAR_E8, source: 'par', at: known?.at ?? ctx.clock.now() }
}

/** So long are the others waited for when one has answered: who hangs must not make each payment slow. */
const PATIENCE_MS = SECOND_MS

/** In the order of the sources. */
async function quotesOf(ctx: StoreContext, asset: Priced): Promise<Rate[]> {
  const sources = ctx.isTest ? ctx.rates.test : ctx.rates.live
  const asked = sources.map(async (source) => {
    const rate = await ask(ctx, source, asset)
    return rate && { source, rate }
  })
  const answers = await answeredSoon(asked, PATIENCE_MS)
  return sources.flatMap((source) => answers.find((one) => one.source === source)?.rate ?? [])
}

async function ask(ctx: StoreContext, source: RateSource, asset: Priced): Promise<Rate | undefined> {
  try {
    const quote = await source.quote(asset)
    if (!quote) return undefined
    const problem = problemOf(quote, source, ctx.clock.now())
    if (problem === undefined) return { ...quote, source: source.name }
    ctx.log.warn({ source: source.name, asset, rate_e8: String(quote.rateE8), at: quote.at }, `a rate is ${problem}`)
  } catch (error) {
    ctx.log.warn({ err: error, source: source.name, asset }, 'a source of rates did not answer')
  }
  return undefined
}

function problemOf({ rateE8, at }: Quote, { maxAgeMs }: RateSource, now: Date): string | undefined {
  if (rateE8 <= 0n) return 'not positive'
  if (at > addMs(now, AHEAD_MS)) return 'of the future'
  return at < addMs(now, -maxAgeMs) ? 'stale' : undefined
}

function agreedOf(quotes: readonly Rate[], symbol: string): Rate {
  const [first, ...others] = quotes
  if (!first) throw unavailable(`No source knows the price of ${symbol} at this moment.`)
  if (others.length === 0) return first
  const agreed = quotes.find((one) => quotes.some((other) => other !== one && !areApart(one.rateE8, other.rateE8)))
  if (!agreed) throw unavailable(`The sources disagree about the price of ${symbol}.`)
  return agreed
}

function areApart(a: bigint, b: bigint): boolean {
  const [low, high] = a < b ? [a, b] : [b, a]
  return (high - low) * 10_000n > low * MOST_APART
}

function unavailable(message: string) {
  return new AppError('rate_unavailable', message, {
    hint: 'Try again in a minute, or take the payment in another coin.',
    retryAfterSeconds: 60,
  })
}

/** What to ask for: base units for an amount of dollars, rounded up to the digits that buyers are shown. */
export function unitsFor(usdCents: bigint, rateE8: bigint, { decimals, shownDecimals }: CoinFacts): bigint {
  const units = ceilDivide(usdCents * 10n ** BigInt(decimals) * ONE_DOLLAR_E8, 100n * rateE8)
  const step = 10n ** BigInt(decimals - shownDecimals)
  return ceilDivide(units, step) * step
}

function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}
