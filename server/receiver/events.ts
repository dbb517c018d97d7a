// Made from the catalogue of events by test/pure/receiver/events.test.ts: run it with -u when the catalogue changes.

/** What Payhook posts: one type for each shape of body, told apart by `event`. */
export type WebhookEvent =
  | SaleCompletedEvent
  | SaleRefundedEvent
  | PaymentCompletedEvent
  | PaymentFailedEvent
  | PaymentRefundedEvent
  | PaymentDisputedEvent
  | CryptoPaymentEvent
  | OrderEvent
  | OrderRefundedEvent
  | OrderRefundFailedEvent
  | OrderSurplusReturnedEvent
  | OrderSurplusReceivedEvent
  | CheckoutEvent
  | DisputeEvent
  | AddressesLowEvent
  | StoreConnectionUpdatedEvent
  | BillingRenewedEvent
  | BillingDowngradedEvent
  | BillingBalanceLowEvent
  | BillingEvent
  | WebhookDisabledEvent

/** What the events of this kind have in common. */
export type SaleData = {
  purchase_id: string
  product_id: string | null
  /** Null when the sale was made without one, as test payments may be */
  buyer_email: string | null
  /** ISO 4217 code in lower case */
  currency: string
  /** The checkout session */
  stripe_session_id: string
}

export type SaleCompletedEvent = {
  event: 'sale.completed'
  /** ISO 8601 in UTC */
  created_at: string
  data: SaleData & {
    /** Amount in the currency's smallest unit, for example 1999 for $19.99 */
    amount_cents: number
  }
}

export type SaleRefundedEvent = {
  event: 'sale.refunded'
  /** ISO 8601 in UTC */
  created_at: string
  data: SaleData & {
    /** What this refund gave back */
    amount_cents: number
    /** What the buyer had paid */
    sale_amount_cents: number
    /** What all refunds of the purchase gave back, this one included */
    total_refunded_cents: number
  }
}

/** What the events of this kind have in common. */
export type CardPaymentData = {
  /** txn_…; every event of the payment has the same */
  transaction_id: string
  /** PP-YYMM-XXXXXX */
  order_id: string
  status: string
  /** Decimal in the unit of the currency: 49.99 is $49.99 */
  amount: number
  /** The platform fee within the amount */
  fee_amount: number
  /** The amount without the fee */
  net_amount: number
  /** ISO 4217 code in upper case */
  currency: string
  customer_email: string | null
  customer_name: string | null
  product_name: string
  /** Your own id of the order */
  order_reference: string | null
  metadata: Record<string, string | number | boolean | null>
  /** True: do not fulfil it, no money moved */
  is_test: boolean
  /** ISO 8601 in UTC */
  timestamp: string
}

export type PaymentCompletedEvent = CardPaymentData & {
  event: 'payment.completed'
}

export type PaymentFailedEvent = CardPaymentData & {
  event: 'payment.failed'
  /** Why, such as insufficient_funds */
  failure_code: string | null
}

export type PaymentRefundedEvent = CardPaymentData & {
  event: 'payment.refunded'
  /** What this refund gave back */
  refund_amount: number
  /** What all refunds of the order gave back, this one included */
  refunded_amount: number
}

export type PaymentDisputedEvent = CardPaymentData & {
  event: 'payment.disputed'
  /** get_dispute knows the dispute by it */
  dispute_id: string
  /** What the buyer asks back */
  dispute_amount: number
  /** The card network's reason */
  dispute_reason: string | null
  /** Until when evidence is taken */
  dispute_due_by: string | null
}

export type CryptoPaymentEvent = {
  event:
    | 'payment.detected'
    | 'payment.confirmed'
    | 'payment.expired'
    | 'payment.cancelled'
    | 'payment.underpaid'
    | 'payment.overpaid'
    | 'payment.late'
    | 'payment.reversed'
  /** The payment number */
  payment_id: string
  external_order_id: string
  /** What was paid, as decimal text; what is expected before that */
  amount: string
  /** The coin in upper case */
  currency: string
  /** The network's name, for people */
  chain: string
  /** Empty until a transfer is seen */
  tx_hash: string
  confirmed_at: string | null
  /** PAY-YYYYMMDD-XXXXXX */
  payment_number: string
  /** Fulfil a confirmed one. failed: the rest did not come, or the chain took it back */
  status: 'pending' | 'confirmed' | 'expired' | 'cancelled' | 'failed'
  network: 'bsc' | 'tron' | 'ethereum'
  /** In US cents */
  amount_usd_cents: number
  /** What the buyer must send, decimal */
  expected_crypto_amount: string
  /** What has come in time */
  actual_crypto_amount: string | null
  /** What came too late to count */
  late_crypto_amount: string | null
  /** Where the buyer pays to */
  assigned_address: string
  /** Of tx_hash */
  confirmations: number
  required_confirmations: number
  /** The order of your checkout page that it pays; null for a payment of its own */
  order_id: string | null
  /** The order had been paid otherwise: send it back */
  is_surplus: boolean
  customer_email: string
  redirect_url: string
  metadata: Record<string, unknown>
  /** Dollars for one coin */
  rate: string
  rate_source: string
  /** ISO 8601 in UTC */
  rate_at: string
  /** Part of checkout_url; keep it on your server */
  payment_token: string
  /** Send the buyer here */
  checkout_url: string
  /** A transfer mined later does not count */
  expires_at: string
  is_test: boolean
  /** ISO 8601 in UTC */
  created_at: string
}

