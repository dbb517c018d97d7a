import { and, eq } from 'drizzle-orm'
import { type StoreContext, storeContext } from '../../context'
import { inTransaction } from '../../db/transaction'
import { AppError } from '../../kernel/errors'
import { storeOfRowId } from '../../kernel/ids'
import type { DisputeNotice, NoticeSubject, RedirectGateway } from '../../ports/gateway'
import { connectionOf } from '../connections/platform'
import { refreshConnection } from '../connections/refresh'
import { recordDispute } from '../disputes/notices'
import { orders } from '../orders/table'
import { findAttempt } from '../payments/attempts'
import { noteGatewayRefunds } from '../payments/gateway-refunds'
import { gatewayNamed } from '../payments/gateways'
import { refreshAttempt } from '../payments/redirect'
import { noteDecline, settleAttempt } from '../payments/settlement'
import type { PaymentAttemptRow } from '../payments/table'
import { parseSubject } from './subject'
import { gatewayNotices, type NoticeRow } from './table'

/**
 * Does what a notice asks for: looks at its subject at the gateway, as it is now, and writes down what isn't written yet. Therefore
 * notices may come twice, in any order, and before what they are about was written here. Throws when it has to be tried again.
 */
export async function follow(ctx: StoreContext, notice: NoticeRow): Promise<void> {
  const gateway = gatewayNamed(ctx, notice.gateway)
  if (gateway.kind !== 'redirect') throw new Error(`${notice.gateway} is no gateway that tells`)
  const subject = parseSubject(notice.subject)
  switch (subject.kind) {
    case 'page':
      return followPage(ctx, notice, subject.page)
    case 'charge':
      return followCharge(ctx, gateway, subject.reference)
    case 'decline':
      return followDecline(ctx, gateway, notice, subject)
    case 'dispute':
      return followDispute(ctx, gateway, subject.id)
    case 'account':
      return followAccount(ctx, gateway, subject.account)
  }
}

async function followPage(ctx: StoreContext, { attemptId }: NoticeRow, page: string): Promise<void> {
  const found = attemptId === null ? undefined : await attemptNamed(ctx, attemptId)
  if (found) await refreshAttempt(found.ctx, found.attempt, page)
}

/** Refunds, those made at the gateway itself too, and what the gateway keeps of the charge. */
async function followCharge(ctx: StoreContext, gateway: RedirectGateway, reference: string): Promise<void> {
  const charge = await gateway.refundsOf(reference)
  const settled = charge && (await settledAttempt(ctx, charge.attemptId, reference))
  if (!settled) return
  const { attempt } = settled
  if (attempt.status === 'succeeded' && attempt.gatewayFeeMinor === null)
    await refreshAttempt(settled.ctx, attempt, null)
  await noteGatewayRefunds(settled.ctx, gateway, attempt, charge.refunds)
}

/**
 * A try on the gateway's page was declined, and the page is still open: said once for each notice, which is marked in the same
 * transaction. A page that is over says itself what became of it: that it was paid meanwhile, or that a bank refused after days.
 */
async function followDecline(
  ctx: StoreContext,
  gateway: RedirectGateway,
  notice: NoticeRow,
  { reference, code }: Extract<NoticeSubject, { kind: 'decline' }>,
): Promise<void> {
  const decline = await gateway.declineOf(reference)
  const found = decline && (await attemptNamed(ctx, decline.attemptId))
  if (!found) return
  const { attempt } = found
  if (attempt.gatewayPage === null) throw new Error(`attempt ${attempt.id} was declined, and its page is not known yet`)
  const outcome = await gateway.find(attempt.gatewayPage)
  if (outcome.status !== 'requires_action') return settleAttempt(found.ctx, gateway, attempt, outcome)
  await inTransaction(found.ctx, async (tx) => {
    if (await markDone(tx, notice)) await noteDecline(tx, attempt, { code: code ?? decline.code, latest: decline.code })
  })
}

/** False when it was marked before. */
async function markDone(tx: StoreContext, { storeId, gateway, id }: NoticeRow): Promise<boolean> {
  const n = gatewayNotices
  const marked = await tx.db
    .update(n)
    .set({ status: 'done' })
    .where(and(eq(n.storeId, storeId), eq(n.gateway, gateway), eq(n.id, id), eq(n.status, 'pending')))
    .returning({ id: n.id })
  return marked.length > 0
}

async function followDispute(ctx: StoreContext, gateway: RedirectGateway, id: string): Promise<void> {
  const dispute = await gateway.findDispute(id)
  if (!dispute) return
  await settledAttempt(ctx, dispute.attemptId, dispute.chargeReference)
  await record(ctx, gateway, dispute)
}

async function record(ctx: StoreContext, gateway: RedirectGateway, dispute: DisputeNotice): Promise<void> {
  try {
    await recordDispute(ctx, gateway.name, dispute)
  } catch (error) {
    const isNotOurs = error instanceof AppError && /^order_not_(found|disputable)$/.test(error.code)
    if (!isNotOurs) throw error
    ctx.log.warn({ dispute: dispute.id, err: error }, 'a dispute is about no order that keeps its money')
  }
}

/** Who asked for the account asks how it is as soon as they know it, so that what is told before needs no second try. */
async function followAccount(ctx: StoreContext, gateway: RedirectGateway, account: string): Promise<void> {
  const found = await connectionOf(ctx, ctx.isTest, gateway.name, account)
  if (found) await refreshConnection(found.ctx, found.connection)
}

type Settled = { ctx: StoreContext; attempt: PaymentAttemptRow }

/**
 * The attempt that made a charge, after its success was written down: news of the charge may come before the news that it was made.
 * Undefined when it isn't ours.
 */
async function settledAttempt(ctx: StoreContext, attemptId: string, reference: string): Promise<Settled | undefined> {
  const found = await attemptNamed(ctx, attemptId)
  if (!found) return undefined
  if (found.attempt.gatewayReference !== reference || found.attempt.status !== 'succeeded') {
    await refreshAttempt(found.ctx, found.attempt, null)
  }
  const attempt = await findAttempt(found.ctx, attemptId)
  if (attempt?.gatewayReference === reference) return { ctx: found.ctx, attempt }
  if (attempt?.gatewayPage === null) throw new Error(`attempt ${attemptId} has a charge, and its page is not known yet`)
  return undefined
}

/** Of the whole platform: the attempt's id names its store, and its order the mode. */
async function attemptNamed(ctx: StoreContext, attemptId: string): Promise<Settled | undefined> {
  const storeId = storeOfRowId(attemptId)
  if (storeId === undefined) return undefined
  const attempt = await findAttempt({ ...ctx, storeId }, attemptId)
  if (!attempt) return undefined
  const [order] = await ctx.db
    .select({ isTest: orders.isTest })
    .from(orders)
    .where(and(eq(orders.storeId, storeId), eq(orders.id, attempt.orderId)))
  // A key of the other mode has no say.
  if (order?.isTest !== ctx.isTest) return undefined
  return { ctx: storeContext(ctx, storeId, ctx.isTest), attempt }
}
