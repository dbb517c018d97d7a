import { randomBytes } from 'node:crypto'
import Stripe from 'stripe'
import type { Clock } from '../../../server/kernel/clock'
import { createConnect } from './connect'
import type {
  BalanceTransaction,
  Charge,
  Dispute,
  Metadata,
  PaymentIntent,
  Refund,
  Session,
  StripeEvent,
  StripeObject,
} from './objects'
import { invalid, missing, StripeRefusal } from './refusal'
import type { Told } from './webhooks'

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

/** What a buyer pays with. `delayed` settles days later, as a bank debit does. */
export type Means = { brand: string; last4: string } | 'delayed'

export const VISA: Means = { brand: 'visa', last4: '4242' }

/** One Stripe account: what is in it, and the events of what happens to that. `told` hears of each. */
export function createAccount(
  clock: Clock,
  pageUrl: string,
  livemode: boolean,
  told: Told & { take(event: StripeEvent): void },
) {
  const sessions = new Map<string, Session>()
  const details = new Map<string, NewSession>()
  const tried = new Map<string, PaymentIntent>()
  const late = new Map<string, string>()
  const intents = new Map<string, PaymentIntent>()
  const charges = new Map<string, Charge>()
  const refunds = new Map<string, Refund>()
  const disputes = new Map<string, Dispute>()
  const transactions = new Map<string, BalanceTransaction>()
  /** How refunds end at first; banks that need a while say `pending`. */
  const settings = {
    refunds: 'succeeded' as Refund['status'],
    feesAreLate: false,
    /** The currency of the account's bank, and what one unit of the buyer's is in it. */
    payout: undefined as string | undefined,
    rate: 1,
    /** Kept whether a dispute is won or lost, or given back when it is won, as it was once. */
    disputeFee: 1_500,
    disputeFeeReturns: false,
  }

  const firstSettings = { ...settings }
  const seconds = () => Math.floor(clock.now().getTime() / 1_000)
  const mode = livemode ? 'live' : 'test'

  const connect = createConnect(seconds, pageUrl, livemode, tell)

  function tell(type: string, object: StripeObject | object, connected?: string): void {
    told.take({
      ...{ id: idOf('evt'), object: 'event', api_version: Stripe.API_VERSION, type },
      ...(connected === undefined ? {} : { account: connected }),
      data: { object: structuredClone(object) },
      ...{ created: seconds(), livemode, pending_webhooks: 1, request: { id: null, idempotency_key: null } },
    })
  }

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

  type NewIntent = {
    amount: number
    currency: string
    description?: string | undefined
    metadata?: Metadata | undefined
    applicationFee?: number | undefined
    destination?: string | undefined
    onBehalfOf?: string | undefined
    transferGroup?: string | undefined
  }

  function openIntent({ amount, currency, ...asked }: NewIntent): PaymentIntent {
    const intent: PaymentIntent = {
      ...{ id: idOf('pi'), object: 'payment_intent', amount, amount_received: 0, currency },
      ...{ status: 'requires_payment_method', latest_charge: null, last_payment_error: null },
      ...{ description: asked.description ?? null, metadata: asked.metadata ?? {} },
      application_fee_amount: asked.applicationFee ?? null,
      transfer_data: asked.destination ? { destination: asked.destination } : null,
      ...{ on_behalf_of: asked.onBehalfOf ?? null, transfer_group: asked.transferGroup ?? null },
      ...{ created: seconds(), livemode },
    }
    intents.set(intent.id, intent)
    tell('payment_intent.created', intent)
    return intent
  }

  function charge(intent: PaymentIntent, means: Means): void {
    const { amount, currency, metadata } = intent
    const settled = settledIn(amount, currency)
    const fee = Math.round(settled.amount * 0.029) + 30
    const transaction = addTransaction({ ...settled, fee, type: 'charge' })
    const made: Charge = {
      ...{ id: idOf('ch'), object: 'charge', amount, amount_refunded: 0, currency, status: 'succeeded', paid: true },
      ...{
        refunded: false,
        disputed: false,
        payment_intent: intent.id,
        balance_transaction: settings.feesAreLate ? null : transaction.id,
      },
      payment_method_details: means === 'delayed' ? { type: 'sepa_debit' } : { type: 'card', card: means },
      metadata: { ...metadata },
      ...{ transfer: null, transfer_group: intent.transfer_group, application_fee: null },
      application_fee_amount: intent.application_fee_amount,
      ...{ created: seconds(), livemode },
    }
    charges.set(made.id, made)
    if (settings.feesAreLate) late.set(made.id, transaction.id)
    connect.move('', settled.currency, settled.amount - fee)
    connect.divide(made, intent, settled)
    intent.status = 'succeeded'
    intent.amount_received = amount
    intent.latest_charge = made.id
    tell('charge.succeeded', made)
    tell('payment_intent.succeeded', intent)
  }

  /** What an amount is to the account: converted, where its bank has another currency than the buyer. */
  function settledIn(amount: number, currency: string) {
    const { payout = currency, rate } = settings
    const converted = payout === currency ? amount : Math.round(amount * rate)
    return { amount: converted, currency: payout, exchange_rate: payout === currency ? null : rate }
  }

  /** Into the account, or out of it. */
  function book(amount: number, currency: string, facts: { fee: number; type: 'refund' | 'adjustment' }) {
    const settled = settledIn(amount, currency)
    connect.move('', settled.currency, settled.amount - facts.fee)
    return addTransaction({ ...settled, ...facts })
  }

  /** Stripe has booked what it left open when the charge was made. */
  function bookFees(): void {
    for (const [id, transaction] of late) {
      const made = charges.get(id)
      if (!made) continue
      made.balance_transaction = transaction
      tell('charge.updated', made)
    }
    late.clear()
  }

  function addTransaction(facts: Omit<BalanceTransaction, 'id' | 'object' | 'net' | 'created'>): BalanceTransaction {
    const net = facts.amount - facts.fee
    const made: BalanceTransaction = {
      id: idOf('txn'),
      object: 'balance_transaction',
      ...facts,
      net,
      created: seconds(),
    }
    transactions.set(made.id, made)
    return made
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

  function intentOf(id: string): PaymentIntent {
    const intent = intents.get(id)
    if (!intent) throw missing('payment_intent', id)
    return intent
  }

  function chargeOf(asked: { payment_intent?: string | undefined; charge?: string | undefined }): Charge {
    const id = asked.charge ?? intentOf(asked.payment_intent ?? '').latest_charge
    const found = id ? charges.get(id) : undefined
    if (!found) throw invalid('This PaymentIntent does not have a successful charge to refund.')
    return found
  }

  type NewRefund = {
    payment_intent?: string | undefined
    charge?: string | undefined
    amount?: number | undefined
    reason?: string | undefined
    metadata?: Metadata | undefined
    reverse_transfer?: boolean | undefined
    refund_application_fee?: boolean | undefined
  }

  /** By the API or in the dashboard. */
  function refund(asked: NewRefund): Refund {
    const of = chargeOf(asked)
    const left = of.amount - of.amount_refunded
    if (of.disputed)
      throw invalid(`Charge ${of.id} has been charged back; cannot issue a refund.`, { code: 'charge_disputed' })
    if (left === 0) throw invalid(`Charge ${of.id} has already been refunded.`, { code: 'charge_already_refunded' })
    const amount = asked.amount ?? left
    if (amount > left)
      throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, {
        param: 'amount',
      })
    const reversal = connect.giveBack(of, amount, asked)
    const made: Refund = {
      ...{ id: idOf('re'), object: 'refund', amount, currency: of.currency, status: settings.refunds },
      ...{ payment_intent: of.payment_intent, charge: of.id, reason: asked.reason ?? null },
      ...{ metadata: asked.metadata ?? {}, transfer_reversal: reversal },
      created: seconds(),
    }
    refunds.set(made.id, made)
    take(of, amount)
    book(-amount, of.currency, { fee: 0, type: 'refund' })
    tell('refund.created', made)
    tell('charge.refunded', of)
    return made
  }

  function take(of: Charge, amount: number): void {
    of.amount_refunded += amount
    of.refunded = of.amount_refunded === of.amount
  }

  /** A `pending` refund ends, or one that had gone through is sent back by the buyer's bank. */
  function endRefund(id: string, status: 'succeeded' | 'failed'): void {
    const found = refunds.get(id)
    if (!found) throw missing('refund', id)
    found.status = status
    if (status === 'failed') {
      take(chargeOf(found), -found.amount)
      book(found.amount, found.currency, { fee: 0, type: 'refund' })
    }
    tell(status === 'failed' ? 'refund.failed' : 'refund.updated', found)
  }

  function openDispute(
    paymentIntent: string,
    facts: Partial<Pick<Dispute, 'amount' | 'currency' | 'status' | 'reason'>> = {},
  ): Dispute {
    const of = chargeOf({ payment_intent: paymentIntent })
    const made: Dispute = {
      ...{ id: idOf('dp'), object: 'dispute', amount: of.amount, currency: of.currency, status: 'needs_response' },
      ...{ reason: 'fraudulent', charge: of.id, payment_intent: of.payment_intent, metadata: {}, ...facts },
      evidence_details: { due_by: seconds() + 7 * DAY, has_evidence: false, past_due: false, submission_count: 0 },
      ...{ balance_transactions: [], created: seconds(), livemode },
    }
    disputes.set(made.id, made)
    of.disputed = true
    // The bank takes it from the platform; an inquiry takes nothing.
    const isTaken = !made.status.startsWith('warning_')
    if (isTaken) move(made, -made.amount, settings.disputeFee)
    tell('charge.dispute.created', made)
    if (isTaken) tell('charge.dispute.funds_withdrawn', made)
    return made
  }

  function move({ balance_transactions: moved, currency }: Dispute, amount: number, fee: number): void {
    moved.push(book(amount, currency, { fee, type: 'adjustment' }))
  }

  function moveDispute(id: string, status: Dispute['status']): void {
    const found = disputes.get(id)
    if (!found) throw missing('dispute', id)
    found.status = status
    const isOver = status === 'won' || status === 'lost'
    if (isOver) found.evidence_details.due_by = null
    if (status === 'won') {
      move(found, found.amount, settings.disputeFeeReturns ? -settings.disputeFee : 0)
      // What was won can be refunded; here nothing else reads the flag.
      chargeOf(found).disputed = false
    }
    tell(isOver ? 'charge.dispute.closed' : 'charge.dispute.updated', found)
    if (status === 'won') tell('charge.dispute.funds_reinstated', found)
  }

  /** A bank said no: Stripe's answer, to throw. */
  function decline(intent: PaymentIntent, declineCode = 'generic_decline'): StripeRefusal {
    const message = 'Your card was declined.'
    intent.last_payment_error = { code: 'card_declined', decline_code: declineCode, message }
    tell('payment_intent.payment_failed', intent)
    return new StripeRefusal(402, { type: 'card_error', code: 'card_declined', message })
  }

  /** The seller accepts it: the buyer has the money, or an inquiry is answered. */
  function closeDispute(id: string): Dispute {
    const found = disputes.get(id)
    if (!found) throw missing('dispute', id)
    const isInquiry = found.status.startsWith('warning_')
    found.status = isInquiry ? 'warning_closed' : 'lost'
    found.evidence_details.due_by = null
    tell('charge.dispute.closed', found)
    return found
  }

  /** Metadata of a refund or a dispute. */
  function describe(id: string, { metadata }: { metadata: Metadata }): Refund | Dispute {
    const found = refunds.get(id) ?? disputes.get(id)
    if (!found) throw missing('object', id)
    Object.assign(found.metadata, metadata)
    tell(found.object === 'refund' ? 'refund.updated' : 'charge.dispute.updated', found)
    return found
  }

  /** By an id's prefix, for retrieval and `expand`. */
  function find(id: string): object | undefined {
    if (id.startsWith('cs_')) return getSession(id)
    if (id.startsWith('acct_')) return connect.getAccount(id)
    return (
      connect.find(id) ??
      intents.get(id) ??
      charges.get(id) ??
      refunds.get(id) ??
      disputes.get(id) ??
      transactions.get(id)
    )
  }

  const catalogue = createCatalogue()

  return {
    ...catalogue,
    connect,
    ...{ openIntent, charge, decline, closeDispute, describe },
    ...{ told, sessions, intents, charges, refunds, disputes, settings, firstSettings, find },
    ...{
      openSession,
      getSession,
      expireSession,
      confirm,
      declineOn,
      bookFees,
      settle,
      refund,
      endRefund,
      openDispute,
      moveDispute,
    },
  }
}

