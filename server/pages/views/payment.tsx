import type { Child } from 'hono/jsx'
import type { CryptoOffer } from '../../domain/payments/crypto-offers'
import { formatMoney } from '../../kernel/money'
import type { TestCard } from '../../ports/gateway'
import type { Expiry } from '../card-fields'
import type { Sale } from '../sale'
import type { FormState } from './card-form'
import { Coupon } from './coupon'
import { FreeForm } from './free-form'
import { Layout, StoreMark, TestBadge, type Told, type Visit } from './layout'
import { Methods } from './methods'
import { TestCards } from './test-cards'

export type PaymentPageProps = {
  visit: Visit
  sale: Sale
  form: FormState
  /** Where the form is posted to. */
  action: string
  /** Stands in for the cookie; null where the path already names the session. */
  sessionId: string | null
  testCards: readonly TestCard[]
  takesCard: boolean
  /** False where crypto is the only way to pay. */
  hasCards: boolean
  /** What can be paid in besides; empty where the store takes no crypto. */
  offers: readonly CryptoOffer[]
  /** The month that a card must still be good in. */
  now: Expiry
  told: Told | null
}

/** The checkout: what, how much and to whom on one side, the card on the other. */
export function PaymentPage(props: PaymentPageProps) {
  const { visit, sale, form, testCards, now, told } = props
  const title = visit.texts.payTo(sale.store.name)
  const wrong = form.problems.length > 0 || form.notice !== null
  return (
    <Layout
      visit={visit}
      title={wrong ? visit.texts.errorTitle(sale.productName) : sale.productName}
      store={sale.store}
      told={told}
    >
      <main class="checkout">
        <Summary visit={visit} sale={sale} total={formatMoney(sale.amountMinor, sale.currency, visit.locale)}>
          <Coupon visit={visit} sale={sale} />
        </Summary>
        <section class="panel" aria-label={title}>
          {sale.amountMinor === 0n ? <FreeForm {...props} /> : <Methods {...props} />}
        </section>
        {testCards.length > 0 && sale.amountMinor > 0n ? <TestCards visit={visit} cards={testCards} now={now} /> : null}
      </main>
    </Layout>
  )
}

const LONG_DESCRIPTION = 320

type SummaryProps = {
  visit: Visit
  sale: Pick<Sale, 'store' | 'isTest' | 'productName' | 'description' | 'changeUrl'>
  /** Formatted; or what is said as long as there is none. */
  total: string
  children?: Child
}

export function Summary({ visit, sale, total, children }: SummaryProps) {
  const { texts } = visit
  return (
    <section class="summary">
      <header class="what">
        <div class="store">
          <StoreMark store={sale.store} />
          <bdi class="store-name">{sale.store.name}</bdi>
          <TestBadge visit={visit} isTest={sale.isTest} />
        </div>
        <h1 class="product">
          <bdi>{sale.productName}</bdi>
        </h1>
        <p class="total">
          <span class="visually-hidden">{texts.total}: </span>
          {total}
        </p>
      </header>
      {sale.changeUrl ? (
        <p class="small">
          <a href={sale.changeUrl}>{texts.ownAmount.change}</a>
        </p>
      ) : null}
      {children}
      {sale.description ? <Description visit={visit} text={sale.description} /> : null}
    </section>
  )
}

/** A long description is folded, so that on a phone the form isn't pushed away. */
function Description({ visit, text }: { visit: Visit; text: string }) {
  if (text.length <= LONG_DESCRIPTION) return <p class="description">{text}</p>
  return (
    <details class="description">
      <summary>{visit.texts.about}</summary>
      <p>{text}</p>
    </details>
  )
}
