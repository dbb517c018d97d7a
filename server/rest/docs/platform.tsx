import { Code } from './code'
import { connectSample } from './samples'

/** Where the operator has switched Stripe Connect on. */
export function Platform({ publicUrl }: { publicUrl: string }) {
  return (
    <>
      <p>
        On a server that runs with <code>STRIPE_CONNECT</code>, each store is paid into a Stripe account of its own, and
        the operator's fee (<code>fee_basis_points</code>) is taken from each sale by Stripe. Until the account is
        connected, buyers are told that the store takes no cards, and an order is refused with{' '}
        <code>store_not_connected</code>. <code>get_store_connection</code> says how far you are, and what to do next.
      </p>
      <Code text={connectSample(publicUrl)} />
      <p>
        Open the <code>onboarding_url</code> of the answer in a browser: Stripe asks who you are and where to pay out.
        The link works once and for minutes; call <code>connect_store</code> again for another one, as often as you
        like. It makes one account, whoever calls at the same time. Keep the link to yourself: who opens it acts for
        you.
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">status</th>
            <th scope="col">meaning</th>
          </tr>
        </thead>
        <tbody>
          {STATUSES.map(([status, meaning]) => (
            <tr>
              <td>
                <code>{status}</code>
              </td>
              <td>{meaning}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        The event <code>store.connection_updated</code> tells of each change. Live and test mode have a connection each;
        in test mode the sandbox needs none, and <code>pay_test_order</code> works without one.
      </p>
      <p>
        A refund takes its part from your account, and the fee comes back in proportion. A dispute takes what the bank
        asks for from your account at once, without the fee's part of it, and gives it back when it is won. So{' '}
        <code>get_balance</code> says what your account has got of your sales; what Stripe has paid out of it since,
        Stripe says. An account that is ended can't pay a refund any more: it fails, and the operator has to make it in
        Stripe's dashboard.
      </p>
    </>
  )
}

const STATUSES: readonly (readonly [status: string, meaning: string])[] = [
  ['not_needed', 'Cards of this mode need no account: they are the operator’s own, or the sandbox’s'],
  ['not_connected', 'There is no account yet'],
  ['onboarding', 'Stripe has questions, which requirements names'],
  ['restricted', 'Stripe takes no payments for you: it is still looking, wants to know more, or has refused you'],
  ['active', 'You can sell. What requirements names has to be answered by requirements_due_by'],
  ['deauthorized', 'The account was disconnected. Open pages of Stripe are closed, and nothing can be sold'],
]
