import type { Books } from './books'
import type { Means } from './catalogue'
import { idOf } from './ids'
import type { Charge, Metadata, PaymentIntent } from './objects'
import { invalid, missing, StripeRefusal } from './refusal'

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

/** Of an account: what buyers mean to pay, and what they have been charged. */
export function createPayments({ livemode, settings, connect, seconds, tell, settledIn, addTransaction }: Books) {
  const intents = new Map<string, PaymentIntent>()
  const charges = new Map<string, Charge>()
  /** What Stripe keeps of charges, and hasn't said yet. */
  const late = new Map<string, string>()

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

  function take(of: Charge, amount: number): void {
    of.amount_refunded += amount
    of.refunded = of.amount_refunded === of.amount
  }

  /** A bank said no: Stripe's answer, to throw. */
  function decline(intent: PaymentIntent, declineCode = 'generic_decline'): StripeRefusal {
    const message = 'Your card was declined.'
    intent.last_payment_error = { code: 'card_declined', decline_code: declineCode, message }
    tell('payment_intent.payment_failed', intent)
    return new StripeRefusal(402, { type: 'card_error', code: 'card_declined', message })
  }

  return { intents, charges, openIntent, charge, bookFees, intentOf, chargeOf, take, decline }
}

export type Payments = ReturnType<typeof createPayments>
