import { randomBytes } from 'node:crypto'

/** As Stripe's: what it is, and something that nobody guesses. */
export function idOf(prefix: string): string {
  return `${prefix}_${randomText(24)}`
}

export function randomText(length: number): string {
  return randomBytes(length).toString('base64url').replace(/[-_]/g, 'x').slice(0, length)
}
