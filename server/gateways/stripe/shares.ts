import type Stripe from 'stripe'
import type { ShareRequest } from '../../ports/platform'
import { stripeLimits, toStripeAmount } from './amounts'
import { onceMoreIfBusy } from './client'
import { expanded } from './outcomes'

/*
 * A destination charge moves all of it to the store's account and takes the fee back from there. A refund reverses both in proportion;
 * what Stripe doesn't do by itself is done here: a dispute, which takes the money from the platform alone; a dispute that was won; a
 * refund in the dashboard that left the transfer as it was; and the cents by which Stripe rounds otherwise than the ledger.
 */

/** A charge has far fewer: its own, and one for each dispute that was won. */
const TRANSFERS = 100

type State = {
  transfers: Stripe.Transfer[]
  fee: Stripe.ApplicationFee | null
}

export async function settleShare(stripe: Stripe, request: ShareRequest): Promise<void> {
  const { transfers, fee } = await stateOf(stripe, request)
  const [share, ownFee] = [unitsOf(request.shareMinor, request.currency), unitsOf(request.feeMinor, request.currency)]
  const feeLeft = fee ? fee.amount - fee.amount_refunded : 0
  const returned = Math.max(feeLeft - ownFee, 0)
  if (fee && returned > 0) await returnFee(stripe, fee, returned)
  const had = transfers.reduce((sum, one) => sum + one.amount - one.amount_reversed, 0) - feeLeft + returned
  if (had < share) await send(stripe, request, share - had, transfers.length)
  if (had > share) await takeBack(stripe, transfers, had - share)
}

async function stateOf(stripe: Stripe, { chargeReference, attemptId, currency }: ShareRequest): Promise<State> {
  const expand = ['latest_charge.transfer', 'latest_charge.application_fee']
  const intent = await onceMoreIfBusy(() => stripe.paymentIntents.retrieve(chargeReference, { expand }))
  const charge = expanded(intent.latest_charge)
  const own = expanded(charge?.transfer)
  if (!own) throw new Error(`${chargeReference} has no transfer to a store`)
  // The ledger knows the order's currency alone; by another one nothing can be compared.
  if (own.currency !== currency) throw new Error(`${own.id} is in ${own.currency}, and the order in ${currency}`)
  const later = await onceMoreIfBusy(() => stripe.transfers.list({ transfer_group: attemptId, limit: TRANSFERS }))
  return {
    transfers: [own, ...later.data.filter(({ id }) => id !== own.id)],
    fee: expanded(charge?.application_fee),
  }
}

function unitsOf(minor: bigint, currency: string): number {
  const step = stripeLimits(currency)?.step ?? 1n
  return toStripeAmount(minor - (minor % step), currency)
}

/*
 * Every key names the state that the step starts from, which never comes again: two processes at once take one step, and a step
 * whose answer was lost is not taken twice.
 */

async function returnFee(stripe: Stripe, fee: Stripe.ApplicationFee, amount: number): Promise<void> {
  const options = { idempotencyKey: `fee ${fee.id} after ${fee.amount_refunded}` }
  await onceMoreIfBusy(() => stripe.applicationFees.createRefund(fee.id, { amount }, options))
}

async function send(stripe: Stripe, request: ShareRequest, amount: number, known: number): Promise<void> {
  const { account: destination, attemptId, currency } = request
  const options = { idempotencyKey: `share ${attemptId} after ${known}` }
  const transfer = { amount, currency, destination, transfer_group: attemptId }
  await onceMoreIfBusy(() => stripe.transfers.create(transfer, options))
}

async function takeBack(stripe: Stripe, transfers: readonly Stripe.Transfer[], amount: number): Promise<void> {
  let left = amount
  for (const { id, amount: sent, amount_reversed: reversed } of transfers) {
    const part = Math.min(left, sent - reversed)
    if (part <= 0) continue
    const options = { idempotencyKey: `reversal ${id} after ${reversed}` }
    await onceMoreIfBusy(() => stripe.transfers.createReversal(id, { amount: part }, options))
    left -= part
  }
}
