import { addMs, DAY_MS } from '../../kernel/clock'
import { type BillingSettings, INTERVAL_DAYS, type Interval, type Plan } from '../../kernel/plans'
import type { AccountRow, UsageRow } from './table'

/*
 * What happens to an account, as functions of its row and the time: no database, no money moved. `charges.ts` and the services do
 * what follows from them.
 */

/** A row without the names of whose it is. */
export type Account = Omit<AccountRow, 'storeId' | 'isTest' | 'createdAt'>

/** Document B: overage is settled in batches of 1,000 events, or every 24 hours, whichever is first. */
export const BATCH_PAYMENTS = 1_000
export const BATCH_MS = DAY_MS

/** So long before a renewal the merchant is told that the balance won't cover it. */
const FORESIGHT_MS = 3 * DAY_MS

/** A store that has never done anything about billing: on Free since it was opened, in the period that the time is in. */
export function untouched({ plans }: BillingSettings, openedAt: Date, now: Date): Account {
  const length = INTERVAL_DAYS.monthly * DAY_MS
  const past = Math.max(0, Math.floor((now.getTime() - openedAt.getTime()) / length))
  const fresh = {
    ...{ period: past, batch: 1, unsettledPayments: 0, unsettledMinor: 0n, settleAt: null, warnedAt: null },
  }
  return begun(fresh, plans.free, 'monthly', addMs(openedAt, past * length))
}

type Kept = Pick<Account, 'period' | 'batch' | 'unsettledPayments' | 'unsettledMinor' | 'settleAt' | 'warnedAt'>

/** The next period, on these terms. Throws RangeError for a plan that has no such interval. */
export function begun(kept: Kept, plan: Plan, interval: Interval, from: Date): Account {
  const terms = plan.terms[interval]
  if (!terms) throw new RangeError(`${plan.id} has no ${interval} terms`)
  const periodEnd = addMs(from, INTERVAL_DAYS[interval] * DAY_MS)
  const { period, batch, unsettledPayments, unsettledMinor, settleAt, warnedAt } = kept
  return withDue({
    ...{ plan: plan.id, interval, allowOverage: plan.allowsOverage },
    ...{ period: period + 1, periodStart: from, periodEnd },
    ...{ includedPayments: terms.includedPayments, overageFeeMinor: plan.overageFeeMinor },
    ...{ usedPayments: 0, overagePayments: 0 },
    ...{ batch, unsettledPayments, unsettledMinor, settleAt, warnedAt },
    foresightAt: terms.priceMinor > 0n ? addMs(periodEnd, -FORESIGHT_MS) : null,
  })
}

/** Keeps what the merchant has chosen, which another plan would not. */
export function renewed(account: Account, plan: Plan, now: Date): Account {
  const { interval, allowOverage } = account
  const next = begun(account, plan, interval, account.periodEnd)
  // Nobody pays for a period that was over before it began, as after a long downtime.
  return { ...(next.periodEnd > now ? next : begun(account, plan, interval, now)), allowOverage }
}

export function withDue(account: Omit<Account, 'dueAt'>): Account {
  const { periodEnd, settleAt, foresightAt } = account
  const times = [periodEnd, settleAt, foresightAt].flatMap((at) => at?.getTime() ?? [])
  return { ...account, dueAt: new Date(Math.min(...times)) }
}

type Counted = Pick<UsageRow, 'payments' | 'period' | 'batch' | 'feeMinor' | 'isOverage'>

/** A payment was confirmed. Beyond the quota it has a fee while overage is on, and none otherwise: it was made within the quota. */
export function counted(account: Account, now: Date): { account: Account; usage: Counted } {
  const { period, batch, allowOverage, includedPayments, overageFeeMinor } = account
  const isOverage = allowOverage && account.usedPayments >= includedPayments
  const usage = { payments: 1, period, batch, feeMinor: isOverage ? overageFeeMinor : 0n, isOverage }
  return { account: used(account, usage, now), usage }
}

/** The chain took a confirmation back: so does the count, and the fee, at what it was. */
export function uncounted(account: Account, was: Counted, now: Date): { account: Account; usage: Counted } {
  const { period, batch } = account
  const usage = { payments: -1, period: was.period, batch, feeMinor: -was.feeMinor, isOverage: was.isOverage }
  return { account: used(account, usage, now, period === was.period), usage }
}

function used(account: Account, usage: Counted, now: Date, isOfPeriod = true): Account {
  const { payments, isOverage, feeMinor } = usage
  const inPeriod = isOfPeriod ? payments : 0
  return withDue({
    ...account,
    usedPayments: account.usedPayments + inPeriod,
    overagePayments: account.overagePayments + (isOverage ? inPeriod : 0),
    unsettledPayments: account.unsettledPayments + (isOverage ? payments : 0),
    unsettledMinor: account.unsettledMinor + feeMinor,
    settleAt: account.settleAt ?? (isOverage ? addMs(now, BATCH_MS) : null),
  })
}

export function isBatchFull({ unsettledPayments }: Account): boolean {
  return unsettledPayments >= BATCH_PAYMENTS
}

/** True while the batch holds something to settle; what was counted and taken back within it is nothing. */
export function hasUnsettled({ unsettledPayments, unsettledMinor }: Account): boolean {
  return unsettledPayments !== 0 || unsettledMinor !== 0n
}

/** With the next batch open. */
export function settled(account: Account): Account {
  const batch = hasUnsettled(account) ? account.batch + 1 : account.batch
  return withDue({ ...account, batch, unsettledPayments: 0, unsettledMinor: 0n, settleAt: null })
}

/** Document B's: at the quota, and nothing to go beyond it with. `available` is the balance without what is not yet settled. */
export function isAtLimit(
  account: Pick<Account, 'usedPayments' | 'includedPayments' | 'allowOverage'>,
  availableMinor: bigint,
): boolean {
  if (account.usedPayments < account.includedPayments) return false
  return !account.allowOverage || availableMinor < 0n
}
