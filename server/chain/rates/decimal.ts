/**
 * Dollars as a price's decimal text, times 10^8, rounded down: who pays in a coin that counts a little less pays a little more, never
 * the seller. `"2500.123456789"` → 250012345678n. Throws RangeError unless it is a plain decimal.
 */
export function rateE8Of(text: string): bigint {
  const match = /^(\d{1,12})(?:\.(\d{1,30}))?$/.exec(text)
  if (!match) throw new RangeError(`${text.slice(0, 40)} is no price`)
  return BigInt(`${match[1]}${(match[2] ?? '').slice(0, 8).padEnd(8, '0')}`)
}

/** A JSON number as decimal text, without the exponent that small ones are written with. */
export function decimalText(price: number): string {
  return price.toFixed(12)
}
