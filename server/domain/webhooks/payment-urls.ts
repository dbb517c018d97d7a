import { and, eq, inArray } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { addMs, DAY_MS } from '../../kernel/clock'
import { derivedRowId, newRowId } from '../../kernel/ids'
import { typesOf } from './catalogue'
import { type WebhookEndpointRow, webhookEndpoints } from './table'

/**
 * Document D knows no subscriptions: payment events go to the store's URL, and those of an order to the URL that it names, both
 * signed with the store's signing key. Here they are endpoints of their own kinds, which the lists of subscriptions leave out;
 * delivery, log and limits are the same.
 */

/** The store's URL for payment events in the context's mode. */
export async function storeEndpoint(ctx: StoreContext): Promise<WebhookEndpointRow | undefined> {
  const [row] = await ctx.db
    .select()
    .from(webhookEndpoints)
    .where(ofKind(ctx, 'store', [ctx.isTest]))
  return row
}

/**
 * Sets it, or removes it with null. A live key sets it for live and test events alike, as document D has one URL for both; a test
 * key for test events only. The caller has checked that the URL may be called.
 */
export async function setStoreEndpoint(tx: StoreContext, url: string | null): Promise<void> {
  const modes = tx.isTest ? [true] : [false, true]
  if (url === null) {
    await tx.db.delete(webhookEndpoints).where(ofKind(tx, 'store', modes))
    return
  }
  const at = tx.clock.now()
  const { storeId } = tx
  await tx.db
    .insert(webhookEndpoints)
    .values(
      modes.map((isTest) => ({
        // Derived, so that a mode has one, whoever sets it at the same time.
        ...{ ...endpoint(url, at), storeId, id: derivedRowId(storeId, `store webhook ${isTest}`), isTest },
        kind: 'store' as const,
      })),
    )
    .onConflictDoUpdate({
      target: [webhookEndpoints.storeId, webhookEndpoints.id],
      set: { url, ...switchedOn, updatedAt: at },
    })
}

/**
 * Makes an order's URL one that payment events can go to; orders with one URL share its endpoint. Checked as above. Nearly every
 * order of a shop names the same URL: while nothing is wrong with its endpoint, they don't queue for its row.
 */
export async function openOrderEndpoint(tx: StoreContext, url: string): Promise<void> {
  const { isActive, failingSince, updatedAt } = webhookEndpoints
  const [found] = await tx.db
    .select({ isActive, failingSince, updatedAt })
    .from(webhookEndpoints)
    .where(and(ofKind(tx, 'order', [tx.isTest]), eq(webhookEndpoints.url, url)))
    .for('key share')
  const isFine = found?.isActive && found.failingSince === null
  // Retention sees from the time when it was last named.
  if (isFine && addMs(found.updatedAt, DAY_MS) > tx.clock.now()) return
  await putOrderEndpoint(tx, url, switchedOn)
}

/**
 * Sees to it that an order's URL still has an endpoint: long after the sale, as when it is refunded, it may have been forgotten.
 * One that was switched off stays so. It is held until the transaction ends, so that nobody forgets it meanwhile.
 */
export async function keepOrderEndpoint(tx: StoreContext, url: string): Promise<void> {
  const found = await tx.db
    .select({ id: webhookEndpoints.id })
    .from(webhookEndpoints)
    .where(and(ofKind(tx, 'order', [tx.isTest]), eq(webhookEndpoints.url, url)))
    .for('key share')
  if (found.length === 0) await putOrderEndpoint(tx, url, {})
}

async function putOrderEndpoint(tx: StoreContext, url: string, changes: Partial<typeof switchedOn>): Promise<void> {
  const at = tx.clock.now()
  const { storeId, isTest } = tx
  const { storeId: store, isTest: mode, kind, url: unique } = webhookEndpoints
  await tx.db
    .insert(webhookEndpoints)
    .values({ ...endpoint(url, at), storeId, id: newRowId(storeId), isTest, kind: 'order' })
    .onConflictDoUpdate({ target: [store, mode, kind, unique], set: { ...changes, updatedAt: at } })
}

/**
 * Whether the URL's host (and port) is one of those that the store itself has events sent to, in this mode or live. Hosts of
 * orders don't count: a buyer's browser may have named them.
 */
export async function isRegisteredHost(ctx: StoreContext, url: string): Promise<boolean> {
  const host = URL.parse(url)?.host
  const rows = await ctx.db
    .select({ url: webhookEndpoints.url })
    .from(webhookEndpoints)
    .where(
      and(
        eq(webhookEndpoints.storeId, ctx.storeId),
        inArray(webhookEndpoints.isTest, [false, ctx.isTest]),
        inArray(webhookEndpoints.kind, ['subscription', 'store']),
      ),
    )
  return host !== undefined && rows.some((row) => URL.parse(row.url)?.host === host)
}

/** Whoever names a URL again wants it called again. */
const switchedOn = { isActive: true, disabledReason: null, failingSince: null }

function endpoint(url: string, at: Date) {
  return { url, events: typesOf('card_payment'), isActive: true, createdAt: at, updatedAt: at }
}

function ofKind({ storeId }: StoreContext, kind: WebhookEndpointRow['kind'], modes: boolean[]) {
  return and(
    eq(webhookEndpoints.storeId, storeId),
    inArray(webhookEndpoints.isTest, modes),
    eq(webhookEndpoints.kind, kind),
  )
}
