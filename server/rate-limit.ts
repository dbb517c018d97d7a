import ipaddr from 'ipaddr.js'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

export type RateLimit = {
  /** Seconds to wait when this address, or whatever else calls are counted by, has used up its share, else undefined. Counts the call. */
  exceededFor(address: string): Promise<number | undefined>
}

/** Sign-ups of one client address in an hour: an office behind one address can, a script that fills the table can't. */
export const SIGN_UPS_PER_HOUR = 20

/** Card forms of one client address in a minute: many times what a buyer needs, far less than who tries out stolen cards. */
export const CARD_FORMS_PER_MINUTE = 30

/** Checks and activations of licence keys from one client address in a minute: an app's server checks many, nobody guesses 125 bits. */
export const LICENSE_CALLS_PER_MINUTE = 120

/** Of one store's calls of connect_store in an hour: each asks Stripe twice and may open an account there. A seller needs a few. */
export const CONNECT_CALLS_PER_HOUR = 60

/** Kept in the memory of this process, so that several processes allow that many times more. */
export function createRateLimit(points: number, durationSeconds: number): RateLimit {
  const limiter = new RateLimiterMemory({ points, duration: durationSeconds })
  return {
    exceededFor: async (address) => {
      const client = clientOf(address)
      if (client === undefined) return undefined
      try {
        await limiter.consume(client)
        return undefined
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000))
      }
    },
  }
}

/**
 * Whom an address stands for: itself, or an IPv6 network of 64 bits, which one customer gets whole. Undefined for this machine:
 * what comes from loopback is its owner, or a reverse proxy that the configuration doesn't name, behind which all clients would
 * share one allowance.
 */
function clientOf(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.range() === 'loopback') return undefined
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString()
}
