import { and, eq, sql } from 'drizzle-orm'
import { type Deps, type StoreContext, storeContext } from '../../server/context'
import { toRows } from '../../server/db/migrate'
import { disputes } from '../../server/domain/disputes/table'
import { ledgerEntries } from '../../server/domain/ledger/table'
import type { OrderRow } from '../../server/domain/orders/table'
import { orders, refunds } from '../../server/domain/orders/table'
import { type Checkout, openSession } from '../../server/domain/payments/checkout'
import { type PaymentResult, payWithCard } from '../../server/domain/payments/service'
import { paymentAttempts } from '../../server/domain/payments/table'
import { createProduct } from '../../server/domain/products/service'
import type { ProductRow } from '../../server/domain/products/table'
import { revenueEntries } from '../../server/domain/revenue/table'
import type { OpenedStore } from '../../server/domain/stores/service'
import { events } from '../../server/domain/webhooks/table'
import { newSessionId } from '../../server/kernel/ids'
import type { Card } from '../../server/ports/gateway'
import { type Bank, createBank } from './bank'
import { CARDS } from './cards'
import type { World } from './world'

/** A store with a product for $19.00 in test mode, paid through a bank that remembers. */
export type Shop = {
  deps: Deps
  bank: Bank
  opened: OpenedStore
  ctx: StoreContext
  product: ProductRow
  sell(priceCents: number): Promise<ProductRow>
  open(sessionId?: string): Promise<Checkout>
  pay(sessionId: string, card?: Card): Promise<PaymentResult>
  /** Opens and pays. */
  buy(card?: Card): Promise<OrderRow>
  /** Everything that was written about one order. */
  ledger(orderId: string): Promise<Ledger>
}

export type Ledger = Awaited<ReturnType<typeof readLedger>>

export async function openShop(world: World): Promise<Shop> {
  const bank = createBank(world.clock)
  const deps = { ...world.deps, gateways: { test: bank, live: null } }
  const opened = await world.openStore()
  const ctx = storeContext(deps, opened.store.storeId, true)
  const sell = (priceCents: number) =>
    createProduct(ctx, { name: 'Kit', price_cents: priceCents, currency: 'usd', status: 'active' })
  const product = await sell(1_900)
  const open = (sessionId = newSessionId(ctx.storeId, true)) => openSession(deps, { productId: product.id, sessionId })
  const pay = (sessionId: string, card = CARDS.succeeds) =>
    payWithCard(deps, sessionId, { email: 'buyer@example.com', name: 'Ada Buyer', card })
  const buy = async (card?: Card) => (await pay((await open()).order.sessionId, card)).checkout.order
  return { deps, bank, opened, ctx, product, sell, open, pay, buy, ledger: (id) => readLedger(ctx, id) }
}

export async function readLedger({ db, storeId }: StoreContext, orderId: string) {
  const [order] = await db
    .select()
    .from(orders)
    .where(and(eq(orders.storeId, storeId), eq(orders.id, orderId)))
  if (!order) throw new Error('no such order')
  const told = await db.select().from(events).where(eq(events.storeId, storeId))
  return {
    order,
    attempts: await db.select().from(paymentAttempts).where(eq(paymentAttempts.orderId, orderId)),
    refunds: await db.select().from(refunds).where(eq(refunds.orderId, orderId)),
    disputes: await db.select().from(disputes).where(eq(disputes.orderId, orderId)),
    entries: await db.select().from(revenueEntries).where(eq(revenueEntries.orderId, orderId)),
    posted: await db.select().from(ledgerEntries).where(eq(ledgerEntries.orderId, orderId)),
    events: told.filter(({ data }) => data.purchase_id === orderId),
    disputeEvents: told.filter(
      ({ type, data }) => type.includes('dispute') && [orderId, order.number].includes(String(data.order_id)),
    ),
  }
}

/** Every row of every table as text, to search for what must not be stored. */
export async function dumpDatabase({ db }: Deps): Promise<string> {
  const tables = toRows<{ name: string }>(
    await db.execute(sql`select table_name as name from information_schema.tables where table_schema = 'public'`),
  )
  const dumps = tables.map(async ({ name }) =>
    toRows<{ text: string }>(await db.execute(sql`select t::text as text from ${sql.identifier(name)} t`)),
  )
  return (await Promise.all(dumps))
    .flat()
    .map((row) => row.text)
    .join('\n')
}
