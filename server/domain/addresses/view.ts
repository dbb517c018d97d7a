import { and, eq, inArray, sql } from 'drizzle-orm'
import type * as z from 'zod'
import type { StoreContext } from '../../context'
import { together } from '../../db/transaction'
import { NETWORKS } from '../../kernel/networks'
import { cryptoPayments } from '../crypto/table'
import type { ReceiveAddress } from './schema'
import { isClaimed } from './service'
import { paymentClaims, type ReceiveAddressRow, receiveAddresses } from './table'

/** As callers see addresses: with the numbers of the payments that have them. */
export async function toAddresses(
  ctx: StoreContext,
  rows: readonly ReceiveAddressRow[],
): Promise<z.infer<typeof ReceiveAddress>[]> {
  if (rows.length === 0) return []
  const [claims, counts] = await together([claimsOf(ctx, rows), countPayments(ctx, rows)])
  return rows.map((row) => {
    const claim = claims.get(row.id)
    return {
      id: row.id,
      network: row.network,
      address: row.address,
      label: row.label,
      state: claim ? 'held' : row.status === 'active' ? 'free' : 'disabled',
      is_active: row.status === 'active',
      held_by: claim?.number ?? null,
      payments_count: counts.get(`${row.network} ${row.address}`) ?? 0,
      last_used_at: (claim?.claimedAt ?? row.lastUsedAt)?.toISOString() ?? null,
      is_test: row.isTest,
      created_at: row.createdAt.toISOString(),
    }
  })
}

export async function toAddress(ctx: StoreContext, row: ReceiveAddressRow) {
  const [address] = await toAddresses(ctx, [row])
  if (!address) throw new Error('a row has a view')
  return address
}

/** By the address's id: the payment that has it, and since when. */
async function claimsOf(ctx: StoreContext, rows: readonly ReceiveAddressRow[]) {
  const r = receiveAddresses
  const c = paymentClaims
  const p = cryptoPayments
  const claims = await ctx.db
    .select({ addressId: r.id, claimedAt: c.claimedAt, number: p.number })
    .from(r)
    .innerJoin(c, isClaimed(ctx))
    .leftJoin(p, and(eq(p.storeId, ctx.storeId), eq(p.isTest, ctx.isTest), eq(p.id, c.paymentId)))
    .where(and(eq(r.storeId, ctx.storeId), inArray(r.id, idsOf(rows))))
  return new Map(claims.map((claim) => [claim.addressId, claim]))
}

const idsOf = (rows: readonly ReceiveAddressRow[]) => rows.map(({ id }) => id)

/** How many payments have had an address, also before it was removed and added again. */
async function countPayments(ctx: StoreContext, rows: readonly ReceiveAddressRow[]) {
  const p = cryptoPayments
  const addresses = rows.map(({ address }) => address)
  const isInPools = and(eq(p.storeId, ctx.storeId), eq(p.isTest, ctx.isTest), inArray(p.network, [...NETWORKS]))
  const counted = await ctx.db
    .select({ network: p.network, address: p.address, payments: sql<number>`count(*)`.mapWith(Number) })
    .from(p)
    .where(and(isInPools, inArray(p.address, addresses)))
    .groupBy(p.network, p.address)
  return new Map(counted.map(({ network, address, payments }) => [`${network} ${address}`, payments]))
}
