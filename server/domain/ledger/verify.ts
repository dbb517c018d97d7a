import { and, asc, eq, gt, isNotNull, ne, sql } from 'drizzle-orm'
import type { Deps } from '../../context'
import { formatStoreId } from '../../kernel/ids'
import { disputes } from '../disputes/table'
import { orders } from '../orders/table'
import { paymentAttempts } from '../payments/table'
import { everyStore } from '../rollups/rebuild'
import { balancesOf, ORDER_ACCOUNTS, type OrderMoney } from './order-money'
import { legRows } from './service'
import { ledgerBalances, ledgerEntries, ledgerTail } from './table'

const ORDERS_PER_PAGE = 1_000
const ENTRIES_NAMED = 100

/**
 * What is wrong in the books of one store or of all, in words, one line each; nothing in sound ones. The shop may go on selling
 * meanwhile: each question is one statement, hence of one moment.
 */
export async function* findDiscrepancies(deps: Deps, storeId?: bigint): AsyncGenerator<string> {
  for await (const one of storeId === undefined ? everyStore(deps) : [storeId]) {
    for await (const found of [
      unbalanced(deps, one),
      wrongBalances(deps, one),
      wrongOrders(deps, one),
      wrongFees(deps, one),
      wrongDisputeFees(deps, one),
    ]) {
      for await (const line of found) yield `${formatStoreId(one)}: ${line}`
    }
  }
}

/** Entries whose legs don't sum to zero in each currency. */
async function* unbalanced({ db }: Deps, storeId: bigint): AsyncGenerator<string> {
  const rows = await db
    .select({ id: ledgerEntries.id })
    .from(ledgerEntries)
    .innerJoin(legRows(ledgerEntries), sql`true`)
    .where(eq(ledgerEntries.storeId, storeId))
    .groupBy(ledgerEntries.id, sql`leg.currency`)
    .having(sql`sum(leg.amount) <> 0`)
    .limit(ENTRIES_NAMED)
  for (const { id } of rows) yield `entry ${id} does not sum to zero`
}

/** Balances that, with the tail, aren't what the entries sum to. */
async function* wrongBalances({ db }: Deps, storeId: bigint): AsyncGenerator<string> {
  const legs = (table: typeof ledgerEntries | typeof ledgerTail, sign: '+' | '-') => sql`
    select is_test, kind, leg.account, leg.currency, ${sql.raw(sign)} leg.amount
    from ${table}, ${legRows(table)} where ${eq(table.storeId, storeId)}`
  const rows = await db
    .select({ key: sql<string>`concat_ws(' ', account, currency, kind, is_test)`, off: sql<string>`sum(amount)::text` })
    .from(sql`(
      select is_test, kind, account, currency, amount_minor as amount
        from ${ledgerBalances} where ${eq(ledgerBalances.storeId, storeId)}
      union all ${legs(ledgerTail, '+')} union all ${legs(ledgerEntries, '-')}) as parts`)
    .groupBy(sql`is_test, kind, account, currency`)
    .having(sql`sum(amount) <> 0`)
  for (const { key, off } of rows) yield `balance ${key} is off by ${off}; rebuild-ledger mends it`
}

/** Paid orders whose entries don't say of their money what the order says. */
async function* wrongOrders({ db }: Deps, storeId: bigint): AsyncGenerator<string> {
  for (let last: string | undefined; ; ) {
    const page = await db
      .select({
        id: orders.id,
        amountMinor: orders.amountMinor,
        feeMinor: orders.feeMinor,
        refundedMinor: orders.refundedMinor,
        disputedMinor: orders.disputedMinor,
        lostMinor: orders.lostMinor,
        currency: orders.currency,
        entered: enteredOf(),
      })
      .from(orders)
      .where(
        and(
          eq(orders.storeId, storeId),
          isNotNull(orders.completedAt),
          ne(orders.method, 'crypto'),
          last === undefined ? undefined : gt(orders.id, last),
        ),
      )
      .orderBy(asc(orders.id))
      .limit(ORDERS_PER_PAGE)
    for (const order of page) yield* wrongAccounts(order, order.entered)
    last = page.at(-1)?.id
    if (last === undefined || page.length < ORDERS_PER_PAGE) return
  }
}

/** Charges of which the gateway keeps something that isn't entered as it is known. */
async function* wrongFees({ db }: Deps, storeId: bigint): AsyncGenerator<string> {
  const { id, gatewayFeeMinor, gatewayFeeCurrency } = paymentAttempts
  const e = ledgerEntries
  const rows = await db
    .select({ id, gatewayFeeMinor })
    .from(paymentAttempts)
    .leftJoin(e, and(eq(e.storeId, storeId), eq(e.kind, 'gateway_fee'), sql`${e.sourceId} = ${id}::text`))
    .where(
      and(
        eq(paymentAttempts.storeId, storeId),
        gt(gatewayFeeMinor, 0n),
        sql`(${e.amounts}[1], ${e.currencies}[1]) is distinct from (${gatewayFeeMinor}, ${gatewayFeeCurrency})`,
      ),
    )
    .limit(ENTRIES_NAMED)
  for (const row of rows) yield `attempt ${row.id} has a gateway's fee of ${row.gatewayFeeMinor} that is not entered so`
}

/** Disputes for which the gateway keeps something that isn't entered as it is known. */
async function* wrongDisputeFees({ db }: Deps, storeId: bigint): AsyncGenerator<string> {
  const { id, orderId, gatewayFeeMinor, gatewayFeeCurrency } = disputes
  const entered = sql`(
    select coalesce(sum(leg.amount), 0) from ${ledgerEntries}, ${legRows(ledgerEntries)}
    where ${and(eq(ledgerEntries.storeId, storeId), eq(ledgerEntries.orderId, orderId))} and kind = 'dispute_fee'
      and ${ledgerEntries.sourceId} like ${id}::text || ' %'
      and leg.account = 'gateway_fees' and leg.currency = ${gatewayFeeCurrency})`
  const rows = await db
    .select({ id, gatewayFeeMinor })
    .from(disputes)
    .where(and(eq(disputes.storeId, storeId), isNotNull(gatewayFeeMinor), sql`${gatewayFeeMinor} <> ${entered}`))
    .limit(ENTRIES_NAMED)
  for (const row of rows) yield `dispute ${row.id} has a gateway's fee of ${row.gatewayFeeMinor} that is not entered so`
}

/** `account amount` of every leg of the order of the row, in its own currency. */
function enteredOf() {
  return sql<string[]>`array(
    select leg.account || ' ' || leg.amount from ${ledgerEntries}, ${legRows(ledgerEntries)}
    where ${and(eq(ledgerEntries.storeId, orders.storeId), eq(ledgerEntries.orderId, orders.id))}
      and kind not in ('gateway_fee', 'dispute_fee') and leg.currency = ${orders.currency})`
}

function* wrongAccounts(order: OrderMoney & { id: string }, entered: readonly string[]): Generator<string> {
  const expected = balancesOf(order)
  const sums = new Map<string, bigint>()
  for (const leg of entered) {
    const [account = '', amount = ''] = leg.split(' ')
    sums.set(account, (sums.get(account) ?? 0n) + BigInt(amount))
  }
  const isWrong = (account: (typeof ORDER_ACCOUNTS)[number]) => (sums.get(account) ?? 0n) !== expected[account]
  for (const account of ORDER_ACCOUNTS.filter(isWrong)) {
    yield `order ${order.id} has ${sums.get(account) ?? 0n} on ${account} instead of ${expected[account]}`
  }
}
