import { and, eq, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { AppError } from '../../kernel/errors'
import type { BillingSettings } from '../../kernel/plans'
import { stores } from '../stores/table'
import { type Account, untouched } from './account'
import { type AccountRow, billingAccounts } from './table'

/** Throws billing_not_enabled. */
export function settingsOf({ config }: Pick<StoreContext, 'config'>): BillingSettings {
  if (config.billing) return config.billing
  throw new AppError('billing_not_enabled', 'This server bills nobody: there are no plans and no quotas.', {
    hint: 'Its operator switches billing on with PAYHOOK_BILLING.',
  })
}

export function ofStore({ storeId, isTest }: StoreContext) {
  return and(eq(billingAccounts.storeId, storeId), eq(billingAccounts.isTest, isTest))
}

/** For a prepared statement with the parameters `storeId` and `isTest`. */
export function ofStoreNamed() {
  return and(
    eq(billingAccounts.storeId, sql.placeholder('storeId')),
    eq(billingAccounts.isTest, sql.placeholder('isTest')),
  )
}

/** As it is, without holding it; that of a store that has never used anything is only thought of. */
export async function readAccount(ctx: StoreContext): Promise<AccountRow> {
  const [row] = await ctx.db.select().from(billingAccounts).where(ofStore(ctx))
  return row ?? imagined(ctx)
}

async function imagined(ctx: StoreContext): Promise<AccountRow> {
  const { storeId, isTest } = ctx
  const [store] = await ctx.db.select({ openedAt: stores.createdAt }).from(stores).where(eq(stores.storeId, storeId))
  if (!store) throw new AppError('store_not_found', 'Store not found.')
  const now = ctx.clock.now()
  return { storeId, isTest, createdAt: now, ...untouched(settingsOf(ctx), store.openedAt, now) }
}

/** The account, held for this transaction: whoever counts, charges or changes anything takes it first. */
export async function lockAccount(tx: StoreContext): Promise<AccountRow> {
  const found = await tryLock(tx)
  if (found) return found
  await tx.db
    .insert(billingAccounts)
    .values(await imagined(tx))
    .onConflictDoNothing()
  const made = await tryLock(tx)
  if (made) return made
  throw new Error(`the billing account of ${tx.storeId} is gone`)
}

/** Undefined where there is none, and with `skip` where somebody else holds it. */
export async function tryLock(tx: StoreContext, busy: 'skip' | 'wait' = 'wait'): Promise<AccountRow | undefined> {
  const [row] = await tx.db
    .select()
    .from(billingAccounts)
    .where(ofStore(tx))
    .for('update', busy === 'skip' ? { skipLocked: true } : {})
  return row
}

export async function saveAccount(tx: StoreContext, account: Account): Promise<void> {
  const { storeId: _, isTest: __, createdAt: ___, ...changes } = account as AccountRow
  await tx.db.update(billingAccounts).set(changes).where(ofStore(tx))
}
