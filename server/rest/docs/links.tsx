import { Code } from './code'

/** What a page's author pastes; `YOUR_STORE_ID` is the store's `sto_…`. */
export function linkSample(publicUrl: string): string {
  return `${publicUrl}/checkout/YOUR_STORE_ID?amount=49.99&product=Premium%20Plan&testMode=true&success_url=https://example.com/thanks`
}

export function buttonSample(publicUrl: string): string {
  return `<script src="${publicUrl}/js/payhook.js" data-store="YOUR_STORE_ID" data-test-mode></script>

<button data-payhook="checkout" data-amount="49.99" data-product="Premium Plan">Buy now</button>

<script>
  window.addEventListener('message', (event) => {
    if (event.origin !== '${new URL(publicUrl).origin}') return
    if (event.data.type === 'payhook:payment_complete') console.log('paid', event.data.orderId)
    if (event.data.type === 'payhook:payment_failed') console.log('failed', event.data.error)
  })
</script>`
}

export function frameSample(publicUrl: string): string {
  return `<iframe
  src="${publicUrl}/checkout/embed?store_id=YOUR_STORE_ID&amount=49.99&product=Premium%20Plan&testMode=true"
  title="Checkout" width="100%" height="700" allow="payment; clipboard-write"
  style="border: 0; border-radius: 12px; max-width: 480px"></iframe>`
}

const PARAMETERS: readonly (readonly [link: string, attribute: string, meaning: string])[] = [
  ['amount', 'data-amount', '0.50 to 50,000. Without it the buyer names an amount.'],
  ['currency', 'data-currency', 'usd, eur, jpy, …; usd when left out.'],
  ['variant_id', 'data-variant-id', 'var_…: its price holds, and an amount beside it is ignored.'],
  ['product', 'data-product', 'The name of what is sold.'],
  ['coupon', 'data-coupon', 'A coupon; buyers can enter one themselves too.'],
  ['ref', 'data-reference', 'Your own id of the order: order_reference in the API and in events.'],
  ['success_url', 'data-success-url', 'Where the buyer goes after paying. Also return_url, data-return-url.'],
  [
    'cancel_url',
    'data-cancel-url',
    'Where the link "Cancel" of the checkout goes, and a dialog that is closed unpaid.',
  ],
  ['webhook_url', 'data-webhook-url', 'Sent the payment events of this order; on a host of your webhooks only.'],
  ['testMode', 'data-test-mode', 'true: a rehearsal with test cards.'],
  ['theme', 'data-theme', 'Of a frame and a dialog: dark unless light or auto.'],
]

/** The guide to selling from a page that has no server. */
export function Links({ publicUrl }: { publicUrl: string }) {
  return (
    <>
      <p>Three ways to sell with nothing but your store's id. A link, for mails, posts and QR codes:</p>
      <Code text={linkSample(publicUrl)} />
      <p>
        A button, which opens the checkout in a dialog of your page. Any element can be one, and also one that is made
        later, as React does:
      </p>
      <Code text={buttonSample(publicUrl)} />
      <p>A frame, which shows the checkout in your page:</p>
      <Code text={frameSample(publicUrl)} />
      <Parameters />
      <p>
        What stands in a page can be changed by whoever reads it: the amount too. Where a price must hold, sell a
        variant, or make the order on your server and send the buyer to its <code>checkout_url</code>; and deliver by{' '}
        <a href="#webhooks">webhook</a>, never by a message or a redirect alone.
      </p>
      <p>
        <code>success_url</code> is opened with <code>order_id</code>, <code>transaction_id</code>, <code>amount</code>{' '}
        and <code>status</code>. A frame and a dialog send your page <code>payhook:payment_complete</code> with{' '}
        <code>transactionId</code>, <code>amount</code> and <code>orderId</code>, or <code>payhook:payment_failed</code>{' '}
        with <code>error</code>; the same under <code>pebblepay:</code>. They go to any page that shows the frame, and
        hold nothing secret. A dialog that is closed unpaid says nothing, and opens <code>cancel_url</code> where there
        is one; a session in a frame can be paid for 30 minutes, any other for an hour.
      </p>
      <p>
        <code>{publicUrl}/js/pebblepay.js</code> is the same script for <code>data-pebblepay</code>. A page with a
        Content Security Policy needs <code>script-src</code> and <code>frame-src</code> to name{' '}
        {new URL(publicUrl).origin}; where frames are forbidden, a button opens the checkout as a page of its own.
      </p>
    </>
  )
}

function Parameters() {
  return (
    <table>
      <thead>
        <tr>
          <th>In a link or frame</th>
          <th>On a button</th>
          <th>Meaning</th>
        </tr>
      </thead>
      <tbody>
        {PARAMETERS.map(([parameter, attribute, meaning]) => (
          <tr>
            <td>
              <code>{parameter}</code>
            </td>
            <td>
              <code>{attribute}</code>
            </td>
            <td>{meaning}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
