import { exponentOf, isCurrency } from '../../kernel/money'
import type { AmountLimits } from '../../ports/gateway'

/*
 * How Stripe counts money (docs.stripe.com/currencies). Our minor units are ISO 4217's; Stripe's are those too, but for the few
 * below. `huf` and `twd` have two decimals in charges and none in payouts, which are none of our business.
 */

/** ISO has two decimals, Stripe none: 12.00 ar is 1200 here and 12 there. */
const WITHOUT_DECIMALS = new Set(['mga'])
/** ISO has none, Stripe two for old times' sake, which must be 00: 500 kr is 500 here and 50000 there. */
const WITH_DECIMALS = new Set(['isk'])

/** The least charge in Stripe's table, in our minor units. Elsewhere it depends on the account's own currency, and Stripe decides. */
const LEAST: Readonly<Record<string, bigint>> = {
  ...{
    usd: 50n,
    aed: 200n,
    aud: 50n,
    bgn: 100n,
    brl: 50n,
    cad: 50n,
    chf: 50n,
    czk: 1500n,
    dkk: 250n,
    eur: 50n,
    gbp: 30n,
  },
  ...{ hkd: 400n, huf: 17500n, inr: 50n, jpy: 50n, mxn: 1000n, myr: 200n, nok: 300n, nzd: 50n, pln: 200n, ron: 200n },
  ...{ sek: 300n, sgd: 50n, thb: 1000n },
  ...{ ars: 50n, cop: 50n, idr: 50n, ils: 50n, krw: 50n, php: 50n, rub: 50n, zar: 50n },
}

/** Of Stripe's own units. A card may be charged more in most currencies; other means to pay on the same page may not. */
const EIGHT_DIGITS = 99_999_999n
const MOST: Readonly<Record<string, bigint>> = { inr: 999_999_999n, cop: 9_999_999_999n, idr: 999_999_999_999n }

/**
 * ISO 4217 codes in which Stripe charges nobody, and `ugx`: Stripe has it both on the list of currencies without decimals and among
 * the special cases with two, and to charge nobody is better than to charge a hundred times the price.
 */
const NOT_CHARGED = new Set('btn cup ern ghs iqd irr kpw lyd mru sdg ssp stn svc syp tmt ugx ves'.split(' '))

/** Null where nobody is charged. */
export function stripeLimits(currency: string): AmountLimits | null {
  if (!isCurrency(currency) || NOT_CHARGED.has(currency)) return null
  return {
    least: leastOf(currency),
    most: fromStripeAmount(MOST[currency] ?? EIGHT_DIGITS, currency),
    step: stepOf(currency),
  }
}

function leastOf(currency: string): bigint {
  return LEAST[currency] ?? stepOf(currency)
}

/** Three-decimal currencies must end in 0 at Stripe, and decimals that Stripe doesn't have must be 0. */
function stepOf(currency: string): bigint {
  if (WITHOUT_DECIMALS.has(currency)) return 100n
  return exponentOf(currency) === 3 ? 10n : 1n
}

/** Our minor units as Stripe's. Throws RangeError for an amount that is no multiple of the step. */
export function toStripeAmount(minor: bigint, currency: string): number {
  if (minor % stepOf(currency) !== 0n) throw new RangeError(`${minor} ${currency} can't be charged by Stripe`)
  if (WITHOUT_DECIMALS.has(currency)) return Number(minor / 100n)
  return Number(WITH_DECIMALS.has(currency) ? minor * 100n : minor)
}

/** Stripe's units as ours. Partial refunds made at Stripe are rounded down to what we can say. */
export function fromStripeAmount(amount: number | bigint, currency: string): bigint {
  const units = BigInt(amount)
  if (WITHOUT_DECIMALS.has(currency)) return units * 100n
  return WITH_DECIMALS.has(currency) ? units / 100n : units
}
