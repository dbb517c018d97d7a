import { createHash } from 'node:crypto'
import type { Deps } from '../context'
import { leastCharge } from '../domain/orders/amounts'
import type { Item } from '../domain/orders/service'
import { type Checkout, findCheckout } from '../domain/payments/checkout'
import { itemOf } from '../domain/payments/goods'
import { findSeller, type LinkedSale, mayBeCalled, openLinkedSession, type Seller } from '../domain/payments/links'
import { isOfPaying, obstacleOf } from '../domain/payments/obstacles'
import { MINUTE_MS } from '../kernel/clock'
import { AppError } from '../kernel/errors'
import { exponentOf, formatMoney } from '../kernel/money'
import { amountLimits } from '../kernel/wire'
import { couponOfAddress, type Discounted, unlessRefused, withoutCoupon, wordsOf } from './coupon'
import { type LinkTerms, OWN_AMOUNT, readLink, readOwnAmount, type WrongParameter } from './link-terms'
import { checkoutPath, type PageContext, readForm, seeOther, sendPage, withoutParameter } from './page'
import { askAgain, type Offer, pay, readPurchase, refilled, saleOfOrder, sendForm } from './paying'
import { payForSession } from './session-checkout'
import { heldSession, holdSession, mintSession, postedSession } from './session-cookie'
import { samePage, sendAlreadyPaid, sendLinkProblems, sendObstacle } from './states'
import { AmountPage } from './views/amount'
import { EMPTY_FORM } from './views/card-form'

/** Document D: an embedded checkout can be paid for half an hour. */
const EMBEDDED_MS = 30 * MINUTE_MS

/** A link's seller, and what it says. */
type Link = Seller & { terms: LinkTerms; problems: WrongParameter[]; address: string; cookie: string }

/** `GET /checkout/sto_…` and `GET /checkout/embed?store_id=…`. Writes nothing: the order is made when the form is posted. */
export async function showLink(c: PageContext, deps: Deps, storeId: string): Promise<Response> {
  if (storeId === '') return sendLinkProblems(c, [c.get('visit').texts.link.store_missing])
  const link = await readVisit(c, deps, storeId)
  if (c.req.query('again') !== undefined) {
    hold(c, deps, link, mintSession(link))
    return seeOther(c, link.address)
  }
  const held = heldOf(c, link)
  const checkout = held === undefined ? undefined : await checkoutOf(deps, held)
  if (checkout?.state === 'paid') return sendAlreadyPaid(c, checkout, againUrl(link.address))
  const isOver = checkout?.state === 'expired' || checkout?.state === 'refunded'
  if (checkout && !isOver) return seeOther(c, checkoutPath(c.get('visit'), checkout.order.sessionId))
  const ready = await saleOf(c, link)
  if (ready instanceof Response) return ready
  const sessionId = held === undefined || isOver ? mintSession(link) : held
  if (sessionId !== held) hold(c, deps, link, sessionId)
  return sendForm(c, deps, offerOf(link, ready, sessionId), EMPTY_FORM)
}

/** `POST` to the same. Opens the session with its first post, and charges it; from then on its page is the session's own. */
export async function payForLink(c: PageContext, deps: Deps, storeId: string): Promise<Response> {
  const link = await readVisit(c, deps, storeId)
  const fields = await readForm(c)
  const sessionId = postedSession(c, fields, link, c.get('visit').frame ? null : link.cookie)
  if (await checkoutOf(deps, sessionId)) return payForSession(c, deps, sessionId, fields)
  const ready = await saleOf(c, link)
  if (ready instanceof Response) return ready
  const visit = c.get('visit')
  const offer = offerOf(link, ready, sessionId)
  const { purchase, problems } = readPurchase(deps, fields, offer.sale)
  if (!purchase) return sendForm(c, deps, offer, refilled(fields, problems, null), 422)
  const asked = askAgain(c, deps, offer, fields)
  if (asked) return asked
  const opened = await unlessRefused(openLinkedSession(link, ready, { sessionId, email: purchase.email }))
  if ('refusal' in opened) {
    return sendForm(
      c,
      deps,
      withoutCoupon(offer, wordsOf(visit.texts, opened.refusal)),
      refilled(fields, [], null),
      409,
    )
  }
  hold(c, deps, link, sessionId)
  const sale = saleOfOrder(visit, opened, offer.sale.description)
  const action = checkoutPath(visit, sessionId)
  return pay(c, deps, { ...offer, sale, action, sessionId: null }, { sessionId, fields, purchase })
}

