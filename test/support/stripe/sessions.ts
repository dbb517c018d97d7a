import type { Books } from './books'
import { type Means, VISA } from './catalogue'
import { randomText } from './ids'
import type { Metadata, PaymentIntent, Session } from './objects'
import type { Payments } from './payments'
import { invalid, missing } from './refusal'

const MINIMUMS: Readonly<Record<string, number>> = { usd: 50, eur: 50, gbp: 30, jpy: 50, sek: 300, mxn: 1_000 }
const MINUTE = 60
const DAY = 86_400

export type NewSession = {
  amount: number
  currency: string
  email?: string | undefined
  reference?: string | undefined
  metadata: Metadata
  intentMetadata: Metadata
  description?: string | undefined
  expiresAt?: number | undefined
  successUrl: string
  cancelUrl?: string | undefined
  applicationFee?: number | undefined
  destination?: string | undefined
  onBehalfOf?: string | undefined
  transferGroup?: string | undefined
}

/** Of an account: the pages of Stripe Checkout, and what buyers and their banks do there. */
export function createSessions({ pageUrl, livemode, connect, seconds, tell }: Books, payments: Payments) {
  const { openIntent, charge, intentOf, decline } = payments
  const sessions = new Map<string, Session>()
  const details = new Map<string, NewSession>()
  const tried = new Map<string, PaymentIntent>()
  const mode = livemode ? 'live' : 'test'

  function openSession(asked: NewSession): Session {
    const now = seconds()
    const expiresAt = asked.expiresAt ?? now + DAY
    if (expiresAt < now + 30 * MINUTE || expiresAt > now + DAY) {
      throw invalid(
        'The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.',
        {
          param: 'expires_at',
        },
      )
    }
    if (asked.amount < (MINIMUMS[asked.currency] ?? 1)) {
      throw invalid(`The Checkout Session's total amount due must add up to at least ${MINIMUMS[asked.currency]}.`, {
        code: 'amount_too_small',
      })
    }
    connect.check(asked.destination, asked.applicationFee)
    const id = `cs_${mode}_${randomText(40)}`
    const session: Session = {
      ...{ id, object: 'checkout.session', mode: 'payment', status: 'open', payment_status: 'unpaid' },
      ...{ payment_intent: null, amount_total: asked.amount, currency: asked.currency },
      ...{ customer_email: asked.email ?? null, customer_details: asked.email ? { email: asked.email } : null },
      ...{ client_reference_id: asked.reference ?? null, metadata: asked.metadata },
      ...{ url: `${pageUrl}/c/pay/${id}`, success_url: asked.successUrl, cancel_url: asked.cancelUrl ?? null },
      ...{ expires_at: expiresAt, created: now, livemode },
    }
    sessions.set(id, session)
    details.set(id, asked)
    return session
  }

  function getSession(id: string): Session {
    const session = sessions.get(id)
    if (!session) throw missing('checkout.session', id)
    if (session.status === 'open' && session.expires_at <= seconds()) endSession(session)
    return session
  }

  function endSession(session: Session): void {
    session.status = 'expired'
    session.url = null
    tell('checkout.session.expired', session)
  }

  function expireSession(id: string): Session {
    const session = getSession(id)
    if (session.status !== 'open') {
      throw invalid(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.`,
      )
    }
    endSession(session)
    return session
  }

  /** What the buyer does on the page. Throws where the page would say that it is over. */
  function confirm(sessionId: string, means: Means = VISA): PaymentIntent {
    const session = getSession(sessionId)
    if (session.status !== 'open') throw invalid(`This page is ${session.status}`)
    const intent = intentOn(session)
    session.status = 'complete'
    session.url = null
    session.payment_intent = intent.id
    if (means === 'delayed') {
      intent.status = 'processing'
      tell('payment_intent.processing', intent)
    } else {
      session.payment_status = 'paid'
      charge(intent, means)
    }
    tell('checkout.session.completed', session)
    return intent
  }

  /** Of the first try to pay on a page; further ones go on with it. */
  function intentOn({ id, amount_total: amount, currency }: Session): PaymentIntent {
    const asked = details.get(id)
    connect.check(asked?.destination, asked?.applicationFee)
    const known = tried.get(id)
    if (known) return known
    const intent = openIntent({
      ...{ amount, currency, description: asked?.description },
      ...{ metadata: asked?.intentMetadata, applicationFee: asked?.applicationFee, destination: asked?.destination },
      ...{ onBehalfOf: asked?.onBehalfOf, transferGroup: asked?.transferGroup },
    })
    tried.set(id, intent)
    return intent
  }

  /** The buyer's card is declined on the page, which stays open. */
  function declineOn(sessionId: string, declineCode = 'generic_decline'): PaymentIntent {
    const session = getSession(sessionId)
    if (session.status !== 'open') throw invalid(`This page is ${session.status}`)
    const intent = intentOn(session)
    decline(intent, declineCode)
    return intent
  }

  /** The bank of a `delayed` payment has decided. */
  function settle(sessionId: string, isPaid: boolean): void {
    const session = getSession(sessionId)
    const intent = intentOf(session.payment_intent ?? '')
    if (intent.status !== 'processing') throw new Error(`${intent.id} waits for no bank`)
    if (isPaid) {
      session.payment_status = 'paid'
      charge(intent, 'delayed')
      tell('checkout.session.async_payment_succeeded', session)
      return
    }
    intent.status = 'requires_payment_method'
    intent.last_payment_error = { code: 'payment_intent_payment_attempt_failed', message: 'The bank refused.' }
    tell('payment_intent.payment_failed', intent)
    tell('checkout.session.async_payment_failed', session)
  }

  return { sessions, openSession, getSession, expireSession, confirm, declineOn, settle }
}
