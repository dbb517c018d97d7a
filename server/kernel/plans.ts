import * as z from 'zod'
import { formatUnits, parseUnits } from './networks'

/** What an operator asks of merchants: the plans, and the file that sets them. Amounts are millionths of a USDT. */

export const PLAN_IDS = ['free', 'pro', 'scale'] as const
export type PlanId = (typeof PLAN_IDS)[number]

export const INTERVALS = ['monthly', 'yearly'] as const
export type Interval = (typeof INTERVALS)[number]

/** Document B's: 30 days for monthly, 365 for yearly. */
export const INTERVAL_DAYS: Readonly<Record<Interval, number>> = { monthly: 30, yearly: 365 }

export type Terms = { priceMinor: bigint; includedPayments: number }

export type Plan = {
  id: PlanId
  name: string
  /** Free has no yearly terms: going from one to the other would begin its quota anew for nothing. */
  terms: { monthly: Terms; yearly: Terms | null }
  /** Of each confirmed payment beyond the included ones. */
  overageFeeMinor: bigint
  /** Document B: on by default for Pro and Scale, off for Free. */
  allowsOverage: boolean
}

export type BillingSettings = {
  plans: Readonly<Record<PlanId, Plan>>
  /** Below this, merchants are warned. */
  lowBalanceMinor: bigint
  smallestTopupMinor: bigint
  /** The store whose pool takes top-ups, `sto_…`; null: the first one of this server. */
  operatorStore: string | null
}

export const USDT_DECIMALS = 6

/** `"29"` → 29000000n. Undefined when it is no plain decimal, or has more than 6 digits behind the point. */
export function parseUsdt(text: string): bigint | undefined {
  return parseUnits(text, USDT_DECIMALS)
}

/** 29000000n → `"29.000000"`. */
export function formatUsdt(minor: bigint): string {
  const shown = formatUnits(minor < 0n ? -minor : minor, { decimals: USDT_DECIMALS, shownDecimals: USDT_DECIMALS })
  return minor < 0n ? `-${shown}` : shown
}

/** A price in advance of the largest that anybody means, so that sums of a year stay far within what numbers hold. */
const LARGEST = 1_000_000n * 10n ** BigInt(USDT_DECIMALS)

const NO_AMOUNT = 'must be decimal text in USDT with at most 6 digits behind the point, such as "29" or "0.04"'

const Amount = z
  .string(NO_AMOUNT)
  .refine((text) => parseUsdt(text) !== undefined, NO_AMOUNT)
  .transform((text) => parseUsdt(text) ?? 0n)
  .refine((minor) => minor <= LARGEST, 'must be at most 1000000')

const Price = Amount.refine((minor) => minor > 0n, 'must be above 0; the plan without a price is free')

const Included = z.int('must be a whole number of payments').min(0, 'must be 0 or more').max(1_000_000_000)

const PaidTerms = z
  .strictObject({ price_usdt: Price, included_payments: Included })
  .transform(({ price_usdt: priceMinor, included_payments: includedPayments }) => ({ priceMinor, includedPayments }))

const Name = z.string().trim().min(1, 'must not be empty').max(50, 'must have at most 50 characters')

const paidPlan = (id: 'pro' | 'scale', name: string) =>
  z
    .strictObject({
      name: Name.default(name),
      monthly: PaidTerms,
      yearly: PaidTerms.nullable().default(null),
      overage_usdt: Amount,
      allow_overage: z.boolean().default(true),
    })
    .transform(
      (plan): Plan => ({
        id,
        name: plan.name,
        terms: { monthly: plan.monthly, yearly: plan.yearly },
        overageFeeMinor: plan.overage_usdt,
        allowsOverage: plan.allow_overage,
      }),
    )

const freePlan = z
  .strictObject({
    name: Name.default('Free'),
    included_payments: Included,
    overage_usdt: Amount,
    allow_overage: z.boolean().default(false),
  })
  .transform(
    (plan): Plan => ({
      id: 'free',
      name: plan.name,
      terms: { monthly: { priceMinor: 0n, includedPayments: plan.included_payments }, yearly: null },
      overageFeeMinor: plan.overage_usdt,
      allowsOverage: plan.allow_overage,
    }),
  )

/** What a file may say; what it leaves out is as it is here. */
const SettingsFile = z.strictObject({
  plans: z
    .strictObject({
      free: freePlan.prefault({ included_payments: 100, overage_usdt: '0.10' }),
      pro: paidPlan('pro', 'Pro').prefault({
        monthly: { price_usdt: '29', included_payments: 1_000 },
        yearly: { price_usdt: '290', included_payments: 12_000 },
        overage_usdt: '0.04',
      }),
      scale: paidPlan('scale', 'Scale').prefault({
        monthly: { price_usdt: '149', included_payments: 10_000 },
        yearly: { price_usdt: '1490', included_payments: 120_000 },
        overage_usdt: '0.02',
      }),
    })
    .prefault({}),
  low_balance_usdt: Amount.prefault('5'),
  smallest_topup_usdt: Price.prefault('1'),
  operator_store: z
    .string()
    .regex(/^sto_[0-9a-z]{8}$/, 'must be the id of a store, such as sto_0a1b2c3d')
    .nullable()
    .default(null),
})

/**
 * The settings of a file's text; what it leaves out is the default. Throws Error in words that name the place, such as
 * `plans.pro.monthly.price_usdt: must be …`.
 */
export function readBillingSettings(text: string): BillingSettings {
  const parsed = SettingsFile.safeParse(parseJson(text))
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
    throw new Error(lines.join('; '))
  }
  const { plans, low_balance_usdt, smallest_topup_usdt, operator_store } = parsed.data
  return {
    plans,
    lowBalanceMinor: low_balance_usdt,
    smallestTopupMinor: smallest_topup_usdt,
    operatorStore: operator_store,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`it is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

export const DEFAULT_BILLING = readBillingSettings('{}')
