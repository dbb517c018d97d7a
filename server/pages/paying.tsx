import type { Deps, StoreContext } from '../context'
import type { Checkout } from '../domain/payments/checkout'
import { payWithCrypto } from '../domain/payments/crypto-checkout'
import { offersNow, offersOf } from '../domain/payments/crypto-offers'
import { completeFree } from '../domain/payments/free'
import { takesCards } from '../domain/payments/obstacles'
import { openPaymentPage, type Payer } from '../domain/payments/redirect'
import { type CardPayment, payWithCard } from '../domain/payments/service'
import type { StoreRow } from '../domain/stores/table'
import { formatMoney } from '../kernel/money'
import { formatUnits, knownCoin } from '../kernel/networks'
import { DECLINE_CODES, type DeclineCode, testCardsOf } from '../ports/gateway'
import { problemOf } from './card-fields'
import { type FieldProblem, monthOf, readCardForm } from './card-form'
import { couponOfOrder } from './coupon'
import { type CryptoPayer, isInCrypto, readCryptoForm } from './crypto-form'
import { checkoutPath, type PageContext, seeOther, sendPage } from './page'
import { hasLostMoney } from './payment-state'
import type { Sale } from './sale'
import type { Texts } from './texts'
import { EMPTY_FORM, type FormState, type Notice, shownPrice } from './views/card-form'
import type { Told, Visit } from './views/layout'
import { PaymentPage } from './views/payment'

/** A payment form: what is sold and where it is posted to. Its price is an order's once there is one, else the product's. */
export type Offer = {
  ctx: StoreContext
  store: StoreRow
  sale: Sale
  action: string
  /** For the hidden field; null where the action names the session. */
  sessionId: string | null
  successUrl: string | null
}

export async function sendForm(
  c: PageContext,
  deps: Deps,
  offer: Offer,
  form: FormState,
  status = 200,
): Promise<Response> {
  const { ctx, store, sale, action, sessionId, successUrl } = offer
  const gateway = gatewayFor(deps, sale)
  const hasCards = takesCards(ctx, store)
  // Where crypto is the only way, the form stays beside the words that say why it was refused.
  const offers = hasCards ? offersNow : offersOf
  const page = (
    <PaymentPage
      visit={c.get('visit')}
      sale={sale}
      form={form}
      action={action}
      sessionId={sessionId}
      takesCard={gateway?.kind !== 'redirect'}
      hasCards={hasCards}
      offers={sale.amountMinor > 0n ? await offers(ctx, sale.currency) : []}
      testCards={gateway ? testCardsOf(gateway) : []}
      now={monthOf(deps.clock.now())}
      told={toldOf(form.notice)}
    />
  )
  return sendPage(c, status, page, { successUrl, logoUrl: sale.store.logoUrl })
}

function gatewayFor({ gateways }: Deps, { isTest }: Pick<Sale, 'isTest'>) {
  return isTest ? gateways.test : gateways.live
}

/** What may go back into the page: never the card's number or its security code. */
export function refilled(fields: URLSearchParams, problems: readonly FieldProblem[], notice: Notice | null): FormState {
  const method = isInCrypto(fields) ? 'crypto' : 'card'
  const [email = '', name = '', payIn = ''] = ['email', 'name', 'pay_in'].map((field) => fields.get(field) ?? '')
  return { email, name, method, payIn, problems, notice }
}

/** With a card where our own page takes it, else of somebody whom the gateway's page will ask for one; or in crypto. */
export type Payment = CardPayment | Payer | CryptoPayer

/** A form that can be acted on; `payment` is null where there is nothing to pay. */
export type Purchase = { email: string; payment: Payment | null }

export type PurchaseReading = { purchase: Purchase; problems: [] } | { purchase: null; problems: FieldProblem[] }

/** Reads the posted form that a page with this price has. */
export function readPurchase(deps: Deps, fields: URLSearchParams, sale: Sale): PurchaseReading {
  const now = deps.clock.now()
  if (sale.amountMinor > 0n && isInCrypto(fields)) return readCryptoForm(fields, now)
  const isPaidElsewhere = gatewayFor(deps, sale)?.kind === 'redirect'
  if (sale.amountMinor > 0n && !isPaidElsewhere) {
    const { payment, problems } = readCardForm(fields, now)
    return payment ? { purchase: { email: payment.email, payment }, problems: [] } : { purchase: null, problems }
  }
  const email = fields.get('email')?.trim() ?? ''
  const problem = problemOf('email', email, monthOf(now))
  if (problem) return { purchase: null, problems: [{ field: 'email', problem }] }
  const payment = sale.amountMinor > 0n ? { email, name: null } : null
  return { purchase: { email, payment }, problems: [] }
}

/** Before anything is opened: the form again when its buyer saw another price than there is now, else undefined. */
export function askAgain(c: PageContext, deps: Deps, offer: Offer, fields: URLSearchParams) {
  const { sale } = offer
  if (fields.get('shown') === shownPrice(sale)) return undefined
  // What happened to the coupon stands at its field.
  const notice = sale.coupon.problem === null ? priceNotice(c.get('visit'), sale) : null
  return sendForm(c, deps, offer, refilled(fields, [], notice), 409)
}

type Posted = { sessionId: string; fields: URLSearchParams; purchase: Purchase }

