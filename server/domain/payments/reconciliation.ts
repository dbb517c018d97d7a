import { and, eq, gt, isNotNull, isNull, lte, or, sql } from 'drizzle-orm'
import type { Deps, StoreContext } from '../../context'
import { addMs, DAY_MS, HOUR_MS, MINUTE_MS } from '../../kernel/clock'
import { orders } from '../orders/table'
import { sameAttempt } from './attempts'
import { eachDueAttempt } from './due'
import { gatewayNamed } from './gateways'
import { refreshAttempt } from './redirect'
import { settleAttempt } from './settlement'
import { sendBack } from './surplus'
import { type PaymentAttemptRow, paymentAttempts } from './table'

/** How long a notice may be missing before the gateway is asked. A page is asked about when its session ends, too. */
const OPEN_MS = 10 * MINUTE_MS
/**
 * A bank takes days, so that nobody minds an hour more; a buyer who sees the debit on their account and "being confirmed" here would mind
 * half a day. One question an hour for each costs little: 10,000 that wait ask three times a second, and Stripe answers a hundred.
 */
const SETTLING_MS = HOUR_MS
const UNWANTED_MS = 10 * MINUTE_MS
const AGAIN_MS = MINUTE_MS

/**
 * Asks the gateway about the attempts that it should have told of: pages whose session is over are closed, so that nobody pays
 * there too late; money that was on its way has come, or not; surplus money is sent back again. Answers true when more are
 * waiting. All stores.
 */
export function reconcileAttempts(deps: Deps): Promise<boolean> {
  const due = { isDue: dueAt(deps.clock.now()), since: paymentAttempts.updatedAt }
  return eachDueAttempt(deps, due, (ctx, { attempt, order }) => reconcile(ctx, attempt, order.expiresAt))
}

/** For how long, and how often, the gateway is asked what it keeps of a charge, where it neither said so nor told it later. */
const FEE_ASKED_MS = 3 * DAY_MS
const FEE_MS = HOUR_MS

/** Answers true when more are waiting. All stores. */
export function reconcileFees(deps: Deps): Promise<boolean> {
  const now = deps.clock.now()
  const { status, gatewayPage, gatewayFeeMinor, updatedAt: since, createdAt } = paymentAttempts
  // The status is written out so that the partial index serves the query.
  const isUnknown = and(sql`${status} = 'succeeded'`, isNotNull(gatewayPage), isNull(gatewayFeeMinor))
  const isDue = and(isUnknown, lte(since, addMs(now, -FEE_MS)), gt(createdAt, addMs(now, -FEE_ASKED_MS)))
  return eachDueAttempt(deps, { isDue, since }, async (ctx, { attempt }) => {
    const touched = await touch(ctx, attempt)
    if (touched) await refreshAttempt(ctx, touched, null)
  })
}

/** Statuses are written out so that the partial index serves the query. */
function dueAt(now: Date) {
  const { status, updatedAt, gatewayPage } = paymentAttempts
  const before = (ms: number) => lte(updatedAt, addMs(now, -ms))
  return and(
    sql`${status} in ('processing', 'requires_action', 'settling', 'unwanted')`,
    or(
      and(eq(status, 'requires_action'), isNotNull(gatewayPage), before(OPEN_MS)),
      and(
        ...[eq(status, 'requires_action'), isNotNull(gatewayPage), lte(orders.expiresAt, now)],
        or(lte(updatedAt, orders.expiresAt), before(AGAIN_MS)),
      ),
      and(eq(status, 'settling'), before(SETTLING_MS)),
      and(eq(status, 'unwanted'), before(UNWANTED_MS)),
    ),
  )
}

async function reconcile(ctx: StoreContext, seen: PaymentAttemptRow, expiresAt: Date): Promise<void> {
  const attempt = await touch(ctx, seen)
  if (!attempt) return
  const gateway = gatewayNamed(ctx, attempt.gateway)
  if (attempt.status === 'unwanted') return sendBack(ctx, gateway, attempt)
  const { gatewayPage: page } = attempt
  if (gateway.kind !== 'redirect' || page === null) return
  const isOver = attempt.status === 'requires_action' && expiresAt <= ctx.clock.now()
  await settleAttempt(ctx, gateway, attempt, await (isOver ? gateway.close(page) : gateway.find(page)))
}

/** Makes it this process's, and the last in the queue when the gateway doesn't answer. Undefined when it isn't as it was seen any more. */
async function touch(ctx: StoreContext, seen: PaymentAttemptRow): Promise<PaymentAttemptRow | undefined> {
  const [attempt] = await ctx.db
    .update(paymentAttempts)
    .set({ updatedAt: ctx.clock.now() })
    .where(
      and(
        sameAttempt(ctx, seen.id),
        eq(paymentAttempts.status, seen.status),
        eq(paymentAttempts.updatedAt, seen.updatedAt),
      ),
    )
    .returning()
  return attempt
}
