import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import type { Db } from '../../db/client'
import { placeholders, prepared } from '../../db/prepared'
import { NETWORK_FACTS, NETWORKS, type NetworkName } from '../../kernel/networks'
import { DEFAULTS, type PaymentSettings, type PaymentSettingsUpdate } from './settings-schema'
import { type CryptoSettingsRow, cryptoSettings } from './table'

/** What a store's new payments are made with; those that are there already keep their own. */
export type Settings = Omit<CryptoSettingsRow, 'storeId' | 'isTest'>

/** By store and mode: what payments were last made with. */
export type RememberedSettings = Map<string, Settings>

const UNSET: Settings = {
  ...DEFAULTS,
  bscConfirmations: NETWORK_FACTS.bsc.confirmations,
  tronConfirmations: NETWORK_FACTS.tron.confirmations,
  ethereumConfirmations: NETWORK_FACTS.ethereum.confirmations,
  revision: 0,
}

export async function getSettings(ctx: StoreContext): Promise<Settings> {
  const { db, storeId, isTest } = ctx
  const query = prepared(db, 'crypto_settings', (on, name) =>
    on
      .select()
      .from(cryptoSettings)
      .where(
        sql`${eq(cryptoSettings.storeId, sql.placeholder('storeId'))} and ${eq(cryptoSettings.isTest, sql.placeholder('isTest'))}`,
      )
      .prepare(name),
  )
  const [row] = await query.execute({ storeId, isTest })
  remember(ctx, row ?? UNSET)
  return row ?? UNSET
}

const MOST_REMEMBERED = 10_000

/** What a transaction sees only when that has ended well: else it may never have been. */
function remember({ paymentSettings, storeId, isTest, afterCommit }: StoreContext, settings: Settings): void {
  const keep = () => {
    if (paymentSettings.size >= MOST_REMEMBERED) paymentSettings.clear()
    paymentSettings.set(`${storeId} ${isTest}`, settings)
  }
  if (afterCommit) afterCommit.add(keep)
  else keep()
}

/** What they were when this process last read them: for a statement that does nothing unless they are still the same. */
export async function probableSettings(ctx: StoreContext): Promise<Settings> {
  return ctx.paymentSettings.get(`${ctx.storeId} ${ctx.isTest}`) ?? getSettings(ctx)
}

/** For such a statement's condition. It takes the placeholders storeId, isTest and revision. */
export function areSettingsStill(db: Db): SQL {
  const s = cryptoSettings
  const { storeId, isTest, revision } = placeholders('storeId', 'isTest', 'revision')
  const there = db
    .select({ revision: s.revision })
    .from(s)
    .where(and(eq(s.storeId, storeId), eq(s.isTest, isTest)))
  return sql`coalesce((${there}), ${UNSET.revision}) = ${revision}::integer`
}

/** Only what is sent changes, also when two calls come at once. */
export async function updateSettings(ctx: StoreContext, input: PaymentSettingsUpdate): Promise<Settings> {
  const changes = Object.fromEntries(Object.entries(changesOf(input)).filter(([, value]) => value !== undefined))
  if (Object.keys(changes).length === 0) return getSettings(ctx)
  const [row] = await ctx.db
    .insert(cryptoSettings)
    .values({ ...UNSET, ...changes, revision: 1, storeId: ctx.storeId, isTest: ctx.isTest })
    .onConflictDoUpdate({
      target: [cryptoSettings.storeId, cryptoSettings.isTest],
      set: { ...changes, revision: sql`${cryptoSettings.revision} + 1` },
    })
    .returning()
  return row ?? UNSET
}

function changesOf(input: PaymentSettingsUpdate): Partial<Settings> {
  return {
    expiryMinutes: input.expiry_minutes,
    graceMinutes: input.grace_minutes,
    underpaymentBasisPoints: input.underpayment_tolerance_basis_points,
    overpaymentBasisPoints: input.overpayment_tolerance_basis_points,
    ...Object.fromEntries(NETWORKS.map((network) => [`${network}Confirmations`, input.confirmations?.[network]])),
  }
}

export function confirmationsOf(settings: Settings, network: NetworkName): number {
  return settings[`${network}Confirmations`]
}

export function toSettings({ isTest }: StoreContext, settings: Settings): PaymentSettings {
  return {
    expiry_minutes: settings.expiryMinutes,
    grace_minutes: settings.graceMinutes,
    underpayment_tolerance_basis_points: settings.underpaymentBasisPoints,
    overpayment_tolerance_basis_points: settings.overpaymentBasisPoints,
    confirmations: {
      bsc: settings.bscConfirmations,
      tron: settings.tronConfirmations,
      ethereum: settings.ethereumConfirmations,
    },
    is_test: isTest,
  }
}
