/** What `verifyWebhook` is given, and says when it refuses. Types only, as in events.ts: nothing is imported when it runs. */

export type WebhookVerificationCode =
  | 'missing_signature'
  | 'malformed_signature'
  | 'signature_mismatch'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'invalid_secret'
  | 'invalid_body'

/** `Headers` of the Fetch API, or an object such as `request.headers` of node:http; names in any case. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

export type VerifyWebhookOptions = {
  /** The request's body as it came, before any JSON parser had it. */
  body: string | Uint8Array | ArrayBuffer
  headers: WebhookHeaders
  /** The endpoint's secret, `whsec_` included; several while a secret is being rotated, of which one has to fit. */
  secret: string | readonly string[]
  /** How far the time of sending may be off, into the past and into the future. */
  toleranceSeconds?: number
  /**
   * Refuses what lacks the headers of Standard Webhooks: true unless you say false. Every delivery of Payhook has them; the older
   * signatures of sales and card payments don't say when they were made, so that somebody who caught a request could take those
   * headers off and send it again, years later. Say false only where something on the way drops headers that it doesn't know.
   */
  standardOnly?: boolean
  /** The present, when it isn't this machine's. */
  now?: Date
}
