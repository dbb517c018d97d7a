import * as z from 'zod'
import { Instant } from '../../kernel/wire'
import { CONNECTION_STATUSES } from './table'

export const StoreConnection = z.object({
  status: z
    .enum([...CONNECTION_STATUSES, 'not_needed'])
    .describe(
      'not_needed: this mode needs no account. not_connected: call connect_store. onboarding: questions of Stripe are open. restricted: Stripe takes no payments for you now. active: you can sell. deauthorized: you, Stripe or the operator ended the connection; call connect_store',
    ),
  account_id: z.string().nullable().describe("Stripe's id of your account, acct_…"),
  can_sell: z.boolean().describe('Whether buyers can pay by card in this mode'),
  payouts_enabled: z.boolean().describe('Whether Stripe pays out to your bank account'),
  requirements: z.array(z.string()).describe("What Stripe still wants to know, in Stripe's names of the fields"),
  requirements_due_by: Instant.nullable().describe('When Stripe stops payments or payouts for want of them'),
  disabled_reason: z.string().nullable().describe("Why Stripe has stopped the account, in Stripe's words"),
  next_step: z.string().nullable().describe('What you have to do, in a sentence; null when there is nothing to do'),
  is_test: z.boolean().describe('Of test mode: a test key has a connection of its own'),
  updated_at: Instant.nullable().describe('When this was last another; null when nothing was connected yet'),
})
export type StoreConnection = z.infer<typeof StoreConnection>

export const ConnectStore = z.strictObject({
  country: z
    .string()
    .trim()
    .toUpperCase()
    .regex(/^[A-Z]{2}$/, 'must be two letters such as DE')
    .optional()
    .describe(
      "Where your business is, ISO 3166-1, for example DE. The operator's country unless said; it can't be changed once there is an account",
    )
    .meta({ examples: ['DE'] }),
})
export type ConnectStore = z.infer<typeof ConnectStore>

export const ConnectingStore = StoreConnection.extend({
  onboarding_url: z
    .url()
    .nullable()
    .describe(
      "Stripe's page that asks who you are. Open it in a browser at once: it works once, and for minutes. Whoever opens it acts for you. Null when nothing is to be done there",
    ),
  onboarding_url_expires_at: Instant.nullable(),
})
export type ConnectingStore = z.infer<typeof ConnectingStore>
