import { TRANSFER_TOPIC } from '../../server/chain/tokens'

/*
 * Contracts for a local chain, small enough to be written by hand: no compiler, and nothing in them but what the tests ask for.
 */

/** EVM code from its bytes, with labels: `@x` pushes where `:x` is, which is also a JUMPDEST. */
function assemble(...parts: string[]): `0x${string}` {
  const places = new Map<string, number>()
  let size = 0
  for (const part of parts) {
    if (part.startsWith(':')) places.set(part.slice(1), size)
    size += part.startsWith(':') ? 1 : part.startsWith('@') ? 3 : part.length / 2
  }
  const placeOf = (label: string) => (places.get(label) ?? 0).toString(16).padStart(4, '0')
  const code = parts.map((part) => {
    if (part.startsWith(':')) return '5b'
    return part.startsWith('@') ? `61${placeOf(part.slice(1))}` : part
  })
  return `0x${code.join('')}`
}

export function word(value: bigint): string {
  return value.toString(16).padStart(64, '0')
}

/** The first four bytes of the calldata on the stack. */
const SELECTOR = '5f3560e01c'
/** For each pair of words after the selector, of which the first one's place is on the stack. */
const EACH_PAIR = ['6004', ':next', '80361115', '@end', '57']
const NEXT_PAIR = ['604001', '@next', '56', ':end']

/**
 * A token that logs a Transfer from the caller for each (address, units) after any selector: with `transfer`'s it is one, with
 * more pairs a payment to many. It keeps no balances.
 */
export function tokenCode(decimals: number) {
  const logTransfer = ['80602001355f52', '803533', `7f${TRANSFER_TOPIC.slice(2)}`, '60205fa3']
  const answer = '5f5260205ff3'
  return assemble(
    ...[`${SELECTOR}63313ce56714`, '@decimals', '57'],
    ...[...EACH_PAIR, ...logTransfer, ...NEXT_PAIR, `6001${answer}`],
    ...[':decimals', `60${decimals.toString(16).padStart(2, '0')}${answer}`],
  )
}

/** Pays native money on: so much to each (address, units) after any selector. */
export const PAYER_CODE = assemble(...EACH_PAIR, '5f5f5f5f', '8460200135', '8535', '5af150', ...NEXT_PAIR, '00')

export const REVERTING_CODE = assemble('5f5ffd')

/** Answers the words that belong to the call's selector, and reverts at others. */
export function answeringCode(answers: Readonly<Record<string, readonly string[]>>) {
  const entries = Object.entries(answers)
  const jumps = entries.flatMap(([selector]) => [`8063${selector}14`, `@${selector}`, '57'])
  const bodies = entries.flatMap(([selector, words]) => [
    `:${selector}`,
    ...words.map((text, at) => `7f${text}61${(at * 32).toString(16).padStart(4, '0')}52`),
    `61${(words.length * 32).toString(16).padStart(4, '0')}5ff3`,
  ])
  return assemble(SELECTOR, ...jumps, '5f5ffd', ...bodies)
}

export function transferCall(...pairs: readonly (readonly [to: string, units: bigint])[]): `0x${string}` {
  return `0xa9059cbb${pairs.map(([to, units]) => word(BigInt(to)) + word(units)).join('')}`
}

/** A price feed as Chainlink's are, which answers so: `price` is in dollars times 10^8, `pair` such as `ETH / USD`. */
export function feedCode(price: bigint, at: Date, { pair = 'ETH / USD', decimals = 8n } = {}) {
  const text = Buffer.from(pair).toString('hex').padEnd(64, '0')
  const updatedAt = word(BigInt(Math.floor(at.getTime() / 1_000)))
  return answeringCode({
    '313ce567': [word(decimals)],
    '7284e416': [word(32n), word(BigInt(pair.length)), text],
    feaf968c: [word(9n), word(BigInt.asUintN(256, price)), updatedAt, updatedAt, word(9n)],
  })
}
