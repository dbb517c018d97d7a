import { randomUUID } from 'node:crypto'
import { type StoreContext, storeContext } from '../../server/context'
import { inTransaction } from '../../server/db/transaction'
import { type NewEntry, recordEntry } from '../../server/domain/revenue/entries'
import { foldTails } from '../../server/domain/revenue/roller'
import type { World } from './world'

export type EntryFacts = Partial<Omit<NewEntry, 'sourceId' | 'orderId'>>

/** Enters a sale (or a refund) as an order's completion would, in a transaction of its own. */
export async function enter(ctx: StoreContext, facts: EntryFacts = {}): Promise<void> {
  const orderId = randomUUID()
  const entry: NewEntry = {
    kind: 'sale',
    productId: null,
    currency: 'usd',
    method: 'card',
    amountMinor: 1_000n,
    happenedAt: ctx.clock.now(),
    ...facts,
    orderId,
    sourceId: orderId,
  }
  await inTransaction(ctx, (tx) => recordEntry(tx, entry))
}

export async function rollAll(world: World): Promise<void> {
  while (await foldTails(world.deps)) {
    // Each turn folds another batch.
  }
}

export function liveContext(world: World, storeId: bigint): StoreContext {
  return storeContext(world.deps, storeId, false)
}
