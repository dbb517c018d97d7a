import type { Child } from 'hono/jsx'
import { ERRORS } from '../../kernel/errors'
import type { TestCard } from '../../ports/gateway'
import { Balance } from './balance'
import { Billing } from './billing'
import { Code } from './code'
import { Coupons } from './coupons'
import { Crypto } from './crypto'
import { Events } from './events'
import { Licences } from './licences'
import { Links } from './links'
import { Networks } from './networks'
import { Platform } from './platform'
import { Receipts } from './receipts'
import { Receiving } from './receiving'
import { EVENT, mcpConfig, restSample, signUp, trpcSample } from './samples'
import { TestCards } from './test-cards'

/** What the guides know of this server. */
export type GuideFacts = { publicUrl: string; testCards: readonly TestCard[] }
type Guide = { id: string; title: string; Text(props: GuideFacts): Child }

/** The guides in the order in which a newcomer needs them. */
export const GUIDES: readonly Guide[] = [
  { id: 'quickstart', title: 'Quickstart', Text: Quickstart },
  { id: 'mcp', title: 'MCP', Text: Mcp },
  { id: 'trpc', title: 'tRPC', Text: Trpc },
  { id: 'rest', title: 'REST', Text: Rest },
  { id: 'authentication', title: 'Authentication', Text: Authentication },
  { id: 'errors', title: 'Errors', Text: Errors },
  { id: 'idempotency', title: 'Idempotency', Text: Idempotency },
  { id: 'webhooks', title: 'Webhooks', Text: Webhooks },
  { id: 'receive-webhooks', title: 'Receive webhooks', Text: Receiving },
  { id: 'links', title: 'Links, buttons and frames', Text: Links },
  { id: 'crypto', title: 'Crypto payments', Text: Crypto },
  { id: 'coupons', title: 'Coupons', Text: Coupons },
  { id: 'balance', title: 'Balance and disputes', Text: Balance },
  { id: 'platform', title: 'Your own Stripe account', Text: Platform },
  { id: 'networks', title: 'Live networks for crypto', Text: Networks },
  { id: 'billing', title: 'Plans and prepaid billing', Text: Billing },
  { id: 'receipts', title: 'Receipts', Text: Receipts },
  { id: 'licence-keys', title: 'Variants and licence keys', Text: Licences },
  { id: 'test-cards', title: 'Test mode and test cards', Text: TestCards },
]

export function Guides(facts: GuideFacts) {
  return (
    <>
      {GUIDES.map(({ id, title, Text }) => (
        <section aria-labelledby={id}>
          <h2 id={id}>{title}</h2>
          <Text {...facts} />
        </section>
      ))}
    </>
  )
}

function Quickstart({ publicUrl }: { publicUrl: string }) {
  return (
    <>
      <p>Open a store. The answer holds a live key, a test key and the signing key of your webhooks, all shown once.</p>
      <Code text={signUp(publicUrl)} />
      <p>
        Create a product with the test key, and open the <code>checkout_url</code> of the answer in a browser. Pay with
        a <a href="#test-cards">test card</a>.
      </p>
      <Code text={restSample(publicUrl)} />
      <p>
        Then make a <a href="#webhooks">webhook endpoint</a>, so that your server hears of each sale. Calls with the
        live key are the same; they can take money once a card gateway is configured.
      </p>
    </>
  )
}

function Mcp({ publicUrl }: { publicUrl: string }) {
  return (
    <>
      <p>
        Add the server to your agent's configuration. Every operation below is a tool, with the same fields and answers;
        a mutation takes an <code>idempotency_key</code> beside its fields.
      </p>
      <Code text={mcpConfig(publicUrl)} />
      <p>
        An agent without HTTP starts <code>node_modules/.bin/bun mcp/stdio.ts</code> in the folder of Payhook, with{' '}
        <code>PAYHOOK_URL</code> and <code>PAYHOOK_API_KEY</code> set. A failed call is a result with{' '}
        <code>isError</code> and the <a href="#errors">code, message, field, hint and retryable</a> of its error.
      </p>
    </>
  )
}

function Trpc({ publicUrl }: { publicUrl: string }) {
  return (
    <>
      <p>
        The client is typed by the server's own router. Calls made in the same tick travel as one batch; an error's code
        is <code>error.data.code</code>.
      </p>
      <Code text={trpcSample(publicUrl)} />
    </>
  )
}

