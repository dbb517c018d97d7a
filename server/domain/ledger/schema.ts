import * as z from 'zod'
import { Cents, Instant, NextCursor, PageInput, TimeRange } from '../../kernel/wire'
import { ACCOUNTS, ENTRY_KINDS, PREPAID_ACCOUNTS } from './table'

const CurrencyBalance = z.object({
  currency: z.string().describe('ISO 4217 code in lower case'),
  available_cents: Cents.describe(
    'What is yours: the platform owes it to you, or has sent it to your own Stripe account, which may have paid it out; negative when refunds and disputes outweigh it',
  ),
  pending_cents: Cents.describe('Held while disputes are open; available again when they are won'),
  gross_cents: Cents.describe('What buyers have paid by card'),
  fees_cents: Cents.describe('Platform fees, without those that refunds and disputes gave back'),
  refunds_cents: Cents.describe('What was refunded to buyers'),
  disputes_cents: Cents.describe('What was lost to disputes'),
  gateway_fees_cents: Cents.describe(
    'What the card gateway kept of charges and for disputes, in the currency in which it pays out; whoever runs this server bears it, so that nothing of it is taken from available',
  ),
})

export const Balance = z.object({
  balances: z
    .array(CurrencyBalance)
    .describe('By currency, the reporting currency first; available + pending = gross - fees - refunds - disputes'),
  is_test: z.boolean().describe('True with a test key: a rehearsal, nobody owes this'),
  generated_at: Instant,
})
export type Balance = z.infer<typeof Balance>

export const EntryKind = z.enum(ENTRY_KINDS, `must be one of ${ENTRY_KINDS.join(', ')}`)

export const LedgerEntry = z.object({
  id: z.uuid(),
  kind: EntryKind,
  order_id: z.uuid().nullable(),
  source_id: z.string().describe('The order, refund, dispute, payment attempt, top-up or invoice that it is about'),
  legs: z
    .array(
      z.object({
        account: z
          .enum([...ACCOUNTS, ...PREPAID_ACCOUNTS])
          .describe(
            'gateway_clearing: at the card gateway; gateway_fees: what it keeps for itself; store_balance: owed to you, or in your own Stripe account; disputes_held: kept while a dispute is open; prepaid_balance: what you have paid the operator in advance, from topups_received to billing_income',
          ),
        direction: z.enum(['debit', 'credit']).describe('A credit of store_balance is money for you'),
        amount_cents: Cents.describe('In the smallest unit of the currency, always above 0'),
        currency: z.string().describe('ISO 4217 code in lower case; or usdt, whose smallest unit is a millionth'),
      }),
    )
    .describe('Debits and credits are equal in each currency'),
  created_at: Instant,
})
export type LedgerEntry = z.infer<typeof LedgerEntry>

export const LedgerQuery = z.strictObject({
  ...PageInput,
  order_id: z
    .string()
    .max(100)
    .optional()
    .describe('Entries of this order only: its uuid, PP- number, txn_ id or cs_ session id'),
  kind: EntryKind.optional(),
  ...TimeRange,
})
export type LedgerQuery = z.infer<typeof LedgerQuery>

export const LedgerPage = z.object({ entries: z.array(LedgerEntry), next_cursor: NextCursor })
