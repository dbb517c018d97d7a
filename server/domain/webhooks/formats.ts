import { type EventFamily, familyOf } from './catalogue'
import type { SigningSecrets } from './secrets'
import { payhookSignature, standardSignature } from './signatures'

/** An event as a receiver is told of it. */
export type SentEvent = { id: string; type: string; data: Record<string, unknown>; createdAt: Date }

export type SignedRequest = { body: string; headers: Record<string, string> }

type Format = (event: SentEvent, secrets: SigningSecrets) => SignedRequest

/** The wire format of each family of events, as its document shows it. A family brings its body and its own headers. */
const FORMATS: Readonly<Record<EventFamily, Format>> = { sale: saleFormat, webhook: plainFormat }

/** Document A: `{event, created_at, data}` and `X-Payhook-Signature`. */
function saleFormat(event: SentEvent, [secret]: SigningSecrets): SignedRequest {
  const { body } = plainFormat(event)
  return { body, headers: { 'X-Payhook-Signature': payhookSignature(body, secret) } }
}

/** The headers of Standard Webhooks sign it. */
function plainFormat(event: SentEvent): SignedRequest {
  const body = JSON.stringify({ event: event.type, created_at: event.createdAt.toISOString(), data: event.data })
  return { body, headers: {} }
}

/** `webhook-id`: the same on every attempt and on every endpoint, so that a receiver can tell a repetition. */
export function webhookId(eventId: string): string {
  return `evt_${eventId}`
}

/**
 * What is sent for an event: the body of its family, byte for byte what was signed, with the family's signature and the headers
 * of Standard Webhooks. Where there is room for several signatures, every secret that is valid signs. `at` is the moment of this
 * attempt; receivers refuse an old timestamp.
 */
export function signRequest(event: SentEvent, secrets: SigningSecrets, at: Date): SignedRequest {
  const { body, headers } = FORMATS[familyOf(event.type)](event, secrets)
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
      'webhook-signature': secrets.map((secret) => standardSignature(id, timestamp, body, secret)).join(' '),
    },
  }
}
