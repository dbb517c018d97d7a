import { and, asc, eq, isNotNull, isNull, lte, ne, or, sql } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../context'
import { addMs, MINUTE_MS } from '../../kernel/clock'
import { balancesOf } from '../ledger/order-money'
import { type OrderRow, orders } from '../orders/table'
import { stores } from '../stores/table'
import { sameAttempt } from './attempts'
import { BATCH, eachDueAttempt, logged } from './due'
import { gatewayNamed } from './gateways'
import { settleAttempt } from './settlement'
import { splitOf } from './splits'
import { type PaymentAttemptRow, paymentAttempts } from './table'

/** What doesn't succeed (an account may have too little to take back) is tried again after this. */
const AGAIN_MS = 30 * MINUTE_MS

const isOfOrder = and(eq(orders.storeId, paymentAttempts.storeId), eq(orders.id, paymentAttempts.orderId))

/**
 * Sees to it that a store's account has what the ledger says of a sale, after refunds and disputes: the same sums at both, to the cent.
 * Answers true when more are waiting. All stores, both modes.
 */
export function settleShares(deps: Deps): Promise<boolean> {
  const { shareDueAt: since } = paymentAttempts
  // A refund on its way has taken the money already, and the ledger doesn't know yet: only what rests can be compared.
  const isDue = and(lte(since, deps.clock.now()), eq(orders.refundingMinor, 0n))
  return eachDueAttempt(deps, { isDue, since }, (ctx, { attempt, order }) => settleShare(ctx, attempt, order))
}

async function settleShare(ctx: StoreContext, seen: PaymentAttemptRow, order: OrderRow): Promise<void> {
  const attempt = await changeDue(ctx, seen, addMs(ctx.clock.now(), AGAIN_MS))
  const gateway = gatewayNamed(ctx, seen.gateway)
  const split = splitOf(seen)
  if (!attempt || !split || gateway.kind !== 'redirect' || !gateway.platform || !attempt.gatewayReference) return
  const balances = balancesOf(order)
  await gateway.platform.settleShare({
    ...{ attemptId: attempt.id, chargeReference: attempt.gatewayReference, currency: order.currency },
    ...{ account: split.account, shareMinor: -balances.store_balance, feeMinor: -balances.platform_fees },
  })
  // What has changed meanwhile has made it due anew, at another time.
  await changeDue(ctx, attempt, null)
}

/** Undefined when it isn't due as it was seen any more. */
async function changeDue(
  ctx: StoreContext,
  { id, shareDueAt }: PaymentAttemptRow,
  next: Date | null,
): Promise<PaymentAttemptRow | undefined> {
  if (shareDueAt === null) return undefined
  const [row] = await ctx.db
    .update(paymentAttempts)
    .set({ shareDueAt: next })
    .where(and(sameAttempt(ctx, id), eq(paymentAttempts.shareDueAt, shareDueAt)))
    .returning()
  return row
}

/**
 * Closes the pages that lead into an account which its store sells by no more: it was disconnected, or may take no payments. Their
 * buyers are told so by our own page then. Answers true when more are waiting. All stores, both modes.
 */
export async function closeStrandedPages(deps: Deps): Promise<boolean> {
  const hasPlatform = [deps.gateways.live, deps.gateways.test].some((one) => one?.kind === 'redirect' && one.platform)
  if (!hasPlatform) return false
  const { status, gatewayPage, splitAccount } = paymentAttempts
  const isElsewhere = (account: typeof stores.liveAccount | typeof stores.testAccount) =>
    or(isNull(account), ne(account, splitAccount))
  // The status is written out so that the partial index serves the query.
  const isStranded = and(
    ...[sql`${status} = 'requires_action'`, isNotNull(gatewayPage), isNotNull(splitAccount)],
    or(
      and(eq(orders.isTest, false), isElsewhere(stores.liveAccount)),
      and(eq(orders.isTest, true), isElsewhere(stores.testAccount)),
    ),
  )
  const found = await deps.db
    .select({ attempt: paymentAttempts, order: orders })
    .from(paymentAttempts)
    .innerJoin(orders, isOfOrder)
    .innerJoin(stores, eq(stores.storeId, paymentAttempts.storeId))
    .where(isStranded)
    .orderBy(asc(paymentAttempts.updatedAt))
    .limit(BATCH)
  let closed = 0
  for (const { attempt, order } of found) {
    const ctx = storeContext(deps, attempt.storeId, order.isTest)
    await logged(ctx, order.id, async () => {
      const gateway = gatewayNamed(ctx, attempt.gateway)
      if (gateway.kind !== 'redirect' || attempt.gatewayPage === null) return
      await settleAttempt(ctx, gateway, attempt, await gateway.close(attempt.gatewayPage))
      closed++
    })
  }
  // Those that can't be closed now wait for the next turn.
  return closed === BATCH
}
