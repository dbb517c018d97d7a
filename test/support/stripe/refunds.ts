import type { Books } from './books'
import { idOf } from './ids'
import type { Metadata, Refund } from './objects'
import type { Payments } from './payments'
import { invalid, missing } from './refusal'

type NewRefund = {
  payment_intent?: string | undefined
  charge?: string | undefined
  amount?: number | undefined
  reason?: string | undefined
  metadata?: Metadata | undefined
  reverse_transfer?: boolean | undefined
  refund_application_fee?: boolean | undefined
}

/** Of an account: what buyers have back, by the API or in the dashboard. */
export function createRefunds({ settings, connect, seconds, tell, book }: Books, { chargeOf, take }: Payments) {
  const refunds = new Map<string, Refund>()

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

  return { refunds, refund, endRefund }
}
