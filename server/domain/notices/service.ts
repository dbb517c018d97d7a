import { and, asc, eq, lte, min, sql } from 'drizzle-orm'
import { type Deps, storeContext } from '../../context'
import { addMs, DAY_MS, HOUR_MS, SECOND_MS } from '../../kernel/clock'
import { PLATFORM_STORE, storeOfRowId } from '../../kernel/ids'
import type { GatewayNotice } from '../../ports/gateway'
import { follow } from './following'
import { gatewayNotices, type NoticeRow } from './table'

/** A gateway repeats for three days itself. */
const GIVE_UP_MS = 3 * DAY_MS
const FIRST_PAUSE_MS = 30 * SECOND_MS

const STORES = 20
const BATCH = 50

/**
 * Keeps a gateway's notice, once however often it comes; following it is a job's, so that the gateway has its answer soon. False
 * for one that was kept before or is none of our business.
 */
export async function keepNotice(
  deps: Deps,
  gateway: string,
  isTest: boolean,
  { id, type, attemptId, subject }: GatewayNotice,
): Promise<boolean> {
  if (subject === null) return false
  const at = deps.clock.now()
  const storeId = attemptId === null ? undefined : storeOfRowId(attemptId)
  const kept = await deps.db
    .insert(gatewayNotices)
    .values({
      ...{ storeId: storeId ?? PLATFORM_STORE, gateway, id, isTest, type, subject },
      ...{ attemptId: storeId === undefined ? null : attemptId },
      ...{ status: 'pending', attempts: 0, dueAt: at, receivedAt: at },
    })
    .onConflictDoNothing()
    .returning({ id: gatewayNotices.id })
  if (kept.length > 0) deps.wake('gateway_notices')
  return kept.length > 0
}

/**
 * Follows the notices that are due. Each may be followed again, by this process or another: every step asks the gateway and writes
 * down what is not written yet. Answers true when more are waiting. Looks over all stores and the platform, both modes.
 */
export async function followNotices(deps: Deps): Promise<boolean> {
  // The status is written out so that the partial index serves the query.
  const isDue = and(sql`${gatewayNotices.status} = 'pending'`, lte(gatewayNotices.dueAt, deps.clock.now()))
  const stores = await deps.db
    .select({ storeId: gatewayNotices.storeId })
    .from(gatewayNotices)
    .where(isDue)
    .groupBy(gatewayNotices.storeId)
    .orderBy(min(gatewayNotices.dueAt))
    .limit(STORES)
  let more = stores.length === STORES
  for (const { storeId } of stores) {
    const due = await deps.db
      .select()
      .from(gatewayNotices)
      .where(and(eq(gatewayNotices.storeId, storeId), isDue))
      .orderBy(asc(gatewayNotices.dueAt))
      .limit(BATCH)
    for (const notice of due) await followOne(deps, notice)
    if (due.length === BATCH) more = true
  }
  return more
}

async function followOne(deps: Deps, seen: NoticeRow): Promise<void> {
  const notice = await claim(deps, seen)
  if (!notice) return
  const facts = { gateway: notice.gateway, event: notice.id, type: notice.type }
  try {
    await follow(storeContext(deps, notice.storeId, notice.isTest), notice)
    await change(deps, notice, { status: 'done' })
  } catch (error) {
    const isHopeless = deps.clock.now() > addMs(notice.receivedAt, GIVE_UP_MS)
    if (isHopeless) await change(deps, notice, { status: 'failed' })
    const next = isHopeless ? 'was given up' : 'will be followed again'
    deps.log.error({ ...facts, err: error }, `a notice of the gateway ${next}`)
  }
}

/** Makes it this process's until its next time, which comes later with each try. */
async function claim(deps: Deps, { attempts, ...seen }: NoticeRow): Promise<NoticeRow | undefined> {
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** attempts, HOUR_MS)
  const dueAt = addMs(deps.clock.now(), pauseMs)
  return change(deps, seen, { attempts: attempts + 1, dueAt }, attempts)
}

async function change(
  deps: Deps,
  { storeId, gateway, id }: Pick<NoticeRow, 'storeId' | 'gateway' | 'id'>,
  changes: Partial<NoticeRow>,
  seenAttempts?: number,
): Promise<NoticeRow | undefined> {
  const n = gatewayNotices
  const [row] = await deps.db
    .update(n)
    .set(changes)
    .where(
      and(
        ...[eq(n.storeId, storeId), eq(n.gateway, gateway), eq(n.id, id), eq(n.status, 'pending')],
        seenAttempts === undefined ? undefined : eq(n.attempts, seenAttempts),
      ),
    )
    .returning()
  return row
}
