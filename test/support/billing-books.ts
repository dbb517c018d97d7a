import { and, asc, eq } from 'drizzle-orm'
import { expect } from 'vitest'
import type { StoreContext } from '../../server/context'
import { readAccount, settingsOf } from '../../server/domain/billing/accounts'
import {
  type AccountRow,
  billingInvoices,
  billingTopups,
  billingUsage,
  type InvoiceRow,
  type UsageRow,
} from '../../server/domain/billing/table'
import { cryptoPayments } from '../../server/domain/crypto/table'
import { legsOf } from '../../server/domain/ledger/entries'
import { prepaidBalance } from '../../server/domain/ledger/prepaid'
import { type LedgerEntryRow, ledgerEntries } from '../../server/domain/ledger/table'
import { findDiscrepancies } from '../../server/domain/ledger/verify'
import { emails } from '../../server/domain/receipts/table'
import { events } from '../../server/domain/webhooks/table'
import { DAY_MS } from '../../server/kernel/clock'
import { INTERVAL_DAYS } from '../../server/kernel/plans'

type Books = {
  account: AccountRow
  balance: bigint
  usage: UsageRow[]
  invoices: InvoiceRow[]
  credited: bigint
  entries: LedgerEntryRow[]
  downgrades: number
  mails: number
}

/** Recomputes a store's billing from what happened, and compares it with every counter, invoice and entry. */
export async function checkBooks(ctx: StoreContext): Promise<void> {
  const books = await read(ctx)
  checkLedger(books)
  checkBatches(books)
  checkUsage(books)
  checkPeriods(ctx, books)
  expect(books.mails).toBe(books.downgrades)
  const wrong: string[] = []
  for await (const line of findDiscrepancies(ctx, ctx.storeId)) wrong.push(line)
  expect(wrong).toEqual([])
}

async function read(ctx: StoreContext): Promise<Books> {
  const { db, storeId, isTest } = ctx
  const of = (table: typeof billingUsage | typeof billingInvoices | typeof billingTopups | typeof ledgerEntries) =>
    and(eq(table.storeId, storeId), eq(table.isTest, isTest))
  const topups = await db.select().from(billingTopups).where(of(billingTopups))
  const told = await db
    .select({ type: events.type })
    .from(events)
    .where(and(eq(events.storeId, storeId), eq(events.type, 'billing.downgraded')))
  const mails = await db.select({ id: emails.id }).from(emails).where(eq(emails.storeId, storeId))
  return {
    account: await readAccount(ctx),
    balance: await prepaidBalance(ctx),
    usage: await db.select().from(billingUsage).where(of(billingUsage)).orderBy(asc(billingUsage.createdAt)),
    invoices: await db.select().from(billingInvoices).where(of(billingInvoices)).orderBy(asc(billingInvoices.period)),
    credited: sum(topups.map(({ creditedMinor }) => creditedMinor ?? 0n)),
    entries: await db.select().from(ledgerEntries).where(of(ledgerEntries)),
    downgrades: told.length,
    mails: mails.length,
  }
}

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n)
const count = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)

/** Every entry sums to zero, each invoice has one, and the balance is what was credited less what was debited. */
function checkLedger({ balance, invoices, credited, entries }: Books): void {
  for (const entry of entries) expect(sum(legsOf(entry).map(({ amountMinor }) => amountMinor))).toBe(0n)
  expect(balance).toBe(credited - sum(invoices.map(({ amountMinor }) => amountMinor)))
  const debits = entries.filter(({ kind }) => kind === 'subscription' || kind === 'overage')
  const debited = debits.map((entry) => `${entry.sourceId} ${legsOf(entry)[0]?.amountMinor}`)
  const owed = invoices.filter(({ amountMinor }) => amountMinor !== 0n)
  expect(debited.sort()).toEqual(owed.map(({ id, amountMinor }) => `${id} ${amountMinor}`).sort())
}

