import { eq, sql } from 'drizzle-orm'
import type { StoreContext } from '../../context'
import { prepared } from '../../db/prepared'
import { NETWORK_FACTS, NETWORKS, type NetworkName } from '../../kernel/networks'
import { DEFAULTS, type PaymentSettings, type PaymentSettingsUpdate } from './settings-schema'
import { type CryptoSettingsRow, cryptoSettings } from './table'

/** What a store's new payments are made with; those that are there already keep their own. */
export type Settings = Omit<CryptoSettingsRow, 'storeId' | 'isTest'>

const UNSET: Settings = {
  ...DEFAULTS,
  bscConfirmations: NETWORK_FACTS.bsc.confirmations,
  tronConfirmations: NETWORK_FACTS.tron.confirmations,
  ethereumConfirmations: NETWORK_FACTS.ethereum.confirmations,
}

export async function getSettings({ db, storeId, isTest }: StoreContext): Promise<Settings> {
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
  return row ?? UNSET
}

/** Only what is sent changes, also when two calls come at once. */
export async function updateSettings(ctx: StoreContext, input: PaymentSettingsUpdate): Promise<Settings> {
  const changes = Object.fromEntries(Object.entries(changesOf(input)).filter(([, value]) => value !== undefined))
  if (Object.keys(changes).length === 0) return getSettings(ctx)
  const [row] = await ctx.db
    .insert(cryptoSettings)
    .values({ ...UNSET, ...changes, storeId: ctx.storeId, isTest: ctx.isTest })
    .onConflictDoUpdate({ target: [cryptoSettings.storeId, cryptoSettings.isTest], set: changes })
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
