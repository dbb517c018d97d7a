import { and, desc, eq } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { olderThan, pageOf, readCursor } from '../../db/paging'
import { AppError } from '../../kernel/errors'
import { storeOfRowId } from '../../kernel/ids'
import { toWireMinor } from '../../kernel/money'
import { getOrder } from '../orders/service'
import type { Dispute, DisputeQuery } from './schema'
import { type DisputeRow, disputes } from './table'

/** Throws dispute_not_found: for another store's dispute too, and for one of the other mode. */
export async function getDispute(ctx: StoreContext, id: string): Promise<DisputeRow> {
  const isOurs = storeOfRowId(id) === ctx.storeId
  const [row] = isOurs
    ? await ctx.db
        .select()
        .from(disputes)
        .where(and(ofStore(ctx), eq(disputes.id, id)))
    : []
  if (row) return row
  throw new AppError('dispute_not_found', 'Dispute not found', {
    field: 'id',
    hint: 'list_disputes shows your disputes.',
  })
}

function ofStore(ctx: StoreContext) {
  return and(eq(disputes.storeId, ctx.storeId), eq(disputes.isTest, ctx.isTest))
}

/** Newest first. Throws order_not_found. */
export async function listDisputes(ctx: StoreContext, { order_id: order, status, cursor, limit }: DisputeQuery) {
  const orderId = order === undefined ? undefined : (await getOrder(ctx, order, undefined, 'order_id')).id
  const found = await ctx.db
    .select()
    .from(disputes)
    .where(
      and(
        ofStore(ctx),
        orderId === undefined ? undefined : eq(disputes.orderId, orderId),
        status === undefined ? undefined : eq(disputes.status, status),
        olderThan(readCursor(cursor), disputes.createdAt, disputes.id),
      ),
    )
    .orderBy(desc(disputes.createdAt), desc(disputes.id))
    .limit(limit + 1)
  return pageOf(found, limit)
}

export function toDispute(row: DisputeRow): Dispute {
  return {
    id: row.id,
    order_id: row.orderId,
    status: row.status,
    amount_cents: toWireMinor(row.amountMinor),
    taken_cents: toWireMinor(row.takenMinor),
    currency: row.currency,
    gateway_fee_cents: row.gatewayFeeMinor === null ? null : toWireMinor(row.gatewayFeeMinor),
    gateway_fee_currency: row.gatewayFeeCurrency,
    reason: row.reason,
    due_by: row.dueBy?.toISOString() ?? null,
    is_test: row.isTest,
    created_at: row.createdAt.toISOString(),
    closed_at: row.closedAt?.toISOString() ?? null,
  }
}
