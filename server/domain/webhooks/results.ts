import { and, eq, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import { inTransaction } from '../../db/transaction'
import type { SendOutcome, SendRequest } from '../../ports/sender'
import { noteHealth } from './health'
import { createPermits } from './permits'
import type { Claimed } from './queue'
import { deliveries, deliveryAttempts } from './table'
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
    const ours = new Set<string>()
    for (const alike of groupAlike(results)) for (const id of await finish(tx, storeId, alike)) ours.add(id)
    const attempted = results.flatMap(({ delivery, verdict, attempt }) =>
      attempt && ours.has(delivery.id) ? [{ delivery, verdict, attempt }] : [],
    )
    if (attempted.length === 0) return
    await tx.db.insert(deliveryAttempts).values(attempted.map(toAttemptRow))
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
  const isPending = verdict.status === 'pending'
  const rows = await tx.db
    .update(deliveries)
    .set({
      status: verdict.status,
      error: verdict.error,
      ...(attempt ? { responseCode: codeOf(first) } : { attempts: delivery.attempts - 1 }),
      ...(isPending ? { dueAt: verdict.dueAt } : { finishedAt: tx.clock.now() }),
    })
    .where(
      and(
        eq(deliveries.storeId, storeId),
        sql`${deliveries.id} = any(${sql.param(alike.map((result) => result.delivery.id))}::uuid[])`,
        sql`${deliveries.status} = 'pending'`,
        eq(deliveries.attempts, delivery.attempts),
      ),
    )
    .returning({ id: deliveries.id })
    // Named, so that the driver keeps the statement: there are four texts of it in all.
    .prepare('finish_deliveries')
    .execute()
  return rows.map(({ id }) => id)
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
    const waiting = batch.waiting.splice(0, MOST_IN_BATCH)
    await permits.take()
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
