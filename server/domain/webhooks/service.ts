import { and, arrayContains, desc, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { isUniqueViolation } from '../../db/errors'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { AppError } from '../../kernel/errors'
import { derivedRowId, newRowId, newSigningSecret, storeOfRowId } from '../../kernel/ids'
import { EVENT_TYPES, isEventType } from './catalogue'
import { nearestEventTypes } from './nearest'
import type { NewWebhook, Webhook, WebhookQuery, WebhookUpdate } from './schema'
import { type WebhookEndpointRow, webhookEndpoints } from './table'

/**
 * A new endpoint with a secret of its own. Throws unknown_event, webhook_url_refused, and webhook_exists when this URL is
 * registered in this mode already. `seed` is what names this very call: a repetition whose first answer was lost gets the
 * endpoint that the first one made.
 */
export async function createWebhook(
  ctx: StoreContext,
  input: NewWebhook,
  seed: string | undefined,
): Promise<Subscription> {
  const events = knownEvents(input.events)
  await refuseUncallable(ctx, input.url)
  const at = ctx.clock.now()
  const { storeId, isTest } = ctx
  const id = seed === undefined ? newRowId(storeId) : derivedRowId(storeId, `webhook ${isTest} ${seed} ${input.url}`)
  const [made] = await ctx.db
    .insert(webhookEndpoints)
    .values({
      storeId,
      id,
      isTest,
      url: input.url,
      description: input.description || null,
      events,
      isActive: true,
      secret: newSigningSecret(),
      rateLimitPerSecond: input.rate_limit_per_second ?? null,
      createdAt: at,
      updatedAt: at,
    })
    .onConflictDoNothing()
    .returning()
  if (made) return asSubscription(made)
  const [own] = await ctx.db
    .select()
    .from(webhookEndpoints)
    .where(and(ofStore(ctx), eq(webhookEndpoints.id, id)))
  if (own) return asSubscription(own)
  throw webhookExists()
}

/** Throws webhook_not_found: for another store's endpoint too, and for a live one asked for with a test key. */
export async function getWebhook(ctx: StoreContext, id: string): Promise<Subscription> {
  const [row] = await ctx.db.select().from(webhookEndpoints).where(named(ctx, id))
  if (!row) throw webhookNotFound()
  return asSubscription(row)
}

/** What finds one endpoint by its uuid or number. Throws webhook_not_found for anything else. */
function named(ctx: StoreContext, id: string) {
  if (storeOfRowId(id) === ctx.storeId) return and(ofStore(ctx), eq(webhookEndpoints.id, id))
  if (/^\d{1,15}$/.test(id)) return and(ofStore(ctx), eq(webhookEndpoints.number, Number(id)))
  throw webhookNotFound()
}

/** Newest first, with how many there are in all. Throws unknown_event, and invalid_request for a cursor beside an offset. */
export async function listWebhooks(ctx: StoreContext, query: WebhookQuery) {
  const { limit, cursor, offset, is_active: isActive, event } = query
  if (cursor !== undefined && offset !== undefined) {
    throw new AppError('invalid_request', 'offset: send either offset or cursor', { field: 'offset' })
  }
  if (event !== undefined && !isEventType(event)) throw unknownEvent(event, 'event')
  const wanted = and(
    ofStore(ctx),
    isActive === undefined ? undefined : eq(webhookEndpoints.isActive, isActive),
    event === undefined ? undefined : arrayContains(webhookEndpoints.events, [event]),
  )
  const found = await ctx.db
    .select()
    .from(webhookEndpoints)
    .where(and(wanted, olderThan(readCursor(cursor), webhookEndpoints.createdAt, webhookEndpoints.id)))
    .orderBy(desc(webhookEndpoints.createdAt), desc(webhookEndpoints.id))
    .limit(limit + 1)
    .offset(offset ?? 0)
  return { ...pageOf(found, limit), total: await ctx.db.$count(webhookEndpoints, wanted) }
}

/** Only what is sent changes. Switching an endpoint on forgets why it was switched off and since when it had failed. Throws as createWebhook does. */
export async function updateWebhook(ctx: StoreContext, input: WebhookUpdate): Promise<WebhookEndpointRow> {
  const isNamed = named(ctx, input.id)
  const events = input.events && knownEvents(input.events)
  if (input.url !== undefined) await refuseUncallable(ctx, input.url)
  const [row] = await ctx.db
    .update(webhookEndpoints)
    .set({
      url: input.url,
      events,
      description: input.description === undefined ? undefined : input.description || null,
      isActive: input.is_active,
      disabledReason: input.is_active ? null : undefined,
      failingSince: input.is_active ? null : undefined,
      rateLimitPerSecond: input.rate_limit_per_second,
      updatedAt: ctx.clock.now(),
    })
    .where(isNamed)
    .returning()
    .catch((error: unknown) => {
      // The URL is the only unique thing that changes here; an UPDATE has no ON CONFLICT to ask with.
      throw isUniqueViolation(error) ? webhookExists() : error
    })
  if (!row) throw webhookNotFound()
  return row
}

/** The endpoint, its deliveries and their log go; the events stay. Returns its uuid. Throws webhook_not_found. */
export async function deleteWebhook(ctx: StoreContext, id: string): Promise<string> {
  const [row] = await ctx.db.delete(webhookEndpoints).where(named(ctx, id)).returning({ id: webhookEndpoints.id })
  if (!row) throw webhookNotFound()
  return row.id
}

/** Subscriptions only: what document D's URLs became is changed where they were set. */
function ofStore(ctx: StoreContext) {
  const { storeId, isTest, kind } = webhookEndpoints
  return and(eq(storeId, ctx.storeId), eq(isTest, ctx.isTest), eq(kind, 'subscription'))
}

/** Without repetitions. Throws unknown_event for the first name that is none, with the nearest right ones. */
function knownEvents(names: readonly string[]): string[] {
  names.forEach((name, index) => {
    if (isEventType(name)) return
    throw unknownEvent(name, `events.${index}`)
  })
  return [...new Set(names)]
}

function unknownEvent(name: string, field: string) {
  const [last, ...others] = nearestEventTypes(name).reverse()
  const near = others.length > 0 ? `${others.reverse().join(', ')} or ${last}` : last
  return new AppError('unknown_event', `There is no event "${name}".${near ? ` Did you mean ${near}?` : ''}`, {
    field,
    hint: `The events are: ${EVENT_TYPES.join(', ')}.`,
  })
}

/** Throws webhook_url_refused. It looks the URL's name up, which may take seconds: never inside a transaction. */
export async function refuseUncallable(ctx: StoreContext, url: string, field = 'url'): Promise<void> {
  const refusal = await ctx.sender.refusal({ url, isTest: ctx.isTest })
  if (refusal === undefined) return
  throw new AppError('webhook_url_refused', `This URL can't be a webhook endpoint. ${refusal}`, { field })
}

function webhookNotFound() {
  return new AppError('webhook_not_found', 'Webhook endpoint not found', {
    field: 'id',
    hint: 'list_webhooks shows your webhook endpoints.',
  })
}

function webhookExists() {
  return new AppError('webhook_exists', 'This URL is already a webhook endpoint of yours.', {
    field: 'url',
    hint: 'Change that one with update_webhook; list_webhooks shows its id.',
  })
}

export function toWebhook(row: WebhookEndpointRow): Webhook {
  return {
    id: row.id,
    number: row.number,
    url: row.url,
    description: row.description,
    events: row.events,
    is_active: row.isActive,
    disabled_reason: row.disabledReason,
    failing_since: row.failingSince?.toISOString() ?? null,
    rate_limit_per_second: row.rateLimitPerSecond,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  }
}

export function toWebhookWithSecret(row: Subscription) {
  return { ...toWebhook(row), secret: row.secret }
}

/** What its owner made and knows the secret of; the other kinds are signed with the store's key. */
export type Subscription = WebhookEndpointRow & { secret: string }

export function asSubscription(row: WebhookEndpointRow): Subscription {
  const { secret } = row
  if (secret === null) throw new Error('a subscription has a secret of its own')
  return { ...row, secret }
}
