import type { Deps } from '../context'
import { symbolOf } from '../domain/crypto/view'
import { licenseOf, statusOf } from '../domain/licenses/service'
import { type Checkout, findCheckout } from '../domain/payments/checkout'
import { goodsOf } from '../domain/payments/goods'
import { isOfPaying, type Obstacle, obstacleOf } from '../domain/payments/obstacles'
import { returnFromPage } from '../domain/payments/redirect'
import { finishAuthentication } from '../domain/payments/service'
import { applyCoupon, removeCoupon } from '../domain/payments/session-coupon'
import { AppError } from '../kernel/errors'
import { formatDecimal } from '../kernel/money'
import { formatUnits, knownCoin, NETWORK_FACTS } from '../kernel/networks'
import { COUPON, couponOfOrder, wordsOf } from './coupon'
import { sendCrypto } from './crypto-checkout'
import { checkoutPath, type PageContext, readForm, seeOther, sendPage } from './page'
import { formOfOrder, type Offer, pay, readPurchase, refilled, saleOfOrder, sendForm } from './paying'
import { hasLostMoney } from './payment-state'
import { sendExpired, sendObstacle, sendProcessing, sendRedirected, sendSettling } from './states'
import { ChallengePage } from './views/challenge'
import type { Told, Visit } from './views/layout'
import { ReceiptPage } from './views/receipt'

/** `GET /checkout/cs_…`: whatever the session's state needs next. */
export async function showSession(c: PageContext, deps: Deps, sessionId: string): Promise<Response> {
  const checkout = await findCheckout(deps, sessionId)
  switch (checkout.state) {
    case 'open': {
      const { obstacle, description } = await goodsFor(checkout)
      if (obstacle) return sendObstacle(c, obstacle, checkout)
      return sendForm(c, deps, offerOf(c, checkout, description), formOfOrder(c.get('visit').texts, checkout))
    }
    case 'processing':
      return sendProcessing(c, checkout)
    case 'redirected':
      return sendRedirected(c, checkout, false)
    case 'settling':
      return sendSettling(c, checkout)
    case 'awaiting':
      return (await sendCrypto(c, checkout)) ?? sendProcessing(c, checkout)
    case 'requires_action':
      return seeOther(c, checkoutPath(c.get('visit'), sessionId, 'challenge'))
    case 'paid':
      // Within a frame the shop's page would end up in the frame.
      return checkout.order.successUrl && !c.get('visit').frame
        ? seeOther(c, successUrlOf(checkout.order.successUrl, checkout))
        : sendReceipt(c, checkout)
    case 'refunded':
      return sendReceipt(c, checkout)
    case 'expired':
      return (await sendLostMoney(c, checkout)) ?? sendExpired(c, checkout)
  }
}

/** A session that ended with money on its way in is no session that nobody paid. */
async function sendLostMoney(c: PageContext, checkout: Checkout): Promise<Response | undefined> {
  return checkout.crypto && hasLostMoney(checkout.crypto) ? sendCrypto(c, checkout, 410) : undefined
}

/** `GET /checkout/cs_…/pay`: where a posted form leads that is paid on the gateway's page. */
export async function goToPayment(c: PageContext, deps: Deps, sessionId: string): Promise<Response> {
  const checkout = await findCheckout(deps, sessionId)
  if (checkout.state === 'redirected') return sendRedirected(c, checkout, true)
  return seeOther(c, checkoutPath(c.get('visit'), sessionId))
}

/** `GET /checkout/cs_…/return`: where the gateway sends buyers back to, paid or not. */
export async function comeBack(c: PageContext, deps: Deps, sessionId: string): Promise<Response> {
  await returnFromPage(deps, sessionId)
  return seeOther(c, checkoutPath(c.get('visit'), sessionId))
}

