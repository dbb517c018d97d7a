import { and, eq, gt } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { greaterOf } from '../../kernel/money'
import { formatUsdt } from '../../kernel/plans'
import { prepaidBalance } from '../ledger/prepaid'
import { recordEvent } from '../webhooks/events'
import type { Account } from './account'
import { settingsOf } from './accounts'
import { billingTopups } from './table'

/**
 * Tells the owner once that the balance runs low: below the operator's threshold, or, as the renewal comes near, below its price.
 * Again only after a top-up. The account as it is after.
 */
export async function warnWhenLow<A extends Account>(tx: StoreContext, account: A): Promise<A> {
  const settings = settingsOf(tx)
  const renewalMinor = settings.plans[account.plan].terms[account.interval]?.priceMinor ?? 0n
  if (renewalMinor === 0n && !account.allowOverage) return account
  if (account.warnedAt && !(await hasToppedUp(tx, account.warnedAt))) return account
  const at = tx.clock.now()
  const isNear = renewalMinor > 0n && account.foresightAt === null
  const neededMinor = isNear ? greaterOf(settings.lowBalanceMinor, renewalMinor) : settings.lowBalanceMinor
  const availableMinor = (await prepaidBalance(tx)) - account.unsettledMinor
  if (availableMinor >= neededMinor) return account
  const data = {
    plan: account.plan,
    available_usdt: formatUsdt(availableMinor),
    needed_usdt: formatUsdt(neededMinor),
    renewal_price_usdt: formatUsdt(renewalMinor),
    period_end: account.periodEnd.toISOString(),
    topup_url: `${tx.publicUrl}/topup`,
    is_test: tx.isTest,
  }
  await recordEvent(tx, { type: 'billing.balance_low', data, at })
  return { ...account, warnedAt: at }
}

async function hasToppedUp(tx: StoreContext, since: Date): Promise<boolean> {
  const t = billingTopups
  const [credited] = await tx.db
    .select({ id: t.id })
    .from(t)
    .where(and(eq(t.storeId, tx.storeId), eq(t.isTest, tx.isTest), gt(t.creditedAt, since)))
    .limit(1)
  return credited !== undefined
}
