import { and, eq, inArray } from 'drizzle-orm'
import type * as z from 'zod'
import type { StoreContext } from '../../context'
import { cryptoPayments } from '../crypto/table'
import type { ReceiveAddress } from './schema'
import type { ReceiveAddressRow } from './table'

/** As callers see addresses: with the numbers of the payments that have them. */
export async function toAddresses(
  ctx: StoreContext,
  rows: readonly ReceiveAddressRow[],
): Promise<z.infer<typeof ReceiveAddress>[]> {
  const numbers = await numbersOf(
    ctx,
    rows.flatMap(({ heldBy }) => heldBy ?? []),
  )
  return rows.map((row) => ({
    id: row.id,
    network: row.network,
    address: row.address,
    label: row.label,
    state: row.heldBy !== null ? 'held' : row.status === 'active' ? 'free' : 'disabled',
    is_active: row.status === 'active',
    held_by: (row.heldBy !== null && numbers.get(row.heldBy)) || null,
    payments_count: row.usedCount,
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
    is_test: row.isTest,
    created_at: row.createdAt.toISOString(),
  }))
}

export async function toAddress(ctx: StoreContext, row: ReceiveAddressRow) {
  const [address] = await toAddresses(ctx, [row])
  if (!address) throw new Error('a row has a view')
  return address
}

async function numbersOf(ctx: StoreContext, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await ctx.db
    .select({ id: cryptoPayments.id, number: cryptoPayments.number })
    .from(cryptoPayments)
    .where(
      and(
        eq(cryptoPayments.storeId, ctx.storeId),
        eq(cryptoPayments.isTest, ctx.isTest),
        inArray(cryptoPayments.id, [...ids]),
      ),
    )
  return new Map(rows.map(({ id, number }) => [id, number]))
}