/** Each closed batch has one invoice over exactly the fees of its payments, and the open one is what the account says. */
function checkBatches({ account, usage, invoices }: Books): void {
  const settled = invoices.filter(({ kind }) => kind === 'overage')
  expect(settled.map(({ batch }) => batch).sort((a, b) => Number(a) - Number(b))).toEqual(
    Array.from({ length: account.batch - 1 }, (_, n) => n + 1),
  )
  const of = (batch: number) => usage.filter((one) => one.isOverage && one.batch === batch)
  for (const invoice of settled) {
    const payments = of(invoice.batch ?? 0)
    expect(invoice.amountMinor).toBe(sum(payments.map(({ feeMinor }) => feeMinor)))
    expect(invoice.payments).toBe(count(payments.map((one) => one.payments)))
  }
  const open = of(account.batch)
  expect(account.unsettledMinor).toBe(sum(open.map(({ feeMinor }) => feeMinor)))
  expect(account.unsettledPayments).toBe(count(open.map((one) => one.payments)))
  if (account.settleAt === null) expect([account.unsettledMinor, account.unsettledPayments]).toEqual([0n, 0])
}

/** Each payment counts once, beyond what the chain took back; what is no overage is free. */
function checkUsage({ account, usage }: Books): void {
  const current = usage.filter(({ period }) => period === account.period)
  expect(account.usedPayments).toBe(count(current.map(({ payments }) => payments)))
  expect(account.overagePayments).toBe(
    count(current.filter(({ isOverage }) => isOverage).map(({ payments }) => payments)),
  )
  // What is charged comes after what is included.
  const counted = current.filter(({ payments }) => payments === 1)
  const isCharged = counted.some(({ isOverage }) => isOverage)
  const free = counted.filter(({ isOverage }) => !isOverage).length
  if (isCharged) expect(free).toBeGreaterThanOrEqual(account.includedPayments)
  for (const [, ofOne] of Map.groupBy(usage, ({ paymentId }) => paymentId)) {
    expect([0, 1]).toContain(count(ofOne.map(({ payments }) => payments)))
    expect(ofOne.length).toBeLessThanOrEqual(2)
  }
  for (const { isOverage, feeMinor } of usage) expect(feeMinor === 0n).toBe(!isOverage)
}

/** One invoice for each period of a paid plan, at its price, never on credit; periods never overlap, and have their length. */
function checkPeriods(ctx: StoreContext, { account, invoices }: Books): void {
  const { plans } = settingsOf(ctx)
  const paid = invoices.filter(({ kind }) => kind === 'subscription')
  expect(new Set(paid.map(({ period }) => period)).size).toBe(paid.length)
  for (const { plan, interval, amountMinor, balanceAfterMinor, periodStart, periodEnd } of paid) {
    expect(amountMinor).toBe(plans[plan].terms[interval]?.priceMinor)
    expect(balanceAfterMinor).toBeGreaterThanOrEqual(0n)
    expect(periodEnd.getTime() - periodStart.getTime()).toBe(INTERVAL_DAYS[interval] * DAY_MS)
  }
  for (const [n, later] of paid.slice(1).entries()) {
    const earlier = paid[n] as InvoiceRow
    expect(later.periodStart.getTime()).toBeGreaterThanOrEqual(earlier.periodStart.getTime())
    // A plan change cuts a period short; a renewal never does.
    if (later.period === earlier.period + 1 && later.plan === earlier.plan && later.interval === earlier.interval) {
      expect(later.periodStart.getTime()).toBeGreaterThanOrEqual(earlier.periodEnd.getTime())
    }
  }
  const isPaid = (plans[account.plan].terms[account.interval]?.priceMinor ?? 0n) > 0n
  expect(paid.some(({ period }) => period === account.period)).toBe(isPaid)
}

/** Each payment that was confirmed counts once, and no other does; each top-up is on the balance, whole. */
export async function checkPayments({ db, storeId, isTest }: StoreContext): Promise<void> {
  const p = cryptoPayments
  const payments = await db
    .select()
    .from(p)
    .where(and(eq(p.storeId, storeId), eq(p.isTest, isTest)))
  const usage = await db.select().from(billingUsage).where(eq(billingUsage.storeId, storeId))
  const topups = await db.select().from(billingTopups).where(eq(billingTopups.storeId, storeId))
  const seen = payments.map(({ id, status, topsUp, creditedUnits }) => {
    const isConfirmed = status === 'confirmed'
    const counts = count(usage.filter(({ paymentId }) => paymentId === id).map((one) => one.payments))
    const credited = topups.find((one) => one.id === id)?.creditedMinor ?? 0n
    const owed = topsUp === null || !isConfirmed ? 0n : (creditedUnits ?? 0n)
    return { id, counts, credited, isRight: counts === Number(isConfirmed && topsUp === null) && credited === owed }
  })
  expect(seen.filter(({ isRight }) => !isRight)).toEqual([])
}
