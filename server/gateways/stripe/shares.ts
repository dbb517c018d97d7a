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

type Parts = { charge: Stripe.Charge; own: Stripe.Transfer; fee: Stripe.ApplicationFee | null }

async function partsOf(stripe: Stripe, chargeReference: string): Promise<Parts> {
  const expand = ['latest_charge.transfer', 'latest_charge.application_fee']
  const intent = await onceMoreIfBusy(() => stripe.paymentIntents.retrieve(chargeReference, { expand }))
  const charge = expanded(intent.latest_charge)
  const own = expanded(charge?.transfer)
  if (!charge || !own) throw new Error(`${chargeReference} has no transfer to a store`)
  return { charge, own, fee: expanded(charge.application_fee) }
}

/**
 * What a refund takes back by itself, in one step with it: its part of the transfer and of the fee. After a dispute, or a refund that left
 * the transfer as it was, the transfer isn't what is left of the charge any more; then nothing, and `settleShare` sees to it.
 */
export async function takenBack(
  stripe: Stripe,
  chargeReference: string,
): Promise<Pick<Stripe.RefundCreateParams, 'reverse_transfer' | 'refund_application_fee'>> {
  const { charge, own, fee } = await partsOf(stripe, chargeReference)
  const expected = partOf(own.amount, charge.amount - charge.amount_refunded, charge.amount)
  const apart = Math.abs(own.amount - own.amount_reversed - expected)
  // In the account's own currency Stripe rounds each part.
  if (apart > (own.currency === charge.currency ? 0 : 1)) return {}
  // Of a fee that is all given back, or was none, Stripe would refuse to give back more.
  const hasFee = fee !== null && fee.amount_refunded < fee.amount
  return { reverse_transfer: true, ...(hasFee && { refund_application_fee: true }) }
}

/**
 * Where the account settles in another currency than the charge's, Stripe has converted the transfer when the charge was made; what is left
 * of the charge is then the same part of the transfer, whatever the rate is by now.
 */
export async function settleShare(stripe: Stripe, request: ShareRequest): Promise<void> {
  const { attemptId, chargeReference, currency } = request
  const { charge, own, fee } = await partsOf(stripe, chargeReference)
  const later = await onceMoreIfBusy(() => stripe.transfers.list({ transfer_group: attemptId, limit: TRANSFERS }))
  const transfers = [own, ...later.data.filter(({ id }) => id !== own.id)]
  const [share, ownFee] = [unitsOf(request.shareMinor, currency), unitsOf(request.feeMinor, currency)]
  const lacking = fee ? await settleFee(stripe, fee, partOf(fee.amount, ownFee, charge.application_fee_amount ?? 0)) : 0
  // What Stripe gave back too much of the fee by its rounding comes from the transfer.
  const missed = fee?.currency === own.currency ? lacking : 0
  const due = partOf(own.amount, share + ownFee, charge.amount) - missed
  const had = transfers.reduce((sum, one) => sum + one.amount - one.amount_reversed, 0)
  if (had < due) await send(stripe, { ...request, currency: own.currency }, due - had, transfers.length)
  if (had > due) await takeBack(stripe, transfers, had - due)
}

/** Gives back what the operator has too much of its fee; answers what it lacks. */
async function settleFee(stripe: Stripe, fee: Stripe.ApplicationFee, due: number): Promise<number> {
  const left = fee.amount - fee.amount_refunded
  if (left > due) await returnFee(stripe, fee, left - due)
  return Math.max(due - left, 0)
}

/** `whole` × `part` / `of`, rounded half up; 0 of nothing. */
function partOf(whole: number, part: number, of: number): number {
  if (of === 0) return 0
  return Number((2n * BigInt(whole) * BigInt(part) + BigInt(of)) / (2n * BigInt(of)))
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
