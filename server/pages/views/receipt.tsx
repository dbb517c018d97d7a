import type { Child } from 'hono/jsx'
import { formatInstant } from '../../kernel/clock'
import { formatMoney } from '../../kernel/money'
import { Layout, type StoreFace, StoreMark, TestBadge, type Told, type Visit } from './layout'
import { brandName } from './test-cards'

export type Paid = {
  store: StoreFace
  isTest: boolean
  productName: string
  amountMinor: bigint
  refundedMinor: bigint
  /** Before the coupon, and what it took off. */
  subtotalMinor: bigint
  discountMinor: bigint
  couponCode: string | null
  currency: string
  number: string
  email: string | null
  paidAt: Date
  card: { brand: string; last4: string } | null
  /** The coin and its network. */
  crypto: string | null
  /** What the buyer can have back: too much crypto, or crypto for what had been paid otherwise. */
  remark: string | null
  license: LicenseShown | null
  /** Where the shop wants its buyers back; null when it didn't say. */
  backUrl: string | null
  told: Told
  /** Where the receipt can be kept; null for this very page. */
  ownUrl: string | null
}

/** The key as it is now. */
export type LicenseShown = {
  key: string
  status: 'active' | 'expired' | 'revoked'
  expiresAt: Date | null
  activationLimit: number | null
}

export function ReceiptPage({ visit, paid }: { visit: Visit; paid: Paid }) {
  const { receipt } = visit.texts
  return (
    <Layout visit={visit} title={receipt.title} store={paid.store} told={paid.told}>
      <main class="single receipt">
        <article class="panel">
          <header class="store">
            <StoreMark store={paid.store} />
            <bdi class="store-name">{paid.store.name}</bdi>
            <TestBadge visit={visit} isTest={paid.isTest} />
          </header>
          <Outcome visit={visit} paid={paid} />
          {paid.license ? <LicenseKey visit={visit} license={paid.license} /> : null}
          <Lines visit={visit} paid={paid} />
          {paid.ownUrl ? null : <p class="small no-print">{receipt.keep}</p>}
          <div class="actions no-print">
            {paid.backUrl ? (
              <a class="primary" href={paid.backUrl} target={visit.frame ? '_top' : undefined}>
                {receipt.back(paid.store.name)}
              </a>
            ) : null}
            {paid.ownUrl ? (
              <a class="secondary" href={paid.ownUrl} target="_blank" rel="noopener">
                {receipt.open}
              </a>
            ) : (
              <button type="button" class="secondary scripted" data-print>
                {receipt.print}
              </button>
            )}
          </div>
        </article>
      </main>
    </Layout>
  )
}

function Outcome({ visit, paid }: { visit: Visit; paid: Paid }) {
  const { receipt } = visit.texts
  const money = (minor: bigint) => formatMoney(minor, paid.currency, visit.locale)
  const isRefunded = paid.refundedMinor >= paid.amountMinor && paid.refundedMinor > 0n
  return (
    <div class="outcome-block">
      <h1>
        {isRefunded ? null : <Check />}
        {isRefunded ? receipt.refunded : receipt.thanks}
      </h1>
      <p class="lead">
        {isRefunded
          ? receipt.refundedLead(money(paid.refundedMinor), paid.store.name)
          : paid.amountMinor === 0n
            ? receipt.free(paid.store.name)
            : receipt.paid(money(paid.amountMinor), paid.store.name)}
        {!isRefunded && paid.refundedMinor > 0n ? ` ${receipt.partlyRefunded(money(paid.refundedMinor))}` : ''}
      </p>
      {paid.remark ? <p class="warning">{paid.remark}</p> : null}
      {paid.isTest ? <p class="small">{receipt.testLead}</p> : null}
    </div>
  )
}

/** With the button that copies it, where there is a script; one click or tap selects all of it where there is none. */
function LicenseKey({ visit, license }: { visit: Visit; license: LicenseShown }) {
  const { receipt } = visit.texts
  const { key, status } = license
  const isActive = status === 'active'
  return (
    <section class="license" aria-labelledby="license-title">
      <h2 id="license-title">{receipt.license}</h2>
      <div class="license-key">
        <code id="license-key" class={isActive ? undefined : 'ended'}>
          {key}
        </code>
        {isActive ? (
          <button
            type="button"
            class="secondary scripted no-print"
            data-copy="license-key"
            data-copied={receipt.licenseCopied}
          >
            {receipt.licenseCopy}
          </button>
        ) : null}
      </div>
      {isActive ? <Terms visit={visit} license={license} /> : <p class="small">{receipt.licenseEnded[status]}</p>}
    </section>
  )
}

function Terms({ visit, license }: { visit: Visit; license: LicenseShown }) {
  const { receipt } = visit.texts
  const { expiresAt, activationLimit } = license
  return (
    <div class="small">
      <p>{expiresAt ? receipt.licenseUntil(formatInstant(expiresAt, visit.locale)) : receipt.licenseForEver}</p>
      {activationLimit === null ? null : <p>{receipt.licensePlaces(activationLimit)}</p>}
    </div>
  )
}

/** Decorative: the words beside it say the same. */
function Check() {
  return (
    <svg class="check" width="36" height="36" viewBox="0 0 40 40" fill="none" stroke="currentColor" aria-hidden="true">
      <circle cx="20" cy="20" r="18.5" stroke-width="2" />
      <path d="M12.5 20.5l5 5 10-11" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  )
}

function Lines({ visit, paid }: { visit: Visit; paid: Paid }) {
  const { receipt, challenge } = visit.texts
  return (
    <dl class="lines">
      <Line label={receipt.what}>
        <bdi>{paid.productName}</bdi>
      </Line>
      {paid.discountMinor > 0n ? (
        <>
          <Line label={visit.texts.coupon.price}>{formatMoney(paid.subtotalMinor, paid.currency, visit.locale)}</Line>
          <Line label={`${visit.texts.coupon.applied} ${paid.couponCode ?? ''}`}>
            −{formatMoney(paid.discountMinor, paid.currency, visit.locale)}
          </Line>
        </>
      ) : null}
      <Line label={receipt.amount}>
        <strong>{formatMoney(paid.amountMinor, paid.currency, visit.locale)}</strong>
      </Line>
      <Line label={receipt.date}>
        <time datetime={paid.paidAt.toISOString()}>{formatInstant(paid.paidAt, visit.locale)}</time>
      </Line>
      <Line label={receipt.number}>
        <span class="code">{paid.number}</span>
      </Line>
      {paid.email ? <Line label={receipt.email}>{paid.email}</Line> : null}
      {paid.card ? (
        <Line label={receipt.card}>{challenge.cardEnding(brandName(paid.card.brand), paid.card.last4)}</Line>
      ) : null}
      {paid.crypto ? <Line label={receipt.card}>{paid.crypto}</Line> : null}
      <Line label={receipt.store}>{paid.store.name}</Line>
    </dl>
  )
}

export function Line({ label, children }: { label: string; children?: Child }) {
  return (
    <div class="line">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}