type Agreed = { locale: string; shownMinor: bigint }

/** `isBegun` when the gateway's page waits for the buyer now; `refused` when crypto can't be paid at this moment. */
async function begin(deps: Deps, sessionId: string, asked: Payment, agreed: Agreed) {
  const payment = { ...asked, ...agreed }
  const nothing = { declined: null, refused: null, isBegun: false }
  if ('coin' in payment) return { ...nothing, ...(await payWithCrypto(deps, sessionId, payment)) }
  if ('card' in payment) return { ...nothing, ...(await payWithCard(deps, sessionId, payment)) }
  const { checkout, url, obstacle } = await openPaymentPage(deps, sessionId, payment)
  return { ...nothing, checkout, obstacle, isBegun: url !== null }
}

/** Charges the session and answers what the buyer sees next: the form again after a decline, else the session's page. */
export async function pay(c: PageContext, deps: Deps, offer: Offer, posted: Posted): Promise<Response> {
  const visit = c.get('visit')
  const again = (offered: Offer, notice: Notice, status: number) =>
    sendForm(c, deps, offered, refilled(posted.fields, [], notice), status)
  if (posted.fields.get('shown') !== shownPrice(offer.sale)) return again(offer, priceNotice(visit, offer.sale), 409)
  const { email, payment: asked } = posted.purchase
  if (!asked) {
    const checkout = await completeFree(deps, posted.sessionId, { email, name: null })
    if (checkout.state !== 'open') return seeOther(c, checkoutPath(visit, posted.sessionId))
    const sale = saleOfOrder(visit, checkout, offer.sale.description)
    return again({ ...offer, sale }, couponNotice(visit, sale), 409)
  }
  const agreed = { locale: visit.locale, shownMinor: offer.sale.amountMinor }
  const { checkout, declined, refused, obstacle, isBegun } = await begin(deps, posted.sessionId, asked, agreed)
  if (obstacle && checkout.state === 'open') {
    const sale = saleOfOrder(visit, checkout, offer.sale.description)
    const notice = obstacle === 'coupon_used' ? couponNotice(visit, sale) : priceNotice(visit, sale)
    return again({ ...offer, sale }, notice, 409)
  }
  if (refused) return again(offer, visit.texts.checkout.refusals[refused], 503)
  if (!declined) return seeOther(c, checkoutPath(visit, posted.sessionId, isBegun ? 'pay' : undefined))
  return again(offer, declineNotice(visit.texts, declined), 402)
}

export function declineNotice(texts: Texts, code: DeclineCode): Notice {
  return { title: texts.declinedTitle, text: texts.declines[code], declined: code }
}

/** Document D's `payment_failed`; a slip in the form is no failure. */
function toldOf(notice: Notice | null): Told | null {
  return notice?.declined ? { type: 'payment_failed', error: notice.text, code: notice.declined } : null
}

function priceNotice({ texts, locale }: { texts: Texts; locale: string }, sale: Sale): Notice {
  return {
    title: texts.priceChangedTitle,
    text: texts.priceChanged(formatMoney(sale.amountMinor, sale.currency, locale)),
  }
}

/** The buyer's coupon is off the order, since they have used it as often as they may. */
function couponNotice({ texts, locale }: { texts: Texts; locale: string }, sale: Sale): Notice {
  const price = formatMoney(sale.amountMinor, sale.currency, locale)
  return { title: texts.couponUsedTitle, text: texts.couponUsed(price) }
}

/** The form of a session that is open: filled with what its order knows, and saying why its last try failed. */
export function formOfOrder(texts: Texts, checkout: Checkout): FormState {
  const { order } = checkout
  const code = DECLINE_CODES.find((known) => known === order.failureCode)
  return {
    ...EMPTY_FORM,
    email: order.customerEmail ?? '',
    name: order.customerName ?? '',
    notice: code ? declineNotice(texts, code) : lostMoneyNotice(texts, checkout),
  }
}

/** Crypto that came too late or too little: the order can still be paid, and the money isn't forgotten. */
function lostMoneyNotice({ crypto: words }: Texts, { crypto, store }: Checkout): Notice | null {
  if (!crypto || !hasLostMoney(crypto)) return null
  const facts = knownCoin(crypto.network, crypto.coin)
  const named = (units: bigint) => `${formatUnits(units, facts)} ${facts.symbol}`
  const { number, creditedUnits, lateUnits, expectedUnits } = crypto
  const came = creditedUnits ?? 0n
  const text =
    came > 0n
      ? words.unfinished.text(named(came), named(expectedUnits), store.name)
      : words.late.text(named(lateUnits), store.name)
  return { title: (came > 0n ? words.unfinished : words.late).title, text: `${text} ${words.number}: ${number}.` }
}

/** A session's price and name are its order's: they were frozen when it was opened. */
export function saleOfOrder(visit: Visit, { ctx, store, order }: Checkout, description: string | null): Sale {
  const { productName, subtotalMinor, discountMinor, amountMinor, currency, cancelUrl } = order
  return {
    ...{ store, isTest: ctx.isTest, productName, description, amountMinor, currency, cancelUrl },
    changeUrl: null,
    price: { subtotalMinor, discountMinor },
    coupon: couponOfOrder(visit, order),
  }
}
