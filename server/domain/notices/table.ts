import { sql } from 'drizzle-orm'
import { index, integer, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, isTestColumn, jsonText, storeIdColumn } from '../../db/columns'

export const noticeStatus = pgEnum('notice_status', ['pending', 'done', 'failed'])

/** What gateways have told us, each event once by its id. One that doesn't say whose attempt it is about is the platform's. */
export const gatewayNotices = pgTable(
  'gateway_notices',
  {
    storeId: storeIdColumn(),
    gateway: text('gateway').notNull(),
    /** The gateway's id of the event. */
    id: text('id').notNull(),
    isTest: isTestColumn(),
    /** In the gateway's words. */
    type: text('type').notNull(),
    /** What to ask the gateway about: its ids only, nothing of the buyer. */
    subject: jsonText('subject').notNull(),
    attemptId: uuid('attempt_id'),
    status: noticeStatus('status').notNull(),
    attempts: integer('attempts').notNull(),
    dueAt: instant('due_at').notNull(),
    receivedAt: instant('received_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.gateway, t.id] }),
    index('gateway_notices_due').on(t.storeId, t.dueAt).where(sql`status = 'pending'`),
    index('gateway_notices_old').on(t.storeId, t.isTest, t.receivedAt),
  ],
)

export type NoticeRow = typeof gatewayNotices.$inferSelect
