import { and, desc, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { newRowId } from '../../kernel/ids'
import type { CryptoPaymentRow } from '../crypto/table'
import { counted, isBatchFull, uncounted } from './account'
import { lockAccount, saveAccount } from './accounts'
import { settleBatch } from './charges'
import { creditTopup, takeTopupBack } from './credits'
import { catchUp } from './periods'
import { billingUsage, type UsageRow } from './table'
import { warnWhenLow } from './warnings'

type Payment = Pick<CryptoPaymentRow, 'id' | 'storeId' | 'isTest' | 'status' | 'topsUp' | 'network' | 'coin' | 'height'>

type Change = { before: Payment; after: Payment }

/**
 * What follows for billing from what has become of payments of a store, in the transaction that writes it and holds their rows: a
 * confirmed one counts towards the quota, a confirmed top-up is credited, and what the chain takes back is taken back. Nothing where
 * the server bills nobody; but a top-up that was asked for while it did is credited still.
 */
export async function meterPayments(tx: StoreContext, changes: readonly Change[]): Promise<void> {
  const isConfirmed = ({ status }: Payment) => status === 'confirmed'
  const moved = changes.filter(({ before, after }) => isConfirmed(before) !== isConfirmed(after))
  for (const { after } of moved.filter(({ after }) => after.topsUp !== null)) {
    await (isConfirmed(after) ? creditTopup(tx, after) : takeTopupBack(tx, after))
  }
  const sales = moved.filter(({ after }) => after.topsUp === null)
  if (!tx.config.billing || sales.length === 0) return
  await meterSales(
    tx,
    sales.map(({ after }) => ({ id: after.id, isConfirmed: isConfirmed(after) })),
  )
}

async function meterSales(tx: StoreContext, sales: readonly { id: string; isConfirmed: boolean }[]): Promise<void> {
  const { storeId, isTest } = tx
  const now = tx.clock.now()
  let account = await catchUp(tx, await lockAccount(tx))
  const rows: UsageRow[] = []
  for (const { id: paymentId, isConfirmed } of sales) {
    const last = isConfirmed ? undefined : await lastUsage(tx, paymentId)
    // It was confirmed while the server billed nobody.
    if (!isConfirmed && last?.payments !== 1) continue
    const next = last ? uncounted(account, last, now) : counted(account, now)
    rows.push({ ...next.usage, storeId, isTest, id: newRowId(storeId), paymentId, createdAt: now })
    account = { ...account, ...next.account }
    if (isBatchFull(account)) account = await settleBatch(tx, account)
  }
  if (rows.length === 0) return
  await tx.db.insert(billingUsage).values(rows)
  await saveAccount(tx, rows.some(({ isOverage }) => isOverage) ? await warnWhenLow(tx, account) : account)
}

/** The latest that a payment was counted or uncounted. */
async function lastUsage(tx: StoreContext, paymentId: string): Promise<UsageRow | undefined> {
  const [row] = await tx.db
    .select()
    .from(billingUsage)
    .where(
      and(
        eq(billingUsage.storeId, tx.storeId),
        eq(billingUsage.isTest, tx.isTest),
        eq(billingUsage.paymentId, paymentId),
      ),
    )
    .orderBy(desc(billingUsage.createdAt), desc(billingUsage.payments))
    .limit(1)
  return row
}
