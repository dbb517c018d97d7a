import { and, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { addMs, DAY_MS, HOUR_MS, MINUTE_MS } from '../../kernel/clock'
import type { ConnectedAccount } from '../../ports/platform'
import { stores } from '../stores/table'
import { recordEvent } from '../webhooks/events'
import { findConnection, ofStore, platformOf } from './platform'
import { type ConnectionRow, storeConnections } from './table'
import { toConnection } from './view'

/** A seller who was given a link is looked after closely for a day. */
const SOON_MS = 10 * MINUTE_MS
const LATER_MS = 6 * HOUR_MS

/** Somebody else's change between the question and its answer makes us ask again; more than a few are a mistake of ours. */
const TRIES = 5

/**
 * Asks the gateway how the store's account is now, and writes it down: what notices say counts for nothing but the question, so that they
 * may come late, twice and in any order. An answer is written only where nobody has written since it was asked for: the
 * older of two answers never wins. Throws when the gateway can't be asked.
 */
export async function refreshConnection(ctx: StoreContext, first: ConnectionRow): Promise<ConnectionRow> {
  const platform = platformOf(ctx)?.platform
  let seen: ConnectionRow | undefined = first
  for (let tries = 0; platform && seen?.account && tries < TRIES; tries++) {
    const written = await write(ctx, seen, factsOf(await platform.findAccount(seen.account)))
    if (written) return written
    seen = await findConnection(ctx)
  }
  return seen ?? first
}

type Facts = Pick<ConnectionRow, 'status' | 'isPayable' | 'requirements' | 'dueBy' | 'disabledReason'>

function factsOf(account: ConnectedAccount | null): Facts {
  if (!account) {
    return { status: 'deauthorized', isPayable: false, requirements: [], dueBy: null, disabledReason: null }
  }
  const { isPayable, requirements, dueBy, disabledReason } = account
  return { status: statusOf(account), isPayable, requirements, dueBy, disabledReason }
}

function statusOf({ isChargeable, isSubmitted }: ConnectedAccount): ConnectionRow['status'] {
  if (isChargeable) return 'active'
  return isSubmitted ? 'restricted' : 'onboarding'
}

/** Undefined when somebody else has changed it meanwhile. */
function write(ctx: StoreContext, seen: ConnectionRow, facts: Facts): Promise<ConnectionRow | undefined> {
  return inTransaction(ctx, async (tx) => {
    const at = tx.clock.now()
    const isNews = differs(seen, facts)
    const changes = isNews ? { ...facts, version: seen.version + 1, updatedAt: at } : {}
    const [row] = await tx.db
      .update(storeConnections)
      .set({ ...changes, checkedAt: at, checkAt: nextCheck(facts.status, seen.linkedAt, at) })
      .where(and(ofStore(tx), eq(storeConnections.version, seen.version)))
      .returning()
    if (!row || !isNews) return row
    const account = row.status === 'active' ? row.account : null
    await tx.db
      .update(stores)
      .set(tx.isTest ? { testAccount: account } : { liveAccount: account })
      .where(eq(stores.storeId, tx.storeId))
    await recordEvent(tx, { type: 'store.connection_updated', data: toConnection(tx, row), at })
    if (account === null) tx.afterCommit.add(() => tx.wake('stranded_pages'))
    return row
  })
}

function differs(seen: ConnectionRow, { dueBy, requirements, ...facts }: Facts): boolean {
  return (
    seen.status !== facts.status ||
    seen.isPayable !== facts.isPayable ||
    seen.disabledReason !== facts.disabledReason ||
    seen.dueBy?.getTime() !== dueBy?.getTime() ||
    seen.requirements.join() !== requirements.join()
  )
}

/** The gateway tells; this is for what it tells in vain. */
export function nextCheck(status: ConnectionRow['status'], linkedAt: Date | null, now: Date): Date {
  if (status === 'active' || status === 'deauthorized') return addMs(now, DAY_MS)
  const isLinked = linkedAt !== null && addMs(linkedAt, DAY_MS) > now
  return addMs(now, isLinked ? SOON_MS : LATER_MS)
}
