import * as z from 'zod'
import { Cents, Instant, NextCursor, PageInput, RequiredText } from '../../kernel/wire'
import { Price, ProductId, ProductStatus } from './schema'

/** Of a key without a limit too: whoever has one could otherwise fill the table. */
export const MAX_ACTIVATIONS = 10_000
const MAX_DURATION_DAYS = 36_500

const ACTIVATION_LIMIT = `How many instances may be active at a time; null for as many as there may be at all, ${MAX_ACTIVATIONS}`

/** What a licence key is good for. What is left out has no limit. */
const LicenseTerms = z
  .strictObject({
    activation_limit: z
      .int()
      .min(1, 'must be at least 1')
      .max(MAX_ACTIVATIONS, `must be at most ${MAX_ACTIVATIONS}`)
      .nullable()
      .default(null)
      .describe(ACTIVATION_LIMIT),
    duration_days: z
      .int()
      .min(1, 'must be at least 1')
      .max(MAX_DURATION_DAYS, `must be at most ${MAX_DURATION_DAYS}`)
      .nullable()
      .default(null)
      .describe('How long a key is valid from its payment on; null for ever'),
  })
  .describe('Each payment issues a key on these terms; null for a variant without keys')
  .meta({ examples: [{ activation_limit: 3, duration_days: 365 }] })

const Name = RequiredText(100)
  .describe("Shown to buyers behind the product's name")
  .meta({ examples: ['Team licence'] })

const VariantId = z
  .string()
  .max(100)
  .describe('var_…')
  .meta({ examples: ['var_00x7g3w6zb44sqh3n5q1ap2ek8'] })

export const Variant = z.object({
  id: z.string().describe('var_…'),
  product_id: z.uuid(),
  name: z.string(),
  price_cents: Cents,
  currency: z.string().describe("The product's, ISO 4217 code in lower case"),
  status: ProductStatus.describe('It can be bought while it and its product are active'),
  license: z
    .object({
      activation_limit: z.int().nullable().describe(ACTIVATION_LIMIT),
      duration_days: z.int().nullable().describe('How long a key is valid from its payment on; null for ever'),
    })
    .nullable()
    .describe('The terms of the key that each payment issues; null when it sells no keys'),
  // Made by us, as a product's.
  checkout_url: z.string().meta({ format: 'uri' }).describe('Send buyers here'),
  created_at: Instant,
})
export type Variant = z.infer<typeof Variant>

export const NewVariant = z.strictObject({
  product_id: ProductId,
  name: Name,
  price_cents: Price.describe("Price in the smallest unit of the product's currency: 1900 is $19.00. At least 50."),
  status: z
    .enum(['draft', 'active'], 'must be draft or active')
    .default('active')
    .describe('draft hides it from buyers'),
  license: LicenseTerms.nullable().default(null),
})
export type NewVariant = z.infer<typeof NewVariant>

export const VariantRef = z.strictObject({ id: VariantId })

export const VariantUpdate = z
  .strictObject({
    id: VariantId,
    name: Name.optional(),
    price_cents: Price.optional(),
    status: ProductStatus.optional(),
    license: LicenseTerms.nullable().optional(),
  })
  .describe('Only what is sent changes; keys that were issued keep their terms')
export type VariantUpdate = z.infer<typeof VariantUpdate>

export const VariantQuery = z.strictObject({
  product_id: ProductId,
  ...PageInput,
  status: ProductStatus.optional().describe('Leave out for active and draft'),
})
export type VariantQuery = z.infer<typeof VariantQuery>

export const VariantPage = z.object({ variants: z.array(Variant), next_cursor: NextCursor })
