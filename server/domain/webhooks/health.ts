import { and, asc, eq, inArray, isNull, lte } from 'drizzle-orm'
import type { Deps } from '../../context'
import type { AfterCommit } from '../../db/transaction'
import { addMs, DAY_MS } from '../../kernel/clock'
import { recordEvent } from './events'
import type { Claimed } from './queue'
import { webhookEndpoints } from './table'
import type { Verdict } from './verdict'

/** An endpoint at which nothing arrived for this long is switched off when another delivery to it is given up. */
export const FAILING_DAYS = 5

type Transaction = Deps & { afterCommit: AfterCommit }

/** What came of a request, as far as it says something of the endpoint. */
export type Sign = { delivery: Claimed; verdict: Verdict }

/** Keeps since when an endpoint has been failing, and switches off what is gone for good. All signs are of one store. */
export async function noteHealth(tx: Transaction, storeId: bigint, signs: readonly Sign[]): Promise<void> {
  const succeeded = new Set(
    signs.filter(({ verdict }) => verdict.status === 'succeeded').map(({ delivery }) => delivery.endpoint.id),
  )
  const recovered = signs.filter(({ delivery }) => isFailing(delivery) && succeeded.has(delivery.endpoint.id))
  const failed = signs.filter(({ delivery }) => !succeeded.has(delivery.endpoint.id))
  await setFailingSince(tx, storeId, idsOf(recovered), null)
  await setFailingSince(tx, storeId, idsOf(failed.filter(({ delivery }) => !isFailing(delivery))), tx.clock.now())
  for (const { delivery, verdict } of failed) {
    if (verdict.status !== 'failed') continue
    if (verdict.disables) await disableGone(tx, delivery)
    else if (hasFailedLong(tx, delivery)) await disableFailing(tx, delivery, verdict.error)
  }
}

function isFailing({ endpoint }: Claimed): boolean {
  return endpoint.failingSince !== null
}

/** Sorted, so that two transactions never wait for each other's rows. */
function idsOf(signs: readonly Sign[]): string[] {
  return [...new Set(signs.map(({ delivery }) => delivery.endpoint.id))].sort()
}

async function setFailingSince(tx: Transaction, storeId: bigint, ids: string[], at: Date | null): Promise<void> {
  const e = webhookEndpoints
  if (ids.length === 0) return
  const ofStore = and(eq(e.storeId, storeId), inArray(e.id, ids))
  if (ids.length > 1) await tx.db.select({ id: e.id }).from(e).where(ofStore).orderBy(asc(e.id)).for('no key update')
  await tx.db
    .update(e)
    .set({ failingSince: at })
    .where(and(ofStore, at === null ? undefined : isNull(e.failingSince)))
}

function hasFailedLong(tx: Transaction, { endpoint }: Claimed): boolean {
  return endpoint.failingSince !== null && endpoint.failingSince <= failingCutoff(tx)
}

const failingCutoff = (tx: Transaction) => addMs(tx.clock.now(), -FAILING_DAYS * DAY_MS)

/** Only while it still has the URL that answered: the owner may have moved it meanwhile. */
function disableGone(tx: Transaction, delivery: Claimed): Promise<void> {
  return disable(tx, delivery, 'The receiver answered 410 Gone.', eq(webhookEndpoints.url, delivery.endpoint.url))
}

/** Not when it has recovered or was switched on again meanwhile. */
function disableFailing(tx: Transaction, delivery: Claimed, error: string): Promise<void> {
  const stillFails = lte(webhookEndpoints.failingSince, failingCutoff(tx))
  return disable(
    tx,
    delivery,
    `Every delivery has failed for ${FAILING_DAYS} days. The last time: ${error}`,
    stillFails,
  )
}

/** The owner's other endpoints are told in the same transaction. */
async function disable(
  tx: Transaction,
  { storeId, endpoint }: Claimed,
  reason: string,
  condition: ReturnType<typeof eq>,
): Promise<void> {
  const e = webhookEndpoints
  const at = tx.clock.now()
  const [row] = await tx.db
    .update(e)
    .set({ isActive: false, disabledReason: reason, updatedAt: at })
    .where(and(eq(e.storeId, storeId), eq(e.id, endpoint.id), eq(e.isActive, true), condition))
    .returning()
  if (!row) return
  const data = {
    webhook_id: row.id,
    url: row.url,
    reason,
    failing_since: row.failingSince?.toISOString() ?? null,
  }
  await recordEvent({ ...tx, storeId, isTest: row.isTest }, { type: 'webhook.disabled', data, at })
}
