import * as z from 'zod'
import { Currency, Email, HttpUrl, Instant, RequiredText } from '../../kernel/wire'

export const Store = z.object({
  id: z.string().describe('sto_ and 8 characters'),
  name: z.string(),
  email: z.string(),
  status: z.enum(['pending', 'approved', 'suspended']).describe('Only an approved store sells'),
  reporting_currency: z.string().describe('The currency of the totals in revenue'),
  fee_basis_points: z.int().describe('What the operator keeps of each payment: 250 is 2.5 %'),
  accent_color: z.string().nullable(),
  logo_url: z.string().nullable(),
  created_at: Instant,
})

/** As the store itself sees it. */
export const OwnStore = Store.extend({
  webhook_url: z.string().nullable().describe('Sent every payment.* event of a card, signed with the signing key'),
  webhook_disabled_reason: z
    .string()
    .nullable()
    .describe('Why webhook_url is not called any more; setting it again switches it on'),
})

export const NewStore = z.strictObject({
  name: RequiredText(100)
    .describe('Shown to buyers at checkout')
    .meta({ examples: ['My shop'] }),
  email: Email.describe("The owner's address; buyers' answers to receipts go there").meta({
    examples: ['owner@example.com'],
  }),
})
export type NewStore = z.infer<typeof NewStore>

export const StoreWithKeys = z.object({
  store: Store,
  api_key: z.string().describe('Live key, shown this once'),
  test_api_key: z.string().describe('Test key, shown this once'),
  webhook_signing_key: z.string().describe("The store's webhook signing key, shown this once"),
})

export const StoreUpdate = z
  .strictObject({
    name: RequiredText(100)
      .meta({ examples: ['My shop'] })
      .optional(),
    email: Email.optional(),
    reporting_currency: Currency.optional(),
    accent_color: z
      .string()
      .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #3b5bdb')
      .nullable()
      .optional(),
    logo_url: HttpUrl.nullable().optional(),
    webhook_url: HttpUrl.nullable()
      .optional()
      .describe('A live key sets it for live and test events, a test key for test events only; null removes it'),
  })
  .describe('Only what is sent changes')
export type StoreUpdate = z.infer<typeof StoreUpdate>

export const StoreQuery = z.strictObject({
  status: Store.shape.status.optional().describe('Leave out for all'),
  limit: z.int().min(1).max(100).default(20).describe('Results per page, 1 to 100'),
  offset: z.int().min(0).max(1_000_000).default(0).describe('Results to skip'),
})
export type StoreQuery = z.infer<typeof StoreQuery>

export const StorePage = z.object({ stores: z.array(Store), has_more: z.boolean() })

export const StoreRef = z.strictObject({
  id: z
    .string()
    .describe('sto_…')
    .meta({ examples: ['sto_0a1b2c3d'] }),
})

export const StoreApproval = StoreRef.extend({
  fee_basis_points: z
    .int('must be a whole number of basis points, for example 250 for 2.5 %')
    .min(0, 'must be 0 to 10000')
    .max(10_000, 'must be 0 to 10000')
    .optional()
    .describe('The platform fee on orders made from now on: 250 is 2.5 %. Stays as it is unless said; 0 at first'),
})
export type StoreApproval = z.infer<typeof StoreApproval>

export const NewStoreKey = z.strictObject({
  id: z.string().describe('sto_…'),
  mode: z.enum(['live', 'test']).default('live'),
  name: RequiredText(100).default('Issued by the operator').describe('What the key is for'),
})
export type NewStoreKey = z.infer<typeof NewStoreKey>

export const NoInput = z.strictObject({})

export const SigningKeyRoll = z.strictObject({
  overlap_hours: z
    .int('must be a whole number')
    .min(0, 'must be 0 to 168')
    .max(168, 'must be 0 to 168')
    .default(24)
    .describe('How many hours the old key goes on signing beside the new one, where there is room for both'),
})
export type SigningKeyRoll = z.infer<typeof SigningKeyRoll>

export const RolledSigningKey = z.object({
  webhook_signing_key: z.string().describe('The new key, shown this once'),
  previous_key_expires_at: Instant.nullable().describe('Until when the old key signs too; null when it ended now'),
})
