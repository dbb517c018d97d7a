import * as z from 'zod'
import { Cents, Instant } from '../../kernel/wire'

/** Rolling windows of that many times 24 hours, which end when the answer is made. */
export const PERIOD_DAYS = { '7d': 7, '30d': 30, '90d': 90, '365d': 365 } as const

export const Period = z.enum(['7d', '30d', '90d', '365d'], 'must be 7d, 30d, 90d or 365d')
export type Period = z.infer<typeof Period>

export const RevenueQuery = z.strictObject({
  period: Period.default('30d').describe('The last 7, 30, 90 or 365 times 24 hours'),
})

const Sales = z.int().describe('Completed sales, in all currencies')
const Gross = Cents.describe('What buyers paid, before refunds')
const Refunded = Cents.describe('Refunds made in the period, of older sales too')
const Net = Cents.describe('Gross less refunds; negative when refunds outweigh sales')
const ByMethod = z.object({ sales: Sales, revenue_cents: Net })

export const Revenue = z.object({
  period: Period,
  currency: z.string().describe("The store's reporting currency; other currencies are never converted into it"),
  period_sales: Sales,
  period_revenue_cents: Net,
  period_revenue_formatted: z.string().describe('For people, for example $117.00'),
  gross_cents: Gross,
  refunded_cents: Refunded,
  all_time_sales: Sales,
  all_time_revenue_cents: Net,
  all_time_revenue_formatted: z.string(),
  by_product: z
    .record(
      z.string(),
      z.object({ sales: Sales, revenue_cents: Net, currency: z.string().describe("The product's own currency") }),
    )
    .describe('Of the period, by product id'),
  by_currency: z
    .record(z.string(), z.object({ sales: z.int(), gross_cents: Gross, refunded_cents: Refunded, revenue_cents: Net }))
    .describe('Of the period, every currency in its own units'),
  by_method: z
    .object({
      card: ByMethod,
      crypto: ByMethod,
      free: ByMethod.describe('What cost nothing, as with a coupon of 100 %'),
    })
    .describe('Of the period; amounts in the reporting currency'),
  unattributed: z
    .object({ sales: Sales, revenue_cents: Net })
    .describe('Of the period: orders without a product; the amount in the reporting currency'),
  generated_at: Instant,
})
export type Revenue = z.infer<typeof Revenue>

export const PublicStats = z.object({
  sales_today: z.int().describe('Sales of all stores since midnight UTC'),
  sales_total: z.int(),
  gmv_total_cents: Cents.describe('What buyers paid in usd so far, before refunds'),
  active_sellers: z.int().describe('Stores with at least one sale'),
  as_of: Instant.describe('When this was counted; up to five seconds ago'),
})
export type PublicStats = z.infer<typeof PublicStats>
