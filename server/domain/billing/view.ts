import { type BillingSettings, formatUsdt, PLAN_IDS, type Plan } from '../../kernel/plans'
import { isAtLimit } from './account'
import type { Billing, Invoice, PeriodUsage, PlanList } from './schema'
import type { Standing } from './service'
import type { AccountRow, InvoiceRow } from './table'

export function toPlans({ plans }: BillingSettings): PlanList {
  return { plans: PLAN_IDS.map((id) => toPlan(plans[id])) }
}

function toPlan({ id, name, terms, overageFeeMinor, allowsOverage }: Plan): PlanList['plans'][number] {
  const toTerms = ({ priceMinor, includedPayments }: Plan['terms']['monthly']) => ({
    price_usdt: formatUsdt(priceMinor),
    included_payments: includedPayments,
  })
  return {
    id,
    name,
    monthly: toTerms(terms.monthly),
    yearly: terms.yearly && toTerms(terms.yearly),
    overage_fee_usdt: formatUsdt(overageFeeMinor),
    allow_overage: allowsOverage,
  }
}

export function toBilling({ plans }: BillingSettings, { account, balanceMinor }: Standing): Billing {
  const availableMinor = balanceMinor - account.unsettledMinor
  const renewalMinor = plans[account.plan].terms[account.interval]?.priceMinor ?? 0n
  return {
    ...periodOf(account),
    allow_overage: account.allowOverage,
    overage_fee_usdt: formatUsdt(account.overageFeeMinor),
    renewal_price_usdt: formatUsdt(renewalMinor),
    balance_usdt: formatUsdt(balanceMinor),
    available_usdt: formatUsdt(availableMinor),
    can_create_payments: !isAtLimit(account, availableMinor),
    ...usageOf(account),
    is_test: account.isTest,
  }
}

export function toUsage({ account }: Standing): PeriodUsage {
  return { ...periodOf(account), ...usageOf(account), is_test: account.isTest }
}

function periodOf({ plan, interval, periodStart, periodEnd, includedPayments }: AccountRow) {
  return {
    plan,
    interval,
    period_start: periodStart.toISOString(),
    period_end: periodEnd.toISOString(),
    included_payments: includedPayments,
  }
}

function usageOf(account: AccountRow) {
  return {
    used_payments: account.usedPayments,
    remaining_payments: Math.max(0, account.includedPayments - account.usedPayments),
    overage_payments: account.overagePayments,
    unsettled_payments: account.unsettledPayments,
    unsettled_usdt: formatUsdt(account.unsettledMinor),
    settles_at: account.settleAt?.toISOString() ?? null,
  }
}

export function toInvoice(row: InvoiceRow): Invoice {
  return {
    id: row.id,
    kind: row.kind,
    plan: row.plan,
    interval: row.interval,
    period: row.period,
    batch: row.batch,
    payments: row.payments,
    amount_usdt: formatUsdt(row.amountMinor),
    balance_after_usdt: formatUsdt(row.balanceAfterMinor),
    period_start: row.periodStart.toISOString(),
    period_end: row.periodEnd.toISOString(),
    is_test: row.isTest,
    created_at: row.createdAt.toISOString(),
  }
}
