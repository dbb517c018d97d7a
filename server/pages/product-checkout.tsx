import type { Deps } from '../context'
import {
  type Checkout,
  findCheckout,
  findProductForSale,
  openSession,
  type ProductForSale,
} from '../domain/payments/checkout'
import { AppError } from '../kernel/errors'
import { readCardForm } from './card-form'
import { checkoutPath, type PageContext, readForm, seeOther } from './page'
import { formOfOrder, type Offer, pay, refilled, saleOfOrder, sendForm } from './paying'
import { heldSession, holdSession, mintSession, postedSession } from './session-cookie'
import { sendAlreadyPaid, sendObstacle } from './states'
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
  if (sale.product.id !== productId) return seeOther(c, path)
  const held = heldSession(c, sale)
  const checkout = held === undefined ? undefined : await checkoutOf(deps, held, sale)
  if (checkout?.state === 'paid') return sendAlreadyPaid(c, checkout, `${path}?again=1`)
  if (checkout?.state === 'processing' || checkout?.state === 'requires_action') {
    return seeOther(c, checkoutPath(c.get('visit'), checkout.order.sessionId))
  }
  if (sale.obstacle) return sendObstacle(c, sale.obstacle, sale)
  const isOver = checkout?.state === 'expired' || checkout?.state === 'refunded'
  const sessionId = held === undefined || isOver ? mintSession(sale) : held
  if (sessionId !== held) hold(c, deps, sale, sessionId)
  const open = isOver ? undefined : checkout
  return sendForm(
    c,
    deps,
    offerOf(c, sale, sessionId, open),
    open ? formOfOrder(c.get('visit').texts, open) : EMPTY_FORM,
  )
}

/** `POST /checkout/{product uuid}`. Opens the session with its first post, and charges it. */
export async function payForProduct(c: PageContext, deps: Deps, productId: string): Promise<Response> {
  const sale = await findProductForSale(deps, productId)
  const fields = await readForm(c)
  const sessionId = postedSession(c, fields, sale)
  const known = await checkoutOf(deps, sessionId, sale)
  if (known && known.state !== 'open') return seeOther(c, checkoutPath(c.get('visit'), sessionId))
  if (sale.obstacle) return sendObstacle(c, sale.obstacle, sale)
  const { payment, problems } = readCardForm(fields, deps.clock.now())
  if (!payment) {
    return sendForm(c, deps, offerOf(c, sale, sessionId, known), refilled(fields, problems, null), 422)
  }
  const opened = await openSession(deps, { productId: sale.product.id, sessionId, email: payment.email })
  hold(c, deps, sale, sessionId)
  return pay(c, deps, offerOf(c, sale, sessionId, opened), { sessionId, fields, payment })
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

function offerOf(c: PageContext, sale: ProductForSale, sessionId: string, open: Checkout | undefined): Offer {
  const { ctx, store, product } = sale
  const action = checkoutPath(c.get('visit'), product.id)
  const { description } = product
  if (open) return { sale: saleOfOrder(open, description), action, sessionId, successUrl: open.order.successUrl }
  const { name, priceMinor, currency } = product
  const price = { amountMinor: priceMinor, currency, cancelUrl: null, changeUrl: null }
  const fresh = { store, isTest: ctx.isTest, productName: name, description, ...price }
  return { sale: fresh, action, sessionId, successUrl: null }
}

function hold(c: PageContext, deps: Deps, sale: ProductForSale, sessionId: string): void {
  const path = checkoutPath(c.get('visit'), sale.product.id)
  holdSession(c, sessionId, path, deps.publicUrl.startsWith('https:'))
}
