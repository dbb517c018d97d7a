/** What a coupon takes off, and when a use of it is taken. */
export function Coupons() {
  return (
    <>
      <p>
        A coupon takes a percentage, in basis points, or a fixed amount off an order. Name it as{' '}
        <code>coupon_code</code> in <code>create_order</code>, in a link's <code>coupon</code>, or let the buyer enter
        it on the checkout page. <code>preview_coupon</code> says what it would take off, or why it doesn't apply, and
        uses nothing up.
      </p>
      <p>
        A use is taken when the coupon is put to an order, is kept when the order is paid, and is given back when its
        session ends unpaid or its coupon is taken off. <code>max_uses</code> is never passed, however many buy at once.
        <code>max_uses_per_customer</code> goes by the e-mail that pays: who has used the coupon up sees the full price
        before any charge. Percentages are rounded half up, once an order; fees are of what is left to pay. A total of 0
        needs no card.
      </p>
      <p>
        Test orders take test coupons. A live key's test orders, and test links, may also rehearse a live coupon,
        without a use of it.
      </p>
    </>
  )
}
