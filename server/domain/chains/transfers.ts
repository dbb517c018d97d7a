import { and, eq, inArray, sql } from 'drizzle-orm'
import { type StoreContext, storeContext } from '../../context'
import type { Transfer } from '../../ports/network'
import { addressOwners } from '../addresses/table'
import { intendedPayment } from '../crypto/intention'
import { type Chain, isSimulated } from './chain'
import { chainTransfers } from './table'

/** A payment by its store, whose chain has news for it. */
export type Concerned = { storeId: bigint; paymentId: string }

/** A store's context within the transaction of another one. */
export function within(tx: StoreContext, chain: Chain, storeId: bigint): StoreContext {
  const { afterCommit } = tx
  return { ...storeContext(tx, storeId, isSimulated(chain)), ...(afterCommit && { afterCommit }) }
}

/**
 * Keeps the transfers to addresses of ours, each for the payment that it was meant for. One that is there already stays as it is,
 * except that it is no orphan any more: its block is the chain's again. Answers whom it concerns.
 */
export async function recordTransfers(
  tx: StoreContext,
  chain: Chain,
  transfers: readonly Transfer[],
): Promise<Concerned[]> {
  const real = transfers.filter(({ units }) => units > 0n)
  if (real.length === 0) return []
  const owners = await ownersOf(tx, chain, [...new Set(real.map(({ to }) => to))])
  const concerned: Concerned[] = []
  for (const transfer of real) {
    const storeId = owners.get(transfer.to)
    if (storeId === undefined) continue
    const paymentId = await recordTransfer(within(tx, chain, storeId), chain, transfer)
    concerned.push({ storeId, paymentId })
  }
  return concerned
}

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

/** Answers the payment's id, empty when none fits. */
async function recordTransfer(ctx: StoreContext, { network }: Chain, transfer: Transfer): Promise<string> {
  const { txHash, logIndex, coin, from, to, units, block } = transfer
  const paymentId = await intendedPayment(ctx, network, transfer)
  const [row] = await ctx.db
    .insert(chainTransfers)
    .values({
      storeId: ctx.storeId,
      isTest: ctx.isTest,
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
      paymentId,
      isOrphan: false,
      seenAt: ctx.clock.now(),
    })
    .onConflictDoUpdate({
      target: [
        chainTransfers.storeId,
        chainTransfers.isTest,
        chainTransfers.network,
        chainTransfers.blockHash,
        chainTransfers.logIndex,
      ],
      set: { isOrphan: sql`excluded.is_orphan` },
    })
    .returning({ paymentId: chainTransfers.paymentId })
  if (!row?.paymentId) ctx.log.warn({ network, tx: txHash, to }, 'a transfer to an address of ours fits no payment')
  return row?.paymentId ?? ''
}
