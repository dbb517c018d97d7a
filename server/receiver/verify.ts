import type { WebhookEvent } from './events.js'
import type { VerifyWebhookOptions, WebhookHeaders, WebhookVerificationCode } from './options.js'

/**
 * For whoever receives Payhook's webhooks: `import { verifyWebhook } from 'payhook/webhooks'`. It imports nothing when it runs, so
 * that it works under Node, Bun and on the edge, in a project that has Payhook or one that copied this folder.
 */
export type * from './events.js'
export type * from './options.js'

/** A request that must not be acted on. Answer 400; `code` is for programs, `message` says what to do. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError'
  readonly code: WebhookVerificationCode

  constructor(code: WebhookVerificationCode, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * The event of a request, once it is proven to come from Payhook. Takes the headers of Standard Webhooks; with
 * `standardOnly: false` and without them `X-Payhook-Signature: sha256=…`, `X-Payhook-Signature: t=…,v1=…` or
 * `X-Webhook-Signature`. Throws WebhookVerificationError.
 */
export async function verifyWebhook(options: VerifyWebhookOptions): Promise<WebhookEvent> {
  const body = bytesOf(options.body)
  const secrets = checkSecrets(options.secret)
  const claim = readClaim((name) => header(options.headers, name), options.standardOnly ?? true)
  if (!(await isSigned(claim, body, secrets))) throw mismatch()
  const { sentAt } = claim
  if (sentAt !== undefined) checkAge(sentAt, options.now ?? new Date(), options.toleranceSeconds ?? 300)
  return parseEvent(body)
}

/** What the headers say: these signatures were made of `prefix` and the body. */
type Claim = {
  signatures: Bytes[]
  prefix: string
  /** Seconds since 1970; undefined in the formats that don't say. */
  sentAt: number | undefined
  keyOf(secret: string): Bytes
}

/** The element type that WebCrypto asks for: not on memory that other threads may change. */
type Bytes = Uint8Array<ArrayBuffer>
type Lookup = (name: string) => string | undefined

function readClaim(look: Lookup, standardOnly: boolean): Claim {
  // Whoever begins with these headers is held to them: falling back would let a forger choose the weakest format.
  if (look('webhook-signature') !== undefined) return standardClaim(look)
  const payhook = standardOnly ? undefined : look('x-payhook-signature')
  if (payhook?.startsWith('sha256=')) return plainClaim('X-Payhook-Signature', payhook.slice('sha256='.length))
  if (payhook !== undefined) return timestampedClaim(payhook)
  const bare = standardOnly ? undefined : look('x-webhook-signature')
  if (bare !== undefined) return plainClaim('X-Webhook-Signature', bare)
  throw new WebhookVerificationError(
    'missing_signature',
    standardOnly
      ? 'The request has no webhook-signature header, which every delivery of Payhook has. If something on the way drops it, set standardOnly: false.'
      : 'The request has no webhook-signature, X-Payhook-Signature or X-Webhook-Signature header, so that it is not a delivery of Payhook.',
  )
}

/** `webhook-signature: v1,<base64> v1,<base64>` of `id.timestamp.body` (standardwebhooks.com). */
function standardClaim(look: Lookup): Claim {
  const id = look('webhook-id')
  const timestamp = look('webhook-timestamp')
  if (!id || !timestamp) {
    throw malformed('webhook-signature came without webhook-id and webhook-timestamp. Pass all headers of the request.')
  }
  const versioned = (look('webhook-signature') ?? '').split(' ').filter((part) => part.startsWith('v1,'))
  return {
    signatures: decodeAll('webhook-signature', versioned, (part) => fromBase64(part.slice('v1,'.length))),
    prefix: `${id}.${timestamp}.`,
    sentAt: parseSeconds('webhook-timestamp', timestamp),
    keyOf: standardKey,
  }
}

/** `X-Payhook-Signature: t=<seconds>,v1=<hex>` of `timestamp.body`; several `v1` while a secret is being rotated. */
function timestampedClaim(value: string): Claim {
  const parts = value.split(',').map((part) => part.trim())
  const all = (name: string) => parts.filter((part) => part.startsWith(name)).map((part) => part.slice(name.length))
  const [timestamp, ...others] = all('t=')
  if (timestamp === undefined || others.length > 0) throw malformed('X-Payhook-Signature must hold one t=.')
  return {
    signatures: decodeAll('X-Payhook-Signature', all('v1='), fromHex),
    prefix: `${timestamp}.`,
    sentAt: parseSeconds('X-Payhook-Signature', timestamp),
    keyOf: wholeSecret,
  }
}

/** The hex of the body's HMAC and nothing else. */
function plainClaim(name: string, value: string): Claim {
  return { signatures: decodeAll(name, [value], fromHex), prefix: '', sentAt: undefined, keyOf: wholeSecret }
}

/** A rotation makes two. More are guesses, and a header full of them must not make us hash the body hundreds of times. */
const MOST_SIGNATURES = 16

function decodeAll(name: string, texts: string[], decode: (text: string) => Bytes | undefined): Bytes[] {
  const decoded = texts.slice(0, MOST_SIGNATURES).map(decode)
  const signatures = decoded.filter((signature) => signature !== undefined)
  if (signatures.length === 0) throw malformed(`${name} holds no signature of the form that Payhook sends.`)
  return signatures
}

