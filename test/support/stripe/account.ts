import type { Clock } from '../../../server/kernel/clock'
import { createBooks } from './books'
import { createCatalogue } from './catalogue'
import { createDisputes } from './disputes'
import type { Dispute, Metadata, Refund, StripeEvent } from './objects'
import { createPayments } from './payments'
import { createRefunds } from './refunds'
import { missing } from './refusal'
import { createSessions } from './sessions'
import type { Told } from './webhooks'

/** One Stripe account: what is in it, and the events of what happens to that. `told` hears of each. */
export function createAccount(
  clock: Clock,
  pageUrl: string,
  livemode: boolean,
  told: Told & { take(event: StripeEvent): void },
) {
  const books = createBooks(clock, pageUrl, livemode, told)
  const { connect, settings, firstSettings, transactions, tell } = books
  const payments = createPayments(books)
  const sessions = createSessions(books, payments)
  const ofRefunds = createRefunds(books, payments)
  const ofDisputes = createDisputes(books, payments)
  const { refunds } = ofRefunds
  const { disputes } = ofDisputes
  const { intents, charges } = payments

  /** Metadata of a refund or a dispute. */
  function describe(id: string, { metadata }: { metadata: Metadata }): Refund | Dispute {
    const found = refunds.get(id) ?? disputes.get(id)
    if (!found) throw missing('object', id)
    Object.assign(found.metadata, metadata)
    tell(found.object === 'refund' ? 'refund.updated' : 'charge.dispute.updated', found)
    return found
  }

  /** By an id's prefix, for retrieval and `expand`. */
  function find(id: string): object | undefined {
    if (id.startsWith('cs_')) return sessions.getSession(id)
    if (id.startsWith('acct_')) return connect.getAccount(id)
    return (
      connect.find(id) ??
      intents.get(id) ??
      charges.get(id) ??
      refunds.get(id) ??
      disputes.get(id) ??
      transactions.get(id)
    )
  }

  return {
    ...{ ...createCatalogue(), ...payments, ...sessions, ...ofRefunds, ...ofDisputes },
    ...{ connect, told, settings, firstSettings, describe, find },
  }
}

export type Account = ReturnType<typeof createAccount>
