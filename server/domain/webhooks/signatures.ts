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
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/**
 * Standard Webhooks' `webhook-signature` (standardwebhooks.com): HMAC-SHA256 of `id.timestamp.body` in base64. The key is what
 * the secret's base64 after `whsec_` decodes to.
 *
 *     secret  whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
 *     id      evt_1        timestamp  1772442000        body  {"event":"sale.completed"}
 *     →       v1,cwBslPFZ1hsLKtC5YqmHFJHRMc5vU3PuNgqS92xkUGY=
 */
export function standardSignature(id: string, timestamp: string, body: string, secret: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}
