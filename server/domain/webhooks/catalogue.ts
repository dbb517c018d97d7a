import * as z from 'zod'
import { Cents, Instant } from '../../kernel/wire'

/** Events of one family share a wire format; `formats.ts` has it. */
export type EventFamily = 'sale' | 'webhook'

/** What a receiver is told of one kind of event. The docs, `list_event_types` and the checks of subscriptions are made of it. */
type EventDefinition<T extends z.ZodType> = {
  /** Fixes the wire format: body, signature header. */
  family: EventFamily
  title: string
  description: string
  data: T
  sample: z.infer<T>
}

const define = <T extends z.ZodType>(definition: EventDefinition<T>) => definition

const SaleCompleted = z.object({
  purchase_id: z.uuid(),
  product_id: z.uuid().nullable(),
  buyer_email: z.string().nullable().describe('Null when the sale was made without one, as test payments may be'),
  amount_cents: Cents,
  currency: z.string().describe('ISO 4217 code in lower case'),
  stripe_session_id: z.string().describe('The checkout session'),
})

const SaleRefunded = SaleCompleted.extend({
  refunded_cents: Cents.describe('What this refund gave back'),
  total_refunded_cents: Cents.describe('What all refunds of the purchase gave back, this one included'),
})

const saleSample: z.infer<typeof SaleCompleted> = {
  purchase_id: '0f1e2d3c-4b5a-8678-9a0b-1c2d3e4f5061',
  product_id: '0f1e2d3c-4b6c-8abc-8def-0123456789ab',
  buyer_email: 'buyer@example.com',
  amount_cents: 1900,
  currency: 'usd',
  stripe_session_id: 'cs_test_0f1e2d3c4b5a69788796a5b4c3d2e1f00f',
}

const WebhookDisabled = z.object({
  webhook_id: z.uuid().describe('The endpoint that was switched off'),
  url: z.string(),
  reason: z.string().describe('Why, in words'),
  failing_since: Instant.nullable().describe('Since when nothing arrived there; null when it asked for no more'),
})

/** Every event there is, by its type. */
export const CATALOGUE = {
  'sale.completed': define({
    family: 'sale',
    title: 'A sale was completed',
    description: 'Fired when a buyer completes checkout. Contains purchase details and buyer email.',
    data: SaleCompleted,
    sample: saleSample,
  }),
  'sale.refunded': define({
    family: 'sale',
    title: 'A sale was refunded',
    description: 'Fired when a sale is refunded, in part or in full. Contains the refunded amount.',
    data: SaleRefunded,
    sample: { ...saleSample, refunded_cents: 900, total_refunded_cents: 1900 },
  }),
  'webhook.disabled': define({
    family: 'webhook',
    title: 'A webhook endpoint was switched off',
    description: 'Fired to your other endpoints when one is switched off: it answered 410, or failed for 5 days.',
    data: WebhookDisabled,
    sample: {
      webhook_id: '0f1e2d3c-4b7d-8def-8abc-0123456789ab',
      url: 'https://example.com/hooks/payhook',
      reason: 'Every delivery has failed for 5 days. The last time: The receiver answered 503.',
      failing_since: '2026-02-25T09:00:00.000Z',
    },
  }),
}

export type EventType = keyof typeof CATALOGUE

export const EVENT_TYPES = Object.keys(CATALOGUE) as EventType[]

export function isEventType(text: string): text is EventType {
  return Object.hasOwn(CATALOGUE, text)
}

/** A type that left the catalogue keeps a format, so that its last deliveries still go out. */
export function familyOf(type: string): EventFamily {
  return isEventType(type) ? CATALOGUE[type].family : 'sale'
}

/** The event types that a mistaken one may have meant, nearest first: few typing errors away, or with a part in common. */
export function nearestEventTypes(mistaken: string): EventType[] {
  const text = mistaken.toLowerCase()
  const parts = text.split(/[^a-z]+/).filter((part) => part.length > 2)
  return EVENT_TYPES.map((type) => ({ type, distance: editDistance(text, type) }))
    .filter(({ type, distance }) => distance <= type.length / 3 || parts.some((part) => type.includes(part)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ type }) => type)
}

/** Levenshtein's: insertions, deletions and replacements from one text to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
