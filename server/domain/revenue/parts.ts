import { and, eq, gt, gte, lt, type SQL, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { prepared } from '../../db/prepared'
import { products } from '../products/table'
import { stores } from '../stores/table'
import { revenueDays, revenueEntries, revenueTail, revenueTotals, type SaleMethod } from './table'
import type { RevenueWindow } from './window'

/**
 * Where a row of the answer comes from:
 * - `store`: names the reporting currency, no amounts;
 * - `total`: what the roller has folded, of all time;
 * - `day`: what it has folded of the window's whole days, and of anything later;
 * - `tail` and `older`: what it hasn't folded yet, from the first whole day on and from before;
 * - `edge`: the partial first day, straight from the entries;
 * - `ahead`: entries later than the window's end, which `total`, `day` and `tail` hold too: to be taken away.
 */
export type RevenuePart = {
  part: 'store' | 'total' | 'day' | 'tail' | 'older' | 'edge' | 'ahead'
  productId: string | null
  productCurrency: string | null
  currency: string
  method: SaleMethod | null
  sales: bigint
  gross: bigint
  refunded: bigint
}

/**
 * Everything that revenue is made of, in one statement: it sees one snapshot, so that an entry that the roller is folding
 * meanwhile is seen in the tail or in the days, never in both or neither. It reads a few rows a day and product, the tail, and
 * the entries of one day: its cost doesn't grow with the sales of a store's life.
 */
export async function readParts(ctx: StoreContext, window: RevenueWindow): Promise<RevenuePart[]> {
  const query = prepared(ctx.db, 'get_revenue', (db, name) =>
    db
      .select({
        part: sql<RevenuePart['part']>`part`,
        productId: sql<string | null>`product_id`,
        productCurrency: products.currency,
        currency: sql<string>`parts.currency`,
        method: sql<RevenuePart['method']>`method`,
        sales: sql<bigint>`sales::text`.mapWith(BigInt),
        gross: sql<bigint>`gross::text`.mapWith(BigInt),
        refunded: sql<bigint>`refunded::text`.mapWith(BigInt),
      })
      .from(sql`(${allParts()}) as parts`)
      .leftJoin(products, and(eq(products.storeId, $('storeId')), eq(products.id, sql`parts.product_id`)))
      .prepare(name),
  )
  return query.execute({ storeId: ctx.storeId, isTest: ctx.isTest, ...window })
}

type Parameter = 'storeId' | 'isTest' | 'after' | 'to' | 'firstDay' | 'firstDayAt'
const $ = (name: Parameter) => sql.placeholder(name)

function allParts(): SQL {
  const { happenedAt } = revenueEntries
  const fromFirstDay = gte(revenueTail.happenedAt, $('firstDayAt'))
  return sql.join(
    [
      sql`select 'store' as part, null::uuid as product_id, ${stores.reportingCurrency} as currency,
        null::sale_method as method, 0::bigint as sales, 0::numeric as gross, 0::numeric as refunded
        from ${stores} where ${eq(stores.storeId, $('storeId'))}`,
      sql`select 'total', null, currency, method, sales, gross_minor, refunded_minor
        from ${revenueTotals} where ${ofStore(revenueTotals)}`,
      sql`select 'day', product_id, currency, method, sum(sales), sum(gross_minor), sum(refunded_minor)
        from ${revenueDays} where ${and(ofStore(revenueDays), gte(revenueDays.day, $('firstDay')))}
        group by product_id, currency, method`,
      sumOfEntries(sql`case when ${fromFirstDay} then 'tail' else 'older' end`, revenueTail, undefined),
      sumOfEntries(sql`'edge'`, revenueEntries, and(gt(happenedAt, $('after')), lt(happenedAt, $('firstDayAt')))),
      sumOfEntries(sql`'ahead'`, revenueEntries, gt(happenedAt, $('to'))),
    ],
    sql` union all `,
  )
}

type StoreTable = typeof revenueTotals | typeof revenueDays | typeof revenueTail | typeof revenueEntries

function ofStore(table: StoreTable) {
  return and(eq(table.storeId, $('storeId')), eq(table.isTest, $('isTest')))
}

function sumOfEntries(part: SQL, table: typeof revenueTail | typeof revenueEntries, which: SQL | undefined): SQL {
  return sql`select ${part}, product_id, currency, method, count(*) filter (where kind = 'sale'),
    coalesce(sum(amount_minor) filter (where kind = 'sale'), 0),
    coalesce(sum(amount_minor) filter (where kind = 'refund'), 0)
    from ${table} where ${and(ofStore(table), which)} group by 1, 2, 3, 4`
}
