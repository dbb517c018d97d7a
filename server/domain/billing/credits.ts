import { and, eq, lte, sql } from 'drizzle-orm'
import { type StoreContext, storeContext } from '../../context'
import { knownCoin } from '../../kernel/networks'
import { formatUsdt, USDT_DECIMALS } from '../../kernel/plans'
import { chainTransfers } from '../chains/table'
import type { CryptoPaymentRow } from '../crypto/table'
import { postEntry } from '../ledger/entries'
import { prepaidBalance, USDT } from '../ledger/prepaid'
import { recordEvent } from '../webhooks/events'
import { billingTopups, type TopupRow } from './table'

type Payment = Pick<CryptoPaymentRow, 'id' | 'storeId' | 'isTest' | 'topsUp' | 'network' | 'coin' | 'height'>

/**
 * Credits what has come for a top-up, in the transaction that confirms its payment. The caller holds the payment, so that each
 * confirmation is credited once. No account is held: whoever reads a balance finds the entry.
 */
export async function creditTopup(tx: StoreContext, payment: Payment): Promise<void> {
  const amountMinor = await confirmedMinor(tx, payment)
  await enter(tx, payment, 'topup', () => amountMinor)
}

/** The chain took a confirmed top-up back: so does the balance, which may fall below 0. */
export async function takeTopupBack(tx: StoreContext, payment: Payment): Promise<void> {
  await enter(tx, payment, 'topup_reversed', ({ creditedMinor }) => -(creditedMinor ?? 0n))
}

async function enter(
  tx: StoreContext,
  payment: Payment,
  kind: 'topup' | 'topup_reversed',
  amountOf: (topup: TopupRow) => bigint,
): Promise<void> {
  if (payment.topsUp === null) return
  const merchant = asStore(tx, payment.topsUp)
  const topup = await lockTopup(merchant, payment)
  const amountMinor = amountOf(topup)
  if (amountMinor === 0n) return
  const at = tx.clock.now()
  await postEntry(merchant, {
    kind,
    sourceId: `${payment.id} ${topup.entries}`,
    orderId: null,
    legs: [
      { account: 'topups_received', currency: USDT, amountMinor },
      { account: 'prepaid_balance', currency: USDT, amountMinor: -amountMinor },
    ],
    at,
  })
  const isCredit = amountMinor > 0n
  await merchant.db
    .update(billingTopups)
    .set({
      creditedMinor: isCredit ? amountMinor : 0n,
      creditedAt: isCredit ? at : null,
      entries: topup.entries + 1,
    })
    .where(ofTopup(merchant, payment.id))
  const data = {
    topup_id: payment.id,
    amount_usdt: formatUsdt(isCredit ? amountMinor : -amountMinor),
    balance_usdt: formatUsdt(await prepaidBalance(merchant)),
    is_test: merchant.isTest,
  }
  await recordEvent(merchant, { type: isCredit ? 'billing.topped_up' : 'billing.topup_reversed', data, at })
}

/** A store's context within the transaction of the store that is paid. */
function asStore(tx: StoreContext, storeId: bigint): StoreContext {
  const { afterCommit } = tx
  return { ...storeContext(tx, storeId, tx.isTest), ...(afterCommit && { afterCommit }) }
}

function ofTopup({ storeId }: StoreContext, id: string) {
  return and(eq(billingTopups.storeId, storeId), eq(billingTopups.id, id))
}

async function lockTopup(merchant: StoreContext, { id }: Payment): Promise<TopupRow> {
  const { storeId, isTest } = merchant
  // A process that ended between the payment and its row here left none.
  await merchant.db
    .insert(billingTopups)
    .values({ storeId, id, isTest, entries: 0, createdAt: merchant.clock.now() })
    .onConflictDoNothing()
  const [row] = await merchant.db.select().from(billingTopups).where(ofTopup(merchant, id)).for('update')
  if (!row) throw new Error(`the top-up ${id} is gone`)
  return row
}

/**
 * What came up to the block that made the payment whole, in millionths: all that has the confirmations. What comes after it is not
 * confirmed with it, and stays for the operator to see.
 */
async function confirmedMinor(tx: StoreContext, { id, network, coin, height }: Payment): Promise<bigint> {
  const t = chainTransfers
  const [sum] = await tx.db
    .select({ units: sql<bigint>`coalesce(sum(${t.units}), 0)::text`.mapWith(BigInt) })
    .from(t)
    .where(and(eq(t.storeId, tx.storeId), eq(t.paymentId, id), eq(t.isOrphan, false), lte(t.blockNumber, height ?? 0n)))
  return (sum?.units ?? 0n) / 10n ** BigInt(knownCoin(network, coin).decimals - USDT_DECIMALS)
}
