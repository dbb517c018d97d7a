import { and, asc, eq, inArray, lt } from 'drizzle-orm'
import type { Deps } from '../../context'
import { addMs, DAY_MS } from '../../kernel/clock'
import { everyStore } from '../stores/every'
import { emails } from './table'

const ROWS_PER_DELETE = 500

/**
 * Forgets e-mails after the days of the configuration, those included that a server without SMTP_URL never sent: the receipt page
 * stays. In deletions that are small enough to hold nobody up; store by store, of all stores.
 */
export async function pruneEmails(deps: Deps, turn?: { stopping: AbortSignal }): Promise<boolean> {
  const before = addMs(deps.clock.now(), -deps.config.webhookRetentionDays * DAY_MS)
  await everyStore(deps, turn, async (storeId) => {
    for (const isTest of [false, true]) {
      while (!turn?.stopping.aborted && (await prune(deps, storeId, isTest, before)) === ROWS_PER_DELETE);
    }
  })
  return false
}

/** Answers how many it deleted. */
async function prune({ db }: Deps, storeId: bigint, isTest: boolean, before: Date): Promise<number> {
  const old = db
    .select({ id: emails.id })
    .from(emails)
    .where(and(eq(emails.storeId, storeId), eq(emails.isTest, isTest), lt(emails.createdAt, before)))
    .orderBy(asc(emails.createdAt))
    .limit(ROWS_PER_DELETE)
  const gone = await db
    .delete(emails)
    .where(and(eq(emails.storeId, storeId), inArray(emails.id, old)))
    .returning({ id: emails.id })
  return gone.length
}
