import type { Account } from './account'
import { type Method, VISA } from './catalogue'
import { CONNECT_ROUTES } from './connect-routes'
import { expandAll } from './expand'
import { listOf } from './lists'
import { PARAMETERS, readParameters } from './parameters'
import { invalid, missing, StripeRefusal } from './refusal'

export type Asked = { account: Account; id: string; form: string }
export type Route = (asked: Asked) => object

/** What is answered to which request; the last part of a path with an id may be an action. */
const ROUTES: Readonly<Record<string, Route>> = {
  ...CONNECT_ROUTES,
  'GET accounts/id': retrieve,
  'GET transfers/id': retrieve,
  'GET application_fees/id': retrieve,
  'POST products': ({ account, form }) => account.addProduct(readParameters(PARAMETERS.productCreate, form)),
  'POST prices': ({ account, form }) => account.addPrice(readParameters(PARAMETERS.priceCreate, form)),
  'POST payment_methods': ({ account, form }) => account.addMethod(meansOf(form)),
  'POST checkout/sessions': createSession,
  'GET checkout/sessions': listSessions,
  'GET checkout/sessions/id': retrieve,
  'POST checkout/sessions/id/expire': ({ account, id, form }) => expandedBy(account, account.expireSession(id), form),
  'GET payment_pages/id': retrieve,
  'POST payment_pages/id/confirm': confirmPage,
  'POST payment_intents': createIntent,
  'GET payment_intents/id': retrieve,
  'GET charges/id': retrieve,
  'POST refunds': ({ account, form }) => {
    const { expand, ...asked } = readParameters(PARAMETERS.refundCreate, form)
    return expandAll(account, account.refund(asked), expand)
  },
  'GET refunds': ({ account, form }) => {
    const { payment_intent, limit } = readParameters(PARAMETERS.refundList, form)
    return listOf([...account.refunds.values()].filter(ofIntent(payment_intent)), limit, '/v1/refunds')
  },
  'GET events': listEvents,
  'GET refunds/id': retrieve,
  'POST refunds/id': ({ account, id, form }) => account.describe(id, readParameters(PARAMETERS.metadataUpdate, form)),
  'GET disputes': ({ account, form }) => {
    const { payment_intent, limit } = readParameters(PARAMETERS.disputeList, form)
    return listOf([...account.disputes.values()].filter(ofIntent(payment_intent)), limit, '/v1/disputes')
  },
  'GET disputes/id': retrieve,
  'POST disputes/id': updateDispute,
  'POST disputes/id/close': ({ account, id, form }) => {
    readParameters(PARAMETERS.expandOnly, form)
    return account.closeDispute(id)
  },
}

/** Throws Stripe's refusals. */
export function route(account: Account, method: string, path: string, form: string): object {
  const [, kind = '', id = '', action] = /^\/v1\/(checkout\/sessions|\w+)(?:\/(\w+))?(?:\/(\w+))?$/.exec(path) ?? []
  const known = ROUTES[`${method} ${kind}${id ? '/id' : ''}${action ? `/${action}` : ''}`]
  if (known) return known({ account, id, form })
  const message = `Unrecognized request URL (${method}: ${path}).`
  throw new StripeRefusal(404, { type: 'invalid_request_error', message })
}

function retrieve({ account, id, form }: Asked): object {
  const found = account.find(id)
  if (!found) throw missing('object', id)
  return expandedBy(account, found, form)
}

function expandedBy(account: Account, object: object, form: string): object {
  return expandAll(account, object, readParameters(PARAMETERS.expandOnly, form).expand)
}

function createSession({ account, form }: Asked): object {
  const { expand, ...asked } = readParameters(PARAMETERS.sessionCreate, form)
  const [first] = asked.line_items
  if (!first || asked.line_items.length !== 1) throw invalid('One line item is what is known here')
  const price = first.price_data ?? account.getPrice(first.price ?? '')
  const intent = asked.payment_intent_data
  const session = account.openSession({
    amount: price.unit_amount * first.quantity,
    ...{ currency: price.currency, email: asked.customer_email, reference: asked.client_reference_id },
    ...{ metadata: asked.metadata ?? {}, intentMetadata: intent?.metadata ?? {}, description: intent?.description },
    ...{ expiresAt: asked.expires_at, successUrl: asked.success_url, cancelUrl: asked.cancel_url },
    ...{ applicationFee: intent?.application_fee_amount, destination: intent?.transfer_data?.destination },
    ...{ onBehalfOf: intent?.on_behalf_of, transferGroup: intent?.transfer_group },
  })
  return expandAll(account, session, expand)
}

