import { and, eq, isNull } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { addMs, SECOND_MS } from '../../kernel/clock'
import { AppError } from '../../kernel/errors'
import { formatStoreId, newRowId, newSigningSecret } from '../../kernel/ids'
import type { OnboardingLink } from '../../ports/platform'
import { getStore } from '../stores/service'
import { onboardingPages } from './links'
import { findConnection, ofStore, type PlatformGateway, platformOf } from './platform'
import { nextCheck, refreshConnection } from './refresh'
import type { ConnectingStore, ConnectStore, StoreConnection } from './schema'
import { type ConnectionRow, storeConnections } from './table'
import { hasQuestions, toConnection, toUnneeded } from './view'

/** Who asks again and again makes us ask Stripe no oftener than this. */
const LEAST_AGE_MS = 3 * SECOND_MS

/** The store's connection in the key's mode. While it is not finished, Stripe is asked, so that whoever waits sees it end. */
export async function getConnection(ctx: StoreContext): Promise<StoreConnection> {
  if (!platformOf(ctx)) return toUnneeded(ctx)
  const row = await findConnection(ctx)
  const isOpen = row?.status === 'onboarding' || row?.status === 'restricted'
  const isOld = !row?.checkedAt || addMs(row.checkedAt, LEAST_AGE_MS) <= ctx.clock.now()
  return toConnection(ctx, row && isOpen && isOld ? await asFarAsKnown(ctx, row) : row)
}

async function asFarAsKnown(ctx: StoreContext, row: ConnectionRow): Promise<ConnectionRow> {
  try {
    return await refreshConnection(ctx, row)
  } catch (error) {
    ctx.log.warn({ store: formatStoreId(ctx.storeId), err: error }, 'the gateway did not say how an account is')
    return row
  }
}

/**
 * Opens the store's account at the gateway where it has none, once however many call and whatever crashes: the row with its key is
 * committed before the gateway hears of it, and the key makes all calls one. Then a way to the gateway's questions, where there are any.
 * Throws invalid_request (country), gateway_failed, rate_limited.
 */
export async function connectStore(ctx: StoreContext, input: ConnectStore): Promise<ConnectingStore> {
  const at = platformOf(ctx)
  if (!at) return { ...toUnneeded(ctx), onboarding_url: null, onboarding_url_expires_at: null }
  await refuseTooMany(ctx)
  try {
    const known = await refreshConnection(ctx, await openedConnection(ctx, at, input))
    // It was ended, and that was not known here yet: another one is opened at once.
    const isGone = known.status === 'deauthorized'
    const row = isGone ? await refreshConnection(ctx, await openedConnection(ctx, at, input)) : known
    const link = hasQuestions(row) ? await newLink(ctx, at, row) : null
    return {
      ...toConnection(ctx, row),
      onboarding_url: link?.url ?? null,
      onboarding_url_expires_at: link?.expiresAt.toISOString() ?? null,
    }
  } catch (error) {
    if (error instanceof AppError) throw error
    ctx.log.error({ store: formatStoreId(ctx.storeId), err: error }, 'a store could not be connected')
    throw new AppError('gateway_failed', 'Stripe could not be asked. Nothing is lost: call connect_store again.', {
      cause: error,
    })
  }
}

async function refuseTooMany({ connectCalls, storeId }: StoreContext): Promise<void> {
  const retryAfterSeconds = await connectCalls.exceededFor(formatStoreId(storeId))
  if (retryAfterSeconds === undefined) return
  throw new AppError('rate_limited', 'This store has asked for too many links of Stripe within an hour.', {
    hint: 'Open the latest onboarding_url, or wait; get_store_connection says what is missing.',
    retryAfterSeconds,
  })
}

/** Another link for a seller who is on their way. Throws what the gateway throws. */
export async function newLink(ctx: StoreContext, at: PlatformGateway, row: ConnectionRow): Promise<OnboardingLink> {
  const link = await at.platform.onboardingLink(onboardingPages(ctx, row))
  const linkedAt = ctx.clock.now()
  // Not a change of what is known: the version stays.
  await ctx.db
    .update(storeConnections)
    .set({ linkedAt, checkAt: nextCheck(row.status, linkedAt, linkedAt) })
    .where(ofStore(ctx))
  return link
}

/** The connection with an account. */
async function openedConnection(ctx: StoreContext, at: PlatformGateway, input: ConnectStore): Promise<ConnectionRow> {
  for (;;) {
    const row = (await findConnection(ctx)) ?? (await insertConnection(ctx, at, input))
    if (row && row.account !== null && row.status !== 'deauthorized') return sameCountry(row, input)
    const asked = row && (await beginAccount(ctx, row, input))
    const opened = asked && (await openAccount(ctx, at, asked))
    // Otherwise another call has changed it meanwhile: as it is now then.
    if (opened) return opened
  }
}

function sameCountry(row: ConnectionRow, { country }: ConnectStore): ConnectionRow {
  if (country === undefined || row.country === null || row.country === country) return row
  throw new AppError('invalid_request', `country: the account is in ${row.country}, and stays there`, {
    field: 'country',
    hint: 'Leave it out.',
  })
}

/** Undefined when another call was faster. */
async function insertConnection(
  ctx: StoreContext,
  { gateway }: PlatformGateway,
  { country }: ConnectStore,
): Promise<ConnectionRow | undefined> {
  const { storeId, isTest } = ctx
  const { name, email } = await getStore(ctx, storeId)
  const at = ctx.clock.now()
  const [row] = await ctx.db
    .insert(storeConnections)
    .values({
      ...{ storeId, isTest, gateway, accountKey: newRowId(storeId), name, email, country: country ?? null },
      ...{ status: 'not_connected', isPayable: false, linkSecret: newSigningSecret(), version: 1 },
      ...{ checkAt: nextCheck('not_connected', null, at), createdAt: at, updatedAt: at },
    })
    .onConflictDoNothing()
    .returning()
  return row
}

/**
 * What the gateway will be asked with. It is another account than before, and has another key, where the one before is not connected
 * any more, or was to be in another country and isn't there yet. Undefined when another call has changed it meanwhile.
 */
async function beginAccount(
  ctx: StoreContext,
  row: ConnectionRow,
  { country = row.country ?? undefined }: ConnectStore,
): Promise<ConnectionRow | undefined> {
  const isAsBefore = row.status !== 'deauthorized' && (country ?? null) === row.country
  if (isAsBefore) return row
  const { name, email } = await getStore(ctx, ctx.storeId)
  const at = ctx.clock.now()
  const [begun] = await ctx.db
    .update(storeConnections)
    .set({
      ...{ accountKey: newRowId(ctx.storeId), name, email, country: country ?? null, account: null },
      ...{ status: 'not_connected', version: row.version + 1, createdAt: at, updatedAt: at },
    })
    .where(and(ofStore(ctx), eq(storeConnections.version, row.version)))
    .returning()
  return begun
}

async function openAccount(
  ctx: StoreContext,
  { platform }: PlatformGateway,
  { accountKey, createdAt, name, email, country, version }: ConnectionRow,
): Promise<ConnectionRow | undefined> {
  const store = formatStoreId(ctx.storeId)
  const account = await platform.openAccount({ key: accountKey, askedAt: createdAt, store, name, email, country })
  const [opened] = await ctx.db
    .update(storeConnections)
    .set({ account, status: 'onboarding', version: version + 1, updatedAt: ctx.clock.now() })
    .where(and(ofStore(ctx), eq(storeConnections.accountKey, accountKey), isNull(storeConnections.account)))
    .returning()
  return opened
}