/** `POST /checkout/cs_…`; also for a form of before the session had an order, which has been read by then. */
export async function payForSession(
  c: PageContext,
  deps: Deps,
  sessionId: string,
  read?: URLSearchParams,
): Promise<Response> {
  const checkout = await findCheckout(deps, sessionId)
  if (checkout.state !== 'open') return seeOther(c, checkoutPath(c.get('visit'), sessionId))
  const { obstacle, description } = await goodsFor(checkout)
  if (obstacle) return sendObstacle(c, obstacle, checkout)
  const fields = read ?? (await readForm(c))
  const offer = offerOf(c, checkout, description)
  const { purchase, problems } = readPurchase(deps, fields, offer.sale)
  if (!purchase) return sendForm(c, deps, offer, refilled(fields, problems, null), 422)
  return pay(c, deps, offer, { sessionId, fields, purchase })
}

/** `POST /checkout/cs_…/coupon`: puts a coupon to an open order, or takes it off. */
export async function changeCoupon(c: PageContext, deps: Deps, sessionId: string): Promise<Response> {
  const visit = c.get('visit')
  const checkout = await findCheckout(deps, sessionId)
  const fields = await readForm(c)
  const text = fields.get(COUPON)?.trim() ?? ''
  const refused = checkout.state === 'open' ? await triedCoupon(deps, sessionId, fields.get('intent'), text) : null
  if (refused === null) return seeOther(c, checkoutPath(visit, sessionId))
  const { obstacle, description } = await goodsFor(checkout)
  if (obstacle) return sendObstacle(c, obstacle, checkout)
  const offer = offerOf(c, checkout, description)
  const coupon = couponOfOrder(visit, checkout.order, { text, problem: wordsOf(visit.texts, refused) })
  return sendForm(c, deps, { ...offer, sale: { ...offer.sale, coupon } }, formOfOrder(visit.texts, checkout), 422)
}

/** Why the coupon doesn't apply, or null; also when the order was paid meanwhile, or is being paid: its page says so. */
async function triedCoupon(deps: Deps, sessionId: string, intent: string | null, code: string) {
  try {
    if (intent === 'remove') await removeCoupon(deps, sessionId)
    else if (code === '') return 'missing'
    else return (await applyCoupon(deps, sessionId, code.slice(0, 100))).refused
    return null
  } catch (error) {
    const isLate = ['payment_in_progress', 'order_already_paid', 'session_expired']
    if (error instanceof AppError && isLate.includes(error.code)) return null
    throw error
  }
}

/** What an open order still needs of its product: whether it may be sold, and its description. */
async function goodsFor({ ctx, store, order }: Checkout): Promise<{ obstacle: Obstacle; description: string | null }> {
  const goods = await goodsOf(ctx, order)
  const obstacle = await obstacleOf(ctx, store, goods, order.currency)
  // What costs nothing needs no gateway.
  const stands = isOfPaying(obstacle) && order.amountMinor === 0n ? null : obstacle
  return { obstacle: stands, description: goods?.product.description ?? null }
}

function offerOf(c: PageContext, checkout: Checkout, description: string | null): Offer {
  const { sessionId, successUrl } = checkout.order
  const action = checkoutPath(c.get('visit'), sessionId)
  return {
    ...{ ctx: checkout.ctx, store: checkout.store },
    sale: saleOfOrder(c.get('visit'), checkout, description),
    action,
    sessionId: null,
    successUrl,
  }
}

/** `GET /checkout/cs_…/receipt`, also for buyers whom their payment sent on to the shop. */
export async function showReceipt(c: PageContext, deps: Deps, sessionId: string): Promise<Response> {
  const checkout = await findCheckout(deps, sessionId)
  const isPaid = checkout.state === 'paid' || checkout.state === 'refunded'
  return isPaid ? sendReceipt(c, checkout) : seeOther(c, checkoutPath(c.get('visit'), sessionId))
}

