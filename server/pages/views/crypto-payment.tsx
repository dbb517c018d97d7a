import type { Child } from 'hono/jsx'
import { formatMoney } from '../../kernel/money'
import { hasEnded } from '../payment-state'
import { Layout, StoreMark, TestBadge } from './layout'
import { PaymentPanel, type ShownPayment, titleOf, wordsOf } from './payment-panel'
import { Line } from './receipt'

const SCRIPTLESS_REFRESH_SECONDS = 10

/** A payment's page: what and to whom on one side; on the other how to pay it, and what has become of it. */
export function CryptoPaymentPage({ shown, path }: { shown: ShownPayment; path: string }) {
  return (
    <LivePage shown={shown} path={path}>
      <Summary {...shown} />
    </LivePage>
  )
}

/** `children` stay as they are while the page follows the payment at `path`. */
export function LivePage({ shown, path, children }: { shown: ShownPayment; path: string; children: Child }) {
  const { visit, store, state } = shown
  const { crypto } = visit.texts
  const words = wordsOf(shown)
  const refreshes = !hasEnded(state)
  return (
    <Layout
      visit={visit}
      title={state.kind === 'waiting' ? crypto.title(words.expected, words.coin) : titleOf(visit, state)}
      store={store}
      scriptlessRefreshSeconds={refreshes ? SCRIPTLESS_REFRESH_SECONDS : 0}
    >
      <main class="checkout">
        {children}
        <section
          class="panel pay"
          id="pay"
          data-live={refreshes ? path : undefined}
          data-version={state.version}
          data-offline={crypto.offline}
        >
          <PaymentPanel {...shown} />
        </section>
        <p class="small" role="status" id="pay-notice" hidden />
      </main>
    </Layout>
  )
}

function Summary(shown: ShownPayment) {
  const { visit, store, payment } = shown
  const words = wordsOf(shown)
  const { crypto } = visit.texts
  return (
    <section class="summary">
      <div class="what">
        <div class="store">
          <StoreMark store={store} />
          <span class="store-name">{store.name}</span>
          <TestBadge visit={visit} isTest={payment.isTest} />
        </div>
        <p class="product">{crypto.forStore(store.name)}</p>
        <p class="total">
          <span class="visually-hidden">{crypto.total}: </span>
          {formatMoney(payment.amountUsdCents, 'usd', visit.locale)}
        </p>
      </div>
      <dl class="lines pay-facts">
        <Line label={crypto.coin}>{words.coin}</Line>
        <Line label={crypto.network}>{words.network}</Line>
        <Line label={crypto.number}>
          <span class="code">{payment.number}</span>
        </Line>
        {payment.customerEmail ? <Line label={crypto.email}>{payment.customerEmail}</Line> : null}
      </dl>
    </section>
  )
}
