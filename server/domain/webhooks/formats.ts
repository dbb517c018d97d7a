import { type EventFamily, familyOf } from './catalogue'
import { payhookSignature, standardSignature } from './signatures'

/** An event as a receiver is told of it. */
export type SentEvent = { id: string; type: string; data: Record<string, unknown>; createdAt: Date }

export type SignedRequest = { body: string; headers: Record<string, string> }

type Format = (event: SentEvent, secret: string) => SignedRequest

/** The wire format of each family of events, as its document shows it. A family brings its body and its own headers. */
const FORMATS: Readonly<Record<EventFamily, Format>> = { sale: saleFormat }

/** Document A: `{event, created_at, data}` and `X-Payhook-Signature`. */
function saleFormat(event: SentEvent, secret: string): SignedRequest {
  const body = JSON.stringify({ event: event.type, created_at: event.createdAt.toISOString(), data: event.data })
  return { body, headers: { 'X-Payhook-Signature': payhookSignature(body, secret) } }
}

/** `webhook-id`: the same on every attempt and on every endpoint, so that a receiver can tell a repetition. */
export function webhookId(eventId: string): string {
  return `evt_${eventId}`
}

/**
 * What is sent for an event: the body of its family, byte for byte what was signed, with the family's signature and the headers
 * of Standard Webhooks. `at` is the moment of this attempt; receivers refuse an old timestamp.
 */
export function signRequest(event: SentEvent, secret: string, at: Date): SignedRequest {
  const { body, headers } = FORMATS[familyOf(event.type)](event, secret)
  const id = webhookId(event.id)
  const timestamp = Math.floor(at.getTime() / 1_000).toString()
  return {
    body,
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': 'Payhook/1',
      ...headers,
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': standardSignature(id, timestamp, body, secret),
    },
  }
}