async function sendReceipt(c: PageContext, checkout: Checkout): Promise<Response> {
  const visit = c.get('visit')
  const { ctx, store, order } = checkout
  const license = await licenseOf(ctx, order)
  const { productName, amountMinor, refundedMinor, currency, number } = order
  const { subtotalMinor, discountMinor, couponCode } = order
  const paid = {
    ...{ subtotalMinor, discountMinor, couponCode },
    ...{ store, isTest: ctx.isTest, productName, amountMinor, refundedMinor, currency, number },
    email: order.customerEmail,
    paidAt: order.completedAt ?? order.createdAt,
    card: cardOf(checkout.attempt),
    crypto: cryptoOf(checkout),
    remark: remarkOf(visit, checkout),
    license: license && { ...license, status: statusOf(license, ctx.clock.now()) },
    backUrl: order.successUrl ? successUrlOf(order.successUrl, checkout) : null,
    told: toldOf(checkout),
    // Within a frame nobody sees the address that the receipt is kept by.
    ownUrl: visit.frame ? checkoutPath({ ...visit, frame: null }, order.sessionId, 'receipt') : null,
  }
  return sendPage(c, 200, <ReceiptPage visit={visit} paid={paid} />, { logoUrl: store.logoUrl })
}

function cardOf(attempt: Checkout['attempt']) {
  return attempt?.cardBrand && attempt.cardLast4 ? { brand: attempt.cardBrand, last4: attempt.cardLast4 } : null
}

function cryptoOf({ order, crypto }: Checkout): string | null {
  if (order.method !== 'crypto' || !crypto) return null
  return `${symbolOf(crypto)}, ${NETWORK_FACTS[crypto.network].title}`
}

/** Of the payment that counts: what came beside the price, or for nothing. */
function remarkOf({ texts }: Visit, { store, crypto }: Checkout): string | null {
  if (!crypto?.creditedUnits) return null
  const named = (units: bigint) => `${formatUnits(units, knownCoin(crypto.network, crypto.coin))} ${symbolOf(crypto)}`
  const { orderUse, creditedUnits, expectedUnits, overpaymentUnits } = crypto
  if (orderUse === 'surplus') return texts.checkout.surplus.text(named(creditedUnits), store.name)
  const over = creditedUnits - expectedUnits
  return orderUse === 'paid' && over > overpaymentUnits ? texts.crypto.confirmed.over(named(over), store.name) : null
}

/** Document D's `payment_complete`. */
function toldOf({ order }: Checkout): Told {
  const { transactionId, amountMinor, currency, number, successUrl } = order
  return {
    type: 'payment_complete',
    transactionId,
    amount: Number(formatDecimal(amountMinor, currency)),
    currency: currency.toUpperCase(),
    orderId: number,
    redirectUrl: successUrl ? successUrlOf(successUrl, { order }) : null,
  }
}

/** Document D's redirect: `order_id`, `transaction_id`, `amount` and `status`, and nothing else of the buyer. */
export function successUrlOf(successUrl: string, { order }: Pick<Checkout, 'order'>): string {
  const url = new URL(successUrl)
  url.searchParams.set('order_id', order.number)
  url.searchParams.set('transaction_id', order.transactionId)
  url.searchParams.set('amount', formatDecimal(order.amountMinor, order.currency))
  url.searchParams.set('status', order.status)
  return url.href
}

/** `GET /checkout/cs_…/challenge`: the sandbox's stand-in for the bank. */
export async function showChallenge(c: PageContext, deps: Deps, sessionId: string): Promise<Response> {
  const checkout = await findCheckout(deps, sessionId)
  const { store, order } = checkout
  const path = checkoutPath(c.get('visit'), sessionId)
  if (checkout.state !== 'requires_action') return seeOther(c, path)
  const { amountMinor, currency, successUrl } = order
  const challenge = {
    store,
    amountMinor,
    currency,
    card: cardOf(checkout.attempt),
    action: checkoutPath(c.get('visit'), sessionId, 'challenge'),
  }
  return sendPage(c, 200, <ChallengePage visit={c.get('visit')} challenge={challenge} />, { successUrl })
}

/** `POST /checkout/cs_…/challenge`. Anything but the one button that confirms counts as "that isn't me". */
export async function answerChallenge(c: PageContext, deps: Deps, sessionId: string): Promise<Response> {
  const fields = await readForm(c)
  await finishAuthentication(deps, sessionId, fields.get('result') === 'complete')
  return seeOther(c, checkoutPath(c.get('visit'), sessionId))
}
