import * as z from 'zod'
import { Instant, NextCursor, PageInput, RequiredText } from '../../kernel/wire'
import { Mode, Modes } from '../orders/schema'
import { ProductId } from '../products/schema'

const LicenseStatus = z.enum(['active', 'expired', 'revoked'])

/** What whoever holds a key may know of it. */
const shownToHolders = {
  status: LicenseStatus,
  product_id: z.uuid(),
  variant_id: z.string().describe('var_…'),
  activation_limit: z
    .int()
    .nullable()
    .describe('How many instances may be active at a time; null for as many as there may be at all'),
  activations: z.int().describe('How many instances are active'),
  expires_at: Instant.nullable().describe('Not valid any more from then on; null for ever'),
  is_test: z.boolean().describe('Of a test order: nobody has paid for it'),
}

const HeldLicense = z.object(shownToHolders)

export const License = z.object({
  id: z.uuid(),
  key: z.string(),
  ...shownToHolders,
  order_id: z.uuid(),
  revoked_at: Instant.nullable(),
  revoked_reason: z
    .enum(['order_refunded', 'dispute_lost', 'seller'])
    .nullable()
    .describe('order_refunded, dispute_lost: nothing is left of what was paid; seller: by revoke_license'),
  created_at: Instant,
})
export type License = z.infer<typeof License>

export const LicenseWithInstances = License.extend({
  instances: z
    .array(z.object({ instance: z.string(), activated_at: Instant }))
    .describe('Where the key is active, newest first, at most 100'),
})

const ModeSeen = Modes.optional().describe(
  "test or any: a live key sees licences of test orders too; leave out for the key's own mode",
)

export const LicenseRef = z.strictObject({
  mode: ModeSeen,
  id: z
    .string()
    .max(100)
    .describe('The uuid of the licence, or its key')
    .meta({ examples: ['ABCDE-FGH12-JKM34-NPQ56-RST78'] }),
})

export const LicenseQuery = z.strictObject({
  ...PageInput,
  product_id: ProductId.optional().describe('Leave out for all products'),
  mode: Mode.optional().describe("test: a live key lists licences of test orders; leave out for the key's own mode"),
})
export type LicenseQuery = z.infer<typeof LicenseQuery>

export const LicensePage = z.object({ licenses: z.array(License), next_cursor: NextCursor })

const Key = z
  .string()
  .max(200)
  .describe('The licence key, as its buyer typed it: case, spaces and dashes are ignored')
  .meta({ examples: ['ABCDE-FGH12-JKM34-NPQ56-RST78'] })

/** Without it a key of any other product, or of a stranger's store, would open the app. */
const Licensed = ProductId.describe('The product that your app is; a key of any other product is unknown')

/** Test cards cost nothing: a key that was bought with one must not open an app that didn't ask for it. */
const LicensedMode = Mode.optional().describe(
  "test: the key of a test order, to rehearse with a live product; leave out for the product's own mode",
)

const Instance = RequiredText(200)
  .describe('Your name of the machine, site or user that the key is used at')
  .meta({ examples: ['macbook-7f3a'] })

export const LicenseCheck = z.strictObject({
  key: Key,
  product_id: Licensed,
  mode: LicensedMode,
  instance: Instance.optional().describe('Ask also whether the key is active at this instance'),
})
export type LicenseCheck = z.infer<typeof LicenseCheck>

export const LicenseVerdict = z.object({
  valid: z.boolean(),
  reason: z
    .enum(['unknown', 'revoked', 'expired', 'not_activated'])
    .nullable()
    .describe('Why it is not valid; not_activated: the instance is not active. null when it is valid'),
  license: HeldLicense.nullable().describe('null when the key is unknown'),
})
export type LicenseVerdict = z.infer<typeof LicenseVerdict>

export const InstanceRef = z.strictObject({ key: Key, product_id: Licensed, mode: LicensedMode, instance: Instance })
export type InstanceRef = z.infer<typeof InstanceRef>

export const Activation = z.object({ instance: z.string(), activated_at: Instant, license: HeldLicense })

export const Deactivation = z.object({
  deactivated: z.boolean().describe('false when the instance was not active'),
  license: HeldLicense,
})
