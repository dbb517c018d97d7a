import { asc, lte } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { formatUsdt } from '../../kernel/plans'
import { prepaidBalance } from '../ledger/prepaid'
import { recordEvent } from '../webhooks/events'
import { type Account, begun, renewed, withDue } from './account'
import { saveAccount, settingsOf, tryLock } from './accounts'
import { chargePeriod, settleBatch } from './charges'
import { mailDowngrade } from './mail'
import { type AccountRow, billingAccounts } from './table'
import { warnWhenLow } from './warnings'

/**
 * Does what the time asks for: settles the batch of a day, looks ahead to the renewal, renews or downgrades. The caller holds the
 * account and saves what is answered. Nothing is due twice: what was done has moved the time.
 */
export async function catchUp<A extends Account>(tx: StoreContext, held: A): Promise<A> {
  const now = tx.clock.now()
  if (held.dueAt > now) return held
  let account = held
  if (account.settleAt && account.settleAt <= now) account = await warnWhenLow(tx, await settleBatch(tx, account))
  if (account.periodEnd <= now) return renew(tx, account)
  if (account.foresightAt && account.foresightAt <= now) {
    account = await warnWhenLow(tx, { ...account, ...withDue({ ...account, foresightAt: null }) })
  }
  return account
}

/** The period is over: unsettled overage first, then the price of the next one, where the balance covers it. */
async function renew<A extends Account>(tx: StoreContext, over: A): Promise<A> {
  const account = await settleBatch(tx, over)
  const plan = settingsOf(tx).plans[account.plan]
  const priceMinor = plan.terms[account.interval]?.priceMinor
  // The operator may have taken the terms out of the plans meanwhile.
  if (priceMinor === undefined || (priceMinor > 0n && (await prepaidBalance(tx)) < priceMinor)) {
    return downgrade(tx, account, priceMinor ?? 0n)
  }
  const next = { ...account, ...renewed(account, plan, tx.clock.now()) }
  await chargePeriod(tx, next, plan)
  await tell(tx, 'billing.renewed', next, { amount_usdt: formatUsdt(priceMinor) })
  return priceMinor > 0n ? warnWhenLow(tx, next) : next
}

async function downgrade<A extends Account>(tx: StoreContext, account: A, priceMinor: bigint): Promise<A> {
  const { free } = settingsOf(tx).plans
  const now = tx.clock.now()
  const next = { ...account, ...begun(account, free, 'monthly', now) }
  await tell(tx, 'billing.downgraded', next, {
    previous_plan: account.plan,
    previous_interval: account.interval,
    price_usdt: formatUsdt(priceMinor),
    topup_url: `${tx.publicUrl}/topup`,
  })
  await mailDowngrade(tx, account, next, priceMinor)
  return next
}

async function tell(
  tx: StoreContext,
  type: 'billing.renewed' | 'billing.downgraded',
  { plan, interval, periodStart, periodEnd, includedPayments }: Account,
  more: Record<string, unknown>,
) {
  const data = {
    plan,
    interval,
    included_payments: includedPayments,
    period_start: periodStart.toISOString(),
    period_end: periodEnd.toISOString(),
    balance_usdt: formatUsdt(await prepaidBalance(tx)),
    ...more,
    is_test: tx.isTest,
  }
  await recordEvent(tx, { type, data, at: tx.clock.now() })
}

const ACCOUNTS_PER_ROUND = 100

/** The longest due first, of all stores. */
export function dueAccounts({ db, clock }: Deps) {
  const a = billingAccounts
  return db
    .select({ storeId: a.storeId, isTest: a.isTest })
    .from(a)
    .where(lte(a.dueAt, clock.now()))
    .orderBy(asc(a.dueAt))
    .limit(ACCOUNTS_PER_ROUND)
}

/**
 * Settles, renews and downgrades what is due, of all stores in both modes. Safe in several processes at once: each account is
 * held while its state is read and changed, and one that somebody else holds is left to them. Answers true when more waits.
 */
export async function billDue(deps: Deps): Promise<boolean> {
  if (!deps.config.billing) return false
  const due = await dueAccounts(deps)
  let done = 0
  for (const { storeId, isTest } of due) {
    try {
      if (await billOne(storeContext(deps, storeId, isTest))) done++
    } catch (error) {
      // One store's trouble must not keep the others from their new period.
      deps.log.error({ err: error, store: storeId.toString() }, 'an account was not billed and will be tried again')
    }
  }
  return due.length === ACCOUNTS_PER_ROUND && done > 0
}

function billOne(ctx: StoreContext): Promise<boolean> {
  return inTransaction(ctx, async (tx) => {
    const account: AccountRow | undefined = await tryLock(tx, 'skip')
    if (!account || account.dueAt > tx.clock.now()) return false
    await saveAccount(tx, await catchUp(tx, account))
    return true
  })
}
