import { Code } from './code'

/** Document B's payments, and crypto on the checkout page. */
export function Crypto({ publicUrl }: { publicUrl: string }) {
  return (
    <>
      <p>
        Buyers pay in USDT, USDC, BUSD or the network's own coin on BNB Smart Chain, TRON and Ethereum, straight to a
        wallet of yours. Nobody in between holds the money: it is no part of your <a href="#balance">balance</a>, and we
        can't refund it.
      </p>
      <Code text={paymentSample(publicUrl)} />
      <p>
        Add addresses to your pool first: each payment locks one until it ends, so that as many buyers can pay at once
        as there are addresses. Send the buyer to <code>checkout_url</code>, and fulfil at{' '}
        <code>payment.confirmed</code>. A payment counts when it has its confirmations and the network calls its block
        final.
      </p>
      <h3>On the checkout page</h3>
      <p>
        A store with addresses offers crypto beside cards, for prices in US dollars; other currencies aren't converted.
        A confirmed payment completes the order, with the same events, receipt and licence key as a card, and{' '}
        <code>payment_method</code> is <code>crypto</code>. <code>list_payments</code> shows the payment with its{' '}
        <code>order_id</code>. While it is open, no card is charged, the price stays, and the session doesn't end.
      </p>
      <p>
        What is on time by its block counts, however late it is seen. Where the order was paid otherwise by then, there
        is no second sale: <code>order.surplus_received</code> tells you what to send back. Money that came too late is
        told by <code>payment.late</code>, and a confirmation that the network took back by{' '}
        <code>payment.reversed</code>; the order stays as it is then, since only you know what was delivered.
      </p>
      <h3>Settings</h3>
      <p>
        <code>update_payment_settings</code> sets how long a payment can be paid, how long the rest of one that came
        short may take, how much may be missing or too much, and the confirmations of each network. New payments have
        them; those that are there keep theirs. Test and live mode have settings of their own.
      </p>
      <h3>Rehearsals</h3>
      <p>
        A test key has a pool of its own, and chains of its own that only grow when they are told to:{' '}
        <code>simulate_payment</code> lets money come, be too little, too much or too late, get its confirmations, or be
        taken back. The pages of test payments have buttons for the same.
      </p>
    </>
  )
}

function paymentSample(publicUrl: string): string {
  return `curl -s ${publicUrl}/api/v1/addresses -H "X-API-Key: $KEY" -H 'Content-Type: application/json' \\
  -d '{"network":"bsc","address":"0x742d35cc6634c0532925a3b844bc9e7595f7e5a3"}'
curl -s ${publicUrl}/api/v1/payments/ -H "X-API-Key: $KEY" -H 'Content-Type: application/json' \\
  -d '{"amount_usd_cents":5000,"network":"bsc","currency":"usdt"}'`
}
