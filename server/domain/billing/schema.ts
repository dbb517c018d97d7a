import * as z from 'zod'
import { INTERVALS, PLAN_IDS } from '../../kernel/plans'
import { Instant, NextCursor, PageInput, RequiredText } from '../../kernel/wire'
import { Network } from '../addresses/schema'
import { INVOICE_KINDS } from './table'

/** Decimal text with 6 digits behind the point; the fields' names say that it is USDT. */
export const Usdt = z.string()
export const PlanName = z.enum(PLAN_IDS, `must be one of ${PLAN_IDS.join(', ')}`)
export const IntervalName = z
  .enum(INTERVALS, `must be one of ${INTERVALS.join(', ')}`)
  .describe('monthly: 30 days; yearly: 365')

const Terms = z.object({
  price_usdt: Usdt.describe('For a period, in advance'),
  included_payments: z.int().describe('Confirmed payments that a period includes'),
})

const PlanInfo = z.object({
  id: PlanName,
  name: z.string(),
  monthly: Terms.describe('For 30 days'),
  yearly: Terms.nullable().describe('For 365 days; null where there is none'),
  overage_fee_usdt: Usdt.describe('For each confirmed payment beyond the included ones, while allow_overage is on'),
  allow_overage: z.boolean().describe('How allow_overage is when the plan begins'),
})

export const PlanList = z.object({ plans: z.array(PlanInfo) })
export type PlanList = z.infer<typeof PlanList>

export const Period = {
  plan: PlanName,
  interval: IntervalName,
  period_start: z.iso.datetime(),
  period_end: z.iso.datetime().describe('When it renews'),
  included_payments: z.int(),
}

const Usage = {
  used_payments: z.int().describe('Confirmed in this period'),
  remaining_payments: z.int(),
  overage_payments: z.int().describe('Charged one by one'),
  unsettled_payments: z.int().describe('Not debited yet'),
  unsettled_usdt: Usdt,
  settles_at: z.iso.datetime().nullable(),
}

export const Billing = z.object({
  ...Period,
  allow_overage: z.boolean(),
  overage_fee_usdt: Usdt,
  renewal_price_usdt: Usdt.describe('Debited at period_end; too little then, and the plan is Free'),
  balance_usdt: Usdt,
  available_usdt: Usdt.describe('Without what is unsettled'),
  can_create_payments: z.boolean(),
  ...Usage,
  is_test: z.boolean(),
})
export type Billing = z.infer<typeof Billing>

export const PeriodUsage = z.object({ ...Period, ...Usage, is_test: z.boolean() })
export type PeriodUsage = z.infer<typeof PeriodUsage>

export const Subscription = z.strictObject({
  plan: PlanName.meta({ examples: ['pro'] }),
  interval: IntervalName.default('monthly'),
})
export type Subscription = z.infer<typeof Subscription>

export const Overage = z.strictObject({
  allow_overage: z.boolean('must be true or false').describe('Until the plan changes'),
})
export type Overage = z.infer<typeof Overage>

const Invoice = z.object({
  id: z.uuid(),
  kind: z.enum(INVOICE_KINDS).describe('subscription: the price of a period; overage: a settled batch'),
  plan: PlanName,
  interval: IntervalName,
  period: z.int().describe('The number of the period: one subscription invoice each'),
  batch: z.int().nullable().describe('Of overage, the number of the batch: one invoice each'),
  payments: z.int().describe('Of overage, how many it settles'),
  amount_usdt: Usdt.describe('What was debited; below 0 when the chain took settled payments back'),
  balance_after_usdt: Usdt,
  period_start: Instant,
  period_end: Instant,
  is_test: z.boolean(),
  created_at: Instant,
})
export type Invoice = z.infer<typeof Invoice>

export const InvoiceQuery = z.strictObject({
  ...PageInput,
  kind: z
    .enum(INVOICE_KINDS, `must be one of ${INVOICE_KINDS.join(', ')}`)
    .optional()
    .describe('Leave out for all'),
})
export type InvoiceQuery = z.infer<typeof InvoiceQuery>
export const InvoicePage = z.object({ invoices: z.array(Invoice), next_cursor: NextCursor })

/** A million dollars less one cent. */
export const MOST_TOPUP_CENTS = 99_999_999

export const NewTopup = z.strictObject({
  amount_usd_cents: z
    .int('must be a whole number of US cents, such as 5000 for 50 USDT')
    .min(1, 'must be at least 1')
    .max(MOST_TOPUP_CENTS, `must be at most ${MOST_TOPUP_CENTS}`)
    .describe('In cents: 5000 is 50 USDT')
    .meta({ examples: [5000] }),
  network: Network.describe('Where you send USDT from'),
})
export type NewTopup = z.infer<typeof NewTopup>

const TOPUP_STATUSES = ['pending', 'credited', 'expired', 'cancelled', 'failed', 'reversed'] as const

export const Topup = z.object({
  id: z.uuid(),
  status: z
    .enum(TOPUP_STATUSES)
    .describe('credited: on your balance; failed: too little came; reversed: the chain took it back'),
  amount_usdt: Usdt.describe('What to send'),
  received_usdt: Usdt.nullable().describe('What was seen so far'),
  credited_usdt: Usdt.describe('What is on your balance of it'),
  network: Network,
  currency: z.literal('usdt'),
  assigned_address: z.string().describe("The operator's address to pay to"),
  tx_hash: z.string().describe('Empty until a transfer is seen'),
  payment_number: z.string().describe('PAY-…; with a test key, simulate_payment pays it'),
  checkout_url: z.url().describe('The page to pay on'),
  expires_at: Instant,
  credited_at: Instant.nullable(),
  is_test: z.boolean(),
  created_at: Instant,
})
export type Topup = z.infer<typeof Topup>

export const TopupRef = z.strictObject({ id: z.string().max(64).describe('The uuid of the top-up') })
export const TopupQuery = z.strictObject({ ...PageInput })
export type TopupQuery = z.infer<typeof TopupQuery>
export const TopupPage = z.object({ topups: z.array(Topup), next_cursor: NextCursor })

export const Rehearsal = z.strictObject({
  action: z
    .enum(['settle', 'end_period'], 'must be settle or end_period')
    .describe('settle: the 24 hours of the open batch are over; end_period: the period is over, and is renewed or not'),
})
export type Rehearsal = z.infer<typeof Rehearsal>

export const Adjustment = z.strictObject({
  id: z
    .string()
    .describe('sto_…')
    .meta({ examples: ['sto_0a1b2c3d'] }),
  amount_usdt: z
    .string()
    .regex(/^-?\d{1,9}(\.\d{1,6})?$/, 'must be decimal text in USDT, such as "12.50" or "-3"')
    .describe('Added to the balance; below 0 to take from it')
    .meta({ examples: ['12.50'] }),
  reason: RequiredText(200).describe('For the log'),
  mode: z.enum(['live', 'test']).default('live'),
})
export type Adjustment = z.infer<typeof Adjustment>

export const AdjustedBalance = z.object({ balance_usdt: Usdt, is_test: z.boolean() })
