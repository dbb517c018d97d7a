import { and, desc, eq } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { newRowId, parseStoreId } from '../../kernel/ids'
import { formatUsdt, type Interval, type Plan, parseUsdt } from '../../kernel/plans'
import { postEntry } from '../ledger/entries'
import { prepaidBalance, USDT } from '../ledger/prepaid'
import { getStore } from '../stores/service'
import { begun, withDue } from './account'
import { lockAccount, readAccount, saveAccount, settingsOf } from './accounts'
import { chargePeriod, settleBatch } from './charges'
import { catchUp } from './periods'
import { upToDate } from './quota'
import type { Adjustment, InvoiceQuery, Overage, Rehearsal, Subscription } from './schema'
import { type AccountRow, billingInvoices } from './table'

/** An account with its balance, which is the ledger's. */
export type Standing = { account: AccountRow; balanceMinor: bigint }

/** What is due is done first, so that nobody sees a period that is over. Throws billing_not_enabled. */
export async function getStanding(ctx: StoreContext): Promise<Standing> {
  const seen = await readAccount(ctx)
  const account = seen.dueAt > ctx.clock.now() ? seen : await upToDate(ctx)
  return { account, balanceMinor: await prepaidBalance(ctx) }
}

/**
 * Another plan from now on: unsettled overage at the old fee first, then the price of the new plan, and a new period; no part of the
 * old one is given back. The plan that the store is on already costs nothing again. Throws insufficient_balance, which changes
 * nothing, and invalid_request for an interval that the plan doesn't have.
 */
export async function subscribe(ctx: StoreContext, { plan: id, interval }: Subscription): Promise<Standing> {
  const plan = settingsOf(ctx).plans[id]
  const priceMinor = plan.terms[interval]?.priceMinor
  if (priceMinor === undefined) {
    throw new AppError('invalid_request', `interval: the ${plan.name} plan has no ${interval} price`, {
      field: 'interval',
    })
  }
  return inTransaction(ctx, async (tx) => {
    const held = await lockAccount(tx)
    const current = isOn(held, plan, interval) ? await catchUp(tx, held) : held
    if (isOn(current, plan, interval)) return saved(tx, current)
    const availableMinor = (await prepaidBalance(tx)) - current.unsettledMinor
    if (priceMinor > 0n && availableMinor < priceMinor) throw insufficient(plan, interval, priceMinor, availableMinor)
    const account = await settleBatch(tx, current)
    const next = { ...account, ...begun(account, plan, interval, tx.clock.now()) }
    await chargePeriod(tx, next, plan)
    return saved(tx, next)
  })
}

function isOn(account: AccountRow, plan: Plan, interval: Interval): boolean {
  return account.plan === plan.id && account.interval === interval
}

function insufficient({ name }: Plan, interval: Interval, priceMinor: bigint, availableMinor: bigint): AppError {
  const words = `The ${interval} price of the ${name} plan is ${formatUsdt(priceMinor)} USDT; the balance covers ${formatUsdt(availableMinor)} USDT. Top up at /topup first.`
  return new AppError('insufficient_balance', words, { hint: 'create_topup tops the balance up.' })
}

async function saved(tx: StoreContext, account: AccountRow): Promise<Standing> {
  await saveAccount(tx, account)
  return { account, balanceMinor: await prepaidBalance(tx) }
}

/** Until the plan changes. What was used beyond the quota while it was off stays free of charge. */
export function setOverage(ctx: StoreContext, { allow_overage: allowOverage }: Overage): Promise<Standing> {
  settingsOf(ctx)
  return inTransaction(ctx, async (tx) => {
    const account = await catchUp(tx, await lockAccount(tx))
    return saved(tx, { ...account, allowOverage })
  })
}

/** Newest first. */
export async function listInvoices(ctx: StoreContext, { kind, cursor, limit }: InvoiceQuery) {
  settingsOf(ctx)
  const i = billingInvoices
  const found = await ctx.db
    .select()
    .from(i)
    .where(
      and(
        eq(i.storeId, ctx.storeId),
        eq(i.isTest, ctx.isTest),
        kind && eq(i.kind, kind),
        olderThan(readCursor(cursor), i.createdAt, i.id),
      ),
    )
    .orderBy(desc(i.createdAt), desc(i.id))
    .limit(limit + 1)
  return pageOf(found, limit)
}

/** Lets a time come to a test account at once. Throws invalid_request in live mode. */
export async function rehearse(ctx: StoreContext, { action }: Rehearsal): Promise<Standing> {
  settingsOf(ctx)
  if (!ctx.isTest) {
    throw new AppError('invalid_request', 'action: only the billing of a test key (sk_test_…) can be rehearsed', {
      field: 'action',
    })
  }
  return inTransaction(ctx, async (tx) => {
    const account = await lockAccount(tx)
    const now = tx.clock.now()
    const over = action === 'settle' ? { settleAt: account.settleAt && now } : { periodEnd: now }
    return saved(tx, await catchUp(tx, { ...account, ...withDue({ ...account, ...over }) }))
  })
}

/** For the operator: money that came otherwise, as a top-up that was too small or too late. Throws store_not_found. */
export async function adjustBalance(deps: Deps, input: Adjustment): Promise<{ balanceMinor: bigint; isTest: boolean }> {
  settingsOf(deps)
  const storeId = parseStoreId(input.id) ?? -1n
  const isTest = input.mode === 'test'
  await getStore(deps, storeId)
  const isDebit = input.amount_usdt.startsWith('-')
  const minor = parseUsdt(input.amount_usdt.replace('-', '')) ?? 0n
  if (minor === 0n) {
    throw new AppError('invalid_request', 'amount_usdt: must not be 0', { field: 'amount_usdt' })
  }
  const amountMinor = isDebit ? -minor : minor
  return inTransaction(storeContext(deps, storeId, isTest), async (tx) => {
    await postEntry(tx, {
      kind: 'adjustment',
      sourceId: newRowId(storeId),
      orderId: null,
      legs: [
        { account: 'topups_received', currency: USDT, amountMinor },
        { account: 'prepaid_balance', currency: USDT, amountMinor: -amountMinor },
      ],
      at: tx.clock.now(),
    })
    tx.log.info({ store: input.id, amount_usdt: input.amount_usdt, reason: input.reason }, 'a balance was adjusted')
    return { balanceMinor: await prepaidBalance(tx), isTest }
  })
}