/** Throws store_not_found. */
async function readVisit(c: PageContext, deps: Deps, storeId: string): Promise<Link> {
  const query = new URL(c.req.url).searchParams
  query.delete('again')
  const reading = readLink(query)
  const seller = await findSeller(deps, storeId, reading.terms)
  // All links of a store have one path: another link is another purchase.
  query.sort()
  const cookie = `payhook_link_${createHash('sha256').update(query.toString()).digest('hex').slice(0, 16)}`
  return { ...seller, ...reading, address: samePage(c), cookie }
}

/** What the link sells, and at which price. */
type Ready = LinkedSale & { price: Discounted }

/** What the link sells, or the page that says why it can't, or that asks how much. */
async function saleOf(c: PageContext, link: Link): Promise<Ready | Response> {
  const { texts } = c.get('visit')
  const { terms, goods } = link
  const obstacle = await obstacleOf(link.ctx, link.store, goods, goods?.product.currency ?? terms.currency)
  // What costs nothing needs no gateway; whether it does is known only below.
  if (obstacle && !isOfPaying(obstacle)) return sendObstacle(c, obstacle, link)
  const problems = [...link.problems, ...(await refusedWebhook(link))]
  if (problems.length > 0) return sendLinkProblems(c, wordsFor(c, problems, link), link)
  const name = terms.productName ?? texts.paymentTo(link.store.name)
  const item = goods ? itemOf(goods) : itemAt(terms.amountMinor ?? ownAmount(c, link), name, terms.currency)
  if ('problem' in item) {
    // Nobody is asked for an amount that then can't be paid.
    return obstacle && terms.couponCode === null ? sendObstacle(c, obstacle, link) : askAmount(c, link, name, item)
  }
  if (item.priceMinor > 0n && item.priceMinor < leastCharge(link.ctx, item.currency)) {
    const parameter = goods ? 'variant_id' : 'amount'
    return sendLinkProblems(c, wordsFor(c, [{ parameter, problem: 'amount_range' }], link), link)
  }
  const { priceMinor: subtotalMinor, currency } = item
  const price = await couponOfAddress(c.get('visit'), link.ctx, link.address, { subtotalMinor, currency })
  const isFree = price.discountMinor === subtotalMinor
  if (obstacle && !isFree) return sendObstacle(c, obstacle, link)
  const lifetimeMs = c.get('visit').frame ? EMBEDDED_MS : null
  return { item, couponCode: price.code, isFree, wishes: terms.wishes, lifetimeMs, price }
}

function itemAt(amount: bigint | Unanswered, name: string, currency: string): Item | Unanswered {
  if (typeof amount !== 'bigint') return amount
  return { productId: null, variantId: null, name, priceMinor: amount, currency }
}

/** The limits of orders by the API too, or what a card can pay at least where that is more. */
function limitsOf(c: PageContext, link: Link) {
  const { locale } = c.get('visit')
  const { currency } = link.terms
  const { min, max } = amountLimits(currency)
  const chargeable = leastCharge(link.ctx, currency)
  let atLeast = min
  if (chargeable > min) atLeast = chargeable
  return { atLeast, words: [formatMoney(atLeast, currency, locale), formatMoney(max, currency, locale)] as const }
}

