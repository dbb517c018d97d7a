import { sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { prepared } from '../../db/prepared'
import { inTransaction } from '../../db/transaction'
import { createBatches } from '../../kernel/batches'
import { AppError } from '../../kernel/errors'
import { formatUsdt } from '../../kernel/plans'
import { prepaidBalance, prepaidSum } from '../ledger/prepaid'
import { isAtLimit } from './account'
import { lockAccount, ofStoreNamed, saveAccount, settingsOf } from './accounts'
import { catchUp } from './periods'
import { type AccountRow, billingAccounts } from './table'

/**
 * Refuses a new payment at the quota (document B's 402). Nothing on a server that bills nobody, else one statement; only at the
 * end of a period it does more, since what is due then is done first. Throws plan_limit_reached.
 */
export async function refuseAtLimit(ctx: StoreContext): Promise<void> {
  if (!ctx.config.billing) return
  const seen = await lookTogether(ctx, `${ctx.storeId} ${ctx.isTest}`, undefined)
  if (seen && seen.periodEnd > ctx.clock.now()) {
    const availableMinor = (seen.balanceMinor ?? 0n) - seen.unsettledMinor
    if (isAtLimit(seen, availableMinor)) throw limitReached(ctx, seen, availableMinor)
    return
  }
  // Whoever has never had a payment confirmed is on Free, and has used nothing of it.
  if (!seen && ctx.config.billing.plans.free.terms.monthly.includedPayments > 0) return
  const account = await upToDate(ctx)
  const availableMinor = (await prepaidBalance(ctx)) - account.unsettledMinor
  if (isAtLimit(account, availableMinor)) throw limitReached(ctx, account, availableMinor)
}

/** The same as an answer, for pages that would offer what is then refused. */
export async function isAtPlanLimit(ctx: StoreContext): Promise<boolean> {
  try {
    await refuseAtLimit(ctx)
    return false
  } catch (error) {
    if (error instanceof AppError && error.code === 'plan_limit_reached') return true
    throw error
  }
}

/** The account after all that is due by now. */
export function upToDate(ctx: StoreContext): Promise<AccountRow> {
  return inTransaction(ctx, async (tx) => {
    const account = await catchUp(tx, await lockAccount(tx))
    await saveAccount(tx, account)
    return account
  })
}

type Seen = Pick<
  AccountRow,
  'plan' | 'periodEnd' | 'usedPayments' | 'includedPayments' | 'allowOverage' | 'unsettledMinor'
> & {
  balanceMinor: bigint | null
}

/** Payments of one turn of the event loop look once. */
const lookTogether = createBatches<StoreContext, undefined, Seen | undefined>(
  async (ctx, lookers) => {
    const value = await look(ctx)
    return lookers.map(() => ({ status: 'fulfilled', value }))
  },
  { atOnce: Number.POSITIVE_INFINITY, most: Number.POSITIVE_INFINITY },
)

/** The balance is summed only at the quota, where something depends on it. */
async function look(ctx: StoreContext): Promise<Seen | undefined> {
  const a = billingAccounts
  const query = prepared(ctx.db, 'billing_quota', (db, name) =>
    db
      .select({
        plan: a.plan,
        periodEnd: a.periodEnd,
        usedPayments: a.usedPayments,
        includedPayments: a.includedPayments,
        allowOverage: a.allowOverage,
        unsettledMinor: a.unsettledMinor,
        balanceMinor: sql<bigint | null>`case when ${a.allowOverage} and ${a.usedPayments} >= ${a.includedPayments}
          then ${prepaidSum()} end`.mapWith((text: string) => BigInt(text)),
      })
      .from(a)
      .where(ofStoreNamed())
      .prepare(name),
  )
  const [row] = await query.execute({ storeId: ctx.storeId, isTest: ctx.isTest })
  return row
}

type AtLimit = Pick<AccountRow, 'plan' | 'periodEnd' | 'includedPayments' | 'allowOverage'>

function limitReached(ctx: StoreContext, account: AtLimit, availableMinor: bigint): AppError {
  const { name } = settingsOf(ctx).plans[account.plan]
  const why = account.allowOverage
    ? `the balance is overdrawn (${formatUsdt(availableMinor)} USDT)`
    : 'payments beyond it are off'
  const words = `The quota of the ${name} plan, ${account.includedPayments} confirmed payments, is used, and ${why}. Upgrade the plan, top up, or wait for the period to renew at ${account.periodEnd.toISOString()}.`
  return new AppError('plan_limit_reached', words, {
    hint: account.allowOverage
      ? 'create_topup tops the balance up.'
      : 'subscribe_plan changes the plan; set_overage lets payments go on beyond the quota, each for a fee.',
  })
}
