import type { Deps } from '../context'
import {
  type Checkout,
  findCheckout,
  findProductForSale,
  openSession,
  type ProductForSale,
} from '../domain/payments/checkout'
import { AppError } from '../kernel/errors'
import { couponOfAddress, type Discounted, unlessRefused, withoutCoupon, wordsOf } from './coupon'
import { checkoutPath, type PageContext, readForm, seeOther } from './page'
import { askAgain, formOfOrder, type Offer, pay, readPurchase, refilled, saleOfOrder, sendForm } from './paying'
import { heldSession, holdSession, mintSession, postedSession } from './session-cookie'
import { isUnderway, samePage, sendAlreadyPaid, sendObstacle } from './states'
import { EMPTY_FORM } from './views/card-form'

/** `GET /checkout/{product uuid}`. Writes nothing: the order is made when the form is posted. */
export async function showProduct(c: PageContext, deps: Deps, productId: string): Promise<Response> {
  const sale = await findProductForSale(deps, productId)
  const path = checkoutPath(c.get('visit'), sale.product.id)
  if (c.req.query('again') !== undefined) {
    hold(c, deps, sale, mintSession(sale))
    return seeOther(c, path)
  }
  // The cookie's path is the id as we write it.
  if (sale.product.id !== productId) return seeOther(c, `${path}${new URL(c.req.url).search}`)
  const held = heldSession(c, sale)
  const checkout = held === undefined ? undefined : await checkoutOf(deps, held, sale)
  if (checkout?.state === 'paid') return sendAlreadyPaid(c, checkout, `${path}?again=1`)
  if (checkout && isUnderway(checkout)) {
    return seeOther(c, checkoutPath(c.get('visit'), checkout.order.sessionId))
  }
  if (sale.obstacle) return sendObstacle(c, sale.obstacle, sale)
  const isOver = checkout?.state === 'expired' || checkout?.state === 'refunded'
  const sessionId = held === undefined || isOver ? mintSession(sale) : held
  if (sessionId !== held) hold(c, deps, sale, sessionId)
  const open = isOver ? undefined : checkout
  const offer = offerOf(c, sale, sessionId, open ?? (await priceOf(c, sale)))
  return sendForm(c, deps, offer, open ? formOfOrder(c.get('visit').texts, open) : EMPTY_FORM)
}

/** `POST /checkout/{product uuid}`. Opens the session with its first post, and charges it. */
export async function payForProduct(c: PageContext, deps: Deps, productId: string): Promise<Response> {
  const sale = await findProductForSale(deps, productId)
  const fields = await readForm(c)
  const sessionId = postedSession(c, fields, sale)
  const known = await checkoutOf(deps, sessionId, sale)
  if (known && known.state !== 'open') return seeOther(c, checkoutPath(c.get('visit'), sessionId))
  if (sale.obstacle) return sendObstacle(c, sale.obstacle, sale)
  const price = known ?? (await priceOf(c, sale))
  const offer = offerOf(c, sale, sessionId, price)
  const { purchase, problems } = readPurchase(deps, fields, offer.sale)
  if (!purchase) return sendForm(c, deps, offer, refilled(fields, problems, null), 422)
  const asked = known ? undefined : askAgain(c, deps, offer, fields)
  if (asked) return asked
  const couponCode = 'code' in price ? (price.code ?? undefined) : undefined
  const opened = await unlessRefused(
    openSession(deps, { productId: sale.product.id, sessionId, email: purchase.email, couponCode }),
  )
  if ('refusal' in opened) {
    const refused = withoutCoupon(offer, wordsOf(c.get('visit').texts, opened.refusal))
    return sendForm(c, deps, refused, refilled(fields, [], null), 409)
  }
  hold(c, deps, sale, sessionId)
  return pay(c, deps, offerOf(c, sale, sessionId, opened), { sessionId, fields, purchase })
}

/** The session's checkout if it has an order already, and that order is for this product. */
async function checkoutOf(deps: Deps, sessionId: string, sale: ProductForSale): Promise<Checkout | undefined> {
  try {
    const checkout = await findCheckout(deps, sessionId)
    return checkout.order.productId === sale.product.id ? checkout : undefined
  } catch (error) {
    if (error instanceof AppError && error.code === 'session_not_found') return undefined
    throw error
  }
}

/** The product's price of this moment, with the coupon that the address names. */
function priceOf(c: PageContext, { ctx, product }: ProductForSale): Promise<Discounted> {
  const price = { subtotalMinor: product.priceMinor, currency: product.currency }
  return couponOfAddress(c.get('visit'), ctx, samePage(c), price)
}

/** At the price of the session's order, once there is one. */
function offerOf(c: PageContext, sale: ProductForSale, sessionId: string, price: Checkout | Discounted): Offer {
  const visit = c.get('visit')
  const { ctx, store, product } = sale
  const { description } = product
  if ('order' in price) {
    const action = checkoutPath(visit, product.id)
    return {
      ctx,
      store,
      sale: saleOfOrder(visit, price, description),
      action,
      sessionId,
      successUrl: price.order.successUrl,
    }
  }
  const { subtotalMinor, discountMinor, entry } = price
  const fresh = {
    ...{ store, isTest: ctx.isTest, productName: product.name, description, currency: product.currency },
    ...{ amountMinor: subtotalMinor - discountMinor, price: { subtotalMinor, discountMinor }, coupon: entry },
    ...{ cancelUrl: null, changeUrl: null },
  }
  return { ctx, store, sale: fresh, action: samePage(c), sessionId, successUrl: null }
}

function hold(c: PageContext, deps: Deps, sale: ProductForSale, sessionId: string): void {
  const path = checkoutPath(c.get('visit'), sale.product.id)
  holdSession(c, sessionId, path, deps.publicUrl.startsWith('https:'))
}