/** What the events of this kind have in common. */
export type OrderData = {
  id: string
  /** PP-YYMM-XXXXXX, to say on the phone */
  number: string
  /** txn_… */
  transaction_id: string
  /** cs_…: whoever knows it may pay */
  session_id: string
  product_id: string | null
  /** var_… */
  variant_id: string | null
  product_name: string
  /** The price, frozen when the session was opened */
  subtotal_cents: number
  /** What the coupon takes off */
  discount_cents: number
  coupon_code: string | null
  /** What the buyer pays: the subtotal without the discount */
  amount_cents: number
  /** The platform fee within the amount */
  fee_cents: number
  /** The amount without the fee */
  net_cents: number
  /** What the card gateway keeps of the charge, at the cost of whoever runs this server; null until it says so, which may be after the sale */
  gateway_fee_cents: number | null
  /** ISO 4217 code in lower case of gateway_fee_cents: the one in which the gateway pays out */
  gateway_fee_currency: string | null
  /** ISO 4217 code in lower case */
  currency: string
  /** failed may still be paid until expires_at; refund_pending: all of it is being refunded */
  status: 'pending' | 'completed' | 'failed' | 'refund_pending' | 'refunded'
  /** Why the last try failed, such as insufficient_funds or session_expired */
  failure_code: string | null
  /** null until paid, and where nothing had to be */
  payment_method: 'card' | 'crypto' | null
  customer_email: string | null
  customer_name: string | null
  /** Your own id of the order */
  order_reference: string | null
  metadata: Record<string, string | number | boolean | null>
  /** What was refunded so far */
  refunded_cents: number
  /** Of the dispute that is open, else of the latest; null without one. No refund while it is needs_response or under_review */
  dispute_status: 'needs_response' | 'under_review' | 'won' | 'lost' | null
  /** Held by open disputes, or lost to them */
  disputed_cents: number
  /** Send the buyer here */
  checkout_url: string
  success_url: string | null
  cancel_url: string | null
  /** Hears of the payment of this order */
  webhook_url: string | null
  /** The key that its payment issued, where it is of a variant with licence terms. Needs licenses:read */
  license: {
    key: string
    expires_at: string | null
    activation_limit: number | null
  } | null
  /** A rehearsal: no money moves */
  is_test: boolean
  /** ISO 8601 in UTC */
  created_at: string
  /** Until then it can be paid */
  expires_at: string
  completed_at: string | null
}

export type OrderEvent = {
  event: 'order.created' | 'order.paid' | 'order.completed' | 'order.expired'
  /** ISO 8601 in UTC */
  created_at: string
  data: OrderData
}

export type OrderRefundedEvent = {
  event: 'order.refunded'
  /** ISO 8601 in UTC */
  created_at: string
  data: OrderData & {
    refund: {
      id: string
      /** What this refund gave back */
      amount_cents: number
      reason: string | null
    }
  }
}

export type OrderRefundFailedEvent = {
  event: 'order.refund_failed'
  /** ISO 8601 in UTC */
  created_at: string
  data: OrderData & {
    refund: {
      id: string
      /** What the buyer was to have back */
      amount_cents: number
      reason: string | null
      /** gateway_refused: it never went through; returned: it had, and its money came back to the gateway */
      failure_code: string | null
    }
  }
}

export type OrderSurplusReturnedEvent = {
  event: 'order.surplus_returned'
  /** ISO 8601 in UTC */
  created_at: string
  data: OrderData & {
    /** What went back to the buyer beside the order */
    surplus_cents: number
  }
}

export type OrderSurplusReceivedEvent = {
  event: 'order.surplus_received'
  /** ISO 8601 in UTC */
  created_at: string
  data: OrderData & {
    /** In your wallet already */
    surplus: {
      payment_number: string
      network: 'bsc' | 'tron' | 'ethereum'
      /** native is the network's own coin. TRON has no usdc and no busd */
      currency: 'usdt' | 'usdc' | 'busd' | 'native'
      /** What came, as decimal text */
      amount: string
      tx_hash: string
    }
  }
}

export type CheckoutEvent = {
  event: 'checkout.created' | 'checkout.completed' | 'checkout.expired'
  /** ISO 8601 in UTC */
  created_at: string
  data: {
    /** cs_…: whoever knows it may pay */
    session_id: string
    status: 'open' | 'completed' | 'expired'
    checkout_url: string
    /** get_order knows the order by it */
    order_id: string
    /** PP-YYMM-XXXXXX */
    order_number: string
    product_id: string | null
    product_name: string
    /** Amount in the currency's smallest unit, for example 1999 for $19.99 */
    amount_cents: number
    /** ISO 4217 code in lower case */
    currency: string
    customer_email: string | null
    order_reference: string | null
    metadata: Record<string, string | number | boolean | null>
    is_test: boolean
    /** ISO 8601 in UTC */
    expires_at: string
  }
}

