import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  foreignKey,
  index,
  integer,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant, isTestColumn, jsonText, storeIdColumn } from '../../db/columns'

/** A subscription is made by its owner; document D's URLs of a store and of an order are endpoints too, and stay out of the lists. */
export const endpointKind = pgEnum('endpoint_kind', ['subscription', 'store', 'order'])

export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    /** Document E's integer id. */
    number: bigint('number', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    isTest: isTestColumn(),
    kind: endpointKind('kind').notNull().default('subscription'),
    url: text('url').notNull(),
    description: text('description'),
    events: text('events').array().notNull(),
    isActive: boolean('is_active').notNull(),
    /** Null where document D says so: the URL of a store or of an order is signed with the store's signing key. */
    secret: text('secret'),
    previousSecret: text('previous_secret'),
    previousSecretExpiresAt: instant('previous_secret_expires_at'),
    /** Since when every delivery has failed; null while they succeed. */
    failingSince: instant('failing_since'),
    disabledReason: text('disabled_reason'),
    /** Null for no limit. */
    rateLimitPerSecond: integer('rate_limit_per_second'),
    /** Up to when the rate limit's share is used up; it may lie a little in the past. */
    pacedUntil: instant('paced_until'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    uniqueIndex('webhook_endpoints_number').on(t.storeId, t.number),
    uniqueIndex('webhook_endpoints_url').on(t.storeId, t.isTest, t.kind, t.url),
  ],
)

/** What happened, as the receivers are told. Written in the transaction that made it true. */
export const events = pgTable(
  'events',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    type: text('type').notNull(),
    /** The `data` of the event; the body on the wire is a pure function of it and of the type's family. */
    data: jsonText('data').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    index('events_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
  ],
)

export const deliveryStatus = pgEnum('delivery_status', ['pending', 'succeeded', 'failed'])

/** One event on its way to one endpoint: the queue and the log in one row. */
export const deliveries = pgTable(
  'deliveries',
  {
    storeId: storeIdColumn(),
    id: uuid('id').notNull(),
    /** Document B's numeric delivery id. */
    number: bigint('number', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    isTest: isTestColumn(),
    endpointId: uuid('endpoint_id').notNull(),
    eventId: uuid('event_id').notNull(),
    status: deliveryStatus('status').notNull(),
    attempts: integer('attempts').notNull(),
    /** When a worker may take it; while a worker has it, until when it is that worker's alone. */
    dueAt: instant('due_at').notNull(),
    responseCode: integer('response_code'),
    error: text('error'),
    createdAt: instant('created_at').notNull(),
    finishedAt: instant('finished_at'),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    // The queue. First attempts apart from later ones, which they go before, however many of either wait.
    index('deliveries_first').on(t.storeId, t.endpointId, t.dueAt).where(sql`status = 'pending' and attempts = 0`),
    index('deliveries_again').on(t.storeId, t.endpointId, t.dueAt).where(sql`status = 'pending' and attempts > 0`),
    index('deliveries_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    // An endpoint's log, and its deletion with it.
    index('deliveries_of_endpoint').on(
      t.storeId,
      t.endpointId,
      t.createdAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    index('deliveries_of_event').on(t.storeId, t.eventId),
    foreignKey({ columns: [t.storeId, t.eventId], foreignColumns: [events.storeId, events.id] }),
    foreignKey({
      columns: [t.storeId, t.endpointId],
      foreignColumns: [webhookEndpoints.storeId, webhookEndpoints.id],
    }).onDelete('cascade'),
  ],
)

/** Every request that was made for a delivery and what came back. */
export const deliveryAttempts = pgTable(
  'delivery_attempts',
  {
    storeId: storeIdColumn(),
    deliveryId: uuid('delivery_id').notNull(),
    number: integer('number').notNull(),
    startedAt: instant('started_at').notNull(),
    durationMs: integer('duration_ms').notNull(),
    requestUrl: text('request_url').notNull(),
    requestHeaders: jsonText('request_headers').notNull(),
    responseCode: integer('response_code'),
    responseHeaders: jsonText('response_headers'),
    /** The first 4 kB. */
    responseBody: text('response_body'),
    error: text('error'),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.deliveryId, t.number] }),
    foreignKey({ columns: [t.storeId, t.deliveryId], foreignColumns: [deliveries.storeId, deliveries.id] }).onDelete(
      'cascade',
    ),
  ],
)

export type WebhookEndpointRow = typeof webhookEndpoints.$inferSelect
export type EventRow = typeof events.$inferSelect
export type DeliveryAttemptRow = typeof deliveryAttempts.$inferSelect
export type DeliveryRow = typeof deliveries.$inferSelect
