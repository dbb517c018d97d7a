/** What sales have earned, and what becomes of it when a buyer asks the bank for the money. */
export function Balance() {
  return (
    <>
      <p>
        <code>get_balance</code> says what your card sales have earned: gross, less the platform's fees, refunds and
        lost disputes, is what is available and what is pending. Behind it is a double-entry ledger, which{' '}
        <code>list_ledger_entries</code> shows. A refund takes your net of the sale back, since the fee is returned in
        proportion; refunds of parts that make up the whole return exactly the fee.
      </p>
      <p>
        When a buyer asks their bank for the money, <code>payment.disputed</code> tells you, what is left of the order
        is pending, and it can't be refunded. <code>dispute.won</code> gives it back; <code>dispute.lost</code> lowers
        revenue and balance as a refund does. The order stays completed; its <code>dispute_status</code> says how it
        stands. A test key rehearses all of it with <code>raise_test_dispute</code> and{' '}
        <code>resolve_test_dispute</code>.
      </p>
    </>
  )
}
