import type { Books } from './books'
import { idOf } from './ids'
import type { Dispute } from './objects'
import type { Payments } from './payments'
import { missing } from './refusal'

const DAY = 86_400

/** Of an account: what the banks of buyers ask back. */
export function createDisputes({ livemode, settings, seconds, tell, book }: Books, { chargeOf }: Payments) {
  const disputes = new Map<string, Dispute>()

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

  return { disputes, openDispute, moveDispute, closeDispute }
}
