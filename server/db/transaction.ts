import type { Db } from './client'

type WithDb = { db: Db; afterCommit?: AfterCommit }

/** Work that waits for the commit: waking a worker, never anything that must not be lost. */
export type AfterCommit = { add(work: () => void): void }

/**
 * Runs `work` in a transaction and hands it a context whose `db` is the transaction. Inside another transaction it joins that
 * one, so that services compose: the outermost decides. Use only the context it hands you: on PGlite, which has one
 * connection, the outer `db` would wait for itself for ever.
 */
export async function inTransaction<C extends WithDb, T>(
  ctx: C,
  work: (ctx: C & { afterCommit: AfterCommit }) => Promise<T>,
): Promise<T> {
  if (ctx.afterCommit) return work({ ...ctx, afterCommit: ctx.afterCommit })
  const waiting: (() => void)[] = []
  const afterCommit = { add: (next: () => void) => void waiting.push(next) }
  const result = await ctx.db.transaction((tx) => work({ ...ctx, db: tx, afterCommit }))
  for (const next of waiting) next()
  return result
}

/**
 * For what is sent at once in one transaction: waits until all of it has ended, and throws the first error only then. Else what still
 * runs would send its next statement after the transaction.
 */
export async function together<T extends readonly unknown[]>(work: { [N in keyof T]: Promise<T[N]> }): Promise<T> {
  const outcomes = await Promise.allSettled(work)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return Promise.all(work) as Promise<T>
}
