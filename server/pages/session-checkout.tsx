import type { Deps } from '../context'
import { licenseOf, statusOf } from '../domain/licenses/service'
import { type Checkout, findCheckout, type Obstacle, obstacleOf } from '../domain/payments/checkout'
import { goodsOf } from '../domain/payments/goods'
import { finishAuthentication } from '../domain/payments/service'
import { formatDecimal } from '../kernel/money'
import { readCardForm } from './card-form'
import { checkoutPath, type PageContext, readForm, seeOther, sendPage } from './page'
import { formOfOrder, type Offer, pay, refilled, saleOfOrder, sendForm } from './paying'
import { sendExpired, sendObstacle, sendProcessing } from './states'
import { ChallengePage } from './views/challenge'
import type { Told } from './views/layout'
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
      return sendExpired(c, checkout)
  }
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
  const { payment, problems } = readCardForm(fields, deps.clock.now())
  if (!payment) return sendForm(c, deps, offer, refilled(fields, problems, null), 422)
  return pay(c, deps, offer, { sessionId, fields, payment })
}

/** What an open order still needs of its product: whether it may be sold, and its description. */
async function goodsFor({ ctx, store, order }: Checkout): Promise<{ obstacle: Obstacle; description: string | null }> {
  const goods = await goodsOf(ctx, order)
  return { obstacle: obstacleOf(ctx, store, goods), description: goods?.product.description ?? null }
}

function offerOf(c: PageContext, checkout: Checkout, description: string | null): Offer {
  const { sessionId, successUrl } = checkout.order
  const action = checkoutPath(c.get('visit'), sessionId)
  return { sale: saleOfOrder(checkout, description), action, sessionId: null, successUrl }
}

/** `GET /checkout/cs_…/receipt`, also for buyers whom their payment sent on to the shop. */
export async function showReceipt(c: PageContext, deps: Deps, sessionId: string): Promise<Response> {
  const checkout = await findCheckout(deps, sessionId)
  const isPaid = checkout.state === 'paid' || checkout.state === 'refunded'
  return isPaid ? sendReceipt(c, checkout) : seeOther(c, checkoutPath(c.get('visit'), sessionId))
}

async function sendReceipt(c: PageContext, checkout: Checkout): Promise<Response> {
  const { ctx, store, order } = checkout
  const license = await licenseOf(ctx, order)
  const { productName, amountMinor, refundedMinor, currency, number } = order
  const paid = {
    ...{ store, isTest: ctx.isTest, productName, amountMinor, refundedMinor, currency, number },
    email: order.customerEmail,
    paidAt: order.completedAt ?? order.createdAt,
    card: cardOf(checkout.attempt),
    license: license && { ...license, status: statusOf(license, ctx.clock.now()) },
    backUrl: order.successUrl ? successUrlOf(order.successUrl, checkout) : null,
    told: toldOf(checkout),
  }
  return sendPage(c, 200, <ReceiptPage visit={c.get('visit')} paid={paid} />, { logoUrl: store.logoUrl })
}

function cardOf(attempt: Checkout['attempt']) {
  return attempt?.cardBrand && attempt.cardLast4 ? { brand: attempt.cardBrand, last4: attempt.cardLast4 } : null
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
