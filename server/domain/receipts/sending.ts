import { and, asc, eq, inArray, lte, min, sql } from 'drizzle-orm'
import type { Deps, Turn } from '../../context'
import { addMs, DAY_MS, HOUR_MS, MINUTE_MS } from '../../kernel/clock'
import { formatStoreId } from '../../kernel/ids'
import { type Mailer, type MailOutcome, SEND_TIMEOUT_MS } from '../../ports/mailer'
import type { MailContent } from './content'
import { contentOf, type LoadedEmail, loadedEmails, receiptId, replyTo } from './service'
import { type EmailRow, emails } from './table'

const STORES = 20
const BATCH = 10

/** How long a claimed e-mail is its worker's alone: the time of a send, and as much again to write its result. */
export const LEASE_MS = 2 * SEND_TIMEOUT_MS

/** Tries before an e-mail is given up: with the delays between them, about a day. */
export const MAX_ATTEMPTS = 10
const LONGEST_DELAY_MS = 6 * HOUR_MS

/** A receipt that waited longer, as where SMTP_URL was set late, would only puzzle its buyer. */
const MAX_AGE_MS = 3 * DAY_MS

/**
 * Sends what is due in the outbox; answers whether more is waiting. Safe to run in several processes: an e-mail is claimed with a
 * lease, so that it is sent twice only when a process ends between the mail server's yes and our note of it; both have one
 * Message-ID then. Finds the stores with due e-mails first, of both modes; the rest is store by store.
 */
export async function sendDueEmails(deps: Deps, turn?: Pick<Turn, 'stopping'>): Promise<boolean> {
  const { mailer } = deps
  if (!mailer) return false
  const found = await deps.db
    .select({ storeId: emails.storeId })
    .from(emails)
    .where(isDue(deps))
    .groupBy(emails.storeId)
    .orderBy(min(emails.dueAt))
    .limit(STORES)
  let more = found.length === STORES
  for (const { storeId } of found) {
    if (turn?.stopping.aborted) return true
    const claimed = await claimDue(deps, storeId)
    const outcomes = await Promise.all(claimed.map((loaded) => send(deps, mailer, loaded)))
    // The mail server is down: the others wait for the next round instead of using up their tries. What it only says of one
    // store's recipients is no reason: they must not hold up everybody's mail.
    if (outcomes.length > 0 && outcomes.every((one) => one?.kind === 'unsent' && !one.isOfMessage)) return false
    if (claimed.length === BATCH) more = true
  }
  return more
}

/** Written out, so that the partial index serves it. */
function isDue(deps: Deps) {
  return and(sql`${emails.status} = 'queued'`, lte(emails.dueAt, deps.clock.now()))
}

async function claimDue(deps: Deps, storeId: bigint): Promise<LoadedEmail[]> {
  const due = deps.db
    .select({ id: emails.id })
    .from(emails)
    .where(and(eq(emails.storeId, storeId), isDue(deps)))
    .orderBy(asc(emails.dueAt))
    .limit(BATCH)
    .for('update', { skipLocked: true })
  const claimed = await deps.db
    .update(emails)
    .set({ dueAt: addMs(deps.clock.now(), LEASE_MS), attempts: sql`${emails.attempts} + 1` })
    // As an array, so that it is run once, before the update.
    .where(and(eq(emails.storeId, storeId), sql`${emails.id} = any(array(${due}))`))
    .returning({ id: emails.id })
  if (claimed.length === 0) return []
  const ids = claimed.map(({ id }) => id)
  return loadedEmails({ db: deps.db, storeId }).where(and(eq(emails.storeId, storeId), inArray(emails.id, ids)))
}

type Outcome = MailOutcome | { kind: 'given_up'; error: string }

/** Never throws: what couldn't be written down stays leased, and is tried again when the lease ends. */
async function send(deps: Deps, mailer: Mailer, loaded: LoadedEmail): Promise<Outcome | undefined> {
  const { email } = loaded
  try {
    const content = contentOf(deps, loaded)
    const outcome = whyNot(deps, email) ?? (await mailer.send(toMail(deps, loaded, content)))
    deps.metrics.countEmail(outcome.kind)
    await record(deps, email, content, outcome)
    return outcome
  } catch (error) {
    deps.log.error({ err: error, email: email.id }, 'an e-mail could not be handled and will be tried again')
    return undefined
  }
}

/** What is given up without a try. */
function whyNot({ clock }: Deps, { attempts, createdAt }: EmailRow): Outcome | undefined {
  if (attempts > MAX_ATTEMPTS) {
    return { kind: 'given_up', error: `Given up: ${MAX_ATTEMPTS} tries were begun, and the last never came to an end.` }
  }
  if (addMs(createdAt, MAX_AGE_MS) > clock.now()) return undefined
  return { kind: 'given_up', error: 'Given up: it waited for more than 3 days. resend_receipt sends a new one.' }
}

function toMail(deps: Deps, { email, order, store }: LoadedEmail, content: MailContent) {
  const first = order && receiptId(order)
  return {
    id: email.id,
    belongsTo: email.id === first ? null : first,
    // A notice goes to the store itself.
    fromName: order ? store.name : 'Payhook',
    replyTo: order ? replyTo(store.email) : null,
    to: email.recipient,
    ...content,
    at: deps.clock.now(),
  }
}

async function record(deps: Deps, email: EmailRow, content: MailContent, outcome: Outcome): Promise<void> {
  const now = deps.clock.now()
  const isLast = outcome.kind === 'unsent' && email.attempts >= MAX_ATTEMPTS
  const failed = outcome.kind === 'refused' || outcome.kind === 'given_up' || isLast
  const error = outcome.kind === 'accepted' ? null : outcome.error
  if (failed) {
    const facts = { email: email.id, store: formatStoreId(email.storeId), attempts: email.attempts, reason: error }
    deps.log.warn(facts, 'an e-mail was given up')
  }
  await deps.db
    .update(emails)
    .set(
      outcome.kind === 'accepted'
        ? { ...content, status: 'sent', error, finishedAt: now }
        : failed
          ? { status: 'failed', error, finishedAt: now }
          : { error, dueAt: addMs(now, delayMs(email.attempts)) },
    )
    .where(
      and(
        eq(emails.storeId, email.storeId),
        eq(emails.id, email.id),
        eq(emails.status, 'queued'),
        // Not when another worker took it over after the lease.
        eq(emails.attempts, email.attempts),
      ),
    )
}

/** 1, 3, 9, 27, 81 and 243 minutes, then 6 hours. */
export function delayMs(attempts: number): number {
  return Math.min(LONGEST_DELAY_MS, MINUTE_MS * 3 ** (attempts - 1))
}
