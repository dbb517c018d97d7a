import { and, desc, eq, gt } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { inTransaction } from '../../db/transaction'
import { addMs, HOUR_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import { derivedRowId, newRowId, storeOfRowId } from '../../kernel/ids'
import { licenses } from '../licenses/table'
import { getOrder, lockOrder } from '../orders/service'
import { type OrderRow, orders, type RefundRow, refunds } from '../orders/table'
import { stores } from '../stores/table'
import { type MailContent, writeMail } from './content'
import type { Email, EmailDetail, EmailQuery, ReceiptResend } from './schema'
import { type EmailRow, emails } from './table'

/** How often a receipt may be asked for again within an hour: nobody's mailbox is to be flooded with it. */
const RECEIPTS_PER_HOUR = 10

/**
 * What a store's test orders may send. They cost nothing, and whoever sees a store's link can make one, for any address and with
 * words of their own: the operator's mail server must not become a stranger's.
 */
export const TEST_EMAILS_PER_HOUR = 100
const TEST_SHARE_USED = `Not sent: a store sends at most ${TEST_EMAILS_PER_HOUR} e-mails an hour in test mode.`

/**
 * Puts the receipt of a paid order into the outbox, in the transaction that completes the order, once. Without a buyer's address
 * there is none; the receipt page is there anyway.
 */
export async function queueReceipt(tx: StoreContext, order: OrderRow): Promise<void> {
  const { id: orderId, customerEmail: recipient } = order
  if (recipient) await enqueue(tx, { id: receiptId(order), kind: 'receipt', orderId, refundId: null, recipient })
}

/** Tells the buyer of a refund, in the transaction that notes it, once. */
export async function queueRefundNotice(tx: StoreContext, order: OrderRow, refund: RefundRow): Promise<void> {
  const { id: orderId, customerEmail: recipient } = order
  const id = derivedRowId(tx.storeId, `refund notice ${refund.id}`)
  if (recipient) await enqueue(tx, { id, kind: 'refund', orderId, refundId: refund.id, recipient })
}

/** The id of an order's first receipt, which its Message-ID is made of. */
export function receiptId({ storeId, id }: Pick<OrderRow, 'storeId' | 'id'>): string {
  return derivedRowId(storeId, `receipt ${id}`)
}

/**
 * Puts a receipt of a paid order into the outbox again: another e-mail, which says what was given back by now. Throws
 * order_not_found, order_not_paid, rate_limited, and invalid_request when neither the order nor the call has an address.
 */
export async function resendReceipt(ctx: StoreContext, input: ReceiptResend): Promise<EmailDetail> {
  const order = await getOrder(ctx, input.id)
  if (order.completedAt === null) {
    throw new AppError('order_not_paid', 'This order has not been paid, so that there is no receipt.', { field: 'id' })
  }
  const recipient = input.email ?? order.customerEmail
  if (!recipient) {
    throw new AppError('invalid_request', "email: the order has no buyer's address; say where the receipt goes", {
      field: 'email',
    })
  }
  return inTransaction(ctx, async (tx) => {
    // Held, so that calls at the same time are counted one after the other.
    await lockOrder(tx, order.id)
    if (await hasMailed(tx, RECEIPTS_PER_HOUR, order)) {
      throw tooMany(`At most ${RECEIPTS_PER_HOUR} e-mails an hour are sent about one order.`)
    }
    const id = newRowId(tx.storeId)
    const queued = await enqueue(tx, { id, kind: 'receipt', orderId: order.id, refundId: null, recipient })
    if (!queued) throw tooMany(TEST_SHARE_USED)
    return getEmail(tx, id)
  })
}

function tooMany(message: string) {
  const retryAfterSeconds = HOUR_MS / 1_000
  return new AppError('rate_limited', message, { hint: 'Try again in an hour.', retryAfterSeconds })
}

/** Whether so many e-mails were made in the last hour, about one order or in all of the context's store and mode. */
async function hasMailed(ctx: StoreContext, most: number, order?: OrderRow): Promise<boolean> {
  const since = addMs(ctx.clock.now(), -HOUR_MS)
  const ofOrder = order && eq(emails.orderId, order.id)
  const made = await ctx.db
    .select({ id: emails.id })
    .from(emails)
    .where(and(ofStore(ctx), ofOrder, gt(emails.createdAt, since)))
    .limit(most)
  return made.length === most
}

/** Tells the store's owner something, in the transaction that makes it true, once for an id. */
export async function queueNotice(
  tx: StoreContext,
  { id, recipient, content }: { id: string; recipient: string; content: MailContent },
): Promise<void> {
  await enqueue(tx, { id, kind: 'notice', orderId: null, refundId: null, recipient, ...content })
}

type NewEmail = Pick<EmailRow, 'id' | 'kind' | 'orderId' | 'refundId' | 'recipient'> & Partial<MailContent>

/** False when it stays unsent, with the reason for it. */
async function enqueue(tx: StoreContext, email: NewEmail): Promise<boolean> {
  const at = tx.clock.now()
  const isRefused = tx.isTest && tx.mailer !== null && (await hasMailed(tx, TEST_EMAILS_PER_HOUR))
  const { storeId, isTest } = tx
  await tx.db
    .insert(emails)
    .values({
      ...{ storeId, isTest, ...email, attempts: 0, dueAt: at, createdAt: at },
      ...(isRefused ? { status: 'failed', error: TEST_SHARE_USED, finishedAt: at } : { status: 'queued' }),
    })
    .onConflictDoNothing()
  if (tx.mailer) tx.afterCommit?.add(() => tx.wake('mail'))
  return !isRefused
}

/** An e-mail with all that it is written from. */
export type LoadedEmail = Awaited<ReturnType<typeof loadedEmails>>[number]

/** A query to which the caller adds what is wanted, of one store. */
export function loadedEmails({ db, storeId }: Pick<StoreContext, 'db' | 'storeId'>) {
  return db
    .select({ email: emails, order: orders, refund: refunds, license: licenses, store: stores })
    .from(emails)
    .leftJoin(orders, and(eq(orders.storeId, storeId), eq(orders.id, emails.orderId)))
    .innerJoin(stores, eq(stores.storeId, emails.storeId))
    .leftJoin(refunds, and(eq(refunds.storeId, storeId), eq(refunds.id, emails.refundId)))
    .leftJoin(licenses, and(eq(licenses.storeId, storeId), eq(licenses.orderId, emails.orderId)))
    .$dynamic()
}

/** Newest first. Throws order_not_found when an order is asked for that isn't yours. */
export async function listEmails(ctx: StoreContext, query: EmailQuery) {
  const { order_id: order, status, limit } = query
  const orderId = order === undefined ? undefined : (await getOrder(ctx, order, undefined, 'order_id')).id
  const found = await loadedEmails(ctx)
    .where(
      and(
        ofStore(ctx),
        orderId === undefined ? undefined : eq(emails.orderId, orderId),
        status === undefined ? undefined : eq(emails.status, status),
        olderThan(readCursor(query.cursor), emails.createdAt, emails.id),
      ),
    )
    .orderBy(desc(emails.createdAt), desc(emails.id))
    .limit(limit + 1)
  const page = pageOf(
    found.map((row) => ({ row, createdAt: row.email.createdAt, id: row.email.id })),
    limit,
  )
  return {
    emails: page.rows.map(({ row }) => toEmail(ctx, row)),
    sends_email: ctx.mailer !== null,
    next_cursor: page.nextCursor,
  }
}

/** Throws email_not_found: for another store's e-mail too, and for a live one asked for with a test key. */
export async function getEmail(ctx: StoreContext, id: string): Promise<EmailDetail> {
  const isOurs = storeOfRowId(id) === ctx.storeId
  const [loaded] = isOurs ? await loadedEmails(ctx).where(and(ofStore(ctx), eq(emails.id, id))) : []
  if (!loaded) {
    throw new AppError('email_not_found', 'E-mail not found', { field: 'id', hint: 'list_emails shows them.' })
  }
  const { text, html } = contentOf(ctx, loaded)
  return { ...toEmail(ctx, loaded), text, html }
}

function ofStore(ctx: StoreContext) {
  return and(eq(emails.storeId, ctx.storeId), eq(emails.isTest, ctx.isTest))
}

/** What was sent, or what would be sent now. */
export function contentOf(
  ctx: Pick<StoreContext, 'publicUrl'>,
  { email, order, refund, license, store }: LoadedEmail,
): MailContent {
  const { subject, text, html } = email
  if (subject !== null && text !== null && html !== null) return { subject, text, html }
  if (!order) throw new Error(`the e-mail ${email.id} is about no order`)
  const receiptUrl = `${ctx.publicUrl}/checkout/${order.sessionId}/receipt`
  const valid = license?.revokedAt ? null : license
  return writeMail({ store, order, refund, license: valid, receiptUrl, canReply: replyTo(store.email) !== null })
}

/** The store's address, unless it is one that nobody can have, as the first store's is until its owner sets another. */
export function replyTo(storeEmail: string): string | null {
  return /@(.*\.)?example\.(com|net|org)$/i.test(storeEmail) ? null : storeEmail
}

function toEmail(ctx: StoreContext, loaded: LoadedEmail): Email {
  const { email: row } = loaded
  return {
    id: row.id,
    kind: row.kind,
    order_id: row.orderId,
    refund_id: row.refundId,
    to: row.recipient,
    subject: contentOf(ctx, loaded).subject,
    status: row.status,
    attempts: row.attempts,
    error: row.error,
    next_attempt_at: row.status === 'queued' && ctx.mailer ? row.dueAt.toISOString() : null,
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
  }
}
