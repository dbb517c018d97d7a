import { sql } from 'drizzle-orm'
import { foreignKey, index, integer, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, isTestColumn, storeIdColumn } from '../../db/columns'
import { orders, refunds } from '../orders/table'

export const emailKind = pgEnum('email_kind', ['receipt', 'refund', 'notice'])
export const emailStatus = pgEnum('email_status', ['queued', 'sent', 'failed'])

/** The outbox: e-mails to buyers, each about an order of theirs, and to the store's owner. Written in the transaction that made true what they tell. */
export const emails = pgTable(
  'emails',
  {
    storeId: storeIdColumn(),
    /** Derived from what it tells of, so that this is told once; the Message-ID is made of it. */
    id: uuid('id').notNull(),
    isTest: isTestColumn(),
    kind: emailKind('kind').notNull(),
    /** Null for a notice to the store's owner. */
    orderId: uuid('order_id'),
    /** Of a refund notice. */
    refundId: uuid('refund_id'),
    recipient: text('recipient').notNull(),
    status: emailStatus('status').notNull(),
    attempts: integer('attempts').notNull(),
    /** When a worker may take it; while a worker has it, until when it is that worker's alone. */
    dueAt: instant('due_at').notNull(),
    /** What the mail server said last, or why it was given up. */
    error: text('error'),
    /** As it was sent; until then it is written anew each time it is looked at. */
    subject: text('subject'),
    text: text('text'),
    html: text('html'),
    createdAt: instant('created_at').notNull(),
    finishedAt: instant('finished_at'),
  },
  (t) => [
    primaryKey({ columns: [t.storeId, t.id] }),
    index('emails_due').on(t.storeId, t.dueAt).where(sql`status = 'queued'`),
    index('emails_newest').on(t.storeId, t.isTest, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index('emails_of_order').on(t.storeId, t.orderId),
    foreignKey({ columns: [t.storeId, t.orderId], foreignColumns: [orders.storeId, orders.id] }),
    foreignKey({ columns: [t.storeId, t.refundId], foreignColumns: [refunds.storeId, refunds.id] }),
  ],
)

export type EmailRow = typeof emails.$inferSelect
