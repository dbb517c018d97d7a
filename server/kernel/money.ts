/**
 * Money is a bigint of the currency's smallest unit and a lower-case ISO 4217 code. Decimals are parsed from their text;
 * nothing here multiplies a float.
 *
 * Exponents: ISO 4217 amendment 177, kept here because `Intl` answers with CLDR's display digits instead (0 for huf, idr, cop
 * and pkr, where ISO says 2).
 */
const ZERO_DECIMALS = 'bif clp djf gnf isk jpy kmf krw pyg rwf ugx vnd vuv xaf xof xpf'
const THREE_DECIMALS = 'bhd iqd jod kwd lyd omr tnd'
const TWO_DECIMALS =
  'aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd btn bwp byn bzd cad cdf chf cny cop crc cup ' +
  'cve czk dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs gip gmd gtq gyd hkd hnl htg huf idr ils inr irr jmd kes kgs khr ' +
  'kpw kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mru mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen ' +
  'pgk php pkr pln qar ron rsd rub sar sbd scr sdg sek sgd shp sle sos srd ssp stn svc syp szl thb tjs tmt top try ttd twd ' +
  'tzs uah usd uyu uzs ves wst xcd yer zar zmw zwg'

const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...TWO_DECIMALS.split(' ').map((code) => [code, 2] as const),
  ...ZERO_DECIMALS.split(' ').map((code) => [code, 0] as const),
  ...THREE_DECIMALS.split(' ').map((code) => [code, 3] as const),
])

export const CURRENCIES: readonly string[] = [...EXPONENTS.keys()].sort()

export function isCurrency(code: string): boolean {
  return EXPONENTS.has(code)
}

/** Digits after the point: 2 for usd, 0 for jpy, 3 for kwd. Throws RangeError on an unknown code. */
export function exponentOf(currency: string): number {
  const exponent = EXPONENTS.get(currency)
  if (exponent === undefined) throw new RangeError(`unknown currency ${currency}`)
  return exponent
}

/**
 * `"19.99"`, usd → 1999n. Undefined when the text is no plain decimal or has more digits than the currency: "19.999" is a
 * mistake to be told, not a price to be rounded.
 */
export function parseDecimal(text: string, currency: string): bigint | undefined {
  const match = /^(-?)(\d{1,18})(?:\.(\d{1,9}))?$/.exec(text)
  if (!match) return undefined
  const exponent = exponentOf(currency)
  const fraction = (match[3] ?? '').replace(/0+$/, '')
  if (fraction.length > exponent) return undefined
  const minor = BigInt(`${match[2]}${fraction.padEnd(exponent, '0')}`)
  return match[1] ? -minor : minor
}

/**
 * A number as JSON writes it, `29.99` or `1e2`, as a plain decimal, digit by digit: `"2999e-2"` → `"29.99"`. Undefined when it is no
 * number of JSON, or one of more digits than any amount has.
 */
export function plainDecimal(text: string): string | undefined {
  const match = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text)
  if (!match?.[2]) return undefined
  const [, sign = '', whole, fraction = '', exponent = '0'] = match
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  const before = digits
    .slice(0, Math.max(point, 0))
    .padEnd(point, '0')
    .replace(/^0+(?=\d)/, '')
  const after = (point < 0 ? '0'.repeat(-point) : '') + digits.slice(Math.max(point, 0))
  return `${sign}${before || '0'}${after.replace(/0+$/, '').replace(/^(?=.)/, '.')}`
}

/** 1999n, usd → 19.99: the number that JSON writes as this decimal. Exact up to 15 digits, far above any amount of ours. */
export function toDecimalNumber(minor: bigint, currency: string): number {
  return Number(formatDecimal(minor, currency))
}

/** 1999n, usd → `"19.99"`; 500n, jpy → `"500"`. */
export function formatDecimal(minor: bigint, currency: string): string {
  const exponent = exponentOf(currency)
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, '0')
  const sign = minor < 0n ? '-' : ''
  if (exponent === 0) return `${sign}${digits}`
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

/** For people: `$19.99`, `19,99 €`, in the reader's locale, with the digits of ISO 4217 forced on `Intl`. */
export function formatMoney(minor: bigint, currency: string, locale = 'en-US'): string {
  const digits = exponentOf(currency)
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  // A decimal string keeps every digit; a number would lose them above 2^53.
  return format.format(formatDecimal(minor, currency) as Intl.StringNumericLiteral)
}

/** Basis points of an amount, rounded half up: the fee of 250 bp on 1999 is 50. */
export function basisPointsOf(minor: bigint, basisPoints: number): bigint {
  return (minor * BigInt(basisPoints) + 5_000n) / 10_000n
}

/** `Math.min` takes no bigint. */
export function lesserOf(a: bigint, b: bigint): bigint {
  if (a < b) return a
  return b
}

export function greaterOf(a: bigint, b: bigint): bigint {
  if (a > b) return a
  return b
}

/** A minor amount as a JSON number. Throws RangeError beyond 2^53, where JSON would silently change it. */
export function toWireMinor(minor: bigint): number {
  const value = Number(minor)
  if (!Number.isSafeInteger(value)) throw new RangeError('amount too large for a JSON number')
  return value
}
