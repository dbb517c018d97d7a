import { createSandboxGateway } from '../../server/gateways/sandbox/gateway'
import type { Clock } from '../../server/kernel/clock'
import type { CardGateway, ChargeOutcome, RefundOutcome, RefundRequest } from '../../server/ports/gateway'

export type Bank = CardGateway & {
  /** Attempts and refunds that moved money, once each. */
  charged: Set<string>
  refunded: Map<string, RefundRequest>
  /** How the next calls go wrong: before the bank hears of it, after it acted, or by a plain no. */
  trouble: 'none' | 'unreachable' | 'answer_lost' | 'refuses_refunds'
}

/** A gateway that remembers as a real one does, takes the sandbox's cards, and can lose its answers. */
export function createBank(clock: Clock): Bank {
  const sandbox = createSandboxGateway(clock)
  const outcomes = new Map<string, ChargeOutcome>()
  const attemptOf = new Map<string, string>()
  const keep = (attemptId: string, outcome: ChargeOutcome) => {
    outcomes.set(attemptId, outcome)
    attemptOf.set(outcome.reference, attemptId)
    if (outcome.status === 'succeeded') bank.charged.add(attemptId)
    return outcome
  }
  const answer = async <T>(act: () => Promise<T>): Promise<T> => {
    if (bank.trouble === 'unreachable') throw new Error('connection refused')
    const result = await act()
    if (bank.trouble === 'answer_lost') throw new Error('connection reset')
    return result
  }
  const bank: Bank = {
    name: 'bank',
    kind: 'card',
    testCards: sandbox.testCards,
    limits: sandbox.limits,
    charged: new Set(),
    refunded: new Map(),
    trouble: 'none',
    charge: (request) =>
      answer(async () => outcomes.get(request.attemptId) ?? keep(request.attemptId, await sandbox.charge(request))),
    authenticate: (reference, approved) =>
      answer(async () => keep(attemptOf.get(reference) ?? '', await sandbox.authenticate(reference, approved))),
    find: (attemptId) => answer(async () => outcomes.get(attemptId)),
    refund: (request) =>
      answer(async (): Promise<RefundOutcome> => {
        if (bank.trouble === 'refuses_refunds') return { status: 'failed', reference: '' }
        bank.refunded.set(request.refundId, request)
        return { status: 'succeeded', reference: `bank_${request.refundId}` }
      }),
  }
  return bank
}
