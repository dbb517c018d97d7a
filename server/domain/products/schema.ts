import * as z from 'zod'
import {
  Cents,
  Currency,
  Instant,
  MAX_AMOUNT_MINOR,
  NextCursor,
  PageInput,
  RequiredText,
  Text,
} from '../../kernel/wire'

export const ProductStatus = z.enum(['draft', 'active', 'archived'], 'must be draft, active or archived')

/** Document A's floor, and Stripe's in usd. */
export const MIN_PRICE_MINOR = 50

export const Price = z
  .int("must be a whole number in the currency's smallest unit, for example 1900 for $19.00")
  .min(MIN_PRICE_MINOR, `must be at least ${MIN_PRICE_MINOR}`)
  .max(MAX_AMOUNT_MINOR, `must be at most ${MAX_AMOUNT_MINOR}`)
  .describe("Price in the currency's smallest unit: 1900 is $19.00. At least 50.")
  .meta({ examples: [1900] })

const Name = RequiredText(200)
  .describe('Product name shown at checkout')
  .meta({ examples: ['Template pack'] })
const Description = Text(5_000).describe('Short description shown at checkout')

export const Product = z.object({
  id: z.uuid(),
  name: z.string(),
  description: z.string().nullable(),
  price_cents: Cents,
  currency: z.string().describe('ISO 4217 code in lower case'),
  status: ProductStatus.describe('Only an active product can be bought'),
  // Made by us from a URL that was checked at the start: parsing each again would cost more than all other fields together.
  checkout_url: z.string().meta({ format: 'uri' }).describe('Send buyers here'),
  created_at: Instant,
})
export type Product = z.infer<typeof Product>

export const NewProduct = z.strictObject({
  name: Name,
  price_cents: Price,
  description: Description.nullable().optional(),
  currency: Currency.default('usd'),
  status: z
    .enum(['draft', 'active'], 'must be draft or active')
    .default('active')
    .describe('draft hides it from buyers'),
})
export type NewProduct = z.infer<typeof NewProduct>

export const ProductId = z
  .string()
  .describe('The uuid of the product')
  .meta({ examples: ['e6866e28-5b3f-866b-8e2e-21eb368508cd'] })

export const ProductRef = z.strictObject({ id: ProductId })

export const ProductUpdate = z
  .strictObject({
    id: ProductId,
    name: Name.optional(),
    description: Description.nullable().optional(),
    price_cents: Price.optional(),
    status: ProductStatus.optional(),
  })
  .describe('Only what is sent changes')
export type ProductUpdate = z.infer<typeof ProductUpdate>

export const ProductQuery = z.strictObject({
  ...PageInput,
  limit: z.int().min(1).max(1_000).default(50).describe('Results per page, 1 to 1000'),
  status: ProductStatus.optional().describe('Leave out for active and draft'),
  search: RequiredText(100).optional().describe('Words in the name or description'),
})
export type ProductQuery = z.infer<typeof ProductQuery>

export const ProductPage = z.object({ products: z.array(Product), next_cursor: NextCursor })
