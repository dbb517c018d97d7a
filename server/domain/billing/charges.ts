import type { StoreContext } from '../../context'
import { derivedRowId } from '../../kernel/ids'
import type { Plan } from '../../kernel/plans'
import { postEntry } from '../ledger/entries'
import { prepaidBalance, USDT } from '../ledger/prepaid'
import { type Account, hasUnsettled, settled } from './account'
import { billingInvoices, type InvoiceRow } from './table'

/** What is debited from a prepaid balance, in the transaction that holds the account. */

type Charge = Pick<InvoiceRow, 'kind' | 'batch' | 'payments' | 'amountMinor'>

/**
 * An invoice and its one ledger entry. The invoice's id is made of the period or the batch that it is for: charging the same again
 * breaks on the primary key, and so undoes its transaction.
 */
async function charge(tx: StoreContext, account: Account, { kind, batch, payments, amountMinor }: Charge) {
  const { storeId, isTest } = tx
  const { plan, interval, period, periodStart, periodEnd } = account
  const id = derivedRowId(storeId, `invoice ${isTest} ${kind} ${kind === 'overage' ? batch : period}`)
  const at = tx.clock.now()
  if (amountMinor !== 0n) {
    await postEntry(tx, {
      kind,
      sourceId: id,
      orderId: null,
      legs: [
        { account: 'prepaid_balance', currency: USDT, amountMinor },
        { account: 'billing_income', currency: USDT, amountMinor: -amountMinor },
      ],
      at,
    })
  }
  await tx.db.insert(billingInvoices).values({
    ...{ storeId, id, isTest, kind, plan, interval, period, periodStart, periodEnd, batch, payments, amountMinor },
    balanceAfterMinor: await prepaidBalance(tx),
    createdAt: at,
  })
}

/** Settles the open batch at the fees of its payments, in one entry; the account as it is after. */
export async function settleBatch<A extends Account>(tx: StoreContext, account: A): Promise<A> {
  if (hasUnsettled(account)) {
    const { batch, unsettledPayments: payments, unsettledMinor: amountMinor } = account
    await charge(tx, account, { kind: 'overage', batch, payments, amountMinor })
  }
  return { ...account, ...settled(account) }
}

/** Debits the plan's price for the period that `account` has just begun. What is free leaves no invoice. */
export async function chargePeriod(tx: StoreContext, account: Account, plan: Plan): Promise<bigint> {
  const amountMinor = plan.terms[account.interval]?.priceMinor ?? 0n
  if (amountMinor > 0n) await charge(tx, account, { kind: 'subscription', batch: null, payments: 0, amountMinor })
  return amountMinor
}
