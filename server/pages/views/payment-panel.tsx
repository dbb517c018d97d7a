import type { CryptoPaymentRow } from '../../domain/crypto/table'
import { formatInstant } from '../../kernel/clock'
import { formatUnits, knownCoin, NETWORK_FACTS } from '../../kernel/networks'
import { timeLeft } from '../client/time-left'
import { hasEnded, type PaymentState } from '../payment-state'
import { QrCode } from '../qr'
import { transferLink } from '../transfer-link'
import type { StoreFace, Visit } from './layout'
import { Simulation } from './simulation'

export type ShownPayment = {
  visit: Visit
  store: StoreFace
  payment: CryptoPaymentRow
  state: PaymentState
  now: Date
  ways: Ways
}

/** Where the page of a payment leads. */
export type Ways = {
  /** When all is paid: by itself, after a moment. Null where the seller has named nothing. */
  forward: { href: string; label: string } | null
  /** Where a test's buttons are posted to; null in live mode. */
  simulate: string | null
  /** Of the checkout page: its own address, and where this way to pay is given up. */
  checkout: { path: string; leave: string } | null
}

/** What changes while the page is open; its title is read out when it does. */
export function PaymentPanel(shown: ShownPayment) {
  const { kind } = shown.state
  return (
    <div class="pay-panel" data-kind={kind}>
      <Outcome {...shown} />
      {kind === 'waiting' || kind === 'short' ? <HowToPay {...shown} /> : null}
      {kind === 'confirmed' || kind === 'elsewhere' ? <WayForward {...shown} /> : null}
      {kind === 'waiting' ? <OtherWay {...shown} /> : null}
      {hasEnded(shown.state) && kind !== 'confirmed' && kind !== 'elsewhere' ? <AnotherTry {...shown} /> : null}
      <Simulation {...shown} />
    </div>
  )
}

export function wordsOf({ visit, payment, store }: ShownPayment) {
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

function Outcome(shown: ShownPayment) {
  const { visit, state } = shown
  return (
    <div class="outcome-block" role="status">
      <h1 tabindex={-1}>{titleOf(visit, state)}</h1>
      <p class="lead">{sentenceOf(shown)}</p>
      <Steps {...shown} />
    </div>
  )
}

export function titleOf({ texts }: Visit, { kind }: PaymentState): string {
  return kind === 'elsewhere' || kind === 'surplus' ? texts.checkout[kind].title : texts.crypto[kind].title
}

function sentenceOf(shown: ShownPayment): string {
  const words = wordsOf(shown)
  const { texts, store } = words
  const { checkout } = shown.visit.texts
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
    case 'surplus':
      return checkout.surplus.text(words.came, store)
    case 'elsewhere':
      return checkout.elsewhere.text
    case 'expired':
    case 'cancelled':
      return shown.ways.checkout ? checkout[shown.state.kind] : texts[shown.state.kind].text(store)
    case 'reversed':
      return texts.reversed.text(store)
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
          {/* Already what the script makes of it, so that nothing moves when that comes late. */}
          <span class="scripted">{timeLeft(until.getTime() - now.getTime())}</span>
          <noscript>{crypto.timeUntil(formatInstant(until, visit.locale))}</noscript>
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

function WayForward({ visit, state, ways }: ShownPayment) {
  if (!ways.forward) return null
  const isPaid = state.kind === 'confirmed'
  return (
    <div class="actions">
      <a class="primary" href={ways.forward.href} data-forward={isPaid || undefined}>
        {ways.forward.label}
      </a>
      {isPaid ? <p class="small scripted">{visit.texts.crypto.confirmed.going}</p> : null}
    </div>
  )
}

function OtherWay({ visit, ways }: ShownPayment) {
  if (!ways.checkout) return null
  const { another, anotherHint } = visit.texts.checkout
  return (
    <form method="post" action={ways.checkout.leave} class="other-way" data-once>
      <button class="link" type="submit">
        {another}
      </button>
      <p class="small">{anotherHint}</p>
    </form>
  )
}

function AnotherTry({ visit, ways }: ShownPayment) {
  if (!ways.checkout) return null
  return (
    <div class="actions">
      <a class="secondary" href={ways.checkout.path}>
        {visit.texts.checkout.again}
      </a>
    </div>
  )
}
