import * as z from 'zod'
import { Instant } from '../../kernel/wire'
import { IntervalName, Period, PlanName, Usdt } from './schema'

/** What the events of billing say, and a sample of each. */

const Told = { ...Period, balance_usdt: Usdt, is_test: z.boolean() }
const TopupUrl = z.string().describe('Where to top up')

export const Renewed = z.object({ ...Told, amount_usdt: Usdt.describe('What was debited') })

export const Downgraded = z.object({
  ...Told,
  previous_plan: PlanName,
  previous_interval: IntervalName,
  price_usdt: Usdt.describe('What the balance did not cover'),
  topup_url: TopupUrl,
})

export const BalanceLow = z.object({
  plan: PlanName,
  available_usdt: Usdt.describe('The balance without what is not settled yet'),
  needed_usdt: Usdt.describe('What it is below'),
  renewal_price_usdt: Usdt,
  period_end: Instant,
  topup_url: TopupUrl,
  is_test: z.boolean(),
})

export const BalanceMoved = z.object({
  topup_id: z.uuid(),
  amount_usdt: Usdt,
  balance_usdt: Usdt,
  is_test: z.boolean(),
})

const period = {
  plan: 'pro' as const,
  interval: 'monthly' as const,
  period_start: '2026-04-01T09:00:00.000Z',
  period_end: '2026-05-01T09:00:00.000Z',
  included_payments: 1000,
}

export const renewedSample: z.infer<typeof Renewed> = {
  ...period,
  balance_usdt: '21.000000',
  is_test: false,
  amount_usdt: '29.000000',
}

export const downgradedSample: z.infer<typeof Downgraded> = {
  ...period,
  ...{ plan: 'free', included_payments: 100, balance_usdt: '21.000000', is_test: false },
  ...{ previous_plan: 'pro', previous_interval: 'monthly', price_usdt: '29.000000' },
  topup_url: 'https://pay.example.com/topup',
}

export const balanceLowSample: z.infer<typeof BalanceLow> = {
  plan: 'pro',
  available_usdt: '21.000000',
  needed_usdt: '29.000000',
  renewal_price_usdt: '29.000000',
  period_end: period.period_end,
  topup_url: 'https://pay.example.com/topup',
  is_test: false,
}

export const toppedUpSample: z.infer<typeof BalanceMoved> = {
  topup_id: '0f1e2d3c-4b9f-8abc-9def-0123456789ab',
  amount_usdt: '50.000000',
  balance_usdt: '50.000000',
  is_test: false,
}
