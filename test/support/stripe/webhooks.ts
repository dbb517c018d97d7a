import Stripe from 'stripe'
import type { Clock } from '../../../server/kernel/clock'
import type { StripeEvent } from './objects'

/** What happens to deliveries, as chances from 0 to 1. */
export type Weather = {
  /** Never delivered at all. */
  lost: number
  /** Delivered, and the answer lost: delivered again later. */
  repeated: number
  /** Kept back for a later round, so that newer ones overtake it. */
  late: number
}

export const FINE: Weather = { lost: 0, repeated: 0, late: 0 }

/** What Stripe tells, and how much of it was taken. */
export type Told = { all: readonly StripeEvent[]; delivered: ReadonlySet<string> }

export type Delivery = { event: StripeEvent; status: number | null }

/**
 * Sends an account's events to one address, signed, again and again until it answers 2xx. What happens in connected accounts comes from a
 * second endpoint at Stripe, with a secret of its own. `random` is from 0 to 1.
 */
export function createWebhooks(
  clock: Clock,
  { secret, connectSecret }: { secret: string; connectSecret: string },
  random: () => number = Math.random,
) {
  const waiting: StripeEvent[] = []
  const all: StripeEvent[] = []
  const log: Delivery[] = []
  const delivered = new Set<string>()
  const webhooks = {
    /** Where to; nothing is sent while it is undefined. */
    target: undefined as string | undefined,
    weather: FINE,
    all,
    waiting,
    log,
    delivered,
    take: (event: StripeEvent) => {
      all.push(event)
      if (random() >= webhooks.weather.lost) waiting.push(event)
    },
    send,
    drain,
    sign,
  }

  function sign(payload: string, at = clock.now(), by = secret): Promise<string> {
    const timestamp = Math.floor(at.getTime() / 1_000)
    return Stripe.webhooks.generateTestHeaderStringAsync({
      ...{ payload, secret: by, timestamp, scheme: 'v1', signature: '' },
      cryptoProvider: Stripe.createSubtleCryptoProvider(),
    })
  }

  const signed = ({ account }: StripeEvent, body: string) => sign(body, clock.now(), account ? connectSecret : secret)

  /** One delivery. Null where nobody answered. */
  async function send(event: StripeEvent): Promise<number | null> {
    const body = JSON.stringify(event)
    const status = webhooks.target === undefined ? null : await post(webhooks.target, body, await signed(event, body))
    log.push({ event, status })
    if (isTaken(status)) delivered.add(event.id)
    return status
  }

  /** Sends what waits, until nothing does or `rounds` went by; what failed waits for the next round. */
  async function drain(rounds = 20): Promise<void> {
    for (let round = 0; round < rounds && waiting.length > 0; round++) {
      const { late, repeated } = webhooks.weather
      const batch = waiting.splice(0)
      const later: StripeEvent[] = []
      if (late > 0) batch.sort(() => random() - 0.5)
      for (const event of batch) {
        // The last rounds keep nothing back, so that all arrives.
        if (round < 3 && random() < late) later.push(event)
        else if (!isTaken(await send(event)) || random() < repeated) later.push(event)
      }
      waiting.push(...later)
    }
  }

  return webhooks
}

export type Webhooks = ReturnType<typeof createWebhooks>

function isTaken(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300
}

async function post(url: string, body: string, signature: string): Promise<number | null> {
  const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Stripe-Signature': signature }
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) })
    await response.text()
    return response.status
  } catch {
    return null
  }
}