async function refusedWebhook(link: Link): Promise<WrongParameter[]> {
  const { webhookUrl } = link.terms.wishes
  if (webhookUrl === null || (await mayBeCalled(link, webhookUrl))) return []
  return [{ parameter: 'webhook_url', problem: 'webhook_refused' }]
}

function wordsFor(c: PageContext, problems: readonly WrongParameter[], link: Link): string[] {
  const { texts } = c.get('visit')
  const { words } = limitsOf(c, link)
  return problems.map(({ parameter, problem }) => texts.link.problems[problem](parameter, ...words))
}

type Unanswered = { text: string; problem: string | null }

/** What the buyer answered, when asked for an amount. */
function ownAmount(c: PageContext, link: Link): bigint | Unanswered {
  const { currency } = link.terms
  const text = c.req.query(OWN_AMOUNT)?.trim()
  if (text === undefined) return { text: '', problem: null }
  const { texts, locale } = c.get('visit')
  if (text === '') return { text, problem: texts.ownAmount.missing }
  const { atLeast, words } = limitsOf(c, link)
  const { minor, problem } = readOwnAmount(text, currency)
  if (problem === 'amount_range' || (minor !== null && minor < atLeast)) {
    return { text, problem: texts.ownAmount.range(...words) }
  }
  return minor ?? { text, problem: texts.ownAmount.invalid(exampleOf(currency, locale)) }
}

function exampleOf(currency: string, locale: string): string {
  const digits = exponentOf(currency)
  return new Intl.NumberFormat(locale, { minimumFractionDigits: digits }).format(digits === 0 ? 20 : 12.5)
}

function askAmount(c: PageContext, link: Link, productName: string, { text, problem }: Unanswered): Promise<Response> {
  const { store, ctx, terms } = link
  const [least, most] = limitsOf(c, link).words
  const [action = '', query] = link.address.split('?')
  const hidden = [...new URLSearchParams(query)].filter(([name]) => name !== OWN_AMOUNT && name !== 'amount')
  const question = {
    ...{ store, isTest: ctx.isTest, productName, action, hidden, text, problem },
    currency: terms.currency.toUpperCase(),
    least,
    most,
    field: OWN_AMOUNT,
    cancelUrl: terms.wishes.cancelUrl,
  }
  const page = <AmountPage visit={c.get('visit')} question={question} />
  return sendPage(c, problem ? 422 : 200, page, { logoUrl: store.logoUrl })
}

function offerOf(link: Link, { item, wishes, price }: Ready, sessionId: string): Offer {
  const { store, ctx, goods, terms, address } = link
  const isOwnAmount = terms.amountMinor === null && goods === null
  const sale = {
    ...{ store, isTest: ctx.isTest, productName: item.name, description: goods?.product.description ?? null },
    ...{ amountMinor: price.subtotalMinor - price.discountMinor, currency: item.currency },
    ...{ price, coupon: price.entry },
    cancelUrl: wishes.cancelUrl ?? null,
    changeUrl: isOwnAmount ? withoutParameter(address, OWN_AMOUNT) : null,
  }
  return { ctx, store, sale, action: address, sessionId, successUrl: wishes.successUrl ?? null }
}

async function checkoutOf(deps: Deps, sessionId: string): Promise<Checkout | undefined> {
  try {
    return await findCheckout(deps, sessionId)
  } catch (error) {
    if (error instanceof AppError && error.code === 'session_not_found') return undefined
    throw error
  }
}

/** Within a frame no cookie comes back: there the session is in the form alone. */
function heldOf(c: PageContext, link: Link): string | undefined {
  return c.get('visit').frame ? undefined : heldSession(c, link, link.cookie)
}

function hold(c: PageContext, deps: Deps, link: Link, sessionId: string): void {
  if (c.get('visit').frame) return
  const path = link.address.split('?')[0] ?? ''
  holdSession(c, sessionId, path, deps.publicUrl.startsWith('https:'), link.cookie)
}

function againUrl(address: string): string {
  return `${address}${address.includes('?') ? '&' : '?'}again=1`
}
