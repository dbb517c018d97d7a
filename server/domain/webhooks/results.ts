import { and, eq, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import { arrayOf, isAnyOf } from '../../db/batched'
import type { Db } from '../../db/client'
import { insertRows } from '../../db/insert-rows'
import { placeholdersOf, prepared } from '../../db/prepared'
import { inTransaction, together } from '../../db/transaction'
import type { SendOutcome, SendRequest } from '../../ports/sender'
import { noteHealth } from './health'
import { createPermits } from './permits'
import type { Claimed } from './queue'
import { type DeliveryRow, deliveries, deliveryAttempts } from './table'
import type { Verdict } from './verdict'

export type Attempt = {
  request: Pick<SendRequest, 'url' | 'headers'>
  startedAt: Date
  outcome: SendOutcome
}

/** What became of a claimed delivery; without an attempt when it was given up unsent. */
export type Result = { delivery: Claimed; verdict: Verdict; attempt: Attempt | undefined }

/**
 * Writes what deliveries of one store came to, all in one transaction. Nothing is written of a delivery that is no longer ours:
 * its endpoint was deleted, or another worker took it over after the lease.
 */
export async function recordResults(deps: Deps, storeId: bigint, results: readonly Result[]): Promise<void> {
  await inTransaction(deps, async (tx) => {
    const ours = new Set((await together(groupAlike(results).map((alike) => finish(tx, storeId, alike)))).flat())
    const attempted = results.flatMap(({ delivery, verdict, attempt }) =>
      attempt && ours.has(delivery.id) ? [{ delivery, verdict, attempt }] : [],
    )
    if (attempted.length === 0) return
    await insertRows(tx.db, deliveryAttempts, attempted.map(toAttemptRow))
    await noteHealth(tx, storeId, attempted)
  })
}

/** Most deliveries of a moment end alike, and a statement does for all that do. */
function groupAlike(results: readonly Result[]): Result[][] {
  const groups = new Map<string, Result[]>()
  for (const result of results) {
    const { status, error } = result.verdict
    const dueAt = result.verdict.status === 'pending' ? result.verdict.dueAt.getTime() : 0
    const key = [status, error, dueAt, codeOf(result), result.delivery.attempts, result.attempt === undefined].join(
      '\n',
    )
    const group = groups.get(key)
    if (group) group.push(result)
    else groups.set(key, [result])
  }
  return [...groups.values()]
}

function codeOf({ attempt }: Result): number | null {
  return attempt?.outcome.kind === 'answered' ? attempt.outcome.status : null
}

/** Answers the ids of those that were still ours. */
async function finish(tx: Deps, storeId: bigint, alike: readonly Result[]): Promise<string[]> {
  const [first] = alike
  if (!first) return []
  const { verdict, attempt, delivery } = first
  const dueAt = verdict.status === 'pending' ? verdict.dueAt : null
  const columns = [
    'status',
    'error',
    attempt ? 'responseCode' : 'attempts',
    dueAt ? 'dueAt' : 'finishedAt',
  ] as const satisfies (keyof DeliveryRow)[]
  const query = prepared(tx.db, `finish_deliveries ${columns.join()}`, (db, name) =>
    finishQuery(db, columns).prepare(name),
  )
  const rows = await query.execute({
    storeId,
    ids: arrayOf(alike.map((result) => result.delivery.id)),
    claimedAs: delivery.attempts,
    status: verdict.status,
    error: verdict.error,
    responseCode: codeOf(first),
    attempts: delivery.attempts - 1,
    dueAt,
    finishedAt: tx.clock.now(),
  })
  return rows.map(({ id }) => id)
}

function finishQuery(db: Db, columns: readonly (keyof DeliveryRow)[]) {
  const d = deliveries
  return db
    .update(d)
    .set(placeholdersOf(d, columns))
    .where(
      and(
        eq(d.storeId, sql.placeholder('storeId')),
        isAnyOf(d.id, 'ids'),
        sql`${d.status} = 'pending'`,
        eq(d.attempts, sql.placeholder('claimedAs')),
      ),
    )
    .returning({ id: d.id })
}

function toAttemptRow({ delivery, verdict, attempt }: Result & { attempt: Attempt }) {
  const { request, startedAt, outcome } = attempt
  const answer = outcome.kind === 'answered' ? outcome : undefined
  return {
    storeId: delivery.storeId,
    deliveryId: delivery.id,
    number: delivery.attempts,
    startedAt,
    durationMs: outcome.durationMs,
    requestUrl: request.url,
    requestHeaders: request.headers,
    responseCode: answer?.status ?? null,
    responseHeaders: answer?.headers ?? null,
    responseBody: answer?.body ?? null,
    error: verdict.error,
  }
}

export type Recorder = {
  /** Resolves when the result is committed. Throws what the database throws. */
  write(result: Result): Promise<void>
}

type Waiting = { result: Result; resolve(): void; reject(error: unknown): void }
type Batch = { waiting: Waiting[]; timer: Timer | undefined; busy: boolean }

const MOST_IN_BATCH = 128
/** Waiting a little makes one commit of many. Nobody but the slots waits for it. */
const GATHER_MS = 5
/** Commits at a time: the rest of the database's connections are for requests. */
const COMMITS = 4

/** Group commit: results of a store that end at about the same time are written together. */
export function createRecorder(deps: Deps): Recorder {
  const batches = new Map<bigint, Batch>()
  const permits = createPermits(COMMITS)
  const flush = async (storeId: bigint, batch: Batch) => {
    clearTimeout(batch.timer)
    batch.timer = undefined
    batch.busy = true
    await permits.take()
    // What came while it waited for its turn goes along.
    const waiting = batch.waiting.splice(0, MOST_IN_BATCH)
    await commit(deps, storeId, waiting).finally(permits.give)
    batch.busy = false
    if (batch.waiting.length > 0) void flush(storeId, batch)
    else batches.delete(storeId)
  }
  return {
    write: (result) =>
      new Promise((resolve, reject) => {
        const { storeId } = result.delivery
        const batch = batches.get(storeId) ?? { waiting: [], timer: undefined, busy: false }
        batches.set(storeId, batch)
        batch.waiting.push({ result, resolve, reject })
        if (!batch.busy) batch.timer ??= setTimeout(() => void flush(storeId, batch), GATHER_MS)
      }),
  }
}

/** What one of them can't be written for must not hold up the others: then each is tried by itself. Never throws. */
async function commit(deps: Deps, storeId: bigint, waiting: readonly Waiting[]): Promise<void> {
  try {
    await recordResults(
      deps,
      storeId,
      waiting.map(({ result }) => result),
    )
    for (const { resolve } of waiting) resolve()
  } catch (error) {
    const [only, ...others] = waiting
    if (others.length === 0) only?.reject(error)
    else for (const one of waiting) await commit(deps, storeId, [one])
  }
}
