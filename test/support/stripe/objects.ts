/* Stripe's objects as the API shows them unexpanded, as much of each as we or Stripe's own client read. Amounts are Stripe's units. */

export type Metadata = Record<string, string>

export type Session = {
  id: string
  object: 'checkout.session'
  mode: 'payment'
  status: 'open' | 'complete' | 'expired'
  payment_status: 'unpaid' | 'paid' | 'no_payment_required'
  /** Made when the buyer confirms, not before. */
  payment_intent: string | null
  amount_total: number
  currency: string
  customer_email: string | null
  customer_details: { email: string | null } | null
  client_reference_id: string | null
  metadata: Metadata
  url: string | null
  success_url: string
  cancel_url: string | null
  expires_at: number
  created: number
  livemode: boolean
}

export type PaymentIntent = {
  id: string
  object: 'payment_intent'
  amount: number
  amount_received: number
  currency: string
  status: 'requires_payment_method' | 'requires_action' | 'processing' | 'succeeded' | 'canceled'
  latest_charge: string | null
  last_payment_error: { code: string; decline_code?: string; message: string } | null
  description: string | null
  metadata: Metadata
  application_fee_amount: number | null
  transfer_data: { destination: string } | null
  on_behalf_of: string | null
  transfer_group: string | null
  created: number
  livemode: boolean
}

export type Charge = {
  id: string
  object: 'charge'
  amount: number
  amount_refunded: number
  currency: string
  status: 'succeeded' | 'pending' | 'failed'
  paid: boolean
  refunded: boolean
  disputed: boolean
  payment_intent: string
  balance_transaction: string | null
  payment_method_details: { type: string; card?: { brand: string; last4: string } }
  metadata: Metadata
  /** Of a destination charge. */
  transfer: string | null
  transfer_group: string | null
  application_fee: string | null
  application_fee_amount: number | null
  created: number
  livemode: boolean
}

export type BalanceTransaction = {
  id: string
  object: 'balance_transaction'
  amount: number
  fee: number
  net: number
  currency: string
  /** Null where nothing was converted. */
  exchange_rate: number | null
  type: 'charge' | 'refund' | 'adjustment'
  created: number
}

export type Refund = {
  id: string
  object: 'refund'
  amount: number
  currency: string
  status: 'pending' | 'succeeded' | 'failed' | 'canceled'
  payment_intent: string
  charge: string
  reason: string | null
  metadata: Metadata
  failure_reason?: string
  transfer_reversal: string | null
  created: number
}

export type Dispute = {
  id: string
  object: 'dispute'
  amount: number
  currency: string
  status: 'needs_response' | 'under_review' | 'won' | 'lost' | 'warning_needs_response' | 'warning_closed'
  reason: string
  charge: string
  payment_intent: string
  /** What was withdrawn, and what came back; none of an inquiry. */
  balance_transactions: BalanceTransaction[]
  evidence_details: { due_by: number | null; has_evidence: boolean; past_due: boolean; submission_count: number }
  metadata: Metadata
  created: number
  livemode: boolean
}

export type ConnectedAccount = {
  id: string
  object: 'account'
  country: string
  email: string | null
  business_profile: { name: string | null }
  metadata: Metadata
  default_currency: string
  details_submitted: boolean
  charges_enabled: boolean
  payouts_enabled: boolean
  capabilities: { card_payments: Capability; transfers: Capability }
  controller: object
  requirements: {
    alternatives: []
    current_deadline: number | null
    currently_due: string[]
    disabled_reason: string | null
    errors: []
    eventually_due: string[]
    past_due: string[]
    pending_verification: string[]
  }
  created: number
}

type Capability = 'active' | 'inactive' | 'pending'

export type Transfer = {
  id: string
  object: 'transfer'
  amount: number
  amount_reversed: number
  reversed: boolean
  currency: string
  destination: string
  metadata: Metadata
  source_transaction: string | null
  transfer_group: string | null
  created: number
}

export type TransferReversal = {
  id: string
  object: 'transfer_reversal'
  amount: number
  currency: string
  transfer: string
  created: number
}

export type ApplicationFee = {
  id: string
  object: 'application_fee'
  account: string
  amount: number
  amount_refunded: number
  refunded: boolean
  currency: string
  charge: string
  created: number
}

export type FeeRefund = {
  id: string
  object: 'fee_refund'
  amount: number
  currency: string
  fee: string
  metadata: Metadata
  created: number
}

export type StripeObject = Session | PaymentIntent | Charge | BalanceTransaction | Refund | Dispute

/** `account`: it happened in a connected account. */
export type StripeEvent = {
  id: string
  object: 'event'
  api_version: string
  type: string
  /** A snapshot of the moment: later events may be newer than what is delivered now. */
  data: { object: StripeObject | object }
  account?: string
  created: number
  livemode: boolean
  pending_webhooks: number
  request: { id: string | null; idempotency_key: string | null }
}
