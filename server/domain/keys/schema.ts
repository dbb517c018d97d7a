import * as z from 'zod'
import { Instant, RequiredText } from '../../kernel/wire'

export const SCOPES = [
  'store:read',
  'store:write',
  'keys:read',
  'keys:write',
  'products:read',
  'products:write',
  'orders:read',
  'orders:write',
  'payments:read',
  'payments:write',
  'addresses:read',
  'addresses:write',
  'coupons:read',
  'coupons:write',
  'licenses:read',
  'licenses:write',
  'revenue:read',
  'billing:read',
  'billing:write',
  'webhooks:read',
  'webhooks:write',
] as const

export const Scope = z.enum(SCOPES)
export type Scope = z.infer<typeof Scope>

export const ApiKey = z.object({
  id: z.uuid(),
  name: z.string(),
  hint: z.string().describe('The first and last characters of the key, to tell keys apart'),
  mode: z.enum(['live', 'test']).describe('A test key sees and makes test data only'),
  scopes: z.array(Scope).describe('What the key may do; empty means everything'),
  created_at: Instant,
  last_used_at: Instant.nullable().describe('Up to a minute behind; null when never used'),
})
export type ApiKey = z.infer<typeof ApiKey>

export const ApiKeyWithSecret = ApiKey.extend({
  api_key: z.string().describe('The key itself, shown this once. Store it like a password.'),
})

export const NewApiKey = z.strictObject({
  name: RequiredText(100)
    .describe('What the key is for')
    .meta({ examples: ['Deploy script'] }),
  mode: z
    .enum(['live', 'test'])
    .optional()
    .describe("Defaults to the calling key's mode; a test key can't make a live one"),
  scopes: z
    .array(Scope)
    .max(SCOPES.length)
    .default([])
    .describe('Leave empty for every scope that the calling key has'),
})
export type NewApiKey = z.infer<typeof NewApiKey>

export const ApiKeyRef = z.strictObject({
  id: z.uuid('must be the id of an API key').describe('The id of the API key'),
})

export const ApiKeyList = z.object({ api_keys: z.array(ApiKey) })
