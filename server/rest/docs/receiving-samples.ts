/** The code of the guide "Receive webhooks". test/pure/rest/receiving-samples.test.ts runs each where its interpreter is. */

export const HELPER = `import { verifyWebhook, WebhookVerificationError } from 'payhook/webhooks'

export async function POST(request: Request): Promise<Response> {
  try {
    const event = await verifyWebhook({
      body: await request.text(), // as it came: no JSON parser before this
      headers: request.headers,
      secret: process.env.PAYHOOK_WEBHOOK_SECRET ?? '',
    })
    const id = request.headers.get('webhook-id') // the same when the event comes again
    if (event.event === 'sale.completed') await fulfil(id, event.data)
    return new Response(null, { status: 204 })
  } catch (error) {
    if (error instanceof WebhookVerificationError) return new Response(error.message, { status: 400 })
    throw error // anything but 2xx: Payhook sends it again
  }
}`

export const JAVASCRIPT = `import { createHmac, timingSafeEqual } from 'node:crypto'

/** rawBody: text or Buffer, before any JSON parser; headers: request.headers of node:http. */
export function verify(rawBody, headers, secret, toleranceSeconds = 300) {
  const [id, timestamp] = [headers['webhook-id'], headers['webhook-timestamp']]
  if (!(Math.abs(Date.now() / 1000 - timestamp) <= toleranceSeconds)) return false
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const hmac = createHmac('sha256', key).update(\`\${id}.\${timestamp}.\`).update(rawBody)
  const expected = Buffer.from(\`v1,\${hmac.digest('base64')}\`)
  return (headers['webhook-signature'] ?? '').split(' ').some((text) => {
    const given = Buffer.from(text)
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}`

export const PYTHON = `import base64, hashlib, hmac, time

# headers: request.headers of Flask, Django or FastAPI
# raw_body: request.get_data() of Flask, request.body of Django, await request.body() of FastAPI
def verify(raw_body: bytes, headers, secret: str, tolerance_seconds: int = 300) -> bool:
    try:
        id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        if abs(time.time() - int(timestamp)) > tolerance_seconds:
            return False
        signatures = headers["webhook-signature"].split(" ")
    except (KeyError, ValueError):
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{id}.{timestamp}.".encode() + raw_body
    expected = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    return any(hmac.compare_digest(expected, given.encode()) for given in signatures)`

export const GO = `package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Verify takes what io.ReadAll(request.Body) gave and request.Header.
func Verify(rawBody []byte, header http.Header, secret string, tolerance time.Duration) bool {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(rawBody)
	expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for _, given := range strings.Split(header.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(given), expected) {
			return true
		}
	}
	return false
}`

export const PHP = `<?php
// $rawBody: file_get_contents('php://input')
// $headers: array_change_key_case(getallheaders())
function verify(string $rawBody, array $headers, string $secret, int $toleranceSeconds = 300): bool
{
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > $toleranceSeconds) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$rawBody", $key, true));
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
        if (hash_equals($expected, $given)) {
            return true;
        }
    }
    return false;
}`

const SHELL_KEY = `key=$(printf %s "\${PAYHOOK_WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')`

/** For one request by hand: it doesn't look at the time. */
export const OPENSSL = `# id, timestamp and signature hold the three headers; body.json holds the body, byte for byte.
${SHELL_KEY}
expected=v1,$({ printf '%s.%s.' "$id" "$timestamp"; cat body.json; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
case " $signature " in *" $expected "*) echo verified ;; *) echo "not from Payhook" ;; esac`

/** Posts a signed event to a handler that is being written. */
export const CURL = `url=http://localhost:4000/hooks
body='{"event":"sale.completed","created_at":"2026-03-02T09:00:00.000Z","data":{"amount_cents":1900}}'
id=evt_by_hand_1
timestamp=$(date +%s)
${SHELL_KEY}
signature=v1,$(printf %s "$id.$timestamp.$body" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
curl "$url" --data-raw "$body" -H 'Content-Type: application/json' -H "webhook-id: $id" \\
  -H "webhook-timestamp: $timestamp" -H "webhook-signature: $signature"`

export const LISTEN = `export PAYHOOK_API_KEY=sk_test_…
node_modules/.bin/bun server/index.ts listen --forward http://localhost:4000/hooks`

export const ONCE = `INSERT INTO handled_webhooks (webhook_id) VALUES ($1) ON CONFLICT DO NOTHING`
