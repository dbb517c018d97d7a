/** E-mails to buyers. */
export function Receipts() {
  return (
    <p>
      A paid order has a receipt page, and its buyer is sent a receipt by e-mail, in English or German as their browser
      asked for. A refund is told by e-mail too. The operator sets <code>SMTP_URL</code> and <code>MAIL_FROM</code>.
      Without them e-mails stay in the outbox, where <code>list_emails</code> and <code>get_email</code> show them. A
      mail server that is busy or down is asked again for about a day. Answers go to your store's e-mail address.{' '}
      <code>resend_receipt</code> sends one again. What a test order sends has <code>[Test]</code> in its subject, and
      at most 100 such e-mails an hour go out for a store.
    </p>
  )
}
