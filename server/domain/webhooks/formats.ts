import * as z from 'zod'
import { Instant } from '../../kernel/wire'
import { CATALOGUE, type EventType, familyOf } from './catalogue'
import type { EventFamily } from './event-schema'
import { bodySignature, payhookSignature, standardSignature, timestampedSignature } from './signatures'

/** An event as a receiver is told of it. */
export type SentEvent = { id: string; type: string; data: Record<string, unknown>; createdAt: Date }

export type SignedRequest = { body: string; headers: Record<string, string> }

/** What a request is signed with and for. */
export type Signing = {
  /** The newest first, then those that a rotation has not ended yet. */
  secrets: readonly [newest: string, ...older: string[]]
  /** Document B's numeric delivery id: a delivery's own, new for a replay. */
  deliveryNumber: number
  /** The moment of this attempt; receivers refuse an old timestamp. */
  at: Date
}

type Signed = { event: SentEvent; body: string; timestamp: string; signing: Signing }

type Format = {
  toBody(event: SentEvent): object
  /** What `toBody` makes, for the published schemas. */
  bodySchema(type: EventType): z.ZodObject
  headers(signed: Signed): Record<string, string>
}

const eventName = (type: EventType) => z.literal(type)

/** `{event, created_at, data}`: documents A, and our own events. */
const envelope: Format = {
  toBody: ({ type, createdAt, data }) => ({ event: type, created_at: createdAt.toISOString(), data }),
  bodySchema: (type) => z.object({ event: eventName(type), created_at: Instant, data: CATALOGUE[type].data }),
  headers: () => ({}),
}

/** Document A allows one signature: the newest secret's. */
const sale: Format = {
  ...envelope,
  headers: ({ body, signing }) => ({ 'X-Payhook-Signature': payhookSignature(body, signing.secrets[0]) }),
}

/** Document D: flat; one signature; and an id that all events of one transaction share. */
const cardPayment: Format = {
  toBody: ({ type, createdAt, data }) => ({ event: type, ...data, timestamp: createdAt.toISOString() }),
  bodySchema: (type) => z.object({ event: eventName(type), ...CATALOGUE[type].data.shape, timestamp: Instant }),
  headers: ({ event, body, signing }) => ({
    'X-Webhook-Signature': bodySignature(body, signing.secrets[0]),
    'X-Webhook-Id': String(event.data.transaction_id),
  }),
}

/** Document B: flat; Stripe's scheme of signatures, which allows several. */
const cryptoPayment: Format = {
  toBody: ({ type, data }) => ({ event: type, ...data }),
  bodySchema: (type) => z.object({ event: eventName(type), ...CATALOGUE[type].data.shape }),
  headers: ({ event, body, timestamp, signing }) => ({
    'X-PayHook-Event': event.type,
    'X-PayHook-Delivery-Id': String(signing.deliveryNumber),
    'X-PayHook-Signature': timestampedSignature(timestamp, body, signing.secrets),
  }),
}

const FORMATS: Readonly<Record<EventFamily, Format>> = {
  sale,
  card_payment: cardPayment,
  crypto_payment: cryptoPayment,
  order: envelope,
  checkout: envelope,
  dispute: envelope,
  addresses: envelope,
  store: envelope,
  billing: envelope,
  webhook: envelope,
}

/** `webhook-id`: the same on every attempt and on every endpoint, so that a receiver can tell a repetition. */
export function webhookId(eventId: string): string {
  return `evt_${eventId}`
}

/** The JSON Schema's source of what is sent for an event of this type. */
export function bodySchemaOf(type: EventType): z.ZodObject {
  return FORMATS[CATALOGUE[type].family].bodySchema(type)
}

/** What is sent for an event, before it is made text. */
export function bodyOf(event: SentEvent): object {
  return FORMATS[familyOf(event.type)].toBody(event)
}

/**
 * The request that tells of an event: the body of its family, byte for byte what was signed, with the family's headers and those
 * of Standard Webhooks. The bytes are what `JSON.stringify` makes of the parsed body, for verifiers that parse first (document D).
 */
export function signRequest(event: SentEvent, signing: Signing): SignedRequest {
  const body = JSON.stringify(bodyOf(event))
  const id = webhookId(event.id)
  const timestamp = Math.floor(signing.at.getTime() / 1_000).toString()
  return {
    body,
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': 'Payhook/1',
      ...FORMATS[familyOf(event.type)].headers({ event, body, timestamp, signing }),
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': standardSignature(id, timestamp, body, signing.secrets),
    },
  }
}
