import { and, desc, eq, gte, lt } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { derivedRowId, newRowId, storeOfPaymentToken } from '../../kernel/ids'
import { type CoinFacts, coinFacts, NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import { releaseAddresses } from '../addresses/claims'
import { refuseAtLimit } from '../billing/quota'
import { recordEvents } from '../webhooks/events'
import { eventsOf } from './events'
import { openPayment } from './opening'
import { currentRate } from './rates'
import type { NewPayment, PaymentQuery } from './schema'
import { lockPayment } from './settlement'
import { type CryptoPaymentRow, cryptoPayments } from './table'
import type { OrderToPay } from './terms'

/**
 * A payment with an address of the pool, locked to it until it ends. `run` names this very call: a repetition whose first answer was
 * lost gets the payment that the first one made. `order` makes it a payment of the checkout page; `topsUp` is the store whose balance it
 * tops up.
 * Throws invalid_request for a pair that doesn't exist, network_not_enabled, rate_unavailable, no_address_configured and
 * all_addresses_held; plan_limit_reached where the server bills for sales.
 */
export async function createPayment(
  ctx: StoreContext,
  input: NewPayment,
  { run, order, topsUp = null }: { run?: string | undefined; order?: OrderToPay; topsUp?: bigint | null } = {},
): Promise<CryptoPaymentRow> {
  const coin = payableCoin(ctx, input)
  const id = run === undefined ? newRowId(ctx.storeId) : derivedRowId(ctx.storeId, `payment ${run}`)
  const made = run === undefined ? undefined : await findPayment(ctx, eq(cryptoPayments.id, id))
  if (made) return made
  if (topsUp === null) await refuseAtLimit(ctx)
  // It may ask the world outside: not inside the transaction.
  return openPayment(ctx, { id, input, coin, rate: await currentRate(ctx, coin), topsUp, ...(order && { order }) })
}

function payableCoin(ctx: StoreContext, { network, currency }: NewPayment): CoinFacts {
  const { title } = NETWORK_FACTS[network]
  const coin = coinFacts(network, currency)
  if (!coin) {
    const there = Object.keys(NETWORK_FACTS[network].coins).join(', ')
    throw new AppError('invalid_request', `currency: there is no ${currency} on ${title}; there is ${there}`, {
      field: 'currency',
    })
  }
  if (!ctx.isTest) requireNetwork(ctx, network)
  return coin
}

function requireNetwork({ networks, chainMonitor }: StoreContext, network: NetworkName): void {
  const { title } = NETWORK_FACTS[network]
  const variable = `${network.toUpperCase()}_RPC_URLS`
  if (!networks[network]) {
    throw new AppError('network_not_enabled', `Live payments on ${title} are not enabled on this server.`, {
      field: 'network',
      hint: `Its operator enables them by setting ${variable}. Test keys work without, on a simulated chain.`,
    })
  }
  if (chainMonitor.refusalOf(network) === null) return
  throw new AppError('network_not_enabled', `Live payments on ${title} are off: its nodes did not pass their check.`, {
    field: 'network',
    hint: `This server's log says why; its operator repairs ${variable}. Other networks work.`,
  })
}

/** By its number. Throws payment_not_found, in the same words for another store's. */
export async function getPayment(ctx: StoreContext, number: string): Promise<CryptoPaymentRow> {
  const isNumber = /^pay-[0-9]{8}-[0-9a-z]{6}$/i.test(number)
  const row = isNumber ? await findPayment(ctx, eq(cryptoPayments.number, number.toUpperCase())) : undefined
  if (row) return row
  throw new AppError('payment_not_found', 'Payment not found', {
    field: 'payment_number',
    hint: 'list_payments shows your payments.',
  })
}

/** By the token of its page, in either mode. Undefined when there is none. */
export async function findPaymentByToken(ctx: StoreContext, token: string): Promise<CryptoPaymentRow | undefined> {
  if (storeOfPaymentToken(token) !== ctx.storeId) return undefined
  const [row] = await ctx.db
    .select()
    .from(cryptoPayments)
    .where(and(eq(cryptoPayments.storeId, ctx.storeId), eq(cryptoPayments.token, token)))
  return row
}

async function findPayment(ctx: StoreContext, named: ReturnType<typeof eq>): Promise<CryptoPaymentRow | undefined> {
  const [row] = await ctx.db
    .select()
    .from(cryptoPayments)
    .where(and(eq(cryptoPayments.storeId, ctx.storeId), eq(cryptoPayments.isTest, ctx.isTest), named))
  return row
}

/** Newest first, all or those that fit the filters. */
export async function listPayments(ctx: StoreContext, query: PaymentQuery) {
  const p = cryptoPayments
  const found = await ctx.db
    .select()
    .from(p)
    .where(
      and(
        eq(p.storeId, ctx.storeId),
        eq(p.isTest, ctx.isTest),
        query.status && eq(p.status, query.status),
        query.network && eq(p.network, query.network),
        query.currency && eq(p.coin, query.currency),
        query.address === undefined ? undefined : eq(p.address, query.address),
        query.external_order_id === undefined ? undefined : eq(p.externalOrderId, query.external_order_id),
        query.order_id === undefined ? undefined : eq(p.orderId, query.order_id),
        query.from === undefined ? undefined : gte(p.createdAt, new Date(query.from)),
        query.to === undefined ? undefined : lt(p.createdAt, new Date(query.to)),
        olderThan(readCursor(query.cursor), p.createdAt, p.id),
      ),
    )
    .orderBy(desc(p.createdAt), desc(p.id))
    .limit(query.limit + 1)
  return pageOf(found, query.limit)
}

/**
 * Ends a payment that nothing has come for and gives its address back. One that was cancelled before is answered as it is.
 * Throws payment_not_found, and payment_not_cancellable when money has come or the payment has ended otherwise.
 */
export async function cancelPayment(ctx: StoreContext, number: string): Promise<CryptoPaymentRow> {
  const { id } = await getPayment(ctx, number)
  return inTransaction(ctx, async (tx) => {
    const payment = await lockPayment(tx, id)
    if (payment.status === 'cancelled') return payment
    if (payment.status !== 'pending' || payment.creditedUnits !== null) throw notCancellable(payment)
    const changes = { status: 'cancelled' as const, dueAt: null, dueHeight: null }
    await tx.db
      .update(cryptoPayments)
      .set(changes)
      .where(and(eq(cryptoPayments.storeId, tx.storeId), eq(cryptoPayments.id, id)))
    await releaseAddresses(tx, [payment])
    const cancelled = { ...payment, ...changes }
    await recordEvents(tx, eventsOf(tx, payment, cancelled, undefined))
    return cancelled
  })
}

function notCancellable({ status, creditedUnits }: CryptoPaymentRow) {
  const why = creditedUnits === null || status !== 'pending' ? `The payment is ${status}.` : 'A transfer was seen.'
  return new AppError('payment_not_cancellable', `${why} Only a pending payment without a transfer can be cancelled.`, {
    field: 'payment_number',
  })
}
