import type { StoreContext } from '../../context'
import { AppError } from '../../kernel/errors'
import { formatMoney, toWireMinor } from '../../kernel/money'
import { type RevenuePart, readParts } from './parts'
import type { Period, Revenue } from './schema'
import { NO_PRODUCT, type SaleMethod } from './table'
import { windowOf } from './window'

/**
 * Sales and revenue of the rolling window that ends now, and of all time until now. Exact at every moment, in one round trip.
 * Refunds count when they were made. What another process's clock places after `generated_at` counts in neither yet.
 */
export async function getRevenue(ctx: StoreContext, period: Period): Promise<Revenue> {
  const generatedAt = ctx.clock.now()
  const parts = await readParts(ctx, windowOf(period, generatedAt))
  const currency = parts.find((row) => row.part === 'store')?.currency
  if (currency === undefined) throw new AppError('store_not_found', 'Store not found.')
  const inPeriod = parts.filter((row) => row.part !== 'store' && row.part !== 'total' && row.part !== 'older')
  const allTime = parts.filter(
    (row) => row.part === 'total' || row.part === 'older' || row.part === 'tail' || isAhead(row),
  )
  const reported = ofCurrency(inPeriod, currency)
  return {
    period,
    currency,
    period_sales: salesOf(inPeriod),
    period_revenue_cents: netOf(reported),
    period_revenue_formatted: formatMoney(BigInt(netOf(reported)), currency),
    gross_cents: toWireMinor(sum(reported).gross),
    refunded_cents: toWireMinor(sum(reported).refunded),
    all_time_sales: salesOf(allTime),
    all_time_revenue_cents: netOf(ofCurrency(allTime, currency)),
    all_time_revenue_formatted: formatMoney(BigInt(netOf(ofCurrency(allTime, currency))), currency),
    by_product: byProduct(inPeriod),
    by_currency: byCurrency(inPeriod, currency),
    by_method: {
      card: ofMethod(inPeriod, 'card', currency),
      crypto: ofMethod(inPeriod, 'crypto', currency),
      free: ofMethod(inPeriod, 'free', currency),
    },
    unattributed: salesAndRevenue(
      inPeriod.filter((row) => productOf(row) === null),
      currency,
    ),
    generated_at: generatedAt.toISOString(),
  }
}

type Sums = { sales: bigint; gross: bigint; refunded: bigint }

const isAhead = (row: RevenuePart) => row.part === 'ahead'

function sum(rows: readonly RevenuePart[]): Sums {
  const sums: Sums = { sales: 0n, gross: 0n, refunded: 0n }
  for (const row of rows) {
    const sign = isAhead(row) ? -1n : 1n
    sums.sales += sign * row.sales
    sums.gross += sign * row.gross
    sums.refunded += sign * row.refunded
  }
  return sums
}

const salesOf = (rows: readonly RevenuePart[]) => Number(sum(rows).sales)

function netOf(rows: readonly RevenuePart[]): number {
  const { gross, refunded } = sum(rows)
  return toWireMinor(gross - refunded)
}

function ofCurrency(rows: readonly RevenuePart[], currency: string) {
  return rows.filter((row) => row.currency === currency)
}

/** Sales of all currencies beside the revenue of one. */
function salesAndRevenue(rows: readonly RevenuePart[], currency: string) {
  return { sales: salesOf(rows), revenue_cents: netOf(ofCurrency(rows, currency)) }
}

function ofMethod(rows: readonly RevenuePart[], method: SaleMethod, currency: string) {
  return salesAndRevenue(
    rows.filter((row) => row.method === method),
    currency,
  )
}

/** Rows that cancel out, as those of an entry that lies ahead do, leave no product and no currency behind. */
function grouped(rows: readonly RevenuePart[], keyOf: (row: RevenuePart) => string | null): Map<string, RevenuePart[]> {
  const groups = new Map<string, RevenuePart[]>()
  for (const row of rows) {
    const key = keyOf(row)
    if (key === null) continue
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  for (const [key, group] of groups) {
    const { sales, gross, refunded } = sum(group)
    if (sales === 0n && gross === 0n && refunded === 0n) groups.delete(key)
  }
  return groups
}

function productOf(row: RevenuePart): string | null {
  return row.productId === NO_PRODUCT ? null : row.productId
}

function byProduct(rows: readonly RevenuePart[]): Revenue['by_product'] {
  const products: Revenue['by_product'] = {}
  for (const [id, group] of grouped(rows, productOf)) {
    const currency = group[0]?.productCurrency ?? group[0]?.currency ?? ''
    products[id] = { ...salesAndRevenue(group, currency), currency }
  }
  return products
}

function byCurrency(rows: readonly RevenuePart[], reporting: string): Revenue['by_currency'] {
  const groups = grouped(rows, (row) => row.currency)
  const currencies: Revenue['by_currency'] = {}
  // The reporting currency is always there, so that a caller need not ask whether it is.
  for (const code of new Set([reporting, ...groups.keys()])) {
    const { sales, gross, refunded } = sum(groups.get(code) ?? [])
    currencies[code] = {
      sales: Number(sales),
      gross_cents: toWireMinor(gross),
      refunded_cents: toWireMinor(refunded),
      revenue_cents: toWireMinor(gross - refunded),
    }
  }
  return currencies
}