function parseSeconds(name: string, text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw malformed(`${name} holds no time in whole seconds.`)
  return Number(text)
}

/** WebCrypto compares in constant time. */
async function isSigned(claim: Claim, body: Bytes, secrets: readonly string[]): Promise<boolean> {
  const content = concat(new TextEncoder().encode(claim.prefix), body)
  let signed = false
  for (const secret of secrets) {
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const key = await crypto.subtle.importKey('raw', claim.keyOf(secret), algorithm, false, ['verify'])
    for (const signature of claim.signatures) {
      signed = (await crypto.subtle.verify('HMAC', key, signature, content)) || signed
    }
  }
  return signed
}

/** Written so that a tolerance that is no number refuses. */
function checkAge(sentAt: number, now: Date, toleranceSeconds: number): void {
  const age = Math.floor(now.getTime() / 1_000) - sentAt
  if (Math.abs(age) <= toleranceSeconds) return
  const off = `more than ${toleranceSeconds} seconds`
  throw age > 0
    ? new WebhookVerificationError(
        'timestamp_too_old',
        `The request was signed ${off} ago: it was held up or replayed.`,
      )
    : new WebhookVerificationError(
        'timestamp_too_new',
        `The request was signed ${off} ahead of this machine's clock. Check the clock.`,
      )
}

function checkSecrets(secret: string | readonly string[]): readonly string[] {
  const secrets = typeof secret === 'string' ? [secret] : secret
  if (!Array.isArray(secrets) || secrets.length === 0) throw invalidSecret('is missing')
  for (const one of secrets) {
    if (typeof one !== 'string' || one === '') throw invalidSecret('is missing')
    if (/\s/.test(one)) throw invalidSecret('has white space in it, perhaps the end of a line')
  }
  return secrets
}

/** The formats of the documents take the whole text as the key, prefix included. */
function wholeSecret(secret: string): Bytes {
  return new TextEncoder().encode(secret)
}

/** Standard Webhooks takes what the base64 after `whsec_` decodes to. */
function standardKey(secret: string): Bytes {
  const key = fromBase64(secret.replace(/^whsec_/, ''))
  if (key === undefined || key.length === 0) throw invalidSecret('is not base64 after whsec_')
  return key
}

const NOT_RAW =
  'body must be the raw request body, as text or bytes. Take it before a JSON parser does: express.raw(), request.text().'

function bytesOf(body: string | Uint8Array | ArrayBuffer): Bytes {
  if (typeof body === 'string') return new TextEncoder().encode(body)
  if (body instanceof Uint8Array) return new Uint8Array(body)
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  throw new WebhookVerificationError('invalid_body', NOT_RAW)
}

function parseEvent(body: Bytes): WebhookEvent {
  try {
    const event: unknown = JSON.parse(new TextDecoder().decode(body))
    if (isEvent(event)) return event
  } catch {
    // It is signed and still no JSON: said below, as for any JSON that is no event.
  }
  throw new WebhookVerificationError('invalid_body', 'The body is signed, but it is not an event of Payhook.')
}

/** The signature proves where it comes from, and with it its shape. */
function isEvent(value: unknown): value is WebhookEvent {
  return typeof value === 'object' && value !== null && 'event' in value && typeof value.event === 'string'
}

/** Undefined when it isn't there. One that came twice is joined, as fetch does, and fits nothing. */
function header(headers: WebhookHeaders, name: string): string | undefined {
  if (isFetchHeaders(headers)) return headers.get(name) ?? undefined
  const key = Object.keys(headers).find((candidate) => candidate.toLowerCase() === name)
  const value = key === undefined ? undefined : headers[key]
  return typeof value === 'string' ? value : value?.join(', ')
}

function isFetchHeaders(headers: WebhookHeaders): headers is { get(name: string): string | null } {
  return typeof headers.get === 'function'
}

/** Undefined unless it is 32 bytes in the one spelling that Payhook sends. */
function fromHex(text: string): Bytes | undefined {
  if (!/^[0-9a-f]{64}$/.test(text)) return undefined
  return Uint8Array.from({ length: 32 }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16))
}

/** Undefined unless it is base64 in its one canonical spelling: two spellings of one signature would be two messages to a log. */
function fromBase64(text: string): Bytes | undefined {
  try {
    const binary = atob(text)
    return btoa(binary) === text ? Uint8Array.from(binary, (char) => char.charCodeAt(0)) : undefined
  } catch {
    return undefined
  }
}

function concat(first: Bytes, second: Bytes): Bytes {
  const joined = new Uint8Array(first.length + second.length)
  joined.set(first)
  joined.set(second, first.length)
  return joined
}

function malformed(message: string) {
  return new WebhookVerificationError('malformed_signature', message)
}

function mismatch() {
  return new WebhookVerificationError(
    'signature_mismatch',
    'The signature does not fit. Check that secret is the whole secret of this endpoint, and that body is what came, byte for byte.',
  )
}

function invalidSecret(what: string) {
  return new WebhookVerificationError(
    'invalid_secret',
    `The webhook secret ${what}. It looks like whsec_… and came with the endpoint.`,
  )
}
