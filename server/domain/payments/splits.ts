import { and, eq, isNotNull } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { Split } from '../../ports/platform'
import { platformOf } from '../connections/platform'
import type { StoreRow } from '../stores/table'
import { type PaymentAttemptRow, paymentAttempts } from './table'

/** Whether the store has an account to be paid into, where it needs one. */
export function isConnected(ctx: StoreContext, store: StoreRow): boolean {
  return platformOf(ctx) === undefined || accountOf(ctx, store) !== undefined
}

/** The account that this store's sales are paid into; undefined where they are the operator's, and while there is none. */
export function accountOf(ctx: StoreContext, { liveAccount, testAccount }: StoreRow): string | undefined {
  if (!platformOf(ctx)) return undefined
  return (ctx.isTest ? testAccount : liveAccount) ?? undefined
}

/** How an attempt is divided, as it was asked for; later orders of the store may go elsewhere. */
export function splitOf({ splitAccount, splitFeeMinor }: PaymentAttemptRow): Split | null {
  return splitAccount === null ? null : { account: splitAccount, feeMinor: splitFeeMinor ?? 0n }
}

/** The order's money is another than before: its store's account should have another share, which a job sees to. */
export async function markShareDue(tx: StoreContext, orderId: string): Promise<void> {
  const { storeId, orderId: order, status, splitAccount } = paymentAttempts
  const marked = await tx.db
    .update(paymentAttempts)
    .set({ shareDueAt: tx.clock.now() })
    .where(and(eq(storeId, tx.storeId), eq(order, orderId), eq(status, 'succeeded'), isNotNull(splitAccount)))
    .returning({ id: paymentAttempts.id })
  if (marked.length > 0) tx.afterCommit?.add(() => tx.wake('shares'))
}