function Rest({ publicUrl }: { publicUrl: string }) {
  return (
    <>
      <p>
        Requests and answers are JSON. Amounts are integers of the smallest unit of their currency: 1900 is $19.00.
        Times are ISO 8601 in UTC. A list ends with <code>next_cursor</code>; send it as <code>cursor</code> to get the
        next page, until it is null. A field that an operation doesn't know is refused by name.
      </p>
      <Code text={`curl "${publicUrl}/v1/products?limit=10" \\\n  -H "Authorization: Bearer $PAYHOOK_API_KEY"`} />
      <p>
        The routes below stand under <code>/v1</code>, and under <code>/api/v1</code> too. There, those for products
        have the envelopes of their published API: <code>{'{"product": {…}}'}</code>, <code>{'{"products": […]}'}</code>
        , errors as <code>{'{"error": "…"}'}</code> only, all products in one answer, unknown fields ignored.{' '}
        <a href="/api/v1/schema/">Its OpenAPI document</a> shows each.
      </p>
      <p>
        Webhook endpoints have two more published APIs, on the same data: <code>/webhook</code>, with uuids, bare
        objects, <code>active</code>, <code>limit</code> and <code>offset</code>; and{' '}
        <code>/api/external/v1/webhooks</code>, with integer ids, <code>{'{"success": true, "data": …}'}</code> and 422
        for bad input.
      </p>
      <p>
        Orders and coupons have one more: <code>/api/v1/orders</code> and <code>/api/v1/coupons</code>, with decimal
        amounts (<code>29.99</code>, read digit by digit), <code>limit</code> and <code>offset</code>, and errors as{' '}
        <code>{'{"error": "…"}'}</code>. <code>testMode: true</code> makes a test order with a live key too; there, such
        a key finds and lists its test orders beside the live ones, each with <code>is_test</code>, and{' '}
        <code>?is_test=false</code> leaves them out. Everywhere else a live key sees test orders only when it asks with{' '}
        <code>mode</code>.
      </p>
    </>
  )
}

function Authentication() {
  return (
    <>
      <p>
        Send the key as <code>Authorization: Bearer sk_live_…</code> or as <code>X-API-Key: sk_live_…</code>; either
        works on every path. A test key (<code>sk_test_…</code>) sees and makes test data only. A key can be limited to
        scopes, rolled and revoked; an old key answers 401 from the next request on.
      </p>
      <p>
        Keys belong on a server or in an agent's configuration, never in a page or a repository. Only opening a store
        and what is marked so below needs no key.
      </p>
    </>
  )
}

function Errors() {
  return (
    <>
      <p>
        Every error says what was wrong and what to do: <code>error</code> for people, <code>code</code> for programs,{' '}
        <code>field</code> where one input field is at fault, <code>hint</code> for the next step,{' '}
        <code>retryable</code> when the same call may succeed later.
      </p>
      <div class="scroll" tabindex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Code</th>
              <th scope="col">HTTP status</th>
              <th scope="col">tRPC</th>
              <th scope="col">Retry</th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(ERRORS).map(([code, { status, trpc, retryable }]) => (
              <tr>
                <td>
                  <code>{code}</code>
                </td>
                <td>{status}</td>
                <td>{trpc}</td>
                <td>{retryable ? 'may help' : 'no'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

function Idempotency() {
  return (
    <p>
      Send <code>Idempotency-Key: any-text-of-yours</code> with any call that changes something (in MCP the argument{' '}
      <code>idempotency_key</code>). However often it arrives with the same input, it runs once; later answers repeat
      the first one for 24 hours, with <code>Idempotency-Replayed: true</code>. The same key with another input answers
      422, and 409 while the first call still runs. A call that failed lets go of its key.
    </p>
  )
}

function Webhooks() {
  return (
    <>
      <p>
        Payhook posts each event to the endpoints that want it, and tries again until the endpoint answers with a 2xx
        status. An event may arrive twice: <code>webhook-id</code> is the same then.
      </p>
      <Events />
      <Code text={EVENT} />
      <p>
        Whoever knows the URL of an endpoint can post to it: <a href="#receive-webhooks">verify each request</a>.
      </p>
    </>
  )
}
