import { and, eq, inArray, sql } from 'drizzle-orm'
import { type StoreContext, storeContext } from '../../context'
import { placeholdersOf, prepared } from '../../db/prepared'
import { together } from '../../db/transaction'
import { newRowId } from '../../kernel/ids'
import type { Transfer } from '../../ports/network'
import { addressOwners } from '../addresses/table'
import { intentionsOf } from '../crypto/intention'
import { type Chain, isSimulated } from './chain'
import { type ChainTransferRow, chainTransfers } from './table'

/** A payment by its store, whose chain has news for it; empty where a transfer is for none. `isNew` unless the transfer was there already. */
export type Concerned = { storeId: bigint; paymentId: string; isNew: boolean }

/** A store's context within the transaction of another one. */
export function within(tx: StoreContext, chain: Chain, storeId: bigint): StoreContext {
  const { afterCommit } = tx
  return { ...storeContext(tx, storeId, isSimulated(chain)), ...(afterCommit && { afterCommit }) }
}

/**
 * Keeps the transfers to addresses of ours, each for the payment that it was meant for. One that is there already stays as it is,
 * except that it is no orphan any more: its block is the chain's again. Answers whom it concerns. A few statements for each store that
 * something came for, all stores' at once.
 */
export async function recordTransfers(
  tx: StoreContext,
  chain: Chain,
  transfers: readonly Transfer[],
): Promise<Concerned[]> {
  const real = new Map(transfers.filter(({ units }) => units > 0n).map((transfer) => [placeOf(transfer), transfer]))
  if (real.size === 0) return []
  const owners = await ownersOf(tx, chain, [...new Set([...real.values()].map(({ to }) => to))])
  const byStore = new Map<bigint, Transfer[]>()
  for (const transfer of real.values()) {
    const storeId = owners.get(transfer.to)
    if (storeId !== undefined) byStore.set(storeId, [...(byStore.get(storeId) ?? []), transfer])
  }
  const concerned = await together(
    [...byStore].map(([storeId, own]) => recordOfStore(within(tx, chain, storeId), chain, own)),
  )
  return concerned.flat()
}

const placeOf = ({ block, logIndex }: Pick<Transfer, 'block' | 'logIndex'>) => `${block.hash} ${logIndex}`

async function ownersOf(tx: StoreContext, chain: Chain, addresses: string[]): Promise<Map<string, bigint>> {
  const rows = await tx.db
    .select({ address: addressOwners.address, storeId: addressOwners.storeId })
    .from(addressOwners)
    .where(
      and(
        inArray(addressOwners.address, addresses),
        eq(addressOwners.network, chain.network),
        eq(addressOwners.realm, chain.realm),
      ),
    )
  return new Map(rows.map(({ address, storeId }) => [address, storeId]))
}

async function recordOfStore(
  ctx: StoreContext,
  { network }: Chain,
  transfers: readonly Transfer[],
): Promise<Concerned[]> {
  const { storeId, isTest } = ctx
  const intentions = await intentionsOf(ctx, network, transfers)
  const rows = transfers.map(({ txHash, logIndex, coin, from, to, units, block }, at) => ({
    storeId,
    id: newRowId(storeId),
    isTest,
    network,
    blockHash: block.hash,
    logIndex,
    txHash,
    coin,
    fromAddress: from,
    address: to,
    units,
    blockNumber: block.number,
    blockTime: block.time,
    isOrphan: false,
    createdAt: ctx.clock.now(),
    paymentId: null,
    unmatched: null,
    ...intentions[at],
  }))
  const inserted = await together(rows.map((row) => insertTransfer(ctx, row)))
  return inserted.map(({ paymentId, isNew }, at) => {
    const { txHash: tx, address: to, unmatched } = rows[at] ?? {}
    if (isNew && unmatched) {
      ctx.log.warn({ network, tx, to, reason: unmatched }, 'a transfer to an address of ours fits no payment')
      ctx.afterCommit?.add(() => ctx.metrics.countUnmatched(network, unmatched))
    }
    return { storeId, paymentId: paymentId ?? '', isNew }
  })
}

/** Of one that is there already, what was written then counts. */
async function insertTransfer(ctx: StoreContext, row: ChainTransferRow) {
  const t = chainTransfers
  const statement = prepared(ctx.db, 'insert_chain_transfer', (db, name) =>
    db
      .insert(t)
      .values(placeholdersOf(t))
      .onConflictDoUpdate({
        target: [t.storeId, t.isTest, t.network, t.blockHash, t.logIndex],
        set: { isOrphan: sql`excluded.is_orphan` },
      })
      .returning({ id: t.id, paymentId: t.paymentId })
      .prepare(name),
  )
  const [inserted] = await statement.execute(row)
  return { paymentId: inserted?.paymentId ?? null, isNew: inserted?.id === row.id }
}