/** `ends`: how the bank decides on a delayed one. `token`: of Stripe's test data, what else happens to a charge. */
export type Method = { means: Means; ends: boolean | null; token: string }

/** Things to sell and means to pay that Stripe keeps for later. */
function createCatalogue() {
  const prices = new Map<string, { unit_amount: number; currency: string }>()
  const methods = new Map<string, Method>()
  return {
    addProduct: (facts: object) => ({ id: idOf('prod'), object: 'product', ...facts }),
    addPrice: (facts: { product: string; unit_amount: number; currency: string }) => {
      const id = idOf('price')
      prices.set(id, facts)
      return { id, object: 'price', ...facts }
    },
    getPrice: (id: string) => {
      const found = prices.get(id)
      if (!found) throw missing('price', id)
      return found
    },
    addMethod: (facts: Method) => {
      const id = idOf('pm')
      methods.set(id, facts)
      return { id, object: 'payment_method' }
    },
    getMethod: (id: string) => {
      const found = methods.get(id)
      if (!found) throw missing('payment_method', id)
      return found
    },
  }
}

export type Account = ReturnType<typeof createAccount>

function idOf(prefix: string): string {
  return `${prefix}_${randomText(24)}`
}

function randomText(length: number): string {
  return randomBytes(length).toString('base64url').replace(/[-_]/g, 'x').slice(0, length)
}