function listSessions({ account, form }: Asked): object {
  const { payment_intent, status, limit } = readParameters(PARAMETERS.sessionList, form)
  const found = [...account.sessions.keys()].map((id) => account.getSession(id))
  const fitting = found.filter((one) => !status || one.status === status).filter(ofIntent(payment_intent))
  return listOf(fitting, limit, '/v1/checkout/sessions')
}

function listEvents({ account, form }: Asked): object {
  const {
    types,
    created,
    delivery_success: isTaken,
    limit,
    starting_after: last,
  } = readParameters(PARAMETERS.eventList, form)
  const { all, delivered } = account.told
  const since = (typeof created === 'object' ? created.gte : created) ?? 0
  // The one that a page ended with may have been delivered since.
  const end = last === undefined ? all.length : all.findIndex(({ id }) => id === last)
  const fitting = all
    .slice(0, Math.max(end, 0))
    .filter(
      ({ id, type, created: at, ...event }) =>
        (types?.includes(type) ?? true) &&
        at >= since &&
        event.account === undefined &&
        (isTaken === undefined || delivered.has(id) === isTaken),
    )
  return listOf(fitting, limit, '/v1/events')
}

const ofIntent = (id: string | undefined) => (one: { payment_intent: string | null }) =>
  id === undefined || one.payment_intent === id

/** Stripe's test tokens whose cards are declined, and the bank's reason. */
const DECLINED: Readonly<Record<string, string>> = {
  tok_chargeDeclined: 'generic_decline',
  tok_chargeDeclinedInsufficientFunds: 'insufficient_funds',
  tok_chargeDeclinedExpiredCard: 'expired_card',
}

/** Of Stripe's test data: what a payment method is, and how a delayed one ends. The documented IBAN of a debit that fails has 3202 at its end. */
function meansOf(form: string): Method {
  const { type, card, sepa_debit: debit } = readParameters(PARAMETERS.methodCreate, form)
  if (type === 'card' && card) return { means: VISA, ends: null, token: card.token }
  if (type === 'sepa_debit' && debit)
    return { means: 'delayed', ends: /^AT(?!.*3202$)/.test(debit.iban), token: 'sepa_debit' }
  throw invalid(`Missing required param: ${type}.`, { code: 'parameter_missing', param: type })
}

function confirmPage({ account, id, form }: Asked): object {
  const { payment_method: methodId, expected_amount: expected } = readParameters(PARAMETERS.pageConfirm, form)
  const { means, ends, token } = account.getMethod(methodId)
  const session = account.getSession(id)
  if (session.amount_total !== expected) throw invalid('The amount is another one', { param: 'expected_amount' })
  const declined = DECLINED[token]
  if (declined !== undefined) {
    account.declineOn(id, declined)
    throw new StripeRefusal(402, { type: 'card_error', code: 'card_declined', message: 'Your card was declined.' })
  }
  const intent = account.confirm(id, means)
  if (ends !== null) account.settle(id, ends)
  if (/createDispute/.test(token)) {
    account.openDispute(intent.id, /Inquiry/.test(token) ? { status: 'warning_needs_response' } : {})
  }
  return session
}

/** In test mode the evidence's text says how the bank decides. */
function updateDispute({ account, id, form }: Asked): object {
  const { metadata, evidence, submit } = readParameters(PARAMETERS.disputeUpdate, form)
  const found = account.describe(id, { metadata: metadata ?? {} })
  const decided = /^(winning|losing)_evidence$/.exec(evidence?.uncategorized_text ?? '')?.[1]
  if (decided && submit !== false) account.moveDispute(id, decided === 'winning' ? 'won' : 'lost')
  return found
}

function createIntent({ account, form }: Asked): object {
  const { confirm, payment_method: method = '', ...asked } = readParameters(PARAMETERS.intentCreate, form)
  const intent = account.openIntent(asked)
  if (!confirm) return intent
  if (/declined/i.test(method)) throw account.decline(intent)
  account.charge(intent, VISA)
  if (/createDispute/.test(method)) {
    account.openDispute(intent.id, /Inquiry/.test(method) ? { status: 'warning_needs_response' } : {})
  }
  return intent
}
