import type { Child } from 'hono/jsx'
import { TIMEOUT_MS } from '../../domain/webhooks/deliver'
import { MAX_ATTEMPTS } from '../../domain/webhooks/verdict'
import { SECOND_MS } from '../../kernel/clock'
import { Code } from './code'
import { CURL, GO, HELPER, JAVASCRIPT, LISTEN, ONCE, OPENSSL, PHP, PYTHON } from './receiving-samples'

/** The guide for whoever writes the server that events are sent to. */
export function Receiving() {
  return (
    <>
      <p>
        A handler does three things: it verifies the request over the raw body, it answers with a 2xx status within{' '}
        {TIMEOUT_MS / SECOND_MS} seconds, and it does its work once per <code>webhook-id</code>. What takes longer than
        that belongs after the answer.
      </p>
      <Verifying />
      <Repetitions />
      <Rotation />
      <OlderFormats />
      <OnYourMachine />
    </>
  )
}

const SAMPLES: readonly (readonly [language: string, code: string])[] = [
  ['JavaScript without the helper', JAVASCRIPT],
  ['Python', PYTHON],
  ['Go', GO],
  ['PHP', PHP],
  ['curl and openssl, by hand', OPENSSL],
]

function Verifying() {
  return (
    <Part id="receive-webhooks-verify" title="Verify">
      <p>
        Every delivery carries the headers of <a href="https://www.standardwebhooks.com/">Standard Webhooks</a>, so that
        one way verifies all events. <code>webhook-signature</code> is <code>v1,</code> and the base64 of HMAC-SHA256
        over <code>id.timestamp.body</code>; the key is what the base64 after <code>whsec_</code> decodes to. Refuse
        what is more than five minutes old or ahead, and compare in constant time.
      </p>
      <p>
        In TypeScript the helper does all of it, knows the older signatures too where you ask for them, and types the
        event. It imports nothing, and runs under Node, Bun and on the edge: have a checkout of Payhook among your
        dependencies, or copy its folder <code>server/receiver</code>. <code>secret</code> may be a list.
      </p>
      <Code text={HELPER} />
      {SAMPLES.map(([language, code]) => (
        <details>
          <summary>{language}</summary>
          <Code text={code} />
        </details>
      ))}
    </Part>
  )
}

function Repetitions() {
  return (
    <Part id="receive-webhooks-retries" title="Retries and repetitions">
      <p>
        A network error, no answer in time, a 5xx status, 408, 425 and 429 are tried again with growing pauses, at most{' '}
        {MAX_ATTEMPTS} times in about 30 minutes. Any other status that is not 2xx ends the delivery, redirects
        included, and 410 switches the endpoint off. Answer 400 only to what you never want again.
      </p>
      <p>
        An event may arrive twice, and events may arrive out of order. Each attempt and each replay of an event carries
        the same <code>webhook-id</code>: keep it in the transaction that does the work, and when it was there already,
        answer 200 and do nothing. <code>X-Webhook-Id</code> of card payments doesn't serve for that: it names the
        transaction, which its refund shares.
      </p>
      <Code text={ONCE} />
    </Part>
  )
}

function Rotation() {
  return (
    <Part id="receive-webhooks-rotation" title="Rotate the secret">
      <p>
        After a rotation the old secret signs beside the new one for a day, or as long as you say:{' '}
        <code>webhook-signature</code> and the signature of crypto payments hold both.{' '}
        <a href="#webhooks.rotate_secret">Rotate</a>, then give the handler the new secret before that time is over, and
        no request is refused in between. The other two formats have room for one signature, the new one: such a handler
        refuses what comes until it knows the new secret, and gets it by the next attempts if it answers 503 meanwhile.
      </p>
    </Part>
  )
}

const FORMATS: readonly (readonly [events: string, header: string, signed: string])[] = [
  ['sale.*', 'X-Payhook-Signature: sha256=<hex>', 'the body'],
  ['payment.* of crypto', 'X-PayHook-Signature: t=<seconds>,v1=<hex>', 'timestamp.body'],
  ['payment.* of cards', 'X-Webhook-Signature: <hex>', 'the body'],
]

function OlderFormats() {
  return (
    <Part id="receive-webhooks-formats" title="Signatures of existing integrations">
      <p>
        A handler that was written for one of the published APIs works unchanged, since their signatures are sent as
        well. Each is the HMAC-SHA256 in hex, and its key is the whole secret, <code>whsec_</code> included. Those
        without a time can be sent again by somebody who caught one, at any time: the helper refuses what lacks the
        headers above, unless you say <code>standardOnly: false</code> because something on the way drops them.
      </p>
      <div class="scroll" tabindex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Events</th>
              <th scope="col">Header</th>
              <th scope="col">Signed</th>
            </tr>
          </thead>
          <tbody>
            {FORMATS.map(([events, header, signed]) => (
              <tr>
                <td>{events}</td>
                <td>
                  <code>{header}</code>
                </td>
                <td>{signed}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Part>
  )
}

function OnYourMachine() {
  return (
    <Part id="receive-webhooks-locally" title="On your own machine">
      <p>
        <code>listen</code> shows the events of a running server as they happen and posts them to a handler of yours,
        signed with a secret that it prints. No endpoint and no tunnel is needed; <code>--json</code> prints lines for
        programs.
      </p>
      <Code text={LISTEN} />
      <p>
        <a href="#webhooks.test">A test of an endpoint</a> sends a sample that is signed like a real event and marked by
        the header <code>X-Payhook-Test: true</code>: verify it, answer 200, and deliver nothing.
      </p>
      <p>Or post one by hand:</p>
      <Code text={CURL} />
    </Part>
  )
}

function Part({ id, title, children }: { id: string; title: string; children: Child }) {
  return (
    <>
      <h3 id={id}>{title}</h3>
      {children}
    </>
  )
}
