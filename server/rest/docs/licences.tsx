import { Code } from './code'

const variantSample = (publicUrl: string) => `curl "${publicUrl}/v1/products/$PRODUCT_ID/variants" \\
  -H "Authorization: Bearer $PAYHOOK_API_KEY" -H "Content-Type: application/json" \\
  -d '{"name":"Team","price_cents":4900,"license":{"activation_limit":3,"duration_days":365}}'`

const checkSample = (publicUrl: string) => `curl "${publicUrl}/v1/licenses/validate" \\
  -H "Content-Type: application/json" \\
  -d '{"key":"ABCDE-FGH12-JKM34-NPQ56-RST78","product_id":"'$PRODUCT_ID'"}'`

/** How keys are sold, checked and ended. */
export function Licences({ publicUrl }: { publicUrl: string }) {
  return (
    <>
      <p>
        A variant of a product has a name and a price of its own. Give it <code>license</code>, and each payment of it
        issues one key on these terms: on how many instances it may be active at a time, and how long it is valid. What
        is left out has no limit.
      </p>
      <Code text={variantSample(publicUrl)} />
      <p>
        Sell it with <code>{'create_order {"variant_id": "var_…"}'}</code>. The key stands on the buyer's receipt, in{' '}
        <code>license</code> of the order, for API keys that have <code>licenses:read</code>, and in the events from{' '}
        <code>order.paid</code> on. It is kept as it is, so that buyer and store can read it again at any time.
      </p>
      <p>
        An API key without <code>licenses:read</code> sees licence keys nowhere: not in orders, events, deliveries and
        e-mails, and neither the address of a variant's checkout, since the receipt behind it shows the key. Only{' '}
        <code>create_order</code> answers it, once, for the buyer. Webhook endpoints are told everything: give{' '}
        <code>webhooks:write</code> to nobody who may not know the keys.
      </p>
      <p>
        Your app checks the key on its user's machine, without an API key. It says which product it is: a key of another
        product or store is <code>unknown</code>, and so is the key of a test order of a live product, unless you ask
        with <code>"mode": "test"</code>.
      </p>
      <Code text={checkSample(publicUrl)} />
      <p>
        The answer is <code>{'{"valid": true, "reason": null, "license": {…}}'}</code>; otherwise <code>reason</code> is{' '}
        <code>unknown</code>, <code>expired</code>, <code>revoked</code>, or <code>not_activated</code> when you sent an{' '}
        <code>instance</code> that isn't active. <code>activate_license</code> takes one of the key's places for an
        instance, which you name as you like; doing it again changes nothing. <code>deactivate_license</code> gives the
        place back. These three calls are limited for each client address, and answer 429 with <code>Retry-After</code>{' '}
        beyond that.
      </p>
      <p>
        Once the buyer has all of the money back, by refunds or by a dispute that was lost, the key is revoked; a
        partial refund leaves it valid. <code>revoke_license</code> ends a key without paying anything back.
      </p>
    </>
  )
}
