import type * as z from 'zod'
import { Dispute } from '../disputes/schema'
import { Checkout } from './order-payloads'
import { CryptoPayment } from './payloads'

/**
 * Events of one family share a wire format (`formats.ts`): a sale's is document A's, a card payment's D's, a crypto payment's B's;
 * the others are `{event, created_at, data}` with the headers of Standard Webhooks, which every delivery has.
 */
export const FAMILIES = [
  'sale',
  'card_payment',
  'crypto_payment',
  'order',
  'checkout',
  'dispute',
  'addresses',
  'store',
  'billing',
  'webhook',
] as const
export type EventFamily = (typeof FAMILIES)[number]

/** What a receiver is told of one kind of event. The docs, `list_event_types`, OpenAPI and the checks of subscriptions are made of it. */
type EventDefinition<T extends z.ZodObject> = {
  /** Fixes the wire format: body, signature headers. */
  family: EventFamily
  title: string
  description: string
  data: T
  sample: z.infer<T>
}

export const define = <T extends z.ZodObject>(definition: EventDefinition<T>) => definition

type Sampled<T extends z.ZodObject> = [data: T, sample: z.infer<T>]

export const sale = <T extends z.ZodObject>(title: string, description: string, [data, sample]: Sampled<T>) =>
  define({ family: 'sale', title, description, data, sample })

export const card = <T extends z.ZodObject>(title: string, description: string, [data, sample]: Sampled<T>) =>
  define({ family: 'card_payment', title, description, data, sample })

export const crypto = (title: string, description: string, sample: z.infer<typeof CryptoPayment>) =>
  define({ family: 'crypto_payment', title, description, data: CryptoPayment, sample })

export const order = <T extends z.ZodObject>(title: string, description: string, [data, sample]: Sampled<T>) =>
  define({ family: 'order', title, description, data, sample })

export const checkout = (title: string, description: string, sample: z.infer<typeof Checkout>) =>
  define({ family: 'checkout', title, description, data: Checkout, sample })

export const dispute = (title: string, description: string, sample: z.infer<typeof Dispute>) =>
  define({ family: 'dispute', title, description, data: Dispute, sample })

export const billing = <T extends z.ZodObject>(title: string, description: string, [data, sample]: Sampled<T>) =>
  define({ family: 'billing', title, description, data, sample })
