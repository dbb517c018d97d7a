import * as z from 'zod'
import { Cents, Instant, MAX_AMOUNT_MINOR, NextCursor, PageInput, Text } from '../../kernel/wire'
import { DisputeStatus, OrderRef } from '../orders/schema'

export const Dispute = z.object({
  id: z.uuid(),
  order_id: z.uuid(),
  status: DisputeStatus.describe('needs_response: send evidence to the gateway; under_review: the bank decides'),
  amount_cents: Cents.describe('What the buyer asks back'),
  taken_cents: Cents.describe(
    'Held while it is open, lost when it is lost, 0 when it is won; less than the amount where less was left of the order',
  ),
  currency: z.string().describe('ISO 4217 code in lower case'),
  gateway_fee_cents: Cents.nullable().describe(
    'What the gateway keeps for the dispute itself, won or lost; whoever runs this server bears it',
  ),
  gateway_fee_currency: z.string().nullable(),
  reason: z.string().nullable().describe("The card network's, such as fraudulent"),
  due_by: Instant.nullable().describe('Until when evidence is taken'),
  is_test: z.boolean(),
  created_at: Instant,
  closed_at: Instant.nullable().describe('When it was won or lost'),
})
export type Dispute = z.infer<typeof Dispute>

export const DisputeRef = z.strictObject({ id: z.string().describe('The uuid of the dispute') })

export const DisputeQuery = z.strictObject({
  ...PageInput,
  order_id: OrderRef.shape.id.optional().describe('Disputes of this order only, by any of its ids'),
  status: DisputeStatus.optional(),
})
export type DisputeQuery = z.infer<typeof DisputeQuery>

export const DisputePage = z.object({ disputes: z.array(Dispute), next_cursor: NextCursor })

export const NewTestDispute = OrderRef.extend({
  amount_cents: z
    .int("must be a whole number in the currency's smallest unit, for example 1900 for $19.00")
    .min(1, 'must be at least 1')
    .max(MAX_AMOUNT_MINOR, `must be at most ${MAX_AMOUNT_MINOR}`)
    .optional()
    .describe('Leave out to dispute all that is left of the order'),
  reason: Text(100).default('fraudulent').describe("The card network's reason, such as product_not_received"),
})
export type NewTestDispute = z.infer<typeof NewTestDispute>

export const TestDecision = DisputeRef.extend({
  outcome: z.enum(['won', 'lost'], 'must be won or lost').describe("The bank's decision"),
})
export type TestDecision = z.infer<typeof TestDecision>
