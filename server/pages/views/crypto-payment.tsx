import type { CryptoPaymentRow } from '../../domain/crypto/table'
import { formatInstant } from '../../kernel/clock'
import { formatMoney } from '../../kernel/money'
import { formatUnits, knownCoin, NETWORK_FACTS } from '../../kernel/networks'
import { hasEnded, type PaymentState } from '../payment-state'
import { QrCode } from '../qr'
import { transferLink } from '../transfer-link'
import { Layout, type StoreFace, StoreMark, TestBadge, type Visit } from './layout'
import { Line } from './receipt'

export type ShownPayment = {
  visit: Visit
  store: StoreFace
  payment: CryptoPaymentRow
  state: PaymentState
  now: Date
}

const SCRIPTLESS_REFRESH_SECONDS = 10

/** A payment's page: what and to whom on one side; on the other how to pay it, and what has become of it. */
export function CryptoPaymentPage(shown: ShownPayment & { path: string }) {
  const { visit, store, state, path } = shown
  const { crypto } = visit.texts
  const words = wordsOf(shown)
  const refreshes = !hasEnded(state)
  return (
    <Layout
      visit={visit}
      title={state.kind === 'waiting' ? crypto.title(words.expected, words.coin) : crypto[state.kind].title}
      store={store}
      scriptlessRefreshSeconds={refreshes ? SCRIPTLESS_REFRESH_SECONDS : 0}
    >
      <main class="checkout">
        <Summary {...shown} />
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

/** What changes while the page is open; its title is read out when it does. */
export function PaymentPanel(shown: ShownPayment) {
  const { kind } = shown.state
  return (
    <div class="pay-panel" data-kind={kind}>
      <Outcome {...shown} />
      {kind === 'waiting' || kind === 'short' ? <HowToPay {...shown} /> : null}
      {kind === 'confirmed' ? <WayBack {...shown} /> : null}
    </div>
  )
}

function wordsOf({ visit, payment, store }: ShownPayment) {
  const { texts } = visit
  const facts = knownCoin(payment.network, payment.coin)
  const units = (value: bigint) => formatUnits(value, facts)
  const credited = payment.creditedUnits ?? 0n
  const rest = payment.expectedUnits - credited
  const named = (value: bigint) => `${units(value)} ${facts.symbol}`
  return {
    texts: texts.crypto,
    coin: facts.symbol,
    network: NETWORK_FACTS[payment.network].title,
    store: store.name,
    expected: units(payment.expectedUnits),
    restUnits: rest,
    rest: units(rest),
    came: named(credited),
    needed: named(payment.expectedUnits),
    restNamed: named(rest),
    late: named(payment.lateUnits),
    over: rest + payment.overpaymentUnits < 0n ? named(-rest) : null,
  }
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

function Outcome(shown: ShownPayment) {
  const { visit, state } = shown
  const { crypto } = visit.texts
  return (
    <div class="outcome-block" role="status">
      <h1 tabindex={-1}>{crypto[state.kind].title}</h1>
      <p class="lead">{sentenceOf(shown)}</p>
      <Steps {...shown} />
    </div>
  )
}

function sentenceOf(shown: ShownPayment): string {
  const words = wordsOf(shown)
  const { texts, store } = words
  switch (shown.state.kind) {
    case 'waiting':
    case 'closing':
    case 'seen':
      return texts[shown.state.kind].text
    case 'short':
      return texts.short.text(words.came, words.restNamed)
    case 'confirmed':
      return `${texts.confirmed.text(words.came, store)}${words.over ? ` ${texts.confirmed.over(words.over, store)}` : ''}`
    case 'late':
      return texts.late.text(words.late, store)
    case 'unfinished':
      return texts.unfinished.text(words.came, words.needed, store)
    case 'expired':
    case 'cancelled':
    case 'reversed':
      return texts[shown.state.kind].text(store)
  }
}

/** Seen → 7 of 15 confirmations → confirmed. */
function Steps({ visit, payment, state }: ShownPayment) {
  if (state.kind !== 'seen' && state.kind !== 'confirmed') return null
  const { crypto } = visit.texts
  const needed = payment.requiredConfirmations
  const count = state.kind === 'confirmed' ? needed : state.confirmations
  return (
    <div class="steps">
      <progress max={needed} value={count} aria-label={crypto.progress(count, needed)} />
      <p class="small">
        {state.kind === 'seen' && count === needed ? crypto.finalizing : crypto.progress(count, needed)}
      </p>
    </div>
  )
}

function HowToPay(shown: ShownPayment) {
  const { visit, payment, state, now } = shown
  const { crypto } = visit.texts
  const words = wordsOf(shown)
  const { network, coin, address } = payment
  const isShort = state.kind === 'short'
  const link = transferLink({ network, coin, address, units: words.restUnits })
  const until = isShort ? payment.graceEndsAt : payment.expiresAt
  return (
    <div class="how">
      {payment.isTest ? <p class="test-note">{crypto.testMode}</p> : null}
      <p class="countdown">
        <span>{crypto.timeLeft}</span>
        <time datetime={until.toISOString()} data-until={until.toISOString()} data-now={now.toISOString()}>
          {crypto.timeUntil(formatInstant(until, visit.locale))}
        </time>
      </p>
      <div class="scan">
        <QrCode text={link} label={crypto.qrLabel(words.rest, words.coin, address)} />
        <p class="small">{crypto.scan}</p>
      </div>
      <Copied
        {...{ id: 'pay-amount', label: isShort ? crypto.rest : crypto.amount, press: crypto.copyAmount, visit }}
        text={words.rest}
        unit={words.coin}
      />
      <Copied id="pay-address" label={crypto.address} press={crypto.copyAddress} visit={visit} text={address} />
      <p class="warning">{crypto.warning(words.coin, words.network)}</p>
      <p class="small">{crypto.fees}</p>
      <a class="secondary" href={link}>
        {crypto.open}
      </a>
      <details>
        <summary>{crypto.plainTitle}</summary>
        <p class="small">{crypto.plainText}</p>
        <QrCode text={address} label={crypto.plainLabel(address)} />
      </details>
    </div>
  )
}

type CopiedProps = { id: string; label: string; press: string; text: string; unit?: string; visit: Visit }

function Copied({ id, label, press, text, unit, visit }: CopiedProps) {
  const { crypto } = visit.texts
  return (
    <div class="copied">
      <div>
        <span class="small">{label}</span>
        <span class="code">
          <span id={id}>{text}</span>
          {unit ? <span class="unit"> {unit}</span> : null}
        </span>
      </div>
      <button type="button" class="copy scripted" data-copy={id} data-copied={crypto.copied} aria-label={press}>
        {crypto.copy}
      </button>
    </div>
  )
}

function WayBack({ visit, payment, store }: ShownPayment) {
  if (!payment.redirectUrl) return null
  const { confirmed } = visit.texts.crypto
  return (
    <div class="actions">
      <a class="primary" href={payment.redirectUrl} data-forward>
        {confirmed.back(store.name)}
      </a>
      <p class="small scripted">{confirmed.going}</p>
    </div>
  )
}
