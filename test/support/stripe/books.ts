import Stripe from 'stripe'
import type { Clock } from '../../../server/kernel/clock'
import { createConnect } from './connect'
import { idOf } from './ids'
import type { BalanceTransaction, Refund, StripeEvent, StripeObject } from './objects'
import type { Told } from './webhooks'

/** What all parts of an account share: its clock, its balance and those of connected accounts, and what is told of all that happens. */
export function createBooks(
  clock: Clock,
  pageUrl: string,
  livemode: boolean,
  told: Told & { take(event: StripeEvent): void },
) {
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
  const connect = createConnect(seconds, pageUrl, livemode, tell)

  function tell(type: string, object: StripeObject | object, connected?: string): void {
    told.take({
      ...{ id: idOf('evt'), object: 'event', api_version: Stripe.API_VERSION, type },
      ...(connected === undefined ? {} : { account: connected }),
      data: { object: structuredClone(object) },
      ...{ created: seconds(), livemode, pending_webhooks: 1, request: { id: null, idempotency_key: null } },
    })
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

  return {
    ...{ pageUrl, livemode, told, transactions, settings, firstSettings, connect },
    ...{ seconds, tell, settledIn, book, addTransaction },
  }
}

export type Books = ReturnType<typeof createBooks>
