import { createHmac } from 'node:crypto'

/**
 * Document A's `X-Payhook-Signature`: HMAC-SHA256 of the raw body in hex. The key is the whole secret, prefix included, as the
 * document's sample uses it.
 *
 *     secret  whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
 *     body    {"event":"sale.completed"}
 *     →       sha256=1dd25d75f4770521c63f1bae888b23f2101550a920552d30996c3ae216e41321
 */
export function payhookSignature(body: string, secret: string): string {
  return `sha256=${hexHmac(body, secret)}`
}

/**
 * Standard Webhooks' `webhook-signature` (standardwebhooks.com): HMAC-SHA256 of `id.timestamp.body` in base64, for each secret. The
 * key is what the secret's base64 after `whsec_` decodes to. A receiver accepts any of them.
 *
 *     secret  whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
 *     id      evt_1        timestamp  1772442000        body  {"event":"sale.completed"}
 *     →       v1,cwBslPFZ1hsLKtC5YqmHFJHRMc5vU3PuNgqS92xkUGY=
 */
export function standardSignature(id: string, timestamp: string, body: string, secrets: readonly string[]): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
    })
    .join(' ')
}

/**
 * Document B's `X-PayHook-Signature`, which is Stripe's scheme: HMAC-SHA256 of `timestamp.body` in hex for each secret. The key
 * is the whole secret. The document's own verifier reads the last `v1`, Stripe's any of them: the newest secret's comes last.
 *
 *     secret  whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
 *     timestamp  1772442000        body  {"event":"payment.confirmed"}
 *     →       t=1772442000,v1=7eba1218ec61b4ca1ae7457f331925b1261c4f5dbb268746131e396bfaf67324
 */
export function timestampedSignature(timestamp: string, body: string, secrets: readonly string[]): string {
  const signed = secrets.map((secret) => `v1=${hexHmac(`${timestamp}.${body}`, secret)}`)
  return [`t=${timestamp}`, ...signed.reverse()].join(',')
}

/**
 * Document D's `X-Webhook-Signature`: HMAC-SHA256 of the body in hex, the key being the whole secret.
 *
 *     secret  whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
 *     body    {"event":"payment.completed"}
 *     →       7724fde9a84bf99e6d1b1931ebee9a102cf50fad1bcf093cc6b02f5e8440fc14
 */
export function bodySignature(body: string, secret: string): string {
  return hexHmac(body, secret)
}

function hexHmac(text: string, key: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}