export type DisputeEvent = {
  event: 'dispute.won' | 'dispute.lost'
  /** ISO 8601 in UTC */
  created_at: string
  data: {
    id: string
    order_id: string
    /** needs_response: send evidence to the gateway; under_review: the bank decides */
    status: 'needs_response' | 'under_review' | 'won' | 'lost'
    /** What the buyer asks back */
    amount_cents: number
    /** Held while it is open, lost when it is lost, 0 when it is won; less than the amount where less was left of the order */
    taken_cents: number
    /** ISO 4217 code in lower case */
    currency: string
    /** What the gateway keeps for the dispute itself, won or lost; whoever runs this server bears it */
    gateway_fee_cents: number | null
    gateway_fee_currency: string | null
    /** The card network's, such as fraudulent */
    reason: string | null
    /** Until when evidence is taken */
    due_by: string | null
    is_test: boolean
    /** ISO 8601 in UTC */
    created_at: string
    /** When it was won or lost */
    closed_at: string | null
  }
}

export type AddressesLowEvent = {
  event: 'addresses.low'
  /** ISO 8601 in UTC */
  created_at: string
  data: {
    network: 'bsc' | 'tron' | 'ethereum'
    /** Addresses that the next payments can get */
    free: number
    is_test: boolean
  }
}

export type StoreConnectionUpdatedEvent = {
  event: 'store.connection_updated'
  /** ISO 8601 in UTC */
  created_at: string
  data: {
    /** not_needed: this mode needs no account. not_connected: call connect_store. onboarding: questions of Stripe are open. restricted: Stripe takes no payments for you now. active: you can sell. deauthorized: you, Stripe or the operator ended the connection; call connect_store */
    status: 'not_connected' | 'onboarding' | 'restricted' | 'active' | 'deauthorized' | 'not_needed'
    /** Stripe's id of your account, acct_… */
    account_id: string | null
    /** Whether buyers can pay by card in this mode */
    can_sell: boolean
    /** Whether Stripe pays out to your bank account */
    payouts_enabled: boolean
    /** What Stripe still wants to know, in Stripe's names of the fields */
    requirements: string[]
    /** When Stripe stops payments or payouts for want of them */
    requirements_due_by: string | null
    /** Why Stripe has stopped the account, in Stripe's words */
    disabled_reason: string | null
    /** What you have to do, in a sentence; null when there is nothing to do */
    next_step: string | null
    /** Of test mode: a test key has a connection of its own */
    is_test: boolean
    /** When this was last another; null when nothing was connected yet */
    updated_at: string | null
  }
}

/** What the events of this kind have in common. */
export type BillingData = {
  is_test: boolean
}

export type BillingRenewedEvent = {
  event: 'billing.renewed'
  /** ISO 8601 in UTC */
  created_at: string
  data: BillingData & {
    plan: 'free' | 'pro' | 'scale'
    /** monthly: 30 days; yearly: 365 */
    interval: 'monthly' | 'yearly'
    period_start: string
    /** When it renews */
    period_end: string
    included_payments: number
    balance_usdt: string
    /** What was debited */
    amount_usdt: string
  }
}

export type BillingDowngradedEvent = {
  event: 'billing.downgraded'
  /** ISO 8601 in UTC */
  created_at: string
  data: BillingData & {
    plan: 'free' | 'pro' | 'scale'
    /** monthly: 30 days; yearly: 365 */
    interval: 'monthly' | 'yearly'
    period_start: string
    /** When it renews */
    period_end: string
    included_payments: number
    balance_usdt: string
    previous_plan: 'free' | 'pro' | 'scale'
    /** monthly: 30 days; yearly: 365 */
    previous_interval: 'monthly' | 'yearly'
    /** What the balance did not cover */
    price_usdt: string
    /** Where to top up */
    topup_url: string
  }
}

export type BillingBalanceLowEvent = {
  event: 'billing.balance_low'
  /** ISO 8601 in UTC */
  created_at: string
  data: BillingData & {
    plan: 'free' | 'pro' | 'scale'
    /** The balance without what is not settled yet */
    available_usdt: string
    /** What it is below */
    needed_usdt: string
    renewal_price_usdt: string
    /** ISO 8601 in UTC */
    period_end: string
    /** Where to top up */
    topup_url: string
  }
}

export type BillingEvent = {
  event: 'billing.topped_up' | 'billing.topup_reversed'
  /** ISO 8601 in UTC */
  created_at: string
  data: BillingData & {
    topup_id: string
    amount_usdt: string
    balance_usdt: string
  }
}

export type WebhookDisabledEvent = {
  event: 'webhook.disabled'
  /** ISO 8601 in UTC */
  created_at: string
  data: {
    /** The endpoint that was switched off */
    webhook_id: string
    url: string
    /** Why, in words */
    reason: string
    /** Since when nothing arrived there; null when it asked for no more */
    failing_since: string | null
  }
}
