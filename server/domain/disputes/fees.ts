import { and, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { DisputeFee } from '../../ports/gateway'
import { postDisputeFee } from '../ledger/service'
import { type DisputeRow, disputes } from './table'

/**
 * Enters what the gateway keeps for a dispute itself, or gives back of that: each movement once, whenever it is told. The order's row is
 * held, so that two notices don't enter one at the same time.
 */
export async function noteFees(
  tx: StoreContext,
  dispute: DisputeRow,
  fees: readonly DisputeFee[],
): Promise<DisputeRow> {
  let { gatewayFeeMinor, gatewayFeeCurrency } = dispute
  for (const fee of fees) {
    // Where it pays out in a second currency all of a sudden, the ledger says so; one field can't.
    const isNew = await postDisputeFee(tx, dispute, fee, tx.clock.now())
    if (!isNew || fee.currency !== (gatewayFeeCurrency ?? fee.currency)) continue
    gatewayFeeMinor = (gatewayFeeMinor ?? 0n) + fee.amountMinor
    gatewayFeeCurrency = fee.currency
  }
  if (gatewayFeeMinor === dispute.gatewayFeeMinor) return dispute
  const [noted] = await tx.db
    .update(disputes)
    .set({ gatewayFeeMinor, gatewayFeeCurrency })
    .where(and(eq(disputes.storeId, tx.storeId), eq(disputes.isTest, tx.isTest), eq(disputes.id, dispute.id)))
    .returning()
  return noted ?? dispute
}
