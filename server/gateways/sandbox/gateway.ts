import type { Clock } from '../../kernel/clock'
import type { Card, CardGateway, CardSummary, ChargeOutcome, ChargeRequest, TestCard } from '../../ports/gateway'
import { TEST_CARDS } from './cards'

/** The floor of documents A and D, and eight digits, as with most card gateways. */
const LIMITS = { least: 50n, most: 99_999_999n, step: 1n }

/**
 * A gateway that moves no money and keeps nothing: the reference of a charge names the attempt and the test card, and so holds
 * all that a later call needs, after a restart or on another process too.
 *
 *     sandbox_<attempt id>_<last four digits of the test card>
 */
export function createSandboxGateway(clock: Clock): CardGateway {
  return {
    name: 'sandbox',
    kind: 'card',
    testCards: TEST_CARDS,
    limits: () => LIMITS,
    charge: async (request) => charge(request, clock.now()),
    authenticate: async (reference, approved) => authenticate(reference, approved),
    // It remembers nothing and never took money, so that an attempt whose answer was lost may be made again.
    find: async () => undefined,
    refund: async ({ refundId }) => ({ status: 'succeeded', reference: `sandbox_${refundId}` }),
  }
}

function charge({ attemptId, card }: ChargeRequest, now: Date): ChargeOutcome {
  const testCard = TEST_CARDS.find(({ number }) => number === card.number)
  // Whatever this number is, it may be somebody's real card: not even its last digits are kept.
  if (!testCard) {
    return { status: 'declined', reference: `sandbox_${attemptId}`, code: 'not_a_test_card', card: null }
  }
  const summary = summaryOf(testCard)
  const reference = `sandbox_${attemptId}_${summary.last4}`
  if (isPast(card, now)) return { status: 'declined', reference, code: 'invalid_expiry', card: summary }
  if (testCard.outcome === 'success') return { status: 'succeeded', reference, card: summary }
  if (testCard.outcome === 'declined') return declined(reference, testCard)
  return { status: 'requires_action', reference, card: summary }
}

function authenticate(reference: string, approved: boolean): ChargeOutcome {
  const last4 = /^sandbox_[^_]+_(\d{4})$/.exec(reference)?.[1]
  const testCard = TEST_CARDS.find(({ number }) => number.slice(-4) === last4)
  if (!testCard) throw new RangeError(`${reference} is no charge of the sandbox that waits for an authentication`)
  if (testCard.outcome === 'success_3ds' && approved) {
    return { status: 'succeeded', reference, card: summaryOf(testCard) }
  }
  return { status: 'declined', reference, code: 'authentication_failed', card: summaryOf(testCard) }
}

function declined(reference: string, testCard: TestCard): ChargeOutcome {
  return {
    status: 'declined',
    reference,
    code: testCard.declineCode ?? 'card_declined',
    card: summaryOf(testCard),
  }
}

function summaryOf({ brand, number }: TestCard): CardSummary {
  return { brand, last4: number.slice(-4) }
}

/** A card is good until the last day of its month. */
function isPast({ expMonth, expYear }: Card, now: Date): boolean {
  return expYear * 12 + expMonth - 1 < now.getUTCFullYear() * 12 + now.getUTCMonth()
}
