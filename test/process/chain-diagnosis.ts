import { eq, inArray } from 'drizzle-orm'
import { chainCursors, chainTransfers, chainWatchers } from '../../server/domain/chains/table'
import { cryptoPayments } from '../../server/domain/crypto/table'
import type { Anvil } from '../support/anvil'
import { onDatabase } from './webhook-kill'

type Receipt = { blockNumber: string; blockHash: string; status: string }

/** Why payments aren't confirmed: what the database has of each, and what the chain has of their transactions. */
export async function diagnose(
  settings: Record<string, string>,
  anvil: Anvil,
  numbers: readonly string[],
): Promise<string> {
  return onDatabase(settings, async ({ db }) => {
    const [cursor] = await db.select().from(chainCursors).where(eq(chainCursors.storeId, 0n))
    const watchers = await db.select().from(chainWatchers).where(eq(chainWatchers.storeId, 0n))
    const pool = await anvil.call('txpool_status')
    const lines = [
      `now ${new Date().toISOString()}, head ${await anvil.head()}, the chain's pool ${JSON.stringify(pool)}`,
      `read up to ${cursor?.number} of ${cursor?.blockTime.toISOString()}, final ${cursor?.finalized}, at ${cursor?.updatedAt.toISOString()}`,
      ...watchers.map(({ holder, heldUntil }) => `watched by ${holder} until ${heldUntil.toISOString()}`),
    ]
    const payments = await db
      .select()
      .from(cryptoPayments)
      .where(inArray(cryptoPayments.number, [...numbers]))
    for (const one of payments) {
      lines.push(
        `${one.externalOrderId} of ${one.createdAt.toISOString()} ${one.status} ${one.coin}: ${one.creditedUnits} of ${one.expectedUnits}, late ${one.lateUnits}, block ${one.height}, due ${one.dueAt?.toISOString()} / ${one.dueHeight}, at ${one.address}`,
      )
      const transfers = await db.select().from(chainTransfers).where(eq(chainTransfers.address, one.address))
      for (const { txHash, blockNumber, blockHash, blockTime, isOrphan, unmatched, units, paymentId } of transfers) {
        const receipt = (await anvil.call('eth_getTransactionReceipt', txHash)) as Receipt | null
        const place = receipt
          ? `${Number(receipt.blockNumber)}${receipt.blockHash === blockHash ? '' : ', another block'}`
          : 'nowhere'
        const state = `${isOrphan ? 'orphan, ' : ''}${unmatched ?? 'counts'}${paymentId === one.id ? '' : ', of another payment'}`
        lines.push(
          `  ${txHash.slice(0, 10)} ${units} in block ${blockNumber} of ${blockTime.toISOString()} (${state}); on the chain: ${place}`,
        )
      }
    }
    return lines.join('\n')
  })
}
